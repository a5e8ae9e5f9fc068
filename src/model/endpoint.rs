//! VPCs and the endpoints that lead from them to DynamoDB.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Cell, Outcome, Scope};

/// The types of endpoint DynamoDB offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointKind {
    /// A route-table entry; no addresses of its own.
    Gateway,
    /// Network interfaces in subnets (PrivateLink).
    Interface,
    /// Anything else EC2 may answer (`GatewayLoadBalancer`, `Resource` …).
    Other,
}

/// A VPC endpoint, from `ec2:DescribeVpcEndpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// `vpce-…`, its identity.
    pub id: String,
    /// Where.
    pub scope: Scope,
    /// Its VPC.
    pub vpc: String,
    /// `com.amazonaws.eu-west-1.dynamodb`.
    pub service: String,
    /// `ServiceRegion`, for endpoints to another region.
    pub service_region: Option<String>,
    /// Gateway or interface.
    pub kind: EndpointKind,
    /// EC2's state, lower-cased: services and emulators differ in case.
    pub state: String,
    /// The policy document; `None` when the answer holds none.
    pub policy: Option<String>,
    /// Route tables of a gateway endpoint.
    pub route_tables: Vec<String>,
    /// Subnets of an interface endpoint.
    pub subnets: Vec<String>,
    /// Security groups of an interface endpoint.
    pub security_groups: Vec<String>,
    /// Private DNS is on (an interface endpoint for DynamoDB may have none).
    pub private_dns: Option<bool>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The whole answer as JSON, made from EC2's XML.
    pub raw: String,
}

impl Endpoint {
    /// True for `com.amazonaws.<region>.dynamodb` and its `-fips` sibling.
    #[must_use]
    pub fn is_dynamodb(&self) -> bool {
        self.service.ends_with(".dynamodb") || self.service.ends_with(".dynamodb-fips")
    }
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its address block.
    pub cidr: Option<String>,
    /// The account's default VPC.
    pub is_default: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Its address block.
    pub cidr: Option<String>,
    /// Its availability zone.
    pub zone: Option<String>,
    /// Whether what starts in it is given a public address.
    pub public_addresses: Option<bool>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A route table: an endpoint reaches the subnets its route tables serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// The VPC's main table, which serves every subnet without one of its own.
    pub main: bool,
    /// Subnets associated by name.
    pub subnets: Vec<String>,
    /// Destination (block or prefix list) and target (`igw-…`, `nat-…`, `vpce-…`, `local`).
    pub routes: Vec<(String, String)>,
    /// Destinations whose target is gone: their state is `blackhole`.
    pub blackholes: Vec<String>,
}

/// A network interface: the sign that a VPC hosts something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// Its subnet.
    pub subnet: Option<String>,
    /// `interface`, `vpc_endpoint`, `lambda` …
    pub kind: Option<String>,
}

/// The network of one scope; each part is one call's answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// `ec2:DescribeVpcs`.
    pub vpcs: Cell<Vec<Vpc>>,
    /// `ec2:DescribeVpcEndpoints`, all services.
    pub endpoints: Cell<Vec<Endpoint>>,
    /// `ec2:DescribeRouteTables`.
    pub route_tables: Cell<Vec<RouteTable>>,
    /// `ec2:DescribeSubnets`.
    pub subnets: Cell<Vec<Subnet>>,
    /// `ec2:DescribeNetworkInterfaces`.
    pub interfaces: Cell<Vec<NetworkInterface>>,
}

/// One part of a network as it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkPart {
    /// VPCs.
    Vpcs(Outcome<Vec<Vpc>>),
    /// Endpoints.
    Endpoints(Outcome<Vec<Endpoint>>),
    /// Route tables.
    RouteTables(Outcome<Vec<RouteTable>>),
    /// Subnets.
    Subnets(Outcome<Vec<Subnet>>),
    /// Network interfaces.
    Interfaces(Outcome<Vec<NetworkInterface>>),
}

impl Network {
    /// Takes in one part.
    pub fn apply(&mut self, part: NetworkPart) {
        match part {
            NetworkPart::Vpcs(outcome) => self.vpcs.apply(outcome),
            NetworkPart::Endpoints(outcome) => self.endpoints.apply(outcome),
            NetworkPart::RouteTables(outcome) => self.route_tables.apply(outcome),
            NetworkPart::Subnets(outcome) => self.subnets.apply(outcome),
            NetworkPart::Interfaces(outcome) => self.interfaces.apply(outcome),
        }
    }
}
