//! Raw JSON of anything: laid out once, drawn line by line.

use ratatui::text::{Line, Span};
use serde_json::{Value, json};

use crate::model::{Cell, Fault};
use crate::theme::Role;
use crate::widget::text;

use super::{Ctx, Thing};

/// The longest line kept; a longer one is cut when the text is laid out, not at every frame.
const LINE: usize = 16_384;

/// Raw JSON in lines.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    /// The lines, as they came: made inert when drawn.
    pub lines: Vec<String>,
}

impl Raw {
    /// Lays out JSON; what is none is shown as it is.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let pretty = serde_json::from_str::<Value>(source).and_then(|value| serde_json::to_string_pretty(&value));
        let text = pretty.unwrap_or_else(|_| source.to_owned());
        Self { lines: text.lines().map(cut).collect() }
    }

    /// The next line after (or before) `from` that holds `needle`, going round.
    #[must_use]
    pub fn find(&self, needle: &str, from: usize, back: bool) -> Option<usize> {
        let needle = needle.to_lowercase();
        let len = self.lines.len();
        let places = (1..=len).map(|step| if back { (from + len - step) % len } else { (from + step) % len });
        let mut hits =
            places.filter(|place| self.lines.get(*place).is_some_and(|l| l.to_lowercase().contains(&needle)));
        hits.next()
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}… ({} bytes)", &line[..at], line.len()),
        None => line.to_owned(),
    }
}

/// One line, coloured: keys, strings, the rest; `needle` is marked.
#[must_use]
pub fn draw_line(ctx: &Ctx<'_>, line: &str, side: usize, needle: &str, width: usize) -> Line<'static> {
    let look = ctx.look;
    let shown: String = line.chars().skip(side).take(width + 1).collect();
    if !needle.is_empty()
        && let Some(at) = find_ignoring_case(&shown, needle)
    {
        let end = at + needle.len();
        return Line::from(vec![
            look.foreign(Role::Text, &shown[..at], width),
            look.foreign(Role::Match, shown.get(at..end).unwrap_or_default(), width),
            look.foreign(Role::Text, shown.get(end..).unwrap_or_default(), width),
        ]);
    }
    let body = shown.trim_start();
    let indent = Span::raw(" ".repeat(shown.len() - body.len()));
    let room = width.saturating_sub(indent.content.len());
    if side == 0
        && body.starts_with('"')
        && let Some(colon) = body.find("\": ")
    {
        let (key, value) = body.split_at(colon + 1);
        let left = room.saturating_sub(text::width(&text::clean(key, room)));
        return Line::from(vec![indent, look.foreign(Role::JsonKey, key, room), value_span(ctx, value, left)]);
    }
    Line::from(vec![indent, value_span(ctx, body, room)])
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    // ASCII case alone, so that positions stay those of the text itself.
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    text.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

fn value_span(ctx: &Ctx<'_>, value: &str, width: usize) -> Span<'static> {
    let role = match value.trim_start_matches([':', ' ']).chars().next() {
        Some('"') => Role::JsonString,
        Some('{' | '}' | '[' | ']') | None => Role::Dim,
        Some(_) => Role::JsonOther,
    };
    ctx.look.foreign(role, value, width)
}

/// The raw JSON of a thing: the service's own where it was kept, else all that is known of it.
#[must_use]
pub fn json_of(ctx: &Ctx<'_>, thing: &Thing) -> Option<String> {
    let estate = ctx.store.estate();
    Some(match thing {
        Thing::Finding(id) => ctx.store.finding(id)?.raw.clone(),
        Thing::Event(id) => ctx.store.events().get(id)?.raw.clone(),
        Thing::Table(arn) => table_json(ctx, arn)?.to_string(),
        Thing::Judgement(resource, control) => to_json(ctx.store.judgement(resource, control)?)?,
        Thing::Rule(key) => estate.rules.get(key)?.raw.clone(),
        Thing::Evaluation(key, kind, id) => {
            let of = estate.evaluations.get(key)?.value()?;
            to_json(of.iter().find(|one| one.resource_type == *kind && one.resource_id == *id)?)?
        }
        Thing::Stack(id) => estate.stacks.get(id)?.raw.clone(),
        Thing::Resource(id, logical) => {
            let of = estate.stacks.get(id)?.resources.value()?;
            to_json(of.iter().find(|one| one.logical_id == *logical)?)?
        }
        Thing::Endpoint(scope, id) => {
            let of = estate.networks.get(scope)?.endpoints.value()?;
            of.iter().find(|one| one.id == *id)?.raw.clone()
        }
        Thing::Vpc(scope, id) => to_json(estate.networks.get(scope)?.vpcs.value()?.iter().find(|vpc| vpc.id == *id)?)?,
        Thing::Trail(scope, arn) => estate.trails.get(&(scope.clone(), arn.clone()))?.raw.clone(),
        Thing::Source(source, scope) => {
            let of = ctx.store.freshness_of(*source, scope)?;
            let fault = of.fault.as_ref().map(fault_json);
            json!({ "source": source, "scope": scope, "good": of.good, "due": of.due, "sweeps": of.sweeps, "fault": fault })
                .to_string()
        }
        Thing::Call(number) => to_json(super::sources::call(ctx, *number)?)?,
        Thing::Error(place) => {
            let line = ctx.store.errors().get(*place)?;
            json!({ "at": line.at, "source": line.source, "scope": line.scope, "error": line.error, "count": line.count })
                .to_string()
        }
    })
}

fn to_json(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn fault_json(fault: &Fault) -> Value {
    json!({ "at": fault.at, "error": fault.error })
}

fn cell_json<T: serde::Serialize>(cell: &Cell<T>) -> Value {
    let seen = cell.seen.as_ref().map(|seen| json!({ "value": seen.value, "at": seen.at, "call": seen.call }));
    json!({ "seen": seen, "fault": cell.fault.as_ref().map(fault_json) })
}

fn table_json(ctx: &Ctx<'_>, arn: &str) -> Option<Value> {
    let table = ctx.store.estate().tables.get(arn)?;
    let policy = table.policy.value().cloned().flatten();
    let policy = policy.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    let judgements: Vec<_> = ctx.store.judgements_of(arn).collect();
    Some(json!({
        "arn": table.arn, "name": table.name, "scope": table.scope,
        "description": cell_json(&table.description), "pitr": cell_json(&table.pitr), "ttl": cell_json(&table.ttl),
        "tags": cell_json(&table.tags), "resource_policy": policy,
        "resource_policy_fault": table.policy.fault.as_ref().map(fault_json), "judgements": judgements,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_anything_else_is_shown_as_it_is() {
        assert_eq!(Raw::of(r#"{"b":1,"a":[2]}"#).lines, ["{", "  \"b\": 1,", "  \"a\": [", "    2", "  ]", "}"]);
        assert_eq!(Raw::of("<html>\noops").lines, ["<html>", "oops"]);
    }

    #[test]
    fn a_search_goes_round_in_both_directions() {
        let raw = Raw::of("one\ntwo\nONE\nthree");
        assert_eq!(raw.find("one", 0, false), Some(2));
        assert_eq!(raw.find("one", 2, false), Some(0));
        assert_eq!(raw.find("one", 0, true), Some(2));
        assert_eq!(raw.find("none", 0, true), None);
    }
}
