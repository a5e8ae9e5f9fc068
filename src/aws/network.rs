//! VPCs, their endpoints, routes and interfaces, and the list of regions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{
    Delta, Endpoint, EndpointKind, NetworkInterface, NetworkPart, Outcome, RouteTable, Seen, Source, SourceError,
    Subnet, Vpc,
};
use crate::operations;
use crate::trail::engine::ddl::REGIONS;

use super::site::{Pages, Site, Sweep};

/// Pages of any list.
const PAGES: usize = 1000;
/// Reads every part of the network; each is known or unknown on its own.
///
/// # Errors
///
/// That no part at all could be read, and why.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>) -> Result<(), SourceError> {
    sweep.grow(5).await;
    let scope = &sweep.scope;
    let (vpcs, endpoints, tables, subnets, interfaces) = tokio::join!(
        list(site, sweep, "ec2:DescribeVpcs", "vpcSet", vpc),
        list(site, sweep, "ec2:DescribeVpcEndpoints", "vpcEndpointSet", |value| {
            let id = identity(value, "vpcEndpointId", "vpce-")?;
            Some(endpoint(id, scope.clone(), value))
        }),
        list(site, sweep, "ec2:DescribeRouteTables", "routeTableSet", route_table),
        list(site, sweep, "ec2:DescribeSubnets", "subnetSet", subnet),
        list(site, sweep, "ec2:DescribeNetworkInterfaces", "networkInterfaceSet", interface),
    );
    let faults = [
        vpcs.as_ref().err().cloned(),
        endpoints.as_ref().err().cloned(),
        tables.as_ref().err().cloned(),
        subnets.as_ref().err().cloned(),
        interfaces.as_ref().err().cloned(),
    ];
    let parts = [
        NetworkPart::Vpcs(vpcs),
        NetworkPart::Endpoints(endpoints),
        NetworkPart::RouteTables(tables),
        NetworkPart::Subnets(subnets),
        NetworkPart::Interfaces(interfaces),
    ];
    sweep.data(parts.into_iter().map(Delta::Network).collect()).await;
    let mut met: Vec<_> = faults.into_iter().flatten().collect();
    if met.len() == 5 {
        return Err(met.remove(0).error);
    }
    met.into_iter().for_each(|fault| sweep.note::<()>(&Err(fault)));
    Ok(())
}

/// Reads all pages of one list.
async fn list<T>(
    site: &Site,
    sweep: &Sweep<'_>,
    label: &'static str,
    set: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Outcome<Vec<T>> {
    let (mut all, mut token, mut pages) = (Vec::new(), None::<String>, Pages::new(PAGES));
    let row = operations::by_label(label);
    let name = row.map_or(label, |row| row.name);
    loop {
        let mut parameters = Vec::new();
        if let Some(max) = row.and_then(|row| row.page_max) {
            parameters.push(("MaxResults".to_owned(), max.to_string()));
        }
        parameters.extend(token.take().map(|token| ("NextToken".to_owned(), token)));
        let clients = site.clients();
        let call = async move { clients.ec2.call(name, parameters).await };
        let Seen { value, at, call } = sweep.call(label, "", call).await?;
        let items = items(&value.body, set).ok_or_else(|| missing(site, set))?;
        let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
        pages.saw(texts.iter().map(String::as_str));
        for item in items {
            all.push(read(item).ok_or_else(|| missing(site, "an identity"))?);
        }
        let next = value.body["nextToken"].as_str().map(str::to_owned);
        token = pages.next(next).map_err(|error| site.fault(error))?;
        if token.is_none() {
            sweep.step().await;
            return Ok(Seen { value: all, at, call });
        }
    }
}

fn missing(site: &Site, what: &str) -> crate::model::Fault {
    site.fault(SourceError::Malformed(format!("no {what} in the answer")))
}

/// A list's items; an empty element is an empty list, an absent one is no answer.
fn items<'a>(body: &'a Value, set: &str) -> Option<&'a [Value]> {
    match body.get(set)? {
        Value::Array(items) => Some(items),
        Value::String(blank) if blank.trim().is_empty() => Some(&[]),
        _ => None,
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An identity, which EC2 always begins with the kind of the thing: XML knows no types, so this tells an answer from
/// noise.
fn identity(value: &Value, name: &str, prefix: &str) -> Option<String> {
    text(value, name).filter(|id| id.starts_with(prefix))
}

fn texts(value: &Value, set: &str) -> Vec<String> {
    items(value, set).unwrap_or_default().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn tags(value: &Value) -> BTreeMap<String, String> {
    let tags = items(value, "tagSet").unwrap_or_default().iter();
    tags.filter_map(|tag| Some((text(tag, "key")?, tag["value"].as_str().unwrap_or_default().to_owned()))).collect()
}

fn vpc(value: &Value) -> Option<Vpc> {
    Some(Vpc {
        id: identity(value, "vpcId", "vpc-")?,
        cidr: text(value, "cidrBlock"),
        is_default: text(value, "isDefault").as_deref() == Some("true"),
        tags: tags(value),
    })
}

fn endpoint(id: String, scope: crate::model::Scope, value: &Value) -> Endpoint {
    let groups = items(value, "groupSet").unwrap_or_default().iter();
    Endpoint {
        id,
        scope,
        vpc: text(value, "vpcId").unwrap_or_default(),
        service: text(value, "serviceName").unwrap_or_default(),
        service_region: text(value, "serviceRegion"),
        kind: match text(value, "vpcEndpointType").unwrap_or_else(|| "Gateway".to_owned()).as_str() {
            "Gateway" => EndpointKind::Gateway,
            "Interface" => EndpointKind::Interface,
            _ => EndpointKind::Other,
        },
        state: text(value, "state").unwrap_or_default().to_ascii_lowercase(),
        policy: text(value, "policyDocument"),
        route_tables: texts(value, "routeTableIdSet"),
        subnets: texts(value, "subnetIdSet"),
        security_groups: groups.filter_map(|group| text(group, "groupId")).collect(),
        private_dns: text(value, "privateDnsEnabled").map(|on| on == "true"),
        tags: tags(value),
        raw: value.to_string(),
    }
}

fn subnet(value: &Value) -> Option<Subnet> {
    Some(Subnet {
        id: identity(value, "subnetId", "subnet-")?,
        vpc: text(value, "vpcId").unwrap_or_default(),
        cidr: text(value, "cidrBlock"),
        zone: text(value, "availabilityZone"),
        public_addresses: text(value, "mapPublicIpOnLaunch").and_then(|on| on.parse().ok()),
        tags: tags(value),
    })
}

fn route_table(value: &Value) -> Option<RouteTable> {
    const DESTINATIONS: [&str; 3] = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
    const TARGETS: [&str; 10] = [
        "gatewayId",
        "natGatewayId",
        "transitGatewayId",
        "vpcPeeringConnectionId",
        "egressOnlyInternetGatewayId",
        "networkInterfaceId",
        "instanceId",
        "localGatewayId",
        "carrierGatewayId",
        "coreNetworkArn",
    ];
    let first = |route: &Value, names: &[&str]| names.iter().find_map(|name| text(route, name));
    let associations = items(value, "associationSet").unwrap_or_default();
    let routes = items(value, "routeSet").unwrap_or_default();
    let gone = |route: &&Value| text(route, "state").as_deref() == Some("blackhole");
    Some(RouteTable {
        id: identity(value, "routeTableId", "rtb-")?,
        vpc: text(value, "vpcId").unwrap_or_default(),
        main: associations.iter().any(|one| text(one, "main").as_deref() == Some("true")),
        subnets: associations.iter().filter_map(|one| text(one, "subnetId")).collect(),
        blackholes: routes.iter().filter(gone).filter_map(|route| first(route, &DESTINATIONS)).collect(),
        routes: routes
            .iter()
            .filter_map(|route| Some((first(route, &DESTINATIONS)?, first(route, &TARGETS).unwrap_or_default())))
            .collect(),
    })
}

fn interface(value: &Value) -> Option<NetworkInterface> {
    Some(NetworkInterface {
        id: identity(value, "networkInterfaceId", "eni-")?,
        vpc: text(value, "vpcId"),
        subnet: text(value, "subnetId"),
        kind: text(value, "interfaceType"),
    })
}

/// The regions enabled for the account, asked from one of them; where that is refused, why, and those that every
/// account has: some may be missing then.
pub(super) async fn regions(site: &Site, from: &str) -> (Vec<String>, Option<SourceError>) {
    let sweep = Sweep::new(site, Source::Network, false);
    let clients = site.clients_in(from);
    let call = async move { clients.ec2.call("DescribeRegions", Vec::new()).await };
    let error = match sweep.call("ec2:DescribeRegions", "", call).await {
        Ok(seen) => {
            let items = items(&seen.value.body, "regionInfo").unwrap_or_default().iter();
            let found: Vec<String> = items.filter_map(|region| text(region, "regionName")).collect();
            if !found.is_empty() {
                return (found, None);
            }
            SourceError::Malformed("no regionInfo in the answer".to_owned())
        }
        Err(fault) => fault.error,
    };
    (fallback(from), Some(error))
}

/// The regions to go on with when they cannot be listed: of another partition only the one that is known.
fn fallback(from: &str) -> Vec<String> {
    let other = ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"].iter().any(|prefix| from.starts_with(prefix));
    if other {
        return vec![from.to_owned()];
    }
    let own = (!REGIONS.contains(&from)).then_some(from);
    REGIONS.into_iter().chain(own).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::xml::to_json;
    use super::*;

    #[test]
    fn an_endpoint_is_read_whole() {
        let xml = br#"<DescribeVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>r</requestId><vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>
          <vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId><state>Available</state>
          <serviceName>com.amazonaws.eu-west-1.dynamodb</serviceName>
          <policyDocument>{&quot;Statement&quot;:[]}</policyDocument><routeTableIdSet/>
          <subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>
          <groupSet><item><groupId>sg-1</groupId><groupName>g</groupName></item></groupSet>
          <privateDnsEnabled>false</privateDnsEnabled>
          <tagSet><item><key>a</key><value>b</value></item></tagSet></item></vpcEndpointSet></DescribeVpcEndpointsResponse>"#;
        let body = to_json(xml).unwrap();
        let item = &items(&body, "vpcEndpointSet").unwrap()[0];
        let read = endpoint("vpce-1".to_owned(), crate::model::Scope::new("1", "eu-west-1"), item);
        assert_eq!((read.kind, read.state.as_str()), (EndpointKind::Interface, "available"));
        assert_eq!(read.policy.as_deref(), Some(r#"{"Statement":[]}"#));
        assert_eq!(read.subnets, ["subnet-1", "subnet-2"]);
        assert_eq!(read.security_groups, ["sg-1"]);
        assert_eq!(read.private_dns, Some(false));
        assert!(read.is_dynamodb() && read.route_tables.is_empty() && read.raw.contains("sg-1"));
        assert_eq!(read.tags.get("a").map(String::as_str), Some("b"));
    }

    #[test]
    fn another_partition_is_never_guessed() {
        assert_eq!(fallback("cn-north-1"), ["cn-north-1"]);
        assert_eq!(fallback("us-east-1").len(), REGIONS.len());
        assert_eq!(fallback("me-south-1").last().map(String::as_str), Some("me-south-1"));
    }

    #[test]
    fn an_absent_set_is_not_an_empty_one() {
        assert_eq!(items(&to_json(b"<R><vpcSet/></R>").unwrap(), "vpcSet"), Some(&[][..]));
        assert_eq!(items(&to_json(b"<R><other>1</other></R>").unwrap(), "vpcSet"), None);
    }
}
