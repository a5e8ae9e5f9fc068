//! Where the AWS console shows a thing.

use crate::model::{Arn, ConsolePage, console_url, tail};

use super::{Ctx, Thing};

/// The address of a thing's page in the console; `None` for what it has no page for.
#[must_use]
pub fn url(ctx: &Ctx<'_>, thing: &Thing) -> Option<String> {
    match thing {
        Thing::Finding(id) | Thing::Step(id, _) => {
            let finding = ctx.store.finding(id)?;
            console_url(&finding.region, ConsolePage::Finding(&finding.id))
        }
        Thing::Table(arn) | Thing::Who(arn) | Thing::Judgement(arn, _) => of_arn(ctx, arn),
        Thing::Crossing(_, id) => of_arn(ctx, id),
        Thing::Rule(key) => console_url(&key.scope.region, ConsolePage::Rule(&key.name)),
        Thing::Evaluation(key, kind, id) => console_url(&key.scope.region, ConsolePage::Resource(kind, id)),
        Thing::Stack(id) | Thing::Resource(id, _) => of_arn(ctx, id),
        Thing::Drift(id) => of_arn(ctx, ctx.store.drift(id)?.arn.as_deref()?),
        Thing::Endpoint(scope, id) => console_url(&scope.region, ConsolePage::Endpoint(id)),
        Thing::Vpc(scope, id) => console_url(&scope.region, ConsolePage::Vpc(id)),
        Thing::Event(key) => {
            let event = ctx.store.events().get(key)?;
            let id = event.id();
            if id.is_empty() { None } else { console_url(event.region(), ConsolePage::Event(&id)) }
        }
        Thing::Trail(scope, arn) => console_url(&scope.region, ConsolePage::Trail(arn)),
        Thing::Source(..)
        | Thing::Call(_)
        | Thing::Error(_)
        | Thing::File(_)
        | Thing::Broken(_)
        | Thing::Practice(_)
        | Thing::Theme(_) => None,
    }
}

/// The page of what an ARN names.
fn of_arn(ctx: &Ctx<'_>, text: &str) -> Option<String> {
    let arn = Arn::parse(text)?;
    let kind = arn.resource.split(['/', ':']).next().unwrap_or_default();
    let page = match (arn.service.as_str(), kind) {
        ("dynamodb", _) => ConsolePage::Table(arn.table_name()?),
        ("kms", "key") => ConsolePage::Key(tail(&arn.resource)),
        ("iam", "role") => ConsolePage::Role(tail(&arn.resource)),
        ("iam", "user") => ConsolePage::User(tail(&arn.resource)),
        ("cloudformation", "stack") => ConsolePage::StackDrift(text),
        ("cloudtrail", "trail") => ConsolePage::Trail(text),
        _ => return None,
    };
    // IAM has no region: any of the partition leads there.
    let any = || ctx.store.estate().scopes.iter().map(|scope| scope.region.as_str()).next();
    let region = if arn.region.is_empty() { any()? } else { arn.region.as_str() };
    console_url(region, page)
}
