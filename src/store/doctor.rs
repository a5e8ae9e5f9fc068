//! What keeps the program from seeing: credentials, permissions, services that are off, what nobody records, and tables
//! whose tags it cannot read a class from.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{ClassTags, Source, SourceError, Table, Verdict, Whence};

use super::Store;

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Pass, warn, fail or unknown.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub next: Option<String>,
}

/// Notes under one head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// What they are about.
    pub about: &'static str,
    /// What was found.
    pub notes: Vec<Note>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde hands it over")]
fn word<S: serde::Serializer>(verdict: &Verdict, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(verdict.word())
}

fn note(verdict: Verdict, what: impl Into<String>, next: Option<String>) -> Note {
    Note { verdict, what: what.into(), next }
}

/// What blinds an estate, by the control that finds it, and what is then not seen.
const BLINDING: [(&str, &str); 6] = [
    ("LOG-01", "changes are recorded by no trail"),
    ("LOG-02", "reads and writes of items are recorded by no trail"),
    ("DET-01", "GuardDuty does not watch"),
    ("DET-09", "AWS Config does not record what this estate depends on"),
    ("DET-10", "AWS Config's rules are missing or old"),
    ("DET-12", "stacks have drifted, or nobody looked lately"),
];

/// Callers and addresses that are suggested for a list.
const SUGGESTED: usize = 20;

/// Words in the keys of tags that often say what a tag of ours says.
const HINTS: [(&str, &[&str]); 3] = [
    ("class", &["class", "sensitiv", "confidential", "privacy", "data-type", "datatype"]),
    ("owner", &["owner", "team", "squad", "contact", "responsible", "maintainer"]),
    ("domain", &["domain", "product", "service", "system", "application", "business", "project", "app"]),
];

impl Store {
    /// Everything that was found, section by section.
    #[must_use]
    pub fn doctor(&self) -> Vec<Section> {
        vec![
            Section { about: "credentials", notes: self.credentials() },
            Section { about: "permissions", notes: self.permissions() },
            Section { about: "sources", notes: self.troubled() },
            Section { about: "blind spots", notes: self.blind_spots() },
            Section { about: "classes", notes: self.class_tags() },
            Section { about: "callers", notes: self.callers() },
        ]
    }

    fn credentials(&self) -> Vec<Note> {
        let mut notes: BTreeMap<String, Note> = BTreeMap::new();
        for (scope, cell) in &self.estate.callers {
            let found = match cell.known() {
                Some(Ok(seen)) => {
                    let profile = seen.value.profile.as_ref().map(|name| format!(", by profile {name}"));
                    let what = format!("{} is {}{}", seen.value.account, seen.value.arn, profile.unwrap_or_default());
                    note(Verdict::Pass, what, None)
                }
                Some(Err(error)) => {
                    let next = self.sought.get(scope).and_then(|of| Some(of.next.first()?.0.clone()));
                    note(Verdict::Unknown, format!("{}: {error}", scope.account), next.or_else(|| error.advice()))
                }
                None => note(Verdict::Unknown, format!("{}: not read yet", scope.account), None),
            };
            notes.insert(found.what.clone(), found);
        }
        let regions: BTreeSet<&str> = self.estate.scopes.iter().map(|scope| scope.region.as_str()).collect();
        let scopes = format!(
            "{} account{}, read in {}",
            notes.len(),
            if notes.len() == 1 { "" } else { "s" },
            regions.into_iter().collect::<Vec<_>>().join(", ")
        );
        let read = if notes.is_empty() { Verdict::Unknown } else { Verdict::Pass };
        notes.into_values().chain([note(read, scopes, None)]).collect()
    }

    fn permissions(&self) -> Vec<Note> {
        let mut cost: BTreeMap<&str, usize> = BTreeMap::new();
        for judgement in self.judgements().filter(|of| of.verdict == Verdict::Unknown) {
            if let Some(action) = &judgement.missing_action {
                *cost.entry(action).or_default() += 1;
            }
        }
        let missing = self.missing_actions();
        let mut notes: Vec<(usize, Note)> = missing
            .iter()
            .map(|action| {
                let cost = cost.get(action.as_str()).copied().unwrap_or_default();
                let what = match cost {
                    0 => format!("{action} is denied somewhere"),
                    _ => format!("{action} is denied: {cost} verdicts are unknown for it"),
                };
                (cost, note(Verdict::Unknown, what, Some("dynakeep iam-policy".to_owned())))
            })
            .collect();
        notes.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        if notes.is_empty() {
            return vec![match self.freshness().any(|(_, of)| of.good.is_some()) {
                true => note(Verdict::Pass, "no call was denied", None),
                false => note(Verdict::Unknown, "nothing answered: what is allowed is not known", None),
            }];
        }
        notes.into_iter().map(|(_, note)| note).collect()
    }

    /// Sources that did not answer whole, by what they met; denials have a section of their own.
    fn troubled(&self) -> Vec<Note> {
        let mut met: BTreeMap<String, (&SourceError, Vec<String>)> = BTreeMap::new();
        let mut whole: BTreeSet<Source> = BTreeSet::new();
        for ((source, scope), freshness) in self.freshness() {
            whole.insert(*source);
            let faults =
                freshness.fault.iter().map(|fault| &fault.error).chain(freshness.partial.iter().map(|of| &of.0));
            for error in faults.filter(|error| error.missing_action().is_none()) {
                let places = &mut met.entry(error.to_string()).or_insert((error, Vec::new())).1;
                places.push(format!("{} {scope}", source.name()));
            }
        }
        let mut notes: Vec<Note> = met
            .into_iter()
            .map(|(text, (error, places))| {
                let more = places.len().saturating_sub(1);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let first = places.first().map(String::as_str).unwrap_or_default();
                // A service that is off has answered.
                let off = matches!(error, SourceError::NotEnabled(_));
                let verdict = if off { Verdict::Warn } else { Verdict::Unknown };
                note(verdict, format!("{first}{more}: {text}"), error.advice())
            })
            .collect();
        match (notes.is_empty(), whole.is_empty()) {
            (true, false) => notes.push(note(Verdict::Pass, format!("all {} sources answered", whole.len()), None)),
            (true, true) => notes.push(note(Verdict::Unknown, "no source was asked", None)),
            _ => {}
        }
        notes
    }

    fn blind_spots(&self) -> Vec<Note> {
        BLINDING
            .iter()
            .map(|(id, what)| {
                let of = |verdict: Verdict| {
                    let all = self.judgements().filter(move |of| of.control == *id && of.verdict == verdict);
                    all.filter(|of| of.counts()).count()
                };
                let (fail, warn, unknown) = (of(Verdict::Fail), of(Verdict::Warn), of(Verdict::Unknown));
                let judged = self.judgements().any(|of| of.control == *id);
                let look = Some(format!("dynakeep check --control {id}"));
                match (fail, warn, unknown) {
                    (1.., _, _) => note(Verdict::Fail, format!("{what}: {fail} fail {id}, {warn} warn"), look),
                    (_, 1.., _) => note(Verdict::Warn, format!("{what}, in part: {warn} warn of {id}"), look),
                    (_, _, 1..) => note(Verdict::Unknown, format!("whether {what}: unknown in {unknown}"), look),
                    _ if judged => note(Verdict::Pass, format!("{id} holds wherever it is asked"), None),
                    _ => note(Verdict::Unknown, format!("whether {what}: {id} was judged nowhere"), look),
                }
            })
            .collect()
    }

    /// Who was seen to use the tables whose classes ask who is expected, and where they were changed from.
    fn callers(&self) -> Vec<Note> {
        let (baseline, estate) = (&self.baseline, &self.estate);
        let asked = |id: &'static str| {
            estate.tables.values().filter_map(move |table| {
                let class = estate.data_class(table);
                baseline.asks(class, id).then_some((table, class))
            })
        };
        let seen = |table: &Table| estate.witness.get(&table.scope).and_then(|of| of.tables.get(&table.name));
        let unlisted: Vec<&Table> = asked("DET-18")
            .filter(|(table, class)| baseline.expected_of(table, *class).is_none())
            .map(|(table, _)| table)
            .collect();
        let users = |table: &&Table| seen(table).into_iter().flat_map(|uses| uses.users.keys());
        let names: BTreeSet<&str> = unlisted.iter().flat_map(users).map(|(who, _)| who.name.as_str()).collect();
        let quoted = |of: &BTreeSet<&str>| {
            let some = of.iter().take(SUGGESTED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            if of.len() > SUGGESTED { format!("{some}, …") } else { some }
        };
        if estate.tables.is_empty() {
            return vec![note(Verdict::Unknown, "no table was listed that somebody could use", None)];
        }
        let mut notes = Vec::new();
        if unlisted.is_empty() {
            notes.push(note(Verdict::Pass, "who is expected is known of every table that asks for it", None));
        } else {
            let what = format!(
                "who is expected to use {} tables is not known; {} were seen to use them: leave out whom you do not know",
                unlisted.len(),
                names.len()
            );
            let next = format!("in the configuration, [[baseline.expected]]: principals = [{}]", quoted(&names));
            notes.push(note(Verdict::Warn, what, (!names.is_empty()).then_some(next)));
        }
        if baseline.management.addresses.is_empty() {
            let changes = asked("ISO-05").filter_map(|(table, _)| seen(table)).flat_map(|uses| uses.changes.keys());
            let from: BTreeSet<&str> = changes
                .filter_map(|change| match &change.from {
                    Whence::Address(from) | Whence::Service(from) => Some(from.as_str()),
                    Whence::Endpoint(_) => None,
                })
                .collect();
            let what = format!(
                "where restricted tables are administered from is not known; they were changed from {} places",
                from.len()
            );
            let next = format!("in the configuration, [baseline.management]: addresses = [{}]", quoted(&from));
            notes.push(note(Verdict::Warn, what, (!from.is_empty()).then_some(next)));
        }
        notes
    }

    fn class_tags(&self) -> Vec<Note> {
        let read: Vec<&BTreeMap<String, String>> =
            self.estate.tables.values().filter_map(|table| table.tags.value()).collect();
        let known = &self.estate.class_tags;
        let classed = read.iter().filter(|tags| known.class_of(tags).is_some()).count();
        let head = format!("{classed} of {} tables whose tags were read state a class", read.len());
        if read.is_empty() {
            return vec![note(Verdict::Unknown, "the tags of no table were read", None)];
        }
        let mut notes = vec![match classed == read.len() {
            true => note(Verdict::Pass, head, None),
            false => note(Verdict::Warn, head, Some("dynakeep check --control ISO-01".to_owned())),
        }];
        let strange: BTreeSet<&str> = read
            .iter()
            .filter(|tags| known.class_of(tags).is_none())
            .filter_map(|tags| ClassTags::value_of(tags, &known.class))
            .collect();
        if !strange.is_empty() {
            let values = strange.iter().take(8).map(|value| format!("{:?} = \"…\"", value.to_lowercase()));
            let next = format!("in the configuration, [classes.values]: {}", values.collect::<Vec<_>>().join(", "));
            notes.push(note(
                Verdict::Warn,
                format!("{} values of the class mean nothing here", strange.len()),
                Some(next),
            ));
        }
        for (name, keys) in [("class", &known.class), ("owner", &known.owner), ("domain", &known.domain)] {
            let without: Vec<_> = read.iter().filter(|tags| ClassTags::value_of(tags, keys).is_none()).collect();
            let found = candidates(name, keys, known, &without);
            if !found.is_empty() {
                let said = |(key, (count, values)): &(&str, (usize, BTreeSet<&str>))| {
                    let some: Vec<&str> = values.iter().take(4).copied().collect();
                    format!("{key} on {count} ({}{})", some.join(", "), if values.len() > 4 { ", …" } else { "" })
                };
                let what = found.iter().map(said).collect::<Vec<_>>().join("; ");
                let own = if name == "class" { "keys" } else { name };
                let all: Vec<String> = keys
                    .iter()
                    .map(String::as_str)
                    .chain(found.iter().map(|of| of.0))
                    .map(|key| format!("{key:?}"))
                    .collect();
                let next = format!("in the configuration, [classes]: {own} = [{}]", all.join(", "));
                notes.push(note(Verdict::Warn, format!("tags that may say the {name}: {what}"), Some(next)));
            }
        }
        notes
    }
}

/// Keys of tags that may say it, of tables that no key of ours says it of: how many bear them, with which values. The
/// most used first.
fn candidates<'a>(
    name: &str,
    keys: &[String],
    known: &ClassTags,
    without: &[&&'a BTreeMap<String, String>],
) -> Vec<(&'a str, (usize, BTreeSet<&'a str>))> {
    let hints = HINTS.iter().find(|(of, _)| *of == name).map(|(_, hints)| *hints).unwrap_or_default();
    let mut found: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for (key, value) in without.iter().flat_map(|tags| tags.iter()) {
        let lower = key.to_lowercase();
        let means = name == "class" && known.values.contains_key(&value.to_lowercase());
        if !keys.iter().any(|known| known.eq_ignore_ascii_case(key))
            && !lower.starts_with("aws:")
            && (means || hints.iter().any(|hint| lower.contains(hint)))
        {
            let of = found.entry(key).or_default();
            of.0 += 1;
            of.1.insert(value);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    found.truncate(3);
    found
}
