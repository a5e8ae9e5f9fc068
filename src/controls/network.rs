//! Network: endpoints and their policies.

use crate::model::{Endpoint, Estate, Judgement, Network, Scope, Seen, Vpc};
use crate::policy;

use super::draft::Draft;
use super::{Baseline, Control, Judge, resource};

/// A place and its endpoints.
type Place<'e> = (&'e Scope, &'e Network, &'e Seen<Vec<Endpoint>>);

/// The endpoints of every place; where they are not known, the judgement that says so.
pub(super) fn endpoints<'e>(
    control: &'static Control,
    estate: &'e Estate,
) -> impl Iterator<Item = Result<Place<'e>, Box<Judgement>>> {
    estate.networks.iter().map(move |(scope, network)| {
        let draft = Draft::new(control, scope.to_string());
        draft.need("DescribeVpcEndpoints", Some(&network.endpoints)).map(|(_, seen)| (scope, network, seen))
    })
}

/// Judges each endpoint for DynamoDB; `told` is what counts of it.
pub(super) fn each_endpoint(
    control: &'static Control,
    estate: &Estate,
    told: impl Fn(&Endpoint) -> Vec<String>,
    judge: impl Fn(Draft, &Scope, &Network, &Endpoint) -> Judgement,
) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for place in endpoints(control, estate) {
        match place {
            Ok((scope, network, seen)) => judged.extend(seen.value.iter().filter(|of| of.is_dynamodb()).map(|of| {
                let mut draft = Draft::new(control, resource(scope, &of.id));
                draft.saw(seen, told(of));
                judge(draft, scope, network, of)
            })),
            Err(unknown) => judged.push(*unknown),
        }
    }
    judged
}

/// The field of an endpoint that holds its policy.
pub(super) fn policy_of(endpoint: &Endpoint) -> Vec<String> {
    vec![format!("VpcEndpoints[{}].PolicyDocument", endpoint.id)]
}

/// NET-01.
pub(super) const NET_01: &Control = &Control {
    id: "NET-01",
    operations: &["ec2:DescribeVpcs", "ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces"],
    blind: "an endpoint's existence does not prove that traffic takes it",
    judge: Judge::Estate(endpoint_there),
};

fn endpoint_there(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for (scope, network) in &estate.networks {
        match Draft::new(NET_01, scope.to_string()).need("DescribeVpcs", Some(&network.vpcs)) {
            Ok((_, vpcs)) => judged.extend(vpcs.value.iter().map(|vpc| one_vpc(scope, network, vpc))),
            Err(unknown) => judged.push(*unknown),
        }
    }
    judged
}

fn one_vpc(scope: &Scope, network: &Network, vpc: &Vpc) -> Judgement {
    let mut draft = Draft::new(NET_01, resource(scope, &vpc.id));
    if let Some(vpcs) = &network.vpcs.seen {
        draft.saw(vpcs, [format!("Vpcs[].VpcId={}", vpc.id)]);
    }
    // Interfaces of endpoints are no callers.
    let hosts = network.interfaces.value().map(|interfaces| {
        interfaces.iter().any(|of| of.vpc.as_ref() == Some(&vpc.id) && of.kind.as_deref() != Some("vpc_endpoint"))
    });
    if hosts == Some(false) {
        return draft.not_applicable("the VPC hosts no network interface");
    }
    let (mut draft, seen) = match draft.need("DescribeVpcEndpoints", Some(&network.endpoints)) {
        Ok(both) => both,
        Err(unknown) => return *unknown,
    };
    let of: Vec<&Endpoint> = seen.value.iter().filter(|of| of.vpc == vpc.id && of.is_dynamodb()).collect();
    draft.saw(seen, of.iter().map(|of| format!("VpcEndpoints[{}].State={}", of.id, of.state)));
    let here = |of: &&&Endpoint| of.service_region.as_ref().is_none_or(|region| *region == scope.region);
    if let Some(good) = of.iter().filter(here).find(|of| of.state.eq_ignore_ascii_case("available")) {
        return draft.pass(format!("{} leads to DynamoDB", good.id));
    }
    match (of.first(), hosts) {
        (Some(other), _) if here(&other) => draft.warn(format!("{} is {}", other.id, other.state)),
        (Some(other), _) => draft.warn(format!("{} leads to another region's DynamoDB", other.id)),
        (None, Some(true)) => draft.fail("it hosts network interfaces and has no DynamoDB endpoint"),
        (None, _) => match draft.need("DescribeNetworkInterfaces", Some(&network.interfaces)) {
            Err(unknown) => *unknown,
            Ok((draft, _)) => draft.unclear("network interfaces were not read"),
        },
    }
}

/// NET-03.
pub(super) const NET_03: &Control = &Control {
    id: "NET-03",
    operations: &["ec2:DescribeVpcEndpoints"],
    blind: "",
    judge: Judge::Estate(endpoint_policy),
};

fn endpoint_policy(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each_endpoint(NET_03, estate, policy_of, |draft, _, _, of| one_policy(draft, of))
}

fn one_policy(draft: Draft, endpoint: &Endpoint) -> Judgement {
    let Some(text) = &endpoint.policy else { return draft.unclear("the answer holds no policy document") };
    let (draft, document) = match draft.document(text) {
        Ok(both) => both,
        Err(unknown) => return *unknown,
    };
    if policy::full_access(&document) {
        return draft.fail("the default policy: everything is allowed to everybody on everything");
    }
    let wide = policy::grants_service_everywhere(&document, "dynamodb");
    let unfenced = wide.iter().filter_map(|at| Some((*at, document.statements.get(*at)?)));
    if let Some((at, _)) = unfenced.into_iter().find(|(_, one)| policy::fences(one).next().is_none()) {
        return draft.warn(format!("statement {} allows every DynamoDB action on every resource", at + 1));
    }
    if let Some((at, elements)) = policy::inverted(&document).first() {
        return draft.warn(format!("statement {} says whom or what it leaves out ({})", at + 1, elements.join(", ")));
    }
    draft.pass("no statement lets everything through")
}
