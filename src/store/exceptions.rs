//! Mutes and attestations: what the file says, which of it holds, and what became of the rest.
//!
//! Invariant: what has ended or cannot be understood changes no verdict, and is said.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use crate::controls::UNATTESTED;
use crate::controls::facts::{self, Observable};
use crate::model::{Attestations, Estate, Exception, Judgement, Verdict};
use crate::trail::query::Query;

use super::rows::{RESOURCES, ResourceRow};

/// An attestation that ends within so many days is worth a word.
const SOON: i64 = 30;

/// All that the file says.
#[derive(Debug, Default)]
pub struct Exceptions {
    entries: Vec<Entry>,
    malformed: Vec<String>,
}

/// Which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A verdict is set aside.
    Mute,
    /// A person vouches for what no call can show.
    Attestation,
}

/// One of them.
#[derive(Debug)]
pub struct Entry {
    /// Which kind.
    pub sort: Sort,
    /// The control.
    pub control: String,
    /// The resources, as written.
    pub resource: String,
    /// Who, why, until when.
    pub of: Arc<Exception>,
    /// What a mute sets aside.
    pub verdicts: Vec<Verdict>,
    /// What an attestation says: it holds, or it does not.
    pub holds: bool,
    query: Query,
    /// Whether the query asks for what tags say.
    tagged: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    control: String,
    resource: String,
    reason: String,
    owner: String,
    expires: toml::Value,
    verdicts: Option<Vec<String>>,
    holds: Option<bool>,
    evidence: Option<String>,
}

impl Exceptions {
    /// Reads the text of a file; what cannot be understood is kept as what is wrong with it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut all = Self::default();
        let file: toml::Table = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => return Self::unread(error.to_string().trim_end()),
        };
        for (name, value) in file {
            let sort = match name.as_str() {
                "mute" => Sort::Mute,
                "attestation" => Sort::Attestation,
                _ => {
                    all.malformed.push(format!("{name}: there are [[mute]] and [[attestation]]"));
                    continue;
                }
            };
            let toml::Value::Array(entries) = value else {
                all.malformed.push(format!("{name}: write [[{name}]]"));
                continue;
            };
            for (at, entry) in entries.into_iter().enumerate() {
                match Entry::read(sort, entry) {
                    Ok(entry) => all.entries.push(entry),
                    Err(error) => all.malformed.push(format!("{name} {}: {error}", at + 1)),
                }
            }
        }
        all
    }

    /// A file that could not be read at all.
    #[must_use]
    pub fn unread(message: &str) -> Self {
        Self { entries: Vec::new(), malformed: vec![message.to_owned()] }
    }

    /// True when the file said nothing, or there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.malformed.is_empty()
    }

    /// All that could be understood.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is wrong with those that could not.
    #[must_use]
    pub fn malformed(&self) -> &[String] {
        &self.malformed
    }

    /// What holds no more, or never could, in words.
    #[must_use]
    pub fn void(&self, now: Timestamp) -> Vec<String> {
        let ended = self.entries.iter().filter(|entry| !entry.is_live(now)).map(Entry::ended);
        self.malformed.iter().cloned().chain(ended).collect()
    }

    /// How many hold.
    pub(super) fn live(&self, now: Timestamp) -> usize {
        self.entries.iter().filter(|entry| entry.is_live(now)).count()
    }

    pub(super) fn attestations(&self, now: Timestamp, before: &Attestations) -> Attestations {
        let of = || self.entries.iter().filter(|entry| entry.sort == Sort::Attestation);
        let soon = today(now).saturating_add(SOON.days());
        let ending = of().filter(|entry| entry.is_live(now) && entry.of.expires <= soon);
        let ended = of().filter(|entry| !entry.is_live(now)).map(Entry::ended);
        Attestations {
            void: self.malformed.iter().cloned().chain(ended).collect(),
            ending: ending
                .map(|entry| format!("the attestation to {} ends on {}", entry.control, entry.of.expires))
                .collect(),
            missing: before.missing.clone(),
        }
    }

    /// A judgement with what a person says about it.
    pub(super) fn applied(&self, estate: &Estate, judgement: Judgement) -> Judgement {
        // Hardly any judgement is spoken of.
        if !self.entries.iter().any(|entry| entry.control == judgement.control) {
            return judgement;
        }
        let row = ResourceRow { estate, resource: &judgement.resource };
        // What tags say is not known where they could not be read: not even that they do not say it.
        let fits = |entry: &&Entry| {
            entry.control == judgement.control && !(entry.tagged && row.is_unread()) && entry.query.matches(&row)
        };
        let of = |sort| self.entries.iter().filter(move |entry| entry.sort == sort).filter(fits);
        let judgement = if judgement.verdict == Verdict::Manual {
            let live = of(Sort::Attestation).find(|entry| entry.is_live(estate.now));
            match live.or_else(|| of(Sort::Attestation).next()) {
                Some(entry) => entry.attest(judgement.clone(), estate.now),
                None => judgement.clone(),
            }
        } else {
            judgement.clone()
        };
        let mute =
            of(Sort::Mute).find(|entry| entry.verdicts.contains(&judgement.verdict) && entry.is_live(estate.now));
        Judgement { muted: mute.map(|entry| entry.of.clone()), ..judgement }
    }
}

impl Entry {
    fn read(sort: Sort, value: toml::Value) -> Result<Self, String> {
        let written: Written = value.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        for (name, text) in [
            ("control", &written.control),
            ("resource", &written.resource),
            ("reason", &written.reason),
            ("owner", &written.owner),
        ] {
            if text.trim().is_empty() {
                return Err(format!("{name} says nothing"));
            }
        }
        let control = written.control;
        let facts = facts::facts(&control).ok_or_else(|| format!("no control is called {control:?}"))?;
        match sort {
            Sort::Attestation if facts.observable != Observable::None || control == "GOV-03" => {
                return Err(format!("{control} is judged by what is read: nobody need attest to it"));
            }
            Sort::Attestation if written.verdicts.is_some() => return Err("`verdicts` is for mutes".to_owned()),
            Sort::Mute if written.holds.is_some() => return Err("`holds` is for attestations".to_owned()),
            _ => {}
        }
        let expires = match &written.expires {
            toml::Value::Datetime(at) => at.to_string(),
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let expires: Date = expires.parse().map_err(|_| format!("expires = {expires}: write a day, 2027-01-31"))?;
        let query = Query::parse(&written.resource, &RESOURCES)
            .map_err(|error| format!("resource {:?}: {}", written.resource, error.message))?;
        let verdict = |word: &String| {
            let may = [Verdict::Fail, Verdict::Warn, Verdict::Unknown];
            let found = may.into_iter().find(|verdict| verdict.word() == word);
            found.ok_or_else(|| format!("verdicts: {word:?} cannot be muted; fail, warn and unknown can"))
        };
        let verdicts = match &written.verdicts {
            Some(words) => words.iter().map(verdict).collect::<Result<_, _>>()?,
            None => vec![Verdict::Fail, Verdict::Warn],
        };
        let Written { resource, reason, owner, evidence, .. } = written;
        let of = Arc::new(Exception { owner, reason, expires, evidence });
        let tagged = query.mentions_any(&|name| name == "class" || name.starts_with("tags."));
        Ok(Self { sort, control, resource, of, verdicts, holds: written.holds.unwrap_or(true), query, tagged })
    }

    /// True up to the end of its last day, in UTC.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        today(now) <= self.of.expires
    }

    fn ended(&self) -> String {
        let sort = if self.sort == Sort::Mute { "mute of" } else { "attestation to" };
        format!("the {sort} {} on {} by {} ended on {}", self.control, self.resource, self.of.owner, self.of.expires)
    }

    fn attest(&self, judgement: Judgement, now: Timestamp) -> Judgement {
        let Exception { owner, reason, expires, .. } = &*self.of;
        let (verdict, reason) = match (self.is_live(now), self.holds) {
            (false, _) => (Verdict::Fail, self.ended()),
            (true, true) => (Verdict::Manual, format!("attested by {owner} until {expires}: {reason}")),
            (true, false) => (Verdict::Fail, format!("{owner} attests that it does not hold: {reason}")),
        };
        Judgement { verdict, reason, attested: Some(self.of.clone()), ..judgement }
    }
}

/// True for a judgement that waits for an attestation.
pub(super) fn is_missing(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Manual && judgement.counts() && judgement.reason == UNATTESTED
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Scope, Table};

    const MUTE: &str =
        "[[mute]]\ncontrol = \"RES-01\"\nresource = \"table:orders\"\nreason = \"moved\"\nowner = \"ann\"\n";

    fn wrong(text: &str) -> String {
        let all = Exceptions::parse(text);
        assert!(all.entries.is_empty(), "{text}");
        all.malformed.join("\n")
    }

    #[test]
    fn what_lacks_a_part_or_means_nothing_is_named_and_changes_nothing() {
        for part in ["control", "resource", "reason", "owner"] {
            let lines: Vec<&str> = MUTE.lines().filter(|line| !line.starts_with(part)).collect();
            let said = wrong(&format!("{}\nexpires = 2027-01-31", lines.join("\n")));
            assert!(said.contains(part) && said.starts_with("mute 1: "), "{said}");
        }
        assert!(wrong(MUTE).contains("expires"));
        for (more, word) in [
            ("expires = \"soon\"", "2027-01-31"),
            ("expires = 2027-01-31\nverdicts = [\"pass\"]", "pass"),
            ("expires = 2027-01-31\nuntil = 3", "until"),
            ("expires = 2027-01-31\nholds = false", "attestations"),
        ] {
            assert!(wrong(&format!("{MUTE}{more}")).contains(word), "{more}");
        }
        let of = |from: &str, to: &str| wrong(&format!("{}expires = 2027-01-31", MUTE.replace(from, to)));
        assert!(of("RES-01", "RES-99").contains("RES-99"));
        assert!(of("table:orders", "tabel:orders").contains("table"));
        assert!(of("mute", "attestation").contains("RES-01 is judged"));
        assert!(of("mute", "mutes").contains("[[mute]]"));
        assert!(wrong("[[mute").contains("line 1"));
    }

    #[test]
    fn the_last_day_counts_whole_and_the_next_one_ends_it() {
        let all = Exceptions::parse(&format!("{MUTE}expires = 2027-01-31"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!((all.live(at("2027-01-31T23:59:59Z")), all.void(at("2027-01-31T23:59:59Z")).len()), (1, 0));
        assert_eq!(all.live(at("2027-02-01T00:00:00Z")), 0);
        assert_eq!(
            all.void(at("2027-02-01T00:00:00Z")),
            ["the mute of RES-01 on table:orders by ann ended on 2027-01-31"]
        );
    }

    #[test]
    fn what_asks_for_tags_says_nothing_of_a_table_whose_tags_are_unread() {
        let (arn, scope) = ("arn:aws:dynamodb:eu-west-1:1:table/orders", Scope::new("1", "eu-west-1"));
        let mut estate = Estate { scopes: vec![scope.clone()], ..Estate::default() };
        estate.tables.insert(arn.to_owned(), Table::listed(arn.to_owned(), "orders".to_owned(), scope));
        let crate::controls::Judge::Table(judge) = crate::controls::by_id("RES-01").unwrap().judge else { panic!() };
        let judged = judge(&estate, &crate::controls::Baseline::default(), &estate.tables[arn]);
        let muted = |resource: &str| {
            let text = MUTE.replace("table:orders", resource) + "expires = 2027-01-31\nverdicts = [\"unknown\"]";
            Exceptions::parse(&text).applied(&estate, judged.clone()).muted.is_some()
        };
        assert_eq!((judged.verdict, muted("table:orders")), (Verdict::Unknown, true));
        for asking in ["!tag.team:billing", "table:orders or class:restricted", "!class:public"] {
            assert!(!muted(asking), "{asking}");
        }
    }
}
