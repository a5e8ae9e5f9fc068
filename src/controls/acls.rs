//! Network: what the access lists of inner zones let through.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::model::{Endpoint, EndpointKind, Estate, Judgement, Network, Scope, Subnet, Vpc};

use super::draft::{Draft, asked_in, by_class, settle};
use super::edges::list;
use super::zones::{INNER, is_anywhere, zone_of};
use super::{Baseline, Control, Judge, resource};

const ACLS: &str = "ec2:DescribeNetworkAcls";
const LISTS: &str = "ec2:DescribePrefixLists";

/// NET-08. The catalogue fails a list that allows everything; one that refuses a few things first and then lets
/// everything out is said to be wide.
pub(super) const NET_08: &Control = &Control {
    id: "NET-08",
    operations: &[
        "ec2:DescribeVpcs",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        ACLS,
        LISTS,
        "dynamodb:ListTables",
        "dynamodb:ListTagsOfResource",
    ],
    blind: "which ranges somebody approved; further blocks of a VPC than its first, and whole-VPC rules of IPv6",
    judge: Judge::Estate(lists),
};

/// One row a VPC.
fn lists(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for (scope, network) in &estate.networks {
        match Draft::new(NET_08, scope.to_string()).need("DescribeVpcs", Some(&network.vpcs)) {
            Ok((_, seen)) => judged.extend(seen.value.iter().map(|vpc| {
                let draft = Draft::new(NET_08, resource(scope, &vpc.id));
                let (asked, unread) = asked_in(estate, baseline, NET_08, |of| of == scope);
                match asked {
                    None => draft.not_applicable("no table here is of a class that asks for it"),
                    Some(_) => by_class(settle(judge_vpc(draft, estate, (scope, network), vpc)), unread),
                }
            })),
            Err(unknown) => judged.push(*unknown),
        }
    }
    judged
}

fn judge_vpc(
    draft: Draft,
    estate: &Estate,
    (scope, network): (&Scope, &Network),
    vpc: &Vpc,
) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, subnets) = draft.need("DescribeSubnets", Some(&network.subnets))?;
    let of_vpc: Vec<(&Subnet, Option<String>)> =
        subnets.value.iter().filter(|of| of.vpc == vpc.id).map(|of| (of, zone_of(estate, of))).collect();
    let is_inner = |zone: &Option<String>| zone.as_deref().is_some_and(|zone| INNER.contains(&zone));
    let inner: Vec<&Subnet> = of_vpc.iter().filter(|(_, zone)| is_inner(zone)).map(|(of, _)| *of).collect();
    let bare = of_vpc.iter().find(|(_, zone)| zone.is_none()).map(|(of, _)| *of);
    if inner.is_empty() {
        return Ok(match bare {
            Some(of) => draft.unclear(format!("no tag states the zone of {}", of.id)),
            None => draft.not_applicable("no subnet of it is of an inner zone"),
        });
    }
    draft.saw(subnets, inner.iter().map(|of| format!("Subnets[{}] zone", of.id)));
    let (mut draft, seen) = draft.answer(estate, scope, ACLS, "")?;
    let all = list(&seen.value, "networkAclSet").unwrap_or_default();
    let (mut warned, mut unclear, mut used) = (None, None, Vec::new());
    for subnet in inner {
        let acl = match Acl::of(all, &subnet.id) {
            Ok(acl) => acl,
            Err(why) => {
                unclear = unclear.or(Some(why));
                continue;
            }
        };
        let (id, of) = (acl.id, &subnet.id);
        draft.saw(seen, [format!("NetworkAcls[{id}].IsDefault={}", acl.default)]);
        if acl.default {
            return Ok(draft.fail(format!("{of} of an inner zone uses {id}, the default list of its VPC")));
        }
        let out = acl.allowed(true);
        draft.saw(seen, out.iter().map(|rule| format!("NetworkAcls[{id}].Entries[{}]={rule}", rule.number)));
        match out.iter().find(|rule| rule.is_all() && is_anywhere(rule.block)) {
            Some(rule) if !acl.refuses_before(rule) => {
                return Ok(draft.fail(format!("{id} of {of} lets everything out by rule {}", rule.number)));
            }
            Some(rule) => {
                let why = format!("{id} of {of} lets out all that no rule before {} refuses", rule.number);
                warned = warned.or(Some(why));
            }
            None => {}
        }
        if let Some(rule) = out.iter().find(|rule| is_anywhere(rule.block)) {
            warned = warned.or_else(|| Some(format!("{id} of {of} lets {rule} out")));
        }
        match vpc.cidr.as_deref().and_then(block) {
            Some(whole) => {
                let wide = |rule: &&&Rule<'_>| rule.is_all() && block(rule.block).is_some_and(|of| covers(of, whole));
                if let (Some(one), Some(other)) = (out.iter().find(wide), acl.allowed(false).iter().find(wide)) {
                    let numbers = format!("rules {} and {}", one.number, other.number);
                    warned = warned
                        .or_else(|| Some(format!("{id} of {of} lets the whole VPC through both ways by {numbers}")));
                }
            }
            None => unclear = unclear.or_else(|| Some(format!("the answer leaves CidrBlock of {} out", vpc.id))),
        }
        used.push(acl);
    }
    // What is known to be wrong needs no further answer.
    if let Some(why) = warned {
        return Ok(draft.warn(why));
    }
    let (draft, stale) = stale(draft, estate, (scope, network), vpc, &used)?;
    Ok(match (stale, unclear, bare) {
        (Some(why), ..) => draft.warn(why),
        (None, Some(why), _) => draft.unclear(why),
        (None, None, Some(of)) => draft.unclear(format!("no tag states the zone of {}", of.id)),
        (None, None, None) => draft.pass("lists of their own limit what leaves its inner zones"),
    })
}

/// Blocks of DynamoDB that a list which knows some of them lacks: rules cannot name a prefix list, so its blocks were
/// copied once. Where no gateway endpoint leads to DynamoDB, or no block was copied, traffic goes another way.
fn stale(
    draft: Draft,
    estate: &Estate,
    (scope, network): (&Scope, &Network),
    vpc: &Vpc,
    acls: &[Acl<'_>],
) -> Result<(Draft, Option<String>), Box<Judgement>> {
    let (draft, endpoints) = draft.need("DescribeVpcEndpoints", Some(&network.endpoints))?;
    let gateway = |of: &Endpoint| of.vpc == vpc.id && of.is_dynamodb() && of.kind == EndpointKind::Gateway;
    if !endpoints.value.iter().any(gateway) {
        return Ok((draft, None));
    }
    let (mut draft, seen) = draft.answer(estate, scope, LISTS, "")?;
    let name = format!("com.amazonaws.{}.dynamodb", scope.region);
    let all = list(&seen.value, "prefixListSet").unwrap_or_default();
    let Some(own) = all.iter().find(|of| of["prefixListName"].as_str() == Some(&name)) else {
        return Err(Box::new(draft.unclear(format!("prefix list {name} is not in the list"))));
    };
    let cidrs: Option<Vec<(&str, (u32, u32))>> = list(own, "cidrSet")
        .and_then(|of| of.iter().map(|one| one.as_str().and_then(|text| Some((text, block(text)?)))).collect());
    let Some(cidrs) = cidrs.filter(|of| !of.is_empty()) else {
        return Err(Box::new(draft.unclear(format!("the answer leaves blocks of prefix list {name} out"))));
    };
    draft.saw(seen, [format!("PrefixLists[{name}].Cidrs={}", cidrs.len())]);
    for acl in acls {
        let out = acl.allowed(true);
        let lets = |wanted: (u32, u32)| {
            out.iter().any(|rule| rule.holds_port(443) && block(rule.block).is_some_and(|of| covers(of, wanted)))
        };
        let lacking: Vec<&str> = cidrs.iter().filter(|(_, of)| !lets(*of)).map(|(text, _)| *text).collect();
        if let Some(first) = lacking.first().filter(|_| lacking.len() < cidrs.len()) {
            return Ok((draft, Some(format!("{} lets out to some blocks of DynamoDB, but not to {first}", acl.id))));
        }
    }
    Ok((draft, None))
}

/// The access list of a subnet.
struct Acl<'a> {
    id: &'a str,
    default: bool,
    rules: Vec<Rule<'a>>,
}

impl<'a> Acl<'a> {
    /// Of all lists the one that a subnet is associated with, or why it cannot be told.
    fn of(all: &'a [Value], subnet: &str) -> Result<Self, String> {
        let is = |acl: &&Value| {
            let of = list(acl, "associationSet").unwrap_or_default();
            of.iter().any(|one| one["subnetId"].as_str() == Some(subnet))
        };
        let acl = all.iter().find(is).ok_or_else(|| format!("no access list of {subnet} is in the list"))?;
        let id = acl["networkAclId"].as_str().unwrap_or_default();
        let default = match acl["default"].as_str() {
            Some("true") => true,
            Some("false") => false,
            _ => return Err(format!("the answer leaves IsDefault of {id} out")),
        };
        let rules: Option<Vec<Rule<'_>>> = list(acl, "entrySet").and_then(|of| of.iter().map(Rule::read).collect());
        let mut rules = rules.ok_or_else(|| format!("a rule of {id} is not as EC2 writes one"))?;
        rules.sort_by_key(|rule| rule.number);
        Ok(Self { id, default, rules })
    }

    /// The rules of one direction that let something through which none before them refuses whole.
    fn allowed(&self, out: bool) -> Vec<&Rule<'a>> {
        let of: Vec<&Rule<'_>> = self.rules.iter().filter(|rule| rule.out == out).collect();
        let live = |at: usize| of[at].allow && !of[..at].iter().any(|before| !before.allow && before.holds(of[at]));
        (0..of.len()).filter(|at| live(*at)).map(|at| of[at]).collect()
    }

    fn refuses_before(&self, rule: &Rule<'_>) -> bool {
        self.rules.iter().any(|of| of.out == rule.out && !of.allow && of.number < rule.number)
    }
}

/// One rule of an access list.
struct Rule<'a> {
    number: i64,
    out: bool,
    allow: bool,
    protocol: &'a str,
    block: &'a str,
    ports: Option<(i64, i64)>,
}

impl<'a> Rule<'a> {
    /// `None` where something in it is missing or of another kind.
    fn read(rule: &'a Value) -> Option<Self> {
        let number = |of: &Value| of.as_str()?.parse::<i64>().ok();
        let ports = match &rule["portRange"] {
            Value::Null => None,
            of => Some((number(&of["from"])?, number(&of["to"])?)),
        };
        Some(Self {
            number: number(&rule["ruleNumber"])?,
            out: rule["egress"].as_str()?.parse().ok()?,
            allow: match rule["ruleAction"].as_str()? {
                "allow" => true,
                "deny" => false,
                _ => return None,
            },
            protocol: rule["protocol"].as_str()?,
            block: match (rule["cidrBlock"].as_str(), rule["ipv6CidrBlock"].as_str()) {
                (Some(old), _) => block(old).map(|_| old)?,
                (None, of) => of.filter(|of| of.contains(':'))?,
            },
            ports,
        })
    }

    fn is_all(&self) -> bool {
        self.protocol == "-1"
    }

    /// Whether TCP to a port is of what it speaks of.
    fn holds_port(&self, port: i64) -> bool {
        self.is_all() || self.protocol == "6" && self.ports.is_none_or(|(from, to)| (from..=to).contains(&port))
    }

    /// Whether all that another rule speaks of is of what this one speaks of.
    fn holds(&self, other: &Rule<'_>) -> bool {
        let blocks = match (block(self.block), block(other.block)) {
            (Some(own), Some(of)) => covers(own, of),
            _ => self.block == other.block || self.block == "::/0" && other.block.contains(':'),
        };
        let ports = match (self.ports, other.ports) {
            (None, _) => true,
            (Some(own), Some(of)) => own.0 <= of.0 && of.1 <= own.1,
            (Some(_), None) => false,
        };
        blocks && (self.is_all() || self.protocol == other.protocol && ports)
    }
}

impl std::fmt::Display for Rule<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = match self.protocol {
            "-1" => "everything",
            "6" => "tcp",
            "17" => "udp",
            other => other,
        };
        write!(to, "{protocol}")?;
        self.ports.map_or(Ok(()), |(from, until)| write!(to, " {from}-{until}"))?;
        write!(to, " to {}", self.block)
    }
}

/// First and last address of a block of IPv4.
fn block(text: &str) -> Option<(u32, u32)> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (Ipv4Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
    let first = u32::from(address) & !hosts;
    (length <= 32).then_some((first, first | hosts))
}

fn covers(own: (u32, u32), other: (u32, u32)) -> bool {
    own.0 <= other.0 && other.1 <= own.1
}
