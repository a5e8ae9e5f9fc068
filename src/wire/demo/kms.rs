//! KMS: what a key is, never what it decrypts.

use serde_json::{Value, json};

use super::Call;
use super::kit::{epoch, trim};
use super::world::KEY_AWS;
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    match call.called.operation.as_str() {
        "DescribeKey" => describe_key(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

fn describe_key(call: &Call<'_>) -> Result<Value, Refusal> {
    let asked = call.params.required("KeyId")?;
    let keys = &call.realm.keys;
    let key = if asked.ends_with("alias/aws/dynamodb") {
        keys.get(KEY_AWS)
    } else {
        keys.iter().find(|key| key.arn == asked || key.arn.rsplit('/').next() == Some(asked))
    };
    let Some(key) = key else {
        if asked.starts_with("arn:") && !asked.contains(call.realm.account) {
            // A key of another account: its own policy says nothing of this caller.
            let message = format!(
                "User: {} is not authorized to perform: kms:DescribeKey on resource: {asked} because no resource-based \
                 policy allows the kms:DescribeKey action",
                call.realm.auditor()
            );
            return Err(Refusal::new("AccessDeniedException", message));
        }
        return Err(Refusal::new("NotFoundException", format!("Key '{asked}' does not exist")));
    };
    call.authorize(&key.arn)?;
    let manager = if key.aws_managed { "AWS" } else { "CUSTOMER" };
    let metadata = json!({
        "AWSAccountId": call.realm.account,
        "KeyId": key.arn.rsplit('/').next(),
        "Arn": key.arn,
        "CreationDate": epoch(key.created),
        "Enabled": key.state == "Enabled",
        "Description": call.long_words(&key.description, key.valid_to.is_some()),
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state,
        "DeletionDate": key.deletion.map(epoch),
        "ValidTo": key.valid_to.map(epoch),
        "ExpirationModel": key.valid_to.map(|_| "KEY_MATERIAL_EXPIRES"),
        "Origin": key.origin,
        "KeyManager": manager,
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    });
    Ok(json!({ "KeyMetadata": trim(metadata) }))
}
