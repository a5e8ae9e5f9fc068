//! Data protection: calls in the clear are refused.

use crate::model::{Estate, Judgement, Table};
use crate::policy::{Denied, Document, denies_plain_http};

use super::draft::{Draft, by_class, class, settle};
use super::{Baseline, Control, Judge};

/// ENC-08.
pub(super) const ENC_08: &Control = &Control {
    id: "ENC-08",
    operations: &["dynamodb:GetResourcePolicy", "ec2:DescribeVpcEndpoints"],
    blind: "policies of identities and of the organization are not read: they may deny it too",
    judge: Judge::Table(plain_http),
};

fn plain_http(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_plain_http(estate, baseline, table)), class(estate, table).1)
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
    let denies = |text: &String| {
        Document::parse(text).is_ok_and(|document| denies_plain_http(&document, &table.arn) >= Denied::Partly)
    };
    let some = endpoints.value.iter().filter(|of| of.is_dynamodb()).find(|of| of.policy.as_ref().is_some_and(denies));
    draft.saw(endpoints, some.map(|of| format!("VpcEndpoints[{}].PolicyDocument", of.id)));
    Ok(match some {
        Some(of) => draft.warn(format!("calls without TLS are denied only through {}", of.id)),
        None => draft.fail("neither its resource policy nor an endpoint's denies calls without TLS"),
    })
}
