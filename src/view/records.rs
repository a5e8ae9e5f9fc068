//! Small details: a call of the ledger, a line of the error log, a trail.

use crate::model::{CallOutcome, Scope, SourceError};

use super::{Ctx, Doc, Screen, Thing, sources};

/// A call.
#[must_use]
pub fn call(ctx: &Ctx<'_>, number: u64) -> Option<Doc> {
    let call = sources::call(ctx, number)?;
    let mut doc = Doc::default();
    doc.field(ctx, "operation", call.operation);
    doc.field(ctx, "scope", &call.scope.to_string());
    doc.field(ctx, "began", &ctx.look.full(ctx.now, call.at));
    let outcome = match &call.outcome {
        CallOutcome::Ok => "answered".to_owned(),
        CallOutcome::Failed(code) => format!("failed: {code}"),
        CallOutcome::Guarded => "refused by the guard: no request was sent".to_owned(),
    };
    doc.field(ctx, "outcome", &outcome);
    doc.field(ctx, "took", &format!("{} ms in {} requests", call.millis, call.attempts));
    doc.field(ctx, "request id", &call.request_id);
    Some(doc)
}

/// A line of the error log.
#[must_use]
pub fn error(ctx: &Ctx<'_>, place: usize) -> Option<Doc> {
    let line = ctx.store.errors().get(place)?;
    let mut doc = Doc::default();
    let to = Screen::Detail(Thing::Source(line.source, line.scope.clone()));
    doc.field_to(ctx, "source", &format!("{} in {}", line.source.name(), line.scope), Some(to));
    doc.field(ctx, "last met", &ctx.look.full(ctx.now, line.at));
    doc.field(ctx, "times", &line.count.to_string());
    doc.field(ctx, "error", &line.error.to_string());
    if let SourceError::Denied { message, .. } | SourceError::Expired { message, .. } = &line.error {
        doc.field(ctx, "in its words", message);
    }
    if let Some(advice) = line.error.advice() {
        doc.field(ctx, "what helps", &advice);
    }
    Some(doc)
}

/// A trail, and what it records.
#[must_use]
pub fn trail(ctx: &Ctx<'_>, scope: &Scope, arn: &str) -> Option<Doc> {
    let trail = ctx.store.estate().trails.get(&(scope.clone(), arn.to_owned()))?;
    let mut doc = Doc::default();
    let yes = |on: bool| if on { "yes" } else { "no" };
    doc.field(ctx, "trail", &trail.name);
    doc.field(ctx, "scope", &trail.scope.to_string());
    match (trail.status.value(), trail.status.unknown_reason()) {
        (Some(status), _) => {
            let delivered = status.delivered.map_or("never".to_owned(), |at| ctx.look.full(ctx.now, at));
            doc.field(ctx, "logging", &format!("{}, last delivery {delivered}", yes(status.logging)));
        }
        (None, reason) => doc.field(ctx, "logging", &format!("? {}", reason.unwrap_or_default())),
    }
    doc.field(ctx, "every region", yes(trail.multi_region));
    doc.field(ctx, "organization", yes(trail.organization));
    doc.field(ctx, "validated", yes(trail.validation));
    if let Some(bucket) = &trail.bucket {
        doc.field(ctx, "bucket", bucket);
    }
    if let Some(reason) = trail.selectors.unknown_reason() {
        doc.field(ctx, "records", &format!("? {reason}"));
    }
    for selector in trail.selectors.value().into_iter().flatten() {
        let types =
            if selector.resource_types.is_empty() { "all".to_owned() } else { selector.resource_types.join(", ") };
        let conditions = if selector.conditions.is_empty() {
            String::new()
        } else {
            format!(" where {}", selector.conditions.join(", "))
        };
        doc.field(ctx, "records", &format!("{} {} of {types}{conditions}", selector.category, selector.read_write));
    }
    Some(doc)
}
