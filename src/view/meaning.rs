//! What an event means: in words, how bad, which controls it lowers, and what its record cannot tell.

use ratatui::text::Span;

use crate::controls;
use crate::model::{EventCategory, Scope};
use crate::theme::Role;
use crate::trail::EventRef;
use crate::trail::catalogue::{self, NOT_LOGGED, Risk};

use super::{Ctx, Doc, Screen, Thing};

/// Adds the section; nothing for an event that has no bearing on DynamoDB.
pub fn section(ctx: &Ctx<'_>, doc: &mut Doc, event: EventRef<'_>) {
    let record = ctx.derived.borrow_mut().records.record(event);
    let Some(mut risk) = catalogue::of_record(event, record.as_deref().unwrap_or_default()) else { return };
    // How bad it is was found out as it was read; why shows in the record.
    risk.rank = catalogue::rank(event).unwrap_or(risk.rank);
    let look = ctx.look;
    doc.gap();
    doc.section(ctx, "meaning", "for DynamoDB");
    let mut spans = look.risk(Some(risk.rank));
    let room = usize::from(ctx.width).saturating_sub(24);
    let why = match &record {
        Err(_) if risk.entry.needs_record() => " by its record, which is not at hand".to_owned(),
        _ => why(&risk, event),
    };
    spans.push(look.foreign(Role::Text, &why, room));
    doc.spans(ctx, "risk", spans, None);
    doc.field(ctx, "means", &risk.entry.means);
    for (index, when) in risk.because.iter().enumerate() {
        doc.field(ctx, if index == 0 { "here" } else { "" }, &format!("{} ({})", when.means, when.risk.word()));
    }
    lowered(ctx, doc, event, &risk);
    for (index, open) in risk.entry.open.iter().enumerate() {
        let words = format!("{} if {}: one record cannot tell", open.risk.word(), open.when);
        doc.field(ctx, if index == 0 { "open" } else { "" }, &words);
    }
    if let Some(model) = &risk.entry.model {
        doc.field(ctx, "unsure", model);
    }
    for (index, words) in unseen(event, &risk).into_iter().enumerate() {
        doc.field(ctx, if index == 0 { "not recorded" } else { "" }, words);
    }
}

fn why(risk: &Risk, event: EventRef<'_>) -> String {
    let base = match risk.because.first() {
        Some(_) => "by what the call says".to_owned(),
        None => "by its name alone".to_owned(),
    };
    match event.error() {
        Some(_) => format!(" {base}; refused: an attempt, it lowered nothing"),
        None => format!(" {base}"),
    }
}

/// The controls, each with its judgement of the event's table where there is one.
fn lowered(ctx: &Ctx<'_>, doc: &mut Doc, event: EventRef<'_>, risk: &Risk) {
    let scope = Scope::new(event.account().to_owned(), event.region().to_owned());
    let table = event.tables().next().and_then(|name| ctx.store.estate().table_named(&scope, name));
    let name = match (event.error(), risk.entry.read) {
        (Some(_), _) => "aimed at",
        (None, _) => "may lower",
    };
    for (index, id) in risk.lowers().into_iter().enumerate() {
        let title = catalogue::control(id).unwrap_or_default();
        let judged = controls::by_id(id).and_then(|control| {
            let judgement = ctx.store.judgement(&table?.arn, control.id)?;
            Some((control.id, judgement.verdict))
        });
        let to = judged.and_then(|(id, _)| Some(Screen::Detail(Thing::Judgement(table?.arn.clone(), id))));
        let mut spans = vec![ctx.look.say(if to.is_some() { Role::Link } else { Role::Text }, format!("{id} {title}"))];
        if let Some((_, verdict)) = judged {
            spans.push(Span::raw("  "));
            spans.extend(ctx.look.verdict(verdict, &format!("{} now", verdict.word())).spans);
        } else if controls::by_id(id).is_none() {
            spans.push(ctx.look.say(Role::Dim, "  not judged by this program yet"));
        }
        doc.spans(ctx, if index == 0 { name } else { "" }, spans, to);
    }
}

/// What happens beside such events without a record.
fn unseen(event: EventRef<'_>, risk: &Risk) -> Vec<&'static str> {
    if !event.source().starts_with("dynamodb") {
        return Vec::new();
    }
    let [expiry, cache, export] = NOT_LOGGED;
    match event.name() {
        "UpdateTimeToLive" => vec![expiry],
        "ExportTableToPointInTime" => vec![export],
        _ if risk.entry.category() == EventCategory::Data => vec![expiry, cache],
        _ => Vec::new(),
    }
}
