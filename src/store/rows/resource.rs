//! What can be said of a resource before it is judged: what a mute or an attestation names it by.

use jiff::Timestamp;

use crate::model::{Arn, Estate};
use crate::trail::query::{Field, Kind, Row, Schema};

use super::{of_cell, spec};

/// The fields of a resource.
pub const SCHEMA: Schema = Schema {
    rows: "resources",
    fields: &[
        spec("resource", &["id", "arn"], Kind::Text, "what is judged, as a rule by its ARN"),
        spec("table", &["name"], Kind::Text, "the name, of a table"),
        spec("account", &[], Kind::Text, "the account"),
        spec("region", &[], Kind::Text, "the region"),
        spec("class", &[], Kind::Word(&["public", "internal", "confidential", "restricted"]), "data class, of a table"),
        spec("tags.*", &[], Kind::Text, "a tag of a table: tag.team:billing"),
    ],
};

/// A resource, by the name judgements call it.
#[derive(Debug, Clone, Copy)]
pub struct ResourceRow<'a> {
    /// Where its table is, if it is one.
    pub estate: &'a Estate,
    /// Its ARN, or `account/region/…`.
    pub resource: &'a str,
}

impl ResourceRow<'_> {
    /// True for a table whose tags could not be read, and with them not its class.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.estate.tables.get(self.resource).is_some_and(|table| table.tags.value().is_none())
    }
}

/// The account and region of a resource: from its ARN, or from `account/region/…`.
#[must_use]
pub(crate) fn place(resource: &str) -> (String, String) {
    if let Some(arn) = Arn::parse(resource) {
        return (arn.account, arn.region);
    }
    let mut parts = resource.split('/').map(str::to_owned);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

impl Row for ResourceRow<'_> {
    fn field(&self, name: &str) -> Field<'_> {
        let table = self.estate.tables.get(self.resource);
        match name {
            "resource" => Field::text(self.resource),
            "table" => match Arn::parse(self.resource).as_ref().and_then(Arn::table_name) {
                Some(name) => Field::Text(name.to_owned().into()),
                None => Field::None,
            },
            "account" => Field::Text(place(self.resource).0.into()),
            "region" => Field::Text(place(self.resource).1.into()),
            "class" => table.map_or(Field::None, |table| {
                of_cell(&table.tags, |_| Field::text(self.estate.data_class(table).word()))
            }),
            _ => match (table, name.strip_prefix("tags.")) {
                (Some(table), Some(tag)) => of_cell(&table.tags, |tags| {
                    let found = tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
                    Field::maybe(found.map(|(_, value)| value.as_str()))
                }),
                _ => Field::None,
            },
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        visit(self.resource);
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn now(&self) -> Timestamp {
        self.estate.now
    }
}
