//! Data protection: calls in the clear are refused.

use crate::model::{DataClass, Estate, Judgement, Table};
use crate::policy::{Denied, Document, denies_plain_http};

use super::draft::{Draft, by_class, class, settle, unread};
use super::network::policy_of;
use super::{Baseline, Control, Judge};

/// ENC-08.
pub(super) const ENC_08: &Control = &Control {
    id: "ENC-08",
    operations: &["dynamodb:GetResourcePolicy", "dynamodb:ListTagsOfResource", "ec2:DescribeVpcEndpoints"],
    blind: "policies of identities and of the organization are not read: they may deny it too",
    judge: Judge::Table(plain_http),
};

fn plain_http(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_plain_http(estate, baseline, table)), unread(table))
}

fn judge_plain_http(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ENC_08, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ENC_08.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.need("GetResourcePolicy", Some(&table.policy))?;
    let own = match &seen.value {
        None => Denied::Not,
        Some(text) => {
            let document;
            (draft, document) = draft.document(text)?;
            denies_plain_http(&document, &table.arn)
        }
    };
    draft.saw(seen, [format!("Policy={}", if seen.value.is_some() { "present" } else { "absent" })]);
    match own {
        Denied::Whole | Denied::EvenToServices => {
            return Ok(draft.pass("its resource policy denies every call without TLS"));
        }
        Denied::Partly => return Ok(draft.warn("its resource policy denies only some calls without TLS")),
        Denied::NotAllowed => {
            return Ok(
                draft.warn("its resource policy allows calls with TLS alone, which denies none that others allow")
            );
        }
        Denied::Not => {}
    }
    let network = estate.networks.get(&table.scope).map(|network| &network.endpoints);
    let (mut draft, endpoints) = draft.need("DescribeVpcEndpoints", network)?;
    let (mut some, mut unread) = (None, None);
    let documents =
        estate.memo.of(&table.scope, "ec2:DescribeVpcEndpoints", "documents", || -> Vec<Option<Document>> {
            endpoints.value.iter().map(|of| Document::parse(of.policy.as_deref()?).ok()).collect()
        });
    for (of, document) in endpoints.value.iter().zip(documents.iter()).filter(|(of, _)| of.is_dynamodb()) {
        draft.saw(endpoints, policy_of(of));
        match document {
            Some(document) if denies_plain_http(document, &table.arn) >= Denied::Partly => some = Some(of),
            Some(_) => {}
            None => unread = Some(of),
        }
    }
    if endpoints.value.iter().all(|of| !of.is_dynamodb()) {
        draft.saw(endpoints, ["VpcEndpoints[ServiceName=dynamodb]=none".to_owned()]);
    }
    const NONE: &str = "neither its resource policy nor an endpoint's denies calls without TLS";
    Ok(match (some, unread) {
        (Some(of), _) => draft.warn(format!("calls without TLS are denied only through {}", of.id)),
        (None, Some(of)) => draft.unclear(format!("the policy of {} could not be understood", of.id)),
        (None, None) if class == DataClass::Restricted => draft.fail(NONE),
        (None, None) => draft.warn(NONE),
    })
}
