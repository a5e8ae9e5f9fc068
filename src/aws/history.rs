//! What AWS Config recorded of tables: asked for those alone that drifted, changed or are looked at.

use std::collections::BTreeMap;

use aws_sdk_config::types::{ChronologicalOrder, ResourceType};
use aws_types::request_id::RequestId;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Arn, ConfigItem, Delta, History, Outcome, Seen, SourceError};

use super::at_once;
use super::capture::Capture;
use super::member::{get, list, text, time};
use super::site::{Site, Sweep};

/// The newest items that are read: one call.
const NEWEST: i32 = 25;
/// Tables asked for in one sweep.
const MOST: usize = 50;
/// Tables asked for at the same time.
const AT_ONCE: usize = 4;

/// Reads what was recorded of tables, by name.
pub async fn sweep(site: &Site, sweep: &Sweep<'_>, mut tables: Vec<String>) {
    tables.sort();
    tables.dedup();
    tables.truncate(MOST);
    sweep.grow(tables.len()).await;
    at_once(AT_ONCE, tables.into_iter().map(|name| step(site, sweep, name)).collect()).await;
}

async fn step(site: &Site, sweep: &Sweep<'_>, name: String) {
    if let Some(partition) = site.partition() {
        let arn = Arn::table(&partition, &sweep.scope.region, &sweep.scope.account, &name).to_string();
        read(site, sweep, &name, arn).await;
    }
    sweep.step().await;
}

/// Reads what was recorded of one table.
pub async fn read(site: &Site, sweep: &Sweep<'_>, name: &str, arn: String) {
    let outcome = history(site, sweep, name).await;
    sweep.note(&outcome);
    sweep.data(vec![Delta::History(arn, outcome)]).await;
}

async fn history(site: &Site, sweep: &Sweep<'_>, name: &str) -> Outcome<History> {
    const LABEL: &str = "config:GetResourceConfigHistory";
    let capture = Capture::default();
    let request = site.clients().config.get_resource_config_history().resource_type(ResourceType::Table);
    let request = request.resource_id(name).chronological_order(ChronologicalOrder::Reverse).limit(NEWEST);
    let request = request.customize().interceptor(capture.clone()).send();
    let found = async {
        match request.await {
            Ok(output) => Ok(Answer { request_id: output.request_id().map(str::to_owned), recorded: true }),
            // That Config does not know it, or records nothing, is an answer.
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_resource_not_discovered_exception()
                        || error.is_no_available_configuration_recorder_exception()
                }) =>
            {
                Ok(Answer { request_id: error.request_id().map(str::to_owned), recorded: false })
            }
            Err(error) => Err(error),
        }
    };
    let Seen { value, at, call } = sweep.call(LABEL, name, found).await?;
    if !value.recorded {
        let none = History { items: Vec::new(), broken: 0, raw: "[]".into(), recorded: false };
        return Ok(Seen { value: none, at, call });
    }
    let Some(history) = read_items(&capture.text()) else {
        return Err(site.fault(SourceError::Malformed("no configurationItems in the answer".to_owned())));
    };
    for _ in 0..history.broken {
        let error = SourceError::Malformed("a configuration item without a time".to_owned());
        sweep.note::<()>(&Err(site.fault(error)));
    }
    Ok(Seen { value: history, at, call })
}

/// Whether Config records such a thing, or said that it does not.
struct Answer {
    recorded: bool,
    request_id: Option<String>,
}

impl RequestId for Answer {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// The items of an answer; `None` when it holds no list of them.
fn read_items(body: &str) -> Option<History> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow, rename = "configurationItems")]
        items: &'a RawValue,
    }
    let answer: Answer<'_> = serde_json::from_str(body).ok()?;
    let all: Vec<Value> = serde_json::from_str(answer.items.get()).ok()?;
    let items: Vec<ConfigItem> = all.iter().filter_map(item).collect();
    Some(History { broken: all.len() - items.len(), items, raw: answer.items.get().into(), recorded: true })
}

fn item(of: &Value) -> Option<ConfigItem> {
    // Both are JSON in a text; of what is none, the text itself is compared.
    let document = |of: &Value| match of {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| of.clone()),
        other => other.clone(),
    };
    let members = |name: &str| get(of, name).as_object().into_iter().flatten();
    let words = |of: &Value| of.as_str().map(str::to_owned);
    Some(ConfigItem {
        captured: time(of, &["ConfigurationItemCaptureTime"])?,
        status: text(of, &["ConfigurationItemStatus"]).unwrap_or_default(),
        configuration: document(get(of, "Configuration")),
        supplementary: members("SupplementaryConfiguration").map(|(name, of)| (name.clone(), document(of))).collect(),
        tags: members("Tags").filter_map(|(key, of)| Some((key.clone(), words(of)?))).collect::<BTreeMap<_, _>>(),
        events: list(get(of, "RelatedEvents")).iter().filter_map(words).collect(),
    })
}
