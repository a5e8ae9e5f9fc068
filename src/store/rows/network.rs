//! Rows of VPC endpoints and trails.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controls::resource;
use crate::model::{Cell, Endpoint, EndpointKind, Source, Trail};
use crate::store::Store;
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{Entry, Json, VERDICTS, document, flag, many, of_cell, spec};

pub(super) const ENDPOINTS: Schema = Schema {
    rows: "endpoints",
    fields: &[
        spec("id", &["vpce", "name"], Kind::Text, "vpce-…"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("vpc", &[], Kind::Text, "its VPC"),
        spec("service", &[], Kind::Text, "com.amazonaws.eu-west-1.dynamodb"),
        spec("dynamodb", &[], Kind::Flag, "it leads to DynamoDB"),
        spec("type", &["kind"], Kind::Word(&["gateway", "interface", "other"]), "gateway or interface"),
        spec("state", &[], Kind::Text, "available, pending …"),
        spec("policy", &[], Kind::Prose, "text of its policy"),
        spec("route_tables", &["route_table", "rtb"], Kind::Text, "route tables of a gateway endpoint"),
        spec("subnets", &["subnet"], Kind::Text, "subnets of an interface endpoint"),
        spec("security_groups", &["sg"], Kind::Text, "security groups of an interface endpoint"),
        spec("private_dns", &[], Kind::Flag, "private DNS is on"),
        spec("verdict", &[], Kind::Word(VERDICTS), "the worst verdict of its controls"),
        spec("tags.*", &[], Kind::Text, "a tag: tag.env:prod"),
    ],
};

pub(super) const TRAILS: Schema = Schema {
    rows: "trails",
    fields: &[
        spec("id", &["arn"], Kind::Text, "the trail's ARN"),
        spec("name", &[], Kind::Text, "its name"),
        spec("account", &[], Kind::Text, "the account it was seen from"),
        spec("region", &[], Kind::Text, "the region it was seen from"),
        spec("home_region", &[], Kind::Text, "its home region"),
        spec("multi_region", &[], Kind::Flag, "it records every region"),
        spec("organization", &[], Kind::Flag, "it records the organization"),
        spec("validation", &[], Kind::Flag, "log file validation is on"),
        spec("bucket", &[], Kind::Text, "where it delivers"),
        spec("kms_key", &[], Kind::Text, "the key it encrypts with"),
        spec("log_group", &[], Kind::Text, "its CloudWatch log group"),
        spec("logging", &[], Kind::Flag, "it is running"),
        spec("delivered", &[], Kind::Time, "when it last delivered"),
        spec("selectors", &["selector"], Kind::Text, "what it records: selector:Data*"),
    ],
};

/// An endpoint.
#[derive(Debug, Clone, Copy)]
pub struct EndpointRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The endpoint.
    pub endpoint: &'a Endpoint,
}

/// Those to DynamoDB first, then by scope and id.
pub(super) fn endpoints(store: &Store) -> Vec<EndpointRow<'_>> {
    let networks = store.estate().networks.values();
    let of = networks.filter_map(|network| network.endpoints.value()).flatten();
    let mut rows: Vec<_> = of.map(|endpoint| EndpointRow { store, endpoint }).collect();
    rows.sort_by_key(|row| (!row.endpoint.is_dynamodb(), row.worst().rank()));
    rows
}

impl EndpointRow<'_> {
    fn worst(&self) -> crate::model::Verdict {
        self.store.tally(&resource(&self.endpoint.scope, &self.endpoint.id)).worst()
    }

    fn kind(&self) -> &'static str {
        match self.endpoint.kind {
            EndpointKind::Gateway => "gateway",
            EndpointKind::Interface => "interface",
            EndpointKind::Other => "other",
        }
    }
}

impl Row for EndpointRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let of = self.endpoint;
        let list =
            |texts: &'_ Vec<String>| Field::Many(texts.iter().map(|text| Field::Text(text.clone().into())).collect());
        match name {
            "id" => Field::text(&of.id),
            "account" => Field::text(&of.scope.account),
            "region" => Field::text(&of.scope.region),
            "vpc" => Field::text(&of.vpc),
            "service" => Field::text(&of.service),
            "dynamodb" => Field::Flag(of.is_dynamodb()),
            "type" => Field::text(self.kind()),
            "state" => Field::text(&of.state),
            "policy" => Field::maybe(of.policy.as_deref()),
            "route_tables" => list(&of.route_tables),
            "subnets" => list(&of.subnets),
            "security_groups" => list(&of.security_groups),
            "private_dns" => flag(of.private_dns),
            "verdict" => Field::text(self.worst().word()),
            _ => match name.strip_prefix("tags.") {
                Some(tag) => {
                    let found = of.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
                    Field::maybe(found.map(|(_, value)| value.as_str()))
                }
                None => Field::None,
            },
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let of = self.endpoint;
        let _ = visit(&of.id)
            || visit(&of.vpc)
            || visit(&of.service)
            || of.policy.as_deref().is_some_and(&mut *visit)
            || visit(&of.raw);
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for EndpointRow<'_> {
    fn json(&self) -> Value {
        let of = self.endpoint;
        let mut row = Json::new();
        row.put("id", of.id.as_str());
        row.put("account", of.scope.account.as_str());
        row.put("region", of.scope.region.as_str());
        row.put("vpc", of.vpc.as_str());
        row.put("service", of.service.as_str());
        row.put("service_region", json!(of.service_region));
        row.put("dynamodb", of.is_dynamodb());
        row.put("type", self.kind());
        row.put("state", of.state.as_str());
        row.put("policy", of.policy.as_deref().map_or(Value::Null, document));
        if of.policy.is_none() {
            row.unknown("policy", "the answer holds no policy document");
        }
        row.put("route_tables", json!(of.route_tables));
        row.put("subnets", json!(of.subnets));
        row.put("security_groups", json!(of.security_groups));
        row.put("private_dns", json!(of.private_dns));
        row.put("tags", json!(of.tags));
        let resource = resource(&of.scope, &of.id);
        let verdicts = self.store.judgements_of(&resource);
        let verdicts = verdicts.map(|of| (of.control.to_owned(), Value::from(of.verdict.word()))).collect();
        row.put("verdicts", Value::Object(verdicts));
        row.from(self.store.estate().networks.get(&of.scope).and_then(|network| network.endpoints.seen.as_ref()));
        row.end(self.store, Source::Network, &of.scope)
    }
}

/// A trail, as seen from one scope.
#[derive(Debug, Clone, Copy)]
pub struct TrailRow<'a> {
    /// Where the rest is.
    pub store: &'a Store,
    /// The trail.
    pub trail: &'a Trail,
}

/// Those that stand still first.
pub(super) fn trails(store: &Store) -> Vec<TrailRow<'_>> {
    let mut rows: Vec<_> = store.estate().trails.values().map(|trail| TrailRow { store, trail }).collect();
    rows.sort_by_key(|row| row.trail.status.value().map_or(1, |status| if status.logging { 2 } else { 0 }));
    rows
}

impl Row for TrailRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let of = self.trail;
        match name {
            "id" => Field::text(&of.arn),
            "name" => Field::text(&of.name),
            "account" => Field::text(&of.scope.account),
            "region" => Field::text(&of.scope.region),
            "home_region" => Field::maybe(of.home_region.as_deref()),
            "multi_region" => Field::Flag(of.multi_region),
            "organization" => Field::Flag(of.organization),
            "validation" => Field::Flag(of.validation),
            "bucket" => Field::maybe(of.bucket.as_deref()),
            "kms_key" => Field::maybe(of.kms_key.as_deref()),
            "log_group" => Field::maybe(of.log_group.as_deref()),
            "logging" => of_cell(&of.status, |status| Field::Flag(status.logging)),
            "delivered" => of_cell(&of.status, |status| Field::time(status.delivered)),
            "selectors" => of_cell(&of.selectors, |of| many(of.iter().map(|selector| selector.category.as_str()))),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let _ = visit(&self.trail.arn) || visit(&self.trail.raw);
    }

    fn time(&self) -> Option<Timestamp> {
        self.trail.status.value().and_then(|status| status.delivered)
    }

    fn now(&self) -> Timestamp {
        self.store.estate().now
    }
}

impl Entry for TrailRow<'_> {
    fn json(&self) -> Value {
        let of = self.trail;
        let mut row = Json::new();
        row.put("id", of.arn.as_str());
        row.put("name", of.name.as_str());
        row.put("account", of.scope.account.as_str());
        row.put("region", of.scope.region.as_str());
        row.put("home_region", json!(of.home_region));
        row.put("multi_region", of.multi_region);
        row.put("organization", of.organization);
        row.put("validation", of.validation);
        row.put("bucket", json!(of.bucket));
        row.put("kms_key", json!(of.kms_key));
        row.put("log_group", json!(of.log_group));
        row.cell("logging", &of.status, |status| json!(status.logging));
        row.cell("delivered", &of.status, |status| json!(status.delivered));
        row.cell("selectors", &of.selectors, |selectors| json!(selectors));
        let list: Option<&Cell<usize>> = self.store.estate().trail_lists.get(&of.scope);
        row.from(list.and_then(|cell| cell.seen.as_ref()));
        row.end(self.store, Source::Trails, &of.scope)
    }
}
