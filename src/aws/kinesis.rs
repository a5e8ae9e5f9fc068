//! Kinesis data streams that tables feed: how they are encrypted.
//!
//! Source of the shapes: Kinesis' API reference.

use serde_json::json;

use crate::model::{Outcome, SourceError, StreamEncryption};

use super::own::Service;
use super::site::{Site, Sweep};

pub(super) const KINESIS: Service = Service { id: "Kinesis", signing: "kinesis", host: "kinesis" };

/// How a stream is encrypted.
pub(super) async fn encryption(site: &Site, sweep: &Sweep<'_>, arn: &str) -> Outcome<StreamEncryption> {
    let clients = site.clients();
    let input = json!({ "StreamARN": arn });
    let call = async { clients.kinesis.call("DescribeStreamSummary", input).await };
    let seen = sweep.call("kinesis:DescribeStreamSummary", arn, call).await?;
    let of = &seen.value.body["StreamDescriptionSummary"];
    if !of.is_object() {
        return Err(site.fault(SourceError::Malformed("no StreamDescriptionSummary in the answer".to_owned())));
    }
    let kms = match of["EncryptionType"].as_str() {
        Some("KMS") => true,
        Some("NONE") => false,
        _ => return Err(site.fault(SourceError::Malformed("no EncryptionType in the answer".to_owned()))),
    };
    let value = StreamEncryption { kms, key: of["KeyId"].as_str().map(str::to_owned) };
    Ok(seen.map(|_| value))
}
