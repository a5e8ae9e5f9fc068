//! What a rule of AWS Config does about what it finds, and how that went.

use crate::model::{Cell, Remediation, RuleKey, Run, Runs, Verdict};

use super::{Ctx, Doc, things};

/// Its lines on the page of a rule.
pub fn fields(ctx: &Ctx<'_>, key: &RuleKey, doc: &mut Doc) {
    let estate = ctx.store.estate();
    let cell = estate.remediations.get(key);
    match cell.and_then(Cell::value) {
        Some(None) => doc.field(ctx, "remediation", "none configured: what it finds stays until somebody mends it"),
        Some(Some(of)) => {
            doc.field(ctx, "remediation", &words(of));
            runs(ctx, key, estate.runs.get(key), doc);
        }
        None => doc.field(ctx, "remediation", &unknown(cell)),
    }
}

fn unknown<T>(cell: Option<&Cell<T>>) -> String {
    format!("unknown: {}", cell.and_then(Cell::unknown_reason).unwrap_or_else(|| "not read yet".to_owned()))
}

/// `AWSConfigRemediation-X 3 · automatic, 5 attempts within 60 s`.
fn words(of: &Remediation) -> String {
    let version = of.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let how = match of.automatic {
        false => "by hand: it runs when somebody says so".to_owned(),
        // What is not set is so many, by the service's own word.
        true => format!("automatic, {} attempts within {} s", of.attempts.unwrap_or(5), of.retry_seconds.unwrap_or(60)),
    };
    format!("configured: {}{version} · {how}", of.target)
}

fn runs(ctx: &Ctx<'_>, key: &RuleKey, cell: Option<&Cell<Runs>>, doc: &mut Doc) {
    let Some(of) = cell.and_then(Cell::value) else { return doc.field(ctx, "last run", &unknown(cell)) };
    let Some(last) = &of.last else { return doc.field(ctx, "last run", "it never ran") };
    let when = last.invoked.map_or_else(|| "at an unknown time".to_owned(), |at| ctx.look.full(ctx.now, at));
    let line = ctx.look.verdict(verdict(last), &format!("{} · {when} · {}", last.state, last.resource));
    let to =
        (last.resource_type == "AWS::DynamoDB::Table").then(|| things::table_screen(ctx, &key.scope, &last.resource));
    doc.spans(ctx, "last run", line.spans, to);
    if let Some(error) = &last.error {
        doc.field(ctx, "its error", error);
    }
    let all: Vec<String> = of.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    doc.field(ctx, "of resources", &all.join(" · "));
}

fn verdict(of: &Run) -> Verdict {
    match of.state.as_str() {
        "SUCCEEDED" => Verdict::Pass,
        "FAILED" => Verdict::Fail,
        "QUEUED" | "IN_PROGRESS" => Verdict::Warn,
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_what_the_service_says_it_is() {
        let mut of = Remediation {
            target: "Enable".to_owned(),
            version: None,
            automatic: true,
            attempts: None,
            retry_seconds: Some(90),
        };
        assert_eq!(words(&of), "configured: Enable · automatic, 5 attempts within 90 s");
        (of.automatic, of.version) = (false, Some("3".to_owned()));
        assert!(words(&of).starts_with("configured: Enable 3 · by hand"));
    }
}
