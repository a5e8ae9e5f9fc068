//! What AWS Config recorded of tables: asked for those alone that drifted, changed or are looked at.

use aws_sdk_config::operation::get_resource_config_history::GetResourceConfigHistoryOutput;
use aws_sdk_config::types::{ChronologicalOrder, ConfigurationItem, ResourceType};
use aws_types::request_id::RequestId;
use serde_json::Value;

use crate::model::{Arn, ConfigItem, Delta, History, Outcome, Seen, SourceError};

use super::site::{Site, Sweep};
use super::{at_once, time};

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
    let request = site.clients().config.get_resource_config_history().resource_type(ResourceType::Table);
    let request = request.resource_id(name).chronological_order(ChronologicalOrder::Reverse).limit(NEWEST).send();
    let found = async {
        match request.await {
            Ok(output) => Ok(Answer { request_id: output.request_id().map(str::to_owned), output: Some(output) }),
            // That Config does not know it, or records nothing, is an answer.
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    error.is_resource_not_discovered_exception()
                        || error.is_no_available_configuration_recorder_exception()
                }) =>
            {
                Ok(Answer { request_id: error.request_id().map(str::to_owned), output: None })
            }
            Err(error) => Err(error),
        }
    };
    let Seen { value, at, call } = sweep.call(LABEL, name, found).await?;
    let Some(output) = value.output else {
        return Ok(Seen { value: History { items: Vec::new(), recorded: false }, at, call });
    };
    let Some(items) = output.configuration_items else {
        return Err(site.fault(SourceError::Malformed("no configurationItems in the answer".to_owned())));
    };
    let items: Option<Vec<ConfigItem>> = items.into_iter().map(item).collect();
    let broken = || site.fault(SourceError::Malformed("a configuration item without a time".to_owned()));
    Ok(Seen { value: History { items: items.ok_or_else(broken)?, recorded: true }, at, call })
}

/// What Config answered, or that it records no such thing.
struct Answer {
    output: Option<GetResourceConfigHistoryOutput>,
    request_id: Option<String>,
}

impl RequestId for Answer {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

fn item(of: ConfigurationItem) -> Option<ConfigItem> {
    // Both are JSON in a text; of what is none, the text itself is compared.
    let document = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    let supplementary = of.supplementary_configuration.unwrap_or_default().into_iter();
    Some(ConfigItem {
        captured: of.configuration_item_capture_time.and_then(time)?,
        status: of.configuration_item_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        configuration: of.configuration.map_or(Value::Null, document),
        supplementary: supplementary.map(|(name, text)| (name, document(text))).collect(),
        tags: of.tags.unwrap_or_default().into_iter().collect(),
        events: of.related_events.unwrap_or_default(),
    })
}
