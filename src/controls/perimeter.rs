//! Network: what endpoints' policies and tables' own keep in and out.

use crate::model::{DataClass, Endpoint, Estate, Judgement, Scope, Table};
use crate::policy::{self, CONTROL_WRITES, Denied, ITEM_ACTIONS, denies_other_sources, lets, lint};

use super::draft::{Draft, by_class, class, settle, strictest_in, unread};
use super::network::{each_endpoint, policy_of};
use super::{Baseline, Control, Judge};

/// One endpoint's judgement, of its policy as it was understood.
type One = fn(&Estate, &Scope, Draft, &Endpoint, &str) -> Judgement;

/// Judges the policy of each endpoint for DynamoDB.
fn each(control: &'static Control, estate: &Estate, one: One) -> Vec<Judgement> {
    each_endpoint(control, estate, policy_of, |draft, scope, _, of| match &of.policy {
        Some(text) => one(estate, scope, draft, of, text),
        None => draft.unclear("the answer holds no policy document"),
    })
}

/// NET-04.
pub(super) const NET_04: &Control = &Control {
    id: "NET-04",
    operations: &["ec2:DescribeVpcEndpoints", "dynamodb:ListTagsOfResource", "dynamodb:ListTables"],
    blind: "streams are read through endpoints of their own service",
    judge: Judge::Estate(|estate, _: &Baseline| each(NET_04, estate, planes)),
};

fn planes(estate: &Estate, scope: &Scope, draft: Draft, endpoint: &Endpoint, text: &str) -> Judgement {
    let Some((DataClass::Restricted, unread)) = strictest_in(estate, |of| of == scope, |_| true) else {
        return draft.not_applicable("no table here states class restricted");
    };
    let (draft, document) = match draft.document(text) {
        Ok(both) => both,
        Err(unknown) => return *unknown,
    };
    let items = ITEM_ACTIONS.into_iter().find(|action| lets(&document, action));
    let control = CONTROL_WRITES.into_iter().find(|action| lets(&document, action));
    let judged = match (plane(endpoint).as_deref(), items, control) {
        (Some("data"), _, Some(action)) => draft.fail(format!("it is tagged plane=data and lets {action} through")),
        (Some("control"), Some(action), _) => {
            draft.fail(format!("it is tagged plane=control and lets {action} through"))
        }
        (Some(plane @ ("data" | "control")), ..) => draft.pass(format!("it lets the {plane} plane through alone")),
        (_, Some(_), Some(_)) => draft.warn("it lets items and changes of tables through, and no tag names its plane"),
        (_, Some(_), None) => draft.pass("it lets items through and no change of a table"),
        (_, None, _) => draft.pass("it lets no call on items through"),
    };
    by_class(judged, unread)
}

/// The plane that tags of an endpoint state, in lower case.
pub(super) fn plane(endpoint: &Endpoint) -> Option<String> {
    let of = endpoint.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case("plane"));
    of.map(|(_, value)| value.to_ascii_lowercase())
}

/// NET-05.
pub(super) const NET_05: &Control = &Control {
    id: "NET-05",
    operations: &["ec2:DescribeVpcEndpoints"],
    blind: "whether the accounts and organizations named are one's own is not checked",
    judge: Judge::Estate(|estate, _: &Baseline| each(NET_05, estate, guarded)),
};

fn guarded(_: &Estate, _: &Scope, draft: Draft, _: &Endpoint, text: &str) -> Judgement {
    let (draft, document) = match draft.document(text) {
        Ok(both) => both,
        Err(unknown) => return *unknown,
    };
    let limits = policy::limits(&document, "dynamodb");
    match (limits.principals, limits.resources) {
        (true, true) => draft.pass("it holds principals and resources to named accounts"),
        (false, true) => draft.warn("it holds resources to named accounts, and lets principals of any through"),
        (true, false) => draft.warn("it holds principals to named accounts, and lets them reach tables of any"),
        (false, false) => draft
            .fail("it holds neither principals nor resources: foreign credentials write to foreign tables through it"),
    }
}

/// NET-06.
pub(super) const NET_06: &Control = &Control {
    id: "NET-06",
    operations: &["ec2:DescribeVpcEndpoints"],
    blind: "IAM Access Analyzer's own checks are not asked",
    judge: Judge::Estate(|estate, _: &Baseline| each(NET_06, estate, well_formed)),
};

fn well_formed(_: &Estate, _: &Scope, draft: Draft, _: &Endpoint, text: &str) -> Judgement {
    let (draft, document) = match draft.document(text) {
        Ok(both) => both,
        Err(unknown) => return *unknown,
    };
    let found = lint::policy(text, lint::Place::Endpoint);
    // A variable that is taken letter for letter lets nothing through: the catalogue warns of it.
    let fails = |of: &&lint::Lint| of.grave && of.fault != lint::Fault::VariableInOldVersion;
    if let Some(of) = found.iter().find(fails).or(found.first()) {
        let more = if found.len() > 1 { format!("; and {} more", found.len() - 1) } else { String::new() };
        let why = format!("{of}{more}");
        return if fails(&of) { draft.fail(why) } else { draft.warn(why) };
    }
    let items = ITEM_ACTIONS.iter().any(|action| lets(&document, action));
    if items && !lets(&document, "dynamodb:DescribeTable") {
        return draft.warn("it lets items through and not DescribeTable, which the SDKs' table models call first");
    }
    draft.pass("nothing in it is malformed or without effect")
}

/// NET-09.
pub(super) const NET_09: &Control = &Control {
    id: "NET-09",
    operations: &["dynamodb:GetResourcePolicy", "dynamodb:ListTagsOfResource"],
    blind: "policies of identities and of the organization are not read: they may fence the table too",
    judge: Judge::Table(fenced),
};

fn fenced(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_fenced(estate, baseline, table)), unread(table))
}

fn judge_fenced(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(NET_09, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, NET_09.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.need("GetResourcePolicy", Some(&table.policy))?;
    let Some(text) = &seen.value else {
        draft.saw(seen, ["Policy=absent".to_owned()]);
        return Ok(open(
            draft,
            class,
            "it has no resource policy, so nothing at the table asks where a call comes from",
        ));
    };
    draft.saw(seen, [format!("Policy={} bytes", text.len())]);
    let (draft, document) = draft.document(text)?;
    Ok(match denies_other_sources(&document, &table.arn) {
        Denied::Whole => draft.pass("its policy denies items to calls from elsewhere than named endpoints or VPCs"),
        Denied::EvenToServices => {
            draft.warn("its policy denies items to calls from elsewhere, also to AWS services that act for somebody")
        }
        Denied::Partly => draft.warn("its policy denies only some callers or calls from elsewhere"),
        Denied::NotAllowed => {
            open(draft, class, "its policy allows calls from named endpoints, which denies no others")
        }
        Denied::Not => open(draft, class, "its policy does not hold calls to named endpoints or VPCs"),
    })
}

/// A table that calls from anywhere reach: worse for the strictest class.
fn open(draft: Draft, class: DataClass, why: &str) -> Judgement {
    if class == DataClass::Restricted { draft.fail(why) } else { draft.warn(why) }
}
