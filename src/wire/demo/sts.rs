//! STS: who asks.

use serde_json::{Value, json};

use super::Call;
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    match call.called.operation.as_str() {
        // Needs no permission: AWS answers even a denied caller.
        "GetCallerIdentity" => Ok(json!({
            "Arn": call.realm.auditor(),
            "UserId": format!("{}:dynakeep", call.realm.auditor_id()),
            "Account": call.realm.account,
        })),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}
