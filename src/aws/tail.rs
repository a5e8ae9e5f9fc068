//! Clients of the services that the slow tail is read from: our own, one a service, made together.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;

use super::guard::{Guard, Locked};
use super::json::Json;
use super::ledger::Recorder;
use super::own::Service;
use super::rest::Rest;

/// AWS JSON 1.1: the label's prefix, the service, the target's prefix.
const JSON: &[(&str, Service, &str)] = &[
    (
        "application-autoscaling",
        Service { id: "Application Auto Scaling", signing: "application-autoscaling", host: "application-autoscaling" },
        "AnyScaleFrontendService",
    ),
    ("dax", Service { id: "DAX", signing: "dax", host: "dax" }, "AmazonDAXV3"),
    ("events", Service { id: "EventBridge", signing: "events", host: "events" }, "AWSEvents"),
    ("kms", Service { id: "KMS", signing: "kms", host: "kms" }, "TrentService"),
];

/// restJson1: the label's prefix and the service.
const REST: &[(&str, Service)] = &[
    ("accessanalyzer", Service { id: "AccessAnalyzer", signing: "access-analyzer", host: "access-analyzer" }),
    ("auditmanager", Service { id: "AuditManager", signing: "auditmanager", host: "auditmanager" }),
    ("backup", Service { id: "Backup", signing: "backup", host: "backup" }),
    ("macie2", Service { id: "Macie2", signing: "macie2", host: "macie2" }),
    ("securityhub", Service { id: "SecurityHub", signing: "securityhub", host: "securityhub" }),
];

/// The clients.
#[derive(Debug)]
pub struct Tail {
    json: HashMap<&'static str, Json>,
    rest: HashMap<&'static str, Rest>,
}

impl Tail {
    /// Clients for the region of a configuration; `partition` names the retry bucket of each.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        http: &Locked,
        locks: &(Guard, Recorder),
        partition: impl Fn(&str) -> RetryPartition,
    ) -> Self {
        let json = |(name, service, target): &(&'static str, Service, &'static str)| {
            (*name, Json::new(*service, target, config, http.clone(), locks.clone(), partition(name)))
        };
        let rest = |(name, service): &(&'static str, Service)| {
            (*name, Rest::new(*service, config, http.clone(), locks.clone(), partition(name)))
        };
        Self { json: JSON.iter().map(json).collect(), rest: REST.iter().map(rest).collect() }
    }

    /// The client of a service that speaks AWS JSON; `None` for another one.
    #[must_use]
    pub fn json(&self, service: &str) -> Option<&Json> {
        self.json.get(service)
    }

    /// The client of a service that speaks restJson1; `None` for another one.
    #[must_use]
    pub fn rest(&self, service: &str) -> Option<&Rest> {
        self.rest.get(service)
    }
}
