//! Read-only, proved from outside: of all operations that the SDK crates can send, the table holds reads alone.
//!
//! `sdk_operations.txt` lists those operations; `sdk_operations.sh` writes it from the crates' sources. `src/aws/tests.rs`
//! holds the guard and the real clients to the same list, on the wire: there the session is within reach.

use std::collections::BTreeSet;

use dynakeep::operations::{OPERATIONS, find};

/// Service id and operation of each SDK operation.
fn sdk_operations() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("sdk_operations.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(':').unwrap_or_else(|| panic!("{line} is not service:Operation"))).collect()
}

#[test]
fn the_list_is_of_the_sdk_versions_in_use() {
    let header = include_str!("sdk_operations.txt").lines().filter_map(|line| line.strip_prefix("# aws-sdk-"));
    let listed: BTreeSet<String> = header.map(str::to_owned).collect();
    let lock = include_str!("../../Cargo.lock");
    let mut locked = BTreeSet::new();
    let mut name = None;
    for line in lock.lines() {
        if let Some(found) = line.strip_prefix("name = ") {
            name = found.trim_matches('"').strip_prefix("aws-sdk-");
        } else if let (Some(name), Some(version)) = (name, line.strip_prefix("version = ")) {
            locked.insert(format!("{name} {}", version.trim_matches('"')));
        }
    }
    assert_eq!(listed, locked, "run tests/it/sdk_operations.sh and read what it changes");
}

#[test]
fn the_table_lets_no_write_of_the_sdk_through() {
    let all = sdk_operations();
    assert!(all.len() > 450, "only {} operations are listed", all.len());
    let reads = ["BatchGet", "Describe", "Get", "List", "Lookup", "Select"];
    let mut allowed = 0;
    for (service, name) in all {
        let Some(row) = find(service, name) else { continue };
        allowed += 1;
        let query = service == "CloudTrail" && (name == "StartQuery" || name == "CancelQuery");
        assert!(query || reads.iter().any(|verb| name.starts_with(verb)), "{} is let through", row.label);
    }
    assert!(allowed > 100, "only {allowed} rows are operations of the SDK crates");
}

/// Rows that a control needs and that AWS's own models hold, though the Rust crate in use is older than they are.
const NEWER: &[&str] =
    &["dynamodb:DescribeBulkOperation", "dynamodb:ListBulkOperations", "guardduty:ListInvestigationRecords"];

#[test]
fn rows_of_linked_services_are_operations_that_the_sdk_has() {
    let all: BTreeSet<_> = sdk_operations().into_iter().collect();
    let services: BTreeSet<_> = all.iter().map(|(service, _)| *service).collect();
    for row in OPERATIONS.iter().filter(|row| services.contains(row.sdk_service)) {
        let newer = NEWER.contains(&row.label);
        assert_eq!(all.contains(&(row.sdk_service, row.name)), !newer, "does the SDK have {}?", row.label);
    }
}

#[test]
fn operations_that_carry_items_secrets_or_credentials_are_not_let_through() {
    for (service, name) in [
        ("DynamoDB", "BatchExecuteStatement"),
        ("DynamoDB", "BatchGetItem"),
        ("DynamoDB", "BatchWriteItem"),
        ("DynamoDB", "DeleteItem"),
        ("DynamoDB", "ExecuteStatement"),
        ("DynamoDB", "ExecuteTransaction"),
        ("DynamoDB", "ExportTableToPointInTime"),
        ("DynamoDB", "GetItem"),
        ("DynamoDB", "PutItem"),
        ("DynamoDB", "Query"),
        ("DynamoDB", "Scan"),
        ("DynamoDB", "TransactGetItems"),
        ("DynamoDB", "TransactWriteItems"),
        ("DynamoDB", "UpdateItem"),
        ("CloudFormation", "DetectStackDrift"),
        ("CloudFormation", "GetTemplate"),
        ("KMS", "Decrypt"),
        ("KMS", "GenerateDataKey"),
        ("KMS", "GetParametersForImport"),
        ("STS", "AssumeRole"),
        ("STS", "GetFederationToken"),
        ("STS", "GetSessionToken"),
        ("SSO", "GetRoleCredentials"),
        ("SSO OIDC", "CreateToken"),
    ] {
        assert!(sdk_operations().contains(&(service, name)), "the SDK has no {service}:{name}");
        assert!(find(service, name).is_none(), "{service}:{name} is let through");
    }
}
