//! The part of the file about front doors.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::FrontDoor;

/// A front door as the file declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct DoorConfig(pub FrontDoor);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    arn: String,
    account: Option<String>,
    #[serde(default)]
    tables: Vec<String>,
}

impl TryFrom<Written> for DoorConfig {
    type Error = String;

    fn try_from(of: Written) -> Result<Self, String> {
        FrontDoor::new(&of.arn, of.account, of.tables).map(Self).map_err(|error| format!("front_doors: {error}"))
    }
}

/// Each is declared once.
pub(super) fn unique(all: &[DoorConfig]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    match all.iter().find(|of| !seen.insert(&of.0.arn)) {
        Some(twice) => Err(format!("front_doors: {} is declared twice", twice.0.arn)),
        None => Ok(()),
    }
}

/// Its part of the template.
pub(super) const TEMPLATE: &str = r#"
# Front doors: what the internet reaches, and tables stand behind. AWS does not know which: NET-12 (a web ACL) and NET-13
# (Shield) judge those that are named here. `tables`: names, * for any text; without it all tables of the account.
#[[front_doors]]
#arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188"
#tables = ["orders", "carts*"]
#[[front_doors]]
# The ARN of an API's stage leaves the account out.
#arn = "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod"
#account = "111122223333"
"#;
