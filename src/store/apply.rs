//! Taking in what pollers send.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{
    Cell, Delta, Facet, Fault, Freshness, Outcome, Polled, Scope, Seen, Source, SourceError, Stack, Stated, Table,
    Trail,
};

use super::{ERROR_LENGTH, ErrorLine, LEDGER_LENGTH, Store};

/// Services that are one for all regions: what they answer counts for every table of the account.
const GLOBAL: [&str; 2] = ["iam:", "organizations:"];

impl Store {
    /// Announces a scope before its first answer, so that loading never looks like absence.
    pub fn expect(&mut self, scope: Scope, sources: &[Source]) {
        for source in sources {
            self.freshness.entry((*source, scope.clone())).or_default();
        }
        if !self.estate.scopes.contains(&scope) {
            self.estate.scopes.push(scope);
            self.estate.scopes.sort();
        }
        self.revision += 1;
    }

    /// Takes in one message of a poller. Call [`Store::settle`] when the queue is drained.
    pub fn apply(&mut self, polled: Polled) {
        self.revision += 1;
        match polled {
            Polled::Data { source, scope, deltas } => {
                for delta in deltas {
                    self.apply_delta(source, &scope, delta);
                }
            }
            Polled::Running(source, scope, progress) => {
                // The first word of a scope announces it.
                if !self.estate.scopes.contains(&scope) {
                    self.expect(scope.clone(), &[source]);
                }
                self.fresh(source, scope).running = Some((progress.done, progress.total));
            }
            Polled::Ended { source, scope, at, result, partial, due } => {
                for (fault, count) in &partial {
                    self.log(source, &scope, fault, *count);
                }
                let whole = result.err().map(|error| Fault { error, at });
                if let Some(fault) = &whole {
                    self.log(source, &scope, fault, 1);
                }
                let error = whole.clone().or_else(|| worst(&partial)).map(|fault| fault.error);
                let of = self.freshness_of(source, &scope);
                let (first, good) = (of.is_none_or(Freshness::is_loading), of.and_then(|of| of.good));
                self.changes.swept((source, &scope), (whole.is_some(), error.as_ref()), first, good, at);
                let freshness = self.fresh(source, scope);
                freshness.running = None;
                freshness.sweeps += 1;
                freshness.due = due;
                if whole.is_none() {
                    freshness.good = Some(at);
                }
                freshness.fault = whole.or_else(|| worst(&partial));
                freshness.partial = partial.into_iter().map(|(fault, count)| (fault.error, count)).collect();
                // A list that could not be read and a list not yet read are judged differently.
                self.dirty_estate = true;
            }
            Polled::Call(record) => {
                self.calls += 1;
                if self.ledger.len() == LEDGER_LENGTH {
                    self.ledger.pop_front();
                }
                self.ledger.push_back(record);
            }
            Polled::Sought(scope, sought) => drop(self.sought.insert(scope, *sought)),
            Polled::Engine(news) => self.engine = Some(*news),
            Polled::Renamed { from, to } => self.rename(&from, to),
        }
    }

    fn fresh(&mut self, source: Source, scope: Scope) -> &mut Freshness {
        self.freshness.entry((source, scope)).or_default()
    }

    fn log(&mut self, source: Source, scope: &Scope, fault: &Fault, count: usize) {
        if let Some(last) = self
            .errors
            .iter_mut()
            .rev()
            .take(50)
            .find(|line| line.source == source && line.scope == *scope && line.error == fault.error)
        {
            last.at = fault.at;
            last.count += count;
            return;
        }
        if self.errors.len() == ERROR_LENGTH {
            self.errors.pop_front();
        }
        let line = ErrorLine { at: fault.at, source, scope: scope.clone(), error: fault.error.clone(), count };
        self.errors.push_back(line);
    }

    /// A scope known by its profile's name learned its account. Nothing but freshness and the list of scopes
    /// is kept under the old name: data comes after the identity.
    fn rename(&mut self, from: &Scope, to: Scope) {
        let old: Vec<Source> =
            self.freshness.keys().filter(|(_, scope)| scope == from).map(|(source, _)| *source).collect();
        for source in old {
            if let Some(freshness) = self.freshness.remove(&(source, from.clone())) {
                self.freshness.entry((source, to.clone())).or_insert(freshness);
            }
        }
        self.sought.remove(from);
        self.changes.rename(from, &to);
        self.estate.scopes.retain(|scope| scope != from);
        if let Some(cell) = self.estate.callers.remove(from) {
            self.estate.callers.insert(to.clone(), cell);
        }
        if !self.estate.scopes.contains(&to) {
            self.estate.scopes.push(to);
            self.estate.scopes.sort();
        }
    }

    fn apply_delta(&mut self, source: Source, scope: &Scope, delta: Delta) {
        let estate = &mut self.estate;
        match delta {
            Delta::Caller(outcome) => {
                if outcome.is_ok() {
                    self.sought.remove(scope);
                }
                estate.callers.entry(scope.clone()).or_default().apply(outcome);
            }
            Delta::TableList(outcome) => self.table_list(scope, outcome),
            Delta::Facet(arn, facet) => self.facet(arn, facet),
            Delta::Backups(outcome) => {
                if let Ok(seen) = &outcome {
                    let asked: BTreeSet<&String> = seen.value.values().flat_map(|of| &of.asked).collect();
                    let here = format!(":{}:{}:", scope.region, scope.account);
                    estate.backup_keys.retain(|arn, _| !arn.contains(&here) || asked.contains(arn));
                }
                estate.backups.entry(scope.clone()).or_default().apply(outcome);
                self.touch_scope(scope);
            }
            Delta::BackupKey(arn, outcome) => {
                self.dirty_tables.extend(arn.split_once("/backup/").map(|(table, _)| table.to_owned()));
                estate.backup_keys.entry(arn).or_default().apply(outcome);
            }
            Delta::Key(arn, outcome) => {
                estate.keys.entry(arn.clone()).or_default().apply(outcome);
                let users = estate.tables.values().filter(|table| {
                    table.description.value().is_some_and(|d| d.kms_key.as_deref() == Some(arn.as_str()))
                });
                self.dirty_tables.extend(users.map(|table| table.arn.clone()));
                self.dirty_tables.extend(estate.kept_under(&arn).map(str::to_owned));
            }
            Delta::Rotation(arn, outcome) => estate.rotations.entry(arn).or_default().apply(outcome),
            Delta::Stream(arn, outcome) => {
                estate.streams.entry(arn.clone()).or_default().apply(outcome);
                let feeds =
                    |table: &&Table| table.kinesis.value().is_some_and(|all| all.iter().any(|of| of.stream == arn));
                self.dirty_tables.extend(estate.tables.values().filter(feeds).map(|table| table.arn.clone()));
            }
            Delta::Insights(outcome) => {
                estate.insights.entry(scope.clone()).or_default().apply(outcome);
                self.touch_scope(scope);
            }
            Delta::Filters(outcome) => estate.filters.entry(scope.clone()).or_default().apply(outcome),
            Delta::Detectors(outcome) => estate.detectors.entry(scope.clone()).or_default().apply(outcome),
            Delta::Findings(findings) => {
                // What the first sweep finds was there before anybody watched.
                let watched = self.freshness.get(&(source, scope.clone())).is_some_and(|of| !of.is_loading());
                for finding in findings {
                    let finding = Arc::new(finding);
                    let old = estate.findings.insert(finding.id.clone(), finding.clone());
                    if watched {
                        self.changes.finding(old.as_deref(), &finding);
                    }
                    if let Some(old) = old {
                        self.finding_index.remove(&old);
                    }
                    self.finding_index.insert(&finding);
                    self.dirty_findings.insert(finding.id.clone());
                }
            }
            Delta::FindingIds(outcome) => {
                let cell = estate.finding_lists.entry(scope.clone()).or_default();
                if let Some(ids) = list(cell, outcome, |id: &String| id.clone()) {
                    let (index, dirty) = (&mut self.finding_index, &mut self.dirty_findings);
                    let changes = &mut self.changes;
                    estate.findings.retain(|id, finding| {
                        let stays = finding.scope != *scope || ids.contains(id);
                        if !stays {
                            changes.finding_gone(finding);
                            index.remove(finding);
                            dirty.insert(id.clone());
                        }
                        stays
                    });
                }
            }
            Delta::Recorders(outcome) => estate.recorders.entry(scope.clone()).or_default().apply(outcome),
            Delta::Rules(outcome) => {
                let cell = estate.rule_lists.entry(scope.clone()).or_default();
                let rules = outcome.as_ref().map(|seen| seen.value.clone()).unwrap_or_default();
                estate.memo.forget(scope, "config:GetComplianceDetailsByConfigRule");
                if let Some(names) = list(cell, outcome, |rule| rule.key.clone()) {
                    estate.rules.retain(|key, _| key.scope != *scope || names.contains(key));
                    estate.evaluations.retain(|key, _| key.scope != *scope || names.contains(key));
                    estate.remediations.retain(|key, _| key.scope != *scope || names.contains(key));
                    estate.runs.retain(|key, _| key.scope != *scope || names.contains(key));
                    for mut rule in rules {
                        // A verdict that could not be read again stays the last one.
                        if rule.unread.is_some() {
                            rule.compliance = estate.rules.get(&rule.key).and_then(|known| known.compliance);
                        }
                        estate.rules.insert(rule.key.clone(), rule);
                    }
                }
            }
            Delta::Evaluations(key, outcome) => {
                estate.memo.forget(scope, "config:GetComplianceDetailsByConfigRule");
                estate.evaluations.entry(key).or_default().apply(outcome);
                self.touch_scope(scope);
            }
            Delta::Remediation(key, outcome) => {
                // Of a remediation that was taken away nothing runs.
                if matches!(&outcome, Ok(seen) if seen.value.is_none()) {
                    estate.runs.remove(&key);
                }
                estate.remediations.entry(key).or_default().apply(outcome);
            }
            Delta::Runs(key, outcome) => estate.runs.entry(key).or_default().apply(outcome),
            Delta::Stacks(outcome) => self.stacks(scope, outcome),
            Delta::StackResources(id, outcome) => {
                estate.memo.forget(scope, "cloudformation:ListStackResources");
                if let Some(stack) = estate.stacks.get_mut(&id) {
                    stack.resources.apply(outcome);
                }
                self.drifts.stale = true;
                self.touch_scope(scope);
            }
            Delta::History(arn, outcome) => {
                estate.histories.entry(arn.clone()).or_default().apply(outcome);
                self.dirty_tables.insert(arn);
            }
            Delta::Network(part) => {
                estate.memo.forget(scope, "ec2:DescribeVpcEndpoints");
                estate.networks.entry(scope.clone()).or_default().apply(part);
                self.touch_scope(scope);
            }
            Delta::Trails(outcome) => self.trails(scope, outcome),
            Delta::TrailStatus(arn, outcome) => {
                if let Some(trail) = estate.trails.get_mut(&(scope.clone(), arn)) {
                    trail.status.apply(outcome);
                }
            }
            Delta::TrailSelectors(arn, outcome) => {
                if let Some(trail) = estate.trails.get_mut(&(scope.clone(), arn)) {
                    trail.selectors.apply(outcome);
                }
                self.touch_scope(scope);
            }
            Delta::TrailInsights(arn, outcome) => {
                if let Some(trail) = estate.trails.get_mut(&(scope.clone(), arn)) {
                    trail.insights.apply(outcome);
                }
            }
            Delta::Calls(arn, outcome) => estate.calls.entry(arn).or_default().apply(outcome),
            Delta::Answer { label, subject, outcome } => {
                estate.memo.forget(scope, label);
                let of = estate.answers.entry(scope.clone()).or_default().entry(label).or_default();
                of.entry(subject).or_default().apply(outcome);
                self.touch_scope(scope);
                if GLOBAL.iter().any(|service| label.starts_with(service)) {
                    self.touch_account(&scope.account);
                }
            }
            Delta::Doors(doors) => estate.doors = Some(doors),
            Delta::Subjects { label, subjects, below } => {
                estate.memo.forget(scope, label);
                let of = estate.answers.entry(scope.clone()).or_default().entry(label).or_default();
                // What is below a subject whose own list could not be read is not known to be gone.
                let unlisted = |s: &str| s.split_once('/').is_some_and(|(over, _)| below.contains(over));
                of.retain(|subject, _| subjects.contains(subject) || unlisted(subject));
                self.touch_scope(scope);
            }
            Delta::Events(events) => {
                let first = self.events.rows() as u32;
                self.events.absorb(crate::trail::record::batch(&events));
                // What an API brings lies in memory: comparing costs nothing to wait for.
                crate::trail::ingest::resolve(&mut self.events, false);
                for row in first..self.events.rows() as u32 {
                    self.relink_by(row);
                }
            }
            Delta::Search(reach) => {
                self.searches.retain(|(of, old)| of != scope || old.search != reach.search);
                self.searches.push((scope.clone(), reach));
            }
            Delta::BrokenEvent(reason, raw) => self.broken_events.push((reason, raw)),
        }
        if !matches!(source, Source::Events | Source::Tables) {
            self.dirty_estate = true;
        }
    }

    fn touch_account(&mut self, account: &str) {
        let of = self.estate.tables.values().filter(|table| table.scope.account == account);
        self.dirty_tables.extend(of.map(|table| table.arn.clone()));
    }

    pub(super) fn touch_scope(&mut self, scope: &Scope) {
        let of = self.estate.tables.values().filter(|table| table.scope == *scope);
        self.dirty_tables.extend(of.map(|table| table.arn.clone()));
    }

    fn table_list(&mut self, scope: &Scope, outcome: Outcome<Vec<(String, String)>>) {
        let estate = &mut self.estate;
        self.dirty_estate = true;
        let cell = estate.populations.entry(scope.clone()).or_default();
        let listed = outcome.as_ref().map(|seen| seen.value.clone()).unwrap_or_default();
        let last = cell.seen.as_ref().map(|seen| seen.at);
        let Some(arns) = list(cell, outcome, |(_, arn)| arn.clone()) else { return };
        let before: BTreeSet<String> =
            estate.tables.values().filter(|table| table.scope == *scope).map(|table| table.arn.clone()).collect();
        estate.tables.retain(|arn, table| table.scope != *scope || arns.contains(arn));
        for (name, arn) in listed {
            self.dirty_tables.insert(arn.clone());
            estate.tables.entry(arn.clone()).or_insert_with(|| Table::listed(arn, name, scope.clone()));
        }
        let gone: BTreeSet<String> = before.difference(&arns).cloned().collect();
        if !gone.is_empty() {
            self.retain_judgements(|judgement| !gone.contains(&judgement.resource));
            self.drifts.forget(|arn| gone.contains(arn));
            self.estate.histories.retain(|arn, _| !gone.contains(arn));
        }
        gone.iter().for_each(|arn| self.depart(arn, last));
        self.drifts.stale = true;
    }

    fn facet(&mut self, arn: String, facet: Facet) {
        let estate = &mut self.estate;
        let Some(table) = estate.tables.get_mut(&arn) else { return };
        match facet {
            Facet::Description(outcome) => table.description.apply(outcome),
            Facet::Pitr(outcome) => table.pitr.apply(outcome),
            Facet::Ttl(outcome) => table.ttl.apply(outcome),
            Facet::Tags(outcome) => {
                table.tags.apply(outcome);
                table.stated = Stated::default();
            }
            Facet::Policy(outcome) => table.policy.apply(outcome),
            Facet::Kinesis(outcome) => table.kinesis.apply(outcome),
        }
        // A replica's settings count for the table in its other regions.
        if let Some(table) = estate.tables.get(&arn) {
            let others = table.description.value().into_iter().flat_map(|described| &described.replicas);
            let others = others.filter_map(|replica| estate.replica(table, &replica.region));
            self.dirty_tables.extend(others.map(|other| other.arn.clone()));
        }
        self.dirty_tables.insert(arn);
    }

    fn stacks(&mut self, scope: &Scope, outcome: Outcome<Vec<Stack>>) {
        self.drifts.stale = true;
        let estate = &mut self.estate;
        estate.memo.forget(scope, "cloudformation:ListStackResources");
        let cell = estate.stack_lists.entry(scope.clone()).or_default();
        let stacks = outcome.as_ref().map(|seen| seen.value.clone()).unwrap_or_default();
        if let Some(ids) = list(cell, outcome, |stack| stack.id.clone()) {
            estate.stacks.retain(|id, stack| stack.scope != *scope || ids.contains(id));
            for mut stack in stacks {
                if let Some(old) = estate.stacks.remove(&stack.id) {
                    stack.resources = old.resources;
                }
                estate.stacks.insert(stack.id.clone(), stack);
            }
        }
        self.touch_scope(scope);
    }

    fn trails(&mut self, scope: &Scope, outcome: Outcome<Vec<Trail>>) {
        let estate = &mut self.estate;
        let cell = estate.trail_lists.entry(scope.clone()).or_default();
        let trails = outcome.as_ref().map(|seen| seen.value.clone()).unwrap_or_default();
        if let Some(arns) = list(cell, outcome, |trail| trail.arn.clone()) {
            estate.trails.retain(|(of, arn), _| of != scope || arns.contains(arn));
            for mut trail in trails {
                let key = (scope.clone(), trail.arn.clone());
                if let Some(old) = estate.trails.remove(&key) {
                    trail.status = old.status;
                    trail.selectors = old.selectors;
                    trail.insights = old.insights;
                }
                estate.trails.insert(key, trail);
            }
        }
        self.touch_scope(scope);
    }

    /// Facets of tables known, for the counts of a coverage line: read, and listed.
    pub(super) fn tables_read(&self) -> (usize, usize) {
        let read = self.estate.tables.values().filter(|table| table.description.seen.is_some()).count();
        (read, self.estate.tables.len())
    }
}

/// The fault to show of those that a sweep met below its top level: what is not switched on explains itself, and must
/// not hide what was refused or failed.
fn worst(partial: &[(Fault, usize)]) -> Option<Fault> {
    let graver = partial.iter().find(|(fault, _)| !matches!(fault.error, SourceError::NotEnabled(_)));
    graver.or(partial.first()).map(|(fault, _)| fault.clone())
}

/// Notes a whole list in its cell and gives the identities it holds; `None` when it could not be read, so
/// that nothing is dropped on a failed call.
fn list<T, K: Ord>(
    cell: &mut Cell<usize>,
    outcome: Outcome<Vec<T>>,
    identity: impl Fn(&T) -> K,
) -> Option<BTreeSet<K>> {
    match outcome {
        Ok(Seen { value, at, call }) => {
            let ids = value.iter().map(identity).collect();
            cell.apply(Ok(Seen { value: value.len(), at, call }));
            Some(ids)
        }
        Err(fault) => {
            cell.apply(Err(fault));
            None
        }
    }
}

/// The words of errors and how many scopes met them, for one line.
pub(super) fn count_words<'a>(errors: impl Iterator<Item = &'a SourceError>) -> BTreeMap<&'static str, usize> {
    let mut words = BTreeMap::new();
    for error in errors {
        *words.entry(error.word()).or_insert(0) += 1;
    }
    words
}
