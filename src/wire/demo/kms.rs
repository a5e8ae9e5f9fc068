//! KMS: what a key is, never what it decrypts.

use serde_json::{Value, json};

use super::Call;
use super::kit::{epoch, hex, trim};
use super::world::{DATA, KEY_AWS, KEY_DATA, Key};
use crate::wire::protocol::Refusal;

pub(super) fn answer(call: &Call<'_>) -> Result<Value, Refusal> {
    match call.called.operation.as_str() {
        "DescribeKey" => describe_key(call),
        "GetKeyPolicy" => key_policy(call),
        "ListGrants" => grants(call),
        "GetKeyRotationStatus" => rotation(call),
        _ => Err(Refusal::unknown_operation(call.called)),
    }
}

/// The key that a call names, which the caller may ask for.
fn key<'a>(call: &'a Call<'_>) -> Result<&'a Key, Refusal> {
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
                "User: {user} is not authorized to perform: {0} on resource: {asked} because no resource-based \
                 policy allows the {0} action",
                call.called.label(),
                user = call.realm.auditor()
            );
            return Err(Refusal::new("AccessDeniedException", message));
        }
        return Err(Refusal::new("NotFoundException", format!("Key '{asked}' does not exist")));
    };
    call.authorize(&key.arn)?;
    Ok(key)
}

fn rotation(call: &Call<'_>) -> Result<Value, Refusal> {
    let key = key(call)?;
    if key.origin != "AWS_KMS" {
        let message = format!("{} origin is {} which is not valid for this operation.", key.arn, key.origin);
        return Err(Refusal::new("UnsupportedOperationException", message));
    }
    let next = key.rotates.map(|days| epoch(key.created + jiff::SignedDuration::from_hours(24 * (days + 100))));
    Ok(trim(json!({
        "KeyRotationEnabled": key.rotates.is_some(),
        "KeyId": key.arn,
        "RotationPeriodInDays": key.rotates,
        "NextRotationDate": next,
    })))
}

fn describe_key(call: &Call<'_>) -> Result<Value, Refusal> {
    let key = key(call)?;
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

/// The key that a call names, where the caller may ask about it.
fn own_key<'a>(call: &'a Call<'_>) -> Result<&'a Key, Refusal> {
    let asked = call.params.required("KeyId")?;
    let found = call.realm.keys.iter().find(|key| key.arn == asked || key.arn.rsplit('/').next() == Some(asked));
    let key = found.ok_or_else(|| Refusal::new("NotFoundException", format!("Key '{asked}' does not exist")))?;
    call.authorize(&key.arn)?;
    Ok(key)
}

/// Every third key, and the second account's own, is used through DynamoDB alone; of others the account alone decides.
fn key_policy(call: &Call<'_>) -> Result<Value, Refusal> {
    let key = own_key(call)?;
    let account = call.realm.account;
    let root = json!({
        "Sid": "Account", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        "Action": "kms:*", "Resource": "*",
    });
    let role = |name: &str| format!("arn:aws:iam::{account}:role/{name}");
    let admins = json!({
        "Sid": "Administrators", "Effect": "Allow", "Principal": {"AWS": role("key-admin")},
        "Action": ["kms:Describe*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"], "Resource": "*",
    });
    let mut users = json!({
        "Sid": "Users", "Effect": "Allow", "Principal": {"AWS": role("app-orders")},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant"], "Resource": "*",
    });
    let place = call.realm.keys.iter().position(|of| of.arn == key.arn).unwrap_or(0);
    if place.is_multiple_of(3) || (place == KEY_DATA && account == DATA) {
        let via = json!({"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}});
        super::kit::put(&mut users, "/Condition", via);
    }
    let statements = match place % 3 {
        2 => vec![root],
        _ => vec![root, admins, users],
    };
    let document = json!({ "Version": "2012-10-17", "Id": call.words("key"), "Statement": statements });
    Ok(json!({ "Policy": document.to_string(), "PolicyName": "default" }))
}

fn grants(call: &Call<'_>) -> Result<Value, Refusal> {
    let key = own_key(call)?;
    let place = call.realm.keys.iter().position(|of| of.arn == key.arn).unwrap_or(0);
    let grant = |number: u64, who: String, constraints: Value| {
        json!({
            "KeyId": key.arn, "GrantId": hex(call.realm.seed, number, 32), "Name": call.words("grant"),
            "CreationDate": epoch(key.created), "GranteePrincipal": who, "RetiringPrincipal": who,
            "IssuingAccount": format!("arn:aws:iam::{}:root", call.realm.account),
            "Operations": ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo", "RetireGrant", "DescribeKey"],
            "Constraints": constraints,
        })
    };
    let service = format!("dynamodb.{}.amazonaws.com", call.realm.region);
    let bound = json!({"EncryptionContextSubset": {"aws:dynamodb:subscriberId": call.realm.account}});
    let mut all = vec![grant(place as u64 * 2, service, bound)];
    if place % 3 == 1 {
        let role = format!("arn:aws:iam::{}:role/etl", call.realm.account);
        all.push(grant(place as u64 * 2 + 1, role, json!({})));
    }
    Ok(json!({ "Grants": all, "Truncated": false }))
}
