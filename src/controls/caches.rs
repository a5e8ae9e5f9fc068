//! DAX: what stands between callers and tables, and keeps copies of items.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Estate, Judgement, Scope, Seen, Verdict};

use super::draft::{Draft, settle};
use super::edges::{self, Ingress};
use super::{Baseline, Control, Judge, resource};

pub(super) const CLUSTERS: &str = "dax:DescribeClusters";

/// Judges every cluster of every scope; a scope whose list is not known is judged as unknown, once.
pub(super) fn each(
    control: &'static Control,
    estate: &Estate,
    judge: impl Fn(Draft, &Scope, &Seen<Value>, &Value) -> Judgement,
) -> Vec<Judgement> {
    let mut found = Vec::new();
    for scope in &estate.scopes {
        let draft = Draft::new(control, scope.to_string());
        match draft.answer(estate, scope, CLUSTERS, "") {
            Err(unknown) => found.push(*unknown),
            Ok((_, seen)) => {
                for cluster in seen.value["Clusters"].as_array().into_iter().flatten() {
                    let arn = cluster["ClusterArn"]
                        .as_str()
                        .map_or_else(|| resource(scope, cluster["ClusterName"].as_str().unwrap_or("?")), str::to_owned);
                    found.push(judge(Draft::new(control, arn), scope, seen, cluster));
                }
            }
        }
    }
    found
}

/// DAX-01.
pub(super) const DAX_01: &Control =
    &Control { id: "DAX-01", operations: &[CLUSTERS], blind: "", judge: Judge::Estate(at_rest) };

fn at_rest(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(DAX_01, estate, |mut draft, _, seen, cluster| {
        let status = cluster.pointer("/SSEDescription/Status").and_then(Value::as_str);
        draft.saw(seen, [format!("Clusters[].SSEDescription.Status={}", status.unwrap_or("absent"))]);
        match status {
            Some("ENABLED") => draft.pass("items in the cache are encrypted at rest"),
            Some("ENABLING" | "DISABLING") => draft.warn("encryption at rest is being changed"),
            None if !cluster["SSEDescription"].is_null() => {
                draft.unclear("the answer leaves SSEDescription.Status out")
            }
            _ => draft.fail("items in the cache are not encrypted at rest; only a new cluster can be"),
        }
    })
}

/// DAX-02.
pub(super) const DAX_02: &Control =
    &Control { id: "DAX-02", operations: &[CLUSTERS], blind: "", judge: Judge::Estate(in_transit) };

fn in_transit(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(DAX_02, estate, |mut draft, _, seen, cluster| {
        let kind = cluster["ClusterEndpointEncryptionType"].as_str();
        draft.saw(seen, [format!("Clusters[].ClusterEndpointEncryptionType={}", kind.unwrap_or("absent"))]);
        match kind {
            Some("TLS") => draft.pass("callers must speak TLS"),
            None if !cluster["ClusterEndpointEncryptionType"].is_null() => {
                draft.unclear("the answer's ClusterEndpointEncryptionType is no word")
            }
            _ => draft.fail("callers speak in the clear; only a new cluster can ask for TLS"),
        }
    })
}

/// DAX-05.
pub(super) const DAX_05: &Control = &Control {
    id: "DAX-05",
    operations: &[CLUSTERS, edges::GROUPS],
    blind: "routes of the cluster's subnets to the internet",
    judge: Judge::Estate(reachable),
};

fn reachable(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(DAX_05, estate, |mut draft, scope, seen, cluster| {
        let tls = cluster["ClusterEndpointEncryptionType"].as_str() == Some("TLS");
        let groups: Vec<&str> = cluster["SecurityGroups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|group| group["SecurityGroupIdentifier"].as_str())
            .collect();
        draft.saw(seen, [format!("Clusters[].SecurityGroups={}", groups.join(" "))]);
        settle(edges::ingress(draft, estate, scope, &groups, if tls { 9111 } else { 8111 }).map(|(draft, found)| {
            match found {
                Ingress::Groups => draft.pass("named security groups alone reach its port"),
                Ingress::Wide(why) => draft.warn(why),
                Ingress::Open(why) => draft.fail(why),
            }
        }))
    })
}

/// DAX-06.
pub(super) const DAX_06: &Control =
    &Control { id: "DAX-06", operations: &[CLUSTERS], blind: "", judge: Judge::Estate(zones) };

fn zones(estate: &Estate, _: &Baseline) -> Vec<Judgement> {
    each(DAX_06, estate, |mut draft, _, seen, cluster| {
        let nodes = cluster["Nodes"].as_array().into_iter().flatten();
        let zones: BTreeSet<&str> = nodes.filter_map(|node| node["AvailabilityZone"].as_str()).collect();
        let [active, total] = ["ActiveNodes", "TotalNodes"].map(|name| cluster[name].as_i64());
        draft.saw(
            seen,
            [
                format!("Clusters[].Nodes[].AvailabilityZone={}", zones.iter().copied().collect::<Vec<_>>().join(" ")),
                format!("Clusters[].ActiveNodes={active:?} TotalNodes={total:?}"),
            ],
        );
        let (verdict, why) = match zones.len() {
            0 => (Verdict::Unknown, "the answer names no node's zone".to_owned()),
            _ if active.is_none() || total.is_none() => {
                (Verdict::Unknown, "the answer does not count its nodes".to_owned())
            }
            1 => (Verdict::Fail, "all nodes stand in one zone".to_owned()),
            2 => (Verdict::Warn, "nodes stand in two zones".to_owned()),
            count if active < total => (Verdict::Warn, format!("nodes stand in {count} zones, not all of them active")),
            count => (Verdict::Pass, format!("nodes stand in {count} zones")),
        };
        draft.end(verdict, why)
    })
}
