//! What all sources say, put together setting by setting.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::controls::accepted::{self, AcceptedTable, Effect, controls_on};
use crate::model::{DriftStatus, Estate, Scope, Severity, Stack, StackResource, Table, Verdict, tail};
use crate::store::Store;
use crate::trail::settings::{self, EXISTS, Move, canonical};

use super::cause::{Changed, moment, same};
use super::heard::{Call, Stretch, stretches};
use super::{Closed, Drift, DriftSource, Said, damage, recorded};

/// The longest value that is kept of a document.
const LONGEST: usize = 4_000;

/// Under what the resources of a scope's stacks are remembered.
const RESOURCES: &str = "cloudformation:ListStackResources";

/// Settings that go with another one: changed together, they are one drift.
const PARTS: [(&str, &str); 3] = [
    ("RecoveryPeriodInDays", "PointInTimeRecoveryStatus"),
    ("KeyManager", "KMSMasterKeyArn"),
    ("TimeToLiveAttributeName", "TimeToLiveStatus"),
];

/// What was known of a table's drifts before.
pub(super) struct Before<'a> {
    pub drifts: &'a [Arc<Drift>],
    /// When it was compared with what was accepted, last.
    pub compared: Option<&'a Compared>,
}

/// How a table compared with what was accepted.
#[derive(Debug)]
pub(super) struct Compared {
    /// The oldest of the readings.
    at: Timestamp,
    /// Settings that differed or were not known: of them it says nothing good.
    except: Vec<String>,
}

impl Compared {
    /// When a setting was as it was accepted.
    fn good(&self, setting: &str) -> Option<Timestamp> {
        self.except.iter().all(|name| name != setting).then_some(self.at)
    }
}

/// What is known now.
pub(super) struct Found {
    pub drifts: Vec<Drift>,
    pub compared: Option<Compared>,
}

/// A setting that drifted, while it is put together.
#[derive(Default)]
pub(super) struct Draft {
    pub said: Vec<Said>,
    pub good: Option<Timestamp>,
    pub bad: Option<Timestamp>,
    effect: Option<Effect>,
    lowers: Vec<&'static str>,
    stack: Option<(String, String)>,
    /// When a source looked that still tells of it, and when it was seen to be over since.
    over: Option<(Timestamp, Timestamp)>,
}

impl Draft {
    pub(super) fn say(&mut self, said: Said) {
        self.bad = [self.bad, said.at].into_iter().flatten().min();
        self.said.push(said);
    }

    pub(super) fn good_at(&mut self, at: Option<Timestamp>) {
        self.good = self.good.max(at);
    }
}

/// The tables of a scope that stacks say are changed or deleted, by name.
#[derive(Default)]
struct Stacked {
    by_name: HashMap<String, Vec<(String, usize)>>,
}

impl Store {
    /// The drifts of one table.
    pub(super) fn drifts_in(&self, estate: &Estate, table: &Table, before: &Before<'_>) -> Found {
        let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
        let mut compared = None;
        if let Some(accepted) = self.baseline.accepted.tables.get(&table.arn) {
            compared = self.against_accepted(estate, table, accepted, before, &mut drafts);
        }
        against_stacks(estate, table, before, &mut drafts);
        let heard = self.drifts.heard.of_table(&table.scope, &table.name);
        let moves = || heard.clone().flat_map(|event| event.moves.iter().map(move |one| (event, one)));
        let mut drifts = Vec::new();
        for stretch in stretches(moves()).into_iter().filter(|of| of.setting != EXISTS) {
            self.take_stretch(estate, table, stretch, &mut drafts, &mut drifts);
        }
        self.against_config(estate, table, &mut drafts);
        for (part, whole) in PARTS {
            join(&mut drafts, part, whole);
        }
        for (setting, draft) in drafts {
            drifts.push(self.finish(estate, table, &setting, draft, moves()));
        }
        let over = self.ended(estate, table, before, &drifts, &moves());
        drifts.extend(over);
        for drift in &mut drifts {
            drift.damage = damage::of_table(estate, table, drift);
        }
        Found { drifts, compared }
    }

    /// What differs from what somebody accepted; gives the oldest of the readings compared.
    fn against_accepted(
        &self,
        estate: &Estate,
        table: &Table,
        accepted: &AcceptedTable,
        before: &Before<'_>,
        drafts: &mut BTreeMap<String, Draft>,
    ) -> Option<Compared> {
        let compared = accepted::compare(estate, &self.baseline, table, accepted);
        let unknown = compared.unread.iter().map(|(name, _)| name).chain(&compared.untold);
        let except = compared.differences.iter().map(|of| &of.setting).chain(unknown).cloned().collect();
        for difference in compared.differences {
            let reading = compared.readings.iter().find(|(name, _)| *name == difference.setting);
            let words = |value: &accepted::Value| value.words(&difference.setting, LONGEST).into_owned();
            let (was, is) = (words(&difference.accepted), words(&difference.now));
            let at = reading.map(|(_, reading)| reading.at);
            let known = before.drifts.iter().find(|of| of.is_open() && of.setting == difference.setting);
            let own = known.and_then(|of| of.said.iter().find(|said| said.source == DriftSource::Baseline));
            let draft = drafts.entry(difference.setting.clone()).or_default();
            draft.good_at(Some(accepted.at));
            let first = match (known, own) {
                // It goes on: what was known of its beginning stays.
                (Some(known), Some(own)) if own.is.as_deref() == Some(is.as_str()) => {
                    draft.good_at(known.good);
                    known.bad
                }
                // It was something else until it was read last.
                (_, Some(own)) => {
                    draft.good_at(own.at);
                    None
                }
                _ => {
                    draft.good_at(before.compared.and_then(|of| of.good(&difference.setting)));
                    None
                }
            };
            let note =
                format!("accepted by {} on {}: {}", accepted.by, accepted.at.strftime("%Y-%m-%d"), accepted.reason);
            draft.say(Said { source: DriftSource::Baseline, was: Some(was), is: Some(is), at, note });
            draft.bad = [first, draft.bad].into_iter().flatten().min();
            draft.effect = Some(difference.effect);
        }
        let at = compared.readings.iter().map(|(_, reading)| reading.at).min()?;
        Some(Compared { at, except })
    }

    /// What differed from what was accepted, and is as it was accepted again; what ended so before stays.
    fn ended<'a>(
        &self,
        estate: &Estate,
        table: &Table,
        before: &Before<'_>,
        now: &[Drift],
        moves: &(impl Iterator<Item = (&'a Call, &'a Move)> + Clone),
    ) -> Vec<Drift> {
        const MOST: usize = 20;
        let ours = before.drifts.iter().filter(|of| of.said.iter().any(|said| said.source == DriftSource::Baseline));
        let ended = ours.filter_map(|known| {
            if !known.is_open() {
                return now.iter().all(|of| of.id != known.id).then(|| Drift::clone(known));
            }
            let told = |of: &Drift| of.setting == known.setting && (of.is_open() || of.since() >= known.since());
            let was = self.accepted_words(table, &known.setting).filter(|was| known.was() == Some(was.as_str()))?;
            let read = accepted::read(estate, table, &known.setting).ok().flatten()?;
            if now.iter().any(told) || *read.value.words(&known.setting, LONGEST) != *was {
                return None;
            }
            let last = known.said.iter().filter(|said| said.source == DriftSource::Baseline).find_map(|said| said.at);
            let of = Changed { setting: &known.setting, is: Some(&was), good: last, bad: Some(read.at) };
            let cause = self.cause_in(moves.clone(), &of).ok_or_else(|| self.no_cause(estate, &table.scope, &of));
            let at = cause.as_ref().map_or(read.at, |cause| cause.at);
            Some(Drift {
                id: format!("{}@{}", known.id, at.as_second()),
                closed: Some(Closed { at, cause }),
                ..Drift::clone(known)
            })
        });
        ended.take(MOST).collect()
    }

    /// Who accepted a setting as it is now.
    fn accepted_now(&self, estate: &Estate, table: &Table, setting: &str) -> Option<&AcceptedTable> {
        let accepted = self.baseline.accepted.tables.get(&table.arn)?;
        let read = accepted::read(estate, table, setting).ok().flatten()?;
        (accepted.settings.get(setting) == Some(&read.value)).then_some(accepted)
    }

    /// What Config recorded of a setting that drifted; of any other, what a control fails for since then.
    fn against_config(&self, estate: &Estate, table: &Table, drafts: &mut BTreeMap<String, Draft>) {
        for (setting, said, before) in recorded::said(estate, table) {
            let is = drafts.get(&setting).and_then(|draft| draft.said.first()?.is.clone());
            let failing = || {
                let rests = controls_on(&setting).iter();
                rests.filter_map(|id| self.judgement(&table.arn, id)).any(|of| of.verdict == Verdict::Fail)
            };
            let told = match (&is, &said.is) {
                (Some(is), Some(recorded)) => same(is, recorded),
                (None, Some(_)) => failing(),
                _ => false,
            };
            if told {
                let draft = drafts.entry(setting).or_default();
                draft.good_at(Some(before));
                draft.say(said);
            }
        }
    }

    /// A stretch of time that events tell of: over, or a part of what drifts now.
    fn take_stretch(
        &self,
        estate: &Estate,
        table: &Table,
        stretch: Stretch,
        drafts: &mut BTreeMap<String, Draft>,
        drifts: &mut Vec<Drift>,
    ) {
        let read = accepted::read(estate, table, stretch.setting);
        let now = read.ok().flatten().map(|of| (of.value.words(stretch.setting, LONGEST).into_owned(), of.at));
        let (opened, row) = stretch.opened;
        // Read after it, and otherwise: it is over, whatever ended it.
        let unseen = now.as_ref().filter(|(value, at)| {
            *at > opened && stretch.is.as_ref().is_some_and(|is| !same(is, value)) && stretch.closed.is_none()
        });
        let was = stretch.was.clone().or_else(|| self.accepted_words(table, stretch.setting));
        // Set to what it was, nothing changed.
        if was.as_deref().zip(stretch.is.as_deref()).is_some_and(|(was, is)| same(was, is)) {
            return;
        }
        let said = Said {
            source: DriftSource::Events,
            was,
            is: stretch.is.clone(),
            at: Some(opened),
            note: "as the event says".to_owned(),
        };
        let ended = stretch.closed.map(|(at, _)| at).or(unseen.map(|(_, at)| *at));
        let Some(ended) = ended else {
            // Somebody looked at it since, and took it for right.
            if self.accepted_now(estate, table, stretch.setting).is_some_and(|accepted| accepted.at >= opened) {
                return;
            }
            let draft = drafts.entry(stretch.setting.to_owned()).or_default();
            let first = draft.bad;
            draft.say(said);
            draft.bad = first.or(Some(opened));
            draft.lowers.extend(stretch.lowers);
            return;
        };
        let reason =
            format!("the call sets {} to {}", stretch.setting, stretch.is.as_deref().unwrap_or("another value"));
        let Some(cause) = self.cause_of(row, super::Confidence::Certain, reason) else { return };
        let id = format!("{}#{}@{}", table.arn, stretch.setting, cause.event);
        let ended = if stretch.closed.is_some() { ended } else { self.seen_over(&table.arn, &id, ended) };
        let closed = match stretch.closed {
            Some((_, row)) => self
                .cause_of(row, super::Confidence::Certain, format!("the call sets {} again", stretch.setting))
                .ok_or_else(|| "the event that ended it is no longer at hand".to_owned()),
            None => Err(format!(
                "no event of its end is known; it was over when it was read at {}",
                moment(ended, estate.now)
            )),
        };
        let note = now.map_or_else(String::new, |(value, _)| format!("; it reads {} now", super::cause::short(&value)));
        drifts.push(Drift {
            id,
            said: vec![Said { note: format!("{}{note}", said.note), ..said }],
            good: None,
            bad: Some(opened),
            cause: Ok(cause),
            closed: Some(Closed { at: ended, cause: closed }),
            severity: self.graded(&stretch.lowers, Some(row)),
            lowers: stretch.lowers,
            ..blank(&table.scope, settings::TABLE, &table.name, stretch.setting, Some(&table.arn))
        });
    }

    /// When a drift was first seen to be over whose end no event tells: each later reading sees the same.
    fn seen_over(&self, arn: &str, id: &str, at: Timestamp) -> Timestamp {
        let known = self.drifts_of(arn).find(|of| of.id == id).and_then(|of| of.closed.as_ref());
        known.filter(|closed| closed.cause.is_err()).map_or(at, |closed| closed.at.min(at))
    }

    fn accepted_words(&self, table: &Table, setting: &str) -> Option<String> {
        let value = self.baseline.accepted.tables.get(&table.arn)?.settings.get(setting)?;
        Some(value.words(setting, LONGEST).into_owned())
    }

    /// The drift that all sources together tell of.
    fn finish<'a>(
        &self,
        estate: &Estate,
        table: &Table,
        setting: &str,
        mut draft: Draft,
        moves: impl Iterator<Item = (&'a Call, &'a Move)>,
    ) -> Drift {
        draft.said.sort_by_key(|said| said.source);
        // Somebody's word that it was good when it is known to have been bad is no bound.
        draft.good = draft.good.filter(|good| draft.bad.is_none_or(|bad| *good < bad));
        let is = draft.said.iter().find_map(|said| said.is.clone());
        let of = Changed { setting, is: is.as_deref(), good: draft.good, bad: draft.bad };
        let cause = self.cause_in(moves, &of).ok_or_else(|| self.no_cause(estate, &table.scope, &of));
        let judged = |id: &&'static str| self.judgement(&table.arn, id);
        let rests = controls_on(setting);
        let failing =
            |id: &&'static str| judged(id).is_some_and(|of| matches!(of.verdict, Verdict::Fail | Verdict::Warn));
        let (mut lowers, mut unsaid, mut tolerated) = (Vec::new(), None, None);
        match draft.effect {
            Some(Effect::Lowers(id)) => {
                lowers.push(id);
                lowers.extend(rests.iter().filter(|of| **of != id).filter(|of| failing(of)).copied());
            }
            Some(Effect::Unsaid(id, action)) => {
                let why = action.map(|action| format!(": {action} is missing")).unwrap_or_default();
                unsaid = Some(format!("{id} could not be judged{why}"));
            }
            // What no acceptance tells of is measured by the verdicts that stand.
            None => {
                lowers.extend(rests.iter().filter(|of| failing(of)).copied());
                let more = draft.lowers.iter().filter(|id| !rests.contains(id) && !lowers.contains(id)).copied();
                lowers.extend(more.filter(|id| failing(id)).collect::<Vec<_>>());
            }
            Some(Effect::Neutral) => {}
        }
        if let Some(accepted) = self.accepted_now(estate, table, setting) {
            tolerated = Some(format!("accepted as it is by {}: {}", accepted.by, accepted.reason));
        } else if lowers.is_empty() && unsaid.is_none() {
            let class = estate.data_class(table).word();
            tolerated = rests.iter().find_map(|id| match judged(id)?.verdict {
                Verdict::Pass => Some(format!("{id} passes: what is left is enough for class {class}")),
                Verdict::NotApplicable => Some(format!("{id} asks nothing of class {class}")),
                _ => None,
            });
        }
        let severity = match (lowers.is_empty(), unsaid.is_some()) {
            (false, _) => self.graded(&lowers, self.row_of(&cause)),
            (true, true) => Severity::Medium,
            (true, false) => Severity::Low,
        };
        let id = match draft.over {
            None => format!("{}#{setting}", table.arn),
            Some((checked, _)) => format!("{}#{setting}@{}", table.arn, checked.as_second()),
        };
        let closed = draft.over.map(|(_, at)| Closed {
            at: self.seen_over(&table.arn, &id, at),
            cause: Err("read since, it is as it should be; CloudFormation has not looked again".to_owned()),
        });
        Drift {
            id,
            said: draft.said,
            good: draft.good,
            bad: draft.bad,
            cause,
            closed,
            lowers,
            unsaid,
            tolerated,
            severity,
            stack: draft.stack,
            ..blank(&table.scope, settings::TABLE, &table.name, setting, Some(&table.arn))
        }
    }
}

/// Makes a setting that goes with another one a part of its drift.
fn join(drafts: &mut BTreeMap<String, Draft>, part: &str, whole: &str) {
    if !drafts.contains_key(whole) {
        return;
    }
    let Some(part) = drafts.remove(part) else { return };
    if let Some(whole) = drafts.get_mut(whole) {
        if !matches!(whole.effect, Some(Effect::Lowers(_))) && matches!(part.effect, Some(Effect::Lowers(_))) {
            whole.effect = part.effect;
        }
        whole.lowers.extend(part.lowers);
    }
}

/// What stacks say of a table.
fn against_stacks(estate: &Estate, table: &Table, before: &Before<'_>, drafts: &mut BTreeMap<String, Draft>) {
    let stacked = estate.memo.of(&table.scope, RESOURCES, "drifted", || {
        let mut stacked = Stacked::default();
        for stack in estate.stacks.values().filter(|stack| stack.scope == table.scope) {
            let all = stack.resources.value().into_iter().flatten().enumerate();
            for (place, one) in all.filter(|(_, one)| is_drifted(one) && settings::is_table(&one.kind)) {
                if let Some(name) = &one.physical_id {
                    stacked.by_name.entry(tail(name).to_owned()).or_default().push((stack.id.clone(), place));
                }
            }
        }
        stacked
    });
    for (id, place) in stacked.by_name.get(&table.name).into_iter().flatten() {
        let Some(stack) = estate.stacks.get(id) else { continue };
        let Some(one) = stack.resources.value().and_then(|all| all.get(*place)) else { continue };
        for (setting, said) in said_by(stack, one) {
            let known = before.drifts.iter().find(|of| of.is_open() && of.setting == setting);
            let draft = drafts.entry(setting.clone()).or_default();
            // What is read directly is newer than the last check.
            let read = accepted::read(estate, table, &setting).ok().flatten();
            let read = read.map(|of| (of.value.words(&setting, LONGEST).into_owned(), of.at));
            if let (Some((now, at)), Some(checked)) = (read, said.at)
                && at > checked
                && said.was.as_deref().is_some_and(|was| same(was, &now))
                && draft.said.is_empty()
            {
                draft.over = Some((checked, at));
            }
            draft.good_at(known.and_then(|of| of.good).or_else(|| deployed(stack)));
            draft.say(said);
            draft.bad = [draft.bad, known.and_then(|of| of.bad)].into_iter().flatten().min();
            draft.stack = Some((stack.id.clone(), one.logical_id.clone()));
        }
    }
}

pub(super) fn is_drifted(one: &StackResource) -> bool {
    matches!(one.status, DriftStatus::Modified | DriftStatus::Deleted)
}

/// The known table that a stack's resource is.
pub(super) fn table_of<'a>(estate: &'a Estate, stack: &Stack, one: &StackResource) -> Option<&'a Table> {
    estate.table_named(&stack.scope, tail(one.physical_id.as_deref()?))
}

/// What a stack says of a resource, setting by setting.
pub(super) fn said_by(stack: &Stack, one: &StackResource) -> Vec<(String, Said)> {
    let at = one.checked.or(stack.checked);
    let note = |path: &str| format!("stack {} {path}", stack.name);
    let said = |was: String, is: String, path: &str| Said {
        source: DriftSource::CloudFormation,
        was: Some(was),
        is: Some(is),
        at,
        note: note(path),
    };
    if one.status == DriftStatus::Deleted {
        return vec![(EXISTS.to_owned(), said("there".to_owned(), "deleted".to_owned(), &one.logical_id))];
    }
    let each = one.differences.iter().map(|difference| {
        let setting = settings::of_property(&one.kind, &difference.path);
        let value = |text: &str| canonical(&setting, text);
        (setting.clone(), said(value(&difference.expected), value(&difference.actual), &difference.path))
    });
    let all: Vec<(String, Said)> = each.collect();
    match all.is_empty() {
        // CloudFormation says that it differs, and not in what.
        true => vec![("properties".to_owned(), Said { was: None, is: None, ..said(String::new(), String::new(), "") })],
        false => all,
    }
}

/// When a stack was deployed last: its resources were as the template says then.
pub(super) fn deployed(stack: &Stack) -> Option<Timestamp> {
    let raw: serde_json::Value = serde_json::from_str(&stack.raw).ok()?;
    ["LastUpdatedTime", "CreationTime"].iter().find_map(|name| raw[*name].as_str()?.parse().ok())
}

/// A drift of which nothing but its place is known.
pub(super) fn blank(scope: &Scope, kind: &str, resource: &str, setting: &str, arn: Option<&str>) -> Drift {
    Drift {
        id: String::new(),
        scope: scope.clone(),
        kind: kind.to_owned(),
        resource: resource.to_owned(),
        arn: arn.map(str::to_owned),
        setting: setting.to_owned(),
        said: Vec::new(),
        good: None,
        bad: None,
        cause: Err(String::new()),
        closed: None,
        lowers: Vec::new(),
        unsaid: None,
        tolerated: None,
        severity: Severity::Low,
        damage: None,
        stack: None,
    }
}
