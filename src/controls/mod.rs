//! The catalogue of controls: each one a value with a pure `judge`.
//!
//! Invariant: nothing in here knows AWS clients, the store, a terminal or a clock; time is `Estate::now`.

pub mod accepted;
mod acls;
mod alarms;
mod attested;
mod backup;
mod baseline;
mod buckets;
mod cached;
mod caches;
mod capacity;
mod consumers;
mod copies;
mod copying;
pub mod crossing;
mod data_protection;
pub mod depth;
mod detective;
mod doors;
mod draft;
mod edges;
mod exits;
mod exporting;
pub mod facts;
mod findings;
mod fine;
mod global;
mod grants;
mod guardrails;
mod headroom;
mod hybrid;
mod identity;
mod isolation;
mod items;
mod kept;
mod keys;
mod lanes;
mod loads;
mod logging;
mod management;
mod metric_filter;
mod names;
mod network;
mod ourselves;
mod pattern;
mod people;
mod perimeter;
pub mod practices;
mod recording;
mod resilience;
mod roster;
mod rotation;
mod routes;
mod routing;
mod rules;
mod scanned;
mod seen;
mod trails;
mod transport;
mod unused;
mod watchers;
mod zones;

use crate::model::{Estate, Judgement, Scope, SourceError, Table};

pub use attested::UNATTESTED;
pub use baseline::{Asked, Baseline, Block, DataEvents, Expected, Management, Override};
pub use facts::Facts;
pub use logging::{Recording, recordings};

/// What a control looks at, and how it judges.
#[derive(Debug, Clone, Copy)]
pub enum Judge {
    /// Judged table by table, so that one changed table costs one judgement.
    Table(fn(&Estate, &Baseline, &Table) -> Judgement),
    /// Judged over the estate: accounts, trails, endpoints, VPCs, keys.
    Estate(fn(&Estate, &Baseline) -> Vec<Judgement>),
}

/// One control.
#[derive(Debug, Clone, Copy)]
pub struct Control {
    /// `RES-01`.
    pub id: &'static str,
    /// The operations it rests on, as the operation table labels them.
    pub operations: &'static [&'static str],
    /// What it cannot see; empty when it sees all.
    pub blind: &'static str,
    /// The logic.
    pub judge: Judge,
}

impl Control {
    /// What it asks, in words.
    #[must_use]
    pub fn facts(&self) -> &'static Facts {
        #[expect(clippy::expect_used, reason = "a test holds every control against the catalogue")]
        facts::facts(self.id).expect("a control of the catalogue")
    }
}

/// Every control that is judged, layer by layer.
pub const CATALOGUE: &[&Control] = &[
    network::NET_01,
    routes::NET_02,
    network::NET_03,
    edges::NET_07,
    perimeter::NET_04,
    perimeter::NET_05,
    perimeter::NET_06,
    perimeter::NET_09,
    acls::NET_08,
    exits::NET_10,
    edges::NET_11,
    doors::NET_12,
    doors::NET_13,
    hybrid::NET_14,
    grants::IAM_01,
    grants::IAM_02,
    grants::IAM_03,
    grants::IAM_04,
    grants::IAM_05,
    grants::IAM_06,
    fine::IAM_07,
    fine::IAM_08,
    fine::IAM_09,
    identity::IAM_10,
    watchers::IAM_11,
    identity::IAM_12,
    people::IAM_13,
    people::IAM_14,
    unused::IAM_15,
    guardrails::IAM_16,
    people::IAM_17,
    data_protection::ENC_01,
    data_protection::ENC_02,
    rotation::ENC_03,
    keys::ENC_04,
    keys::ENC_05,
    rotation::ENC_06,
    kept::ENC_07,
    transport::ENC_08,
    seen::ENC_09,
    copies::ENC_12,
    names::ENC_13,
    copies::ENC_14,
    copies::ENC_15,
    caches::DAX_01,
    caches::DAX_02,
    cached::DAX_03,
    cached::DAX_04,
    caches::DAX_05,
    caches::DAX_06,
    cached::DAX_07,
    cached::DAX_08,
    logging::LOG_01,
    logging::LOG_02,
    recording::LOG_03,
    recording::LOG_04,
    trails::LOG_05,
    trails::LOG_06,
    buckets::LOG_07,
    trails::LOG_08,
    trails::LOG_09,
    alarms::LOG_10,
    trails::LOG_11,
    detective::DET_01,
    scanned::DET_02,
    detective::DET_03,
    routing::DET_04,
    routing::DET_05,
    rules::DET_06,
    findings::DET_07,
    findings::DET_08,
    detective::DET_09,
    rules::DET_10,
    rules::DET_11,
    detective::DET_12,
    accepted::DET_13,
    alarms::DET_14,
    watchers::DET_15,
    watchers::DET_16,
    scanned::DET_17,
    seen::DET_18,
    routing::DET_19,
    items::DET_20,
    resilience::RES_01,
    resilience::RES_02,
    resilience::RES_03,
    resilience::RES_04,
    copying::RES_07,
    exporting::RES_08,
    exporting::RES_09,
    exporting::RES_10,
    exporting::RES_11,
    global::RES_12,
    global::RES_13,
    global::RES_14,
    capacity::RES_15,
    headroom::RES_16,
    copying::RES_17,
    isolation::ISO_01,
    isolation::ISO_02,
    lanes::ISO_03,
    zones::ISO_04,
    management::ISO_05,
    isolation::ISO_06,
    consumers::ISO_07,
    loads::ISO_08,
    attested::ENC_10,
    attested::ENC_11,
    attested::GOV_01,
    ourselves::GOV_02,
    attested::GOV_03,
    backup::RES_05,
    backup::RES_06,
];

/// The one that is judged after all others: it counts what nobody attests to.
pub const LAST: &Control = attested::GOV_03;

/// How a judgement names what has no ARN of its own at hand: `account/region/vpce-1`.
#[must_use]
pub fn resource(scope: &Scope, id: &str) -> String {
    format!("{scope}/{id}")
}

/// What a control of tables says of a scope whose tables could not be listed: one row, rather than none.
#[must_use]
pub fn unlisted(control: &'static Control, scope: &Scope, error: &SourceError) -> Judgement {
    draft::Draft::new(control, scope.to_string()).unknown("dynamodb:ListTables", Some(error))
}

/// The control with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Control> {
    CATALOGUE.iter().copied().find(|control| control.id == id)
}

#[cfg(test)]
mod tail_tests;
#[cfg(test)]
mod tests;
