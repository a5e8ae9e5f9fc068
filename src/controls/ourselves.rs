//! What this program itself may do with the credentials it was given.

use crate::model::{Arn, Cell, Estate, Judgement};
use crate::policy::{Actions, STREAM_ACTIONS};

use super::draft::Draft;
use super::roster::{DETAILS, Kind, each_account, roster, some};
use super::{Baseline, Control, Judge};

/// GOV-02.
pub(super) const GOV_02: &Control = &Control {
    id: "GOV-02",
    operations: &["sts:GetCallerIdentity", DETAILS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "what tables' own policies let it, and what session policies and those of the organization take back; conditions \
            are taken to hold",
    judge: Judge::Estate(own_rights),
};

/// Reads of data and writes beside those of DynamoDB, one of a kind.
const OTHERS: [&str; 9] = [
    "backup:DeleteRecoveryPoint",
    "cloudtrail:StopLogging",
    "dax:GetItem",
    "dax:PutItem",
    "dax:Query",
    "dax:Scan",
    "kms:Decrypt",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
];

fn own_rights(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(GOV_02, estate, baseline, |draft, account, _| judge(estate, draft, account))
}

fn judge(estate: &Estate, draft: Draft, account: &str) -> Result<Judgement, Box<Judgement>> {
    let mut callers = estate.callers.iter().filter(|(scope, _)| scope.account == account).map(|(_, cell)| cell);
    // Any region of the account in which the caller is known will do.
    let first: Option<&Cell<_>> = callers.clone().find(|cell| cell.seen.is_some()).or_else(|| callers.next());
    let (mut draft, caller) = draft.need("GetCallerIdentity", first)?;
    draft.saw(caller, [format!("Arn={}", caller.value.arn)]);
    let name = match who(&caller.value.arn) {
        Some(name) if name == "root" => return Ok(draft.fail("it asks as the root user, who may do everything")),
        Some(name) => name,
        None => return Ok(draft.unclear(format!("who {} is, IAM does not list", caller.value.arn))),
    };
    let (mut draft, seen, roster) = roster(draft, estate, account)?;
    let Some(holder) = roster.holders.iter().find(|of| of.kind != Kind::Group && of.name == name) else {
        return Ok(draft.unclear(format!("{name}, as whom it asks, is not in the list that IAM gave")));
    };
    draft.saw(seen, [format!("{name}: {} policies", holder.policies().count())]);
    let wanted = Actions::items().or(Actions::control()).or(Actions::of(&STREAM_ACTIONS));
    let of_tables = holder.may(None).and(wanted);
    let of_others = OTHERS.into_iter().filter(|action| holder.may_elsewhere(action));
    let found: Vec<String> = of_tables.names().chain(of_others).map(str::to_owned).collect();
    if !found.is_empty() {
        return Ok(draft.fail(format!("{name}, as whom it asks, may do more than look: {}", some(&found))));
    }
    let unread =
        holder.unread.clone().or_else(|| matches!(holder.boundary, Some(None)).then(|| "its boundary".to_owned()));
    Ok(match unread {
        Some(what) => draft.unclear(format!("the set of policies is not whole: {what} was not in the answer")),
        None => draft.pass(format!("{name}, as whom it asks, may neither read items nor change anything")),
    })
}

/// The user or role behind a caller's ARN, as the roster names it; `root` for the root user.
fn who(arn: &str) -> Option<String> {
    let arn = Arn::parse(arn)?;
    let mut parts = arn.resource.split('/');
    match (parts.next()?, parts.next(), parts.next_back()) {
        ("root", None, _) => Some("root".to_owned()),
        ("assumed-role", Some(role), _) => Some(format!("role/{role}")),
        ("user", Some(name), None) => Some(format!("user/{name}")),
        ("user", Some(_), Some(name)) => Some(format!("user/{name}")),
        _ => None,
    }
}
