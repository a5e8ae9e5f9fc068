//! Every polled operation × every fault, through the whole pipeline in simulated time.

use std::time::Duration;

use dynakeep::aws::{Command, Settings};
use dynakeep::model::Source;
use dynakeep::wire::demo::{Demo, DemoOptions};
use dynakeep::wire::fault::Fault;

use crate::harness::{Session, demo_options, settings};

/// Every operation that is polled, with the source that polls it.
pub(crate) const POLLED: &[(&str, Source)] = &[
    ("sts:GetCallerIdentity", Source::Identity),
    ("dynamodb:ListTables", Source::Tables),
    ("dynamodb:DescribeTable", Source::Tables),
    ("dynamodb:DescribeContinuousBackups", Source::Tables),
    ("dynamodb:DescribeTimeToLive", Source::Tables),
    ("dynamodb:ListTagsOfResource", Source::Tables),
    ("dynamodb:GetResourcePolicy", Source::Tables),
    ("dynamodb:DescribeKinesisStreamingDestination", Source::Tables),
    ("dynamodb:ListContributorInsights", Source::Tables),
    ("kinesis:DescribeStreamSummary", Source::Tables),
    ("dynamodb:ListBackups", Source::Backups),
    ("dynamodb:DescribeBackup", Source::Backups),
    ("kms:DescribeKey", Source::Keys),
    ("kms:GetKeyRotationStatus", Source::Keys),
    ("guardduty:ListDetectors", Source::Findings),
    ("guardduty:GetDetector", Source::Findings),
    ("guardduty:ListFilters", Source::Findings),
    ("guardduty:GetFilter", Source::Findings),
    ("guardduty:ListFindings", Source::Findings),
    ("guardduty:GetFindings", Source::Findings),
    ("config:DescribeConfigurationRecorders", Source::Compliance),
    ("config:DescribeConfigurationRecorderStatus", Source::Compliance),
    ("config:DescribeConfigRules", Source::Compliance),
    ("config:DescribeComplianceByConfigRule", Source::Compliance),
    ("config:GetComplianceDetailsByConfigRule", Source::Compliance),
    ("config:DescribeRemediationConfigurations", Source::Compliance),
    ("config:DescribeRemediationExecutionStatus", Source::Compliance),
    ("cloudformation:DescribeStacks", Source::Drift),
    ("cloudformation:ListStackResources", Source::Drift),
    ("cloudformation:DescribeStackResourceDrifts", Source::Drift),
    ("config:GetResourceConfigHistory", Source::Drift),
    ("cloudtrail:DescribeTrails", Source::Trails),
    ("cloudtrail:GetTrailStatus", Source::Trails),
    ("cloudtrail:GetEventSelectors", Source::Trails),
    ("cloudtrail:GetInsightSelectors", Source::Trails),
    ("cloudtrail:LookupEvents", Source::Events),
    ("ec2:DescribeVpcs", Source::Network),
    ("ec2:DescribeVpcEndpoints", Source::Network),
    ("ec2:DescribeRouteTables", Source::Network),
    ("ec2:DescribeSubnets", Source::Network),
    ("ec2:DescribeNetworkInterfaces", Source::Network),
    ("kms:GetKeyPolicy", Source::Keys),
    ("kms:ListGrants", Source::Keys),
    ("backup:ListBackupPlans", Source::Settings),
    ("backup:GetBackupPlan", Source::Settings),
    ("backup:ListBackupSelections", Source::Settings),
    ("backup:GetBackupSelection", Source::Settings),
    ("backup:ListBackupVaults", Source::Settings),
    ("backup:GetBackupVaultAccessPolicy", Source::Settings),
    ("backup:ListRecoveryPointsByBackupVault", Source::Settings),
    ("backup:ListProtectedResources", Source::Settings),
    ("backup:ListCopyJobs", Source::Settings),
    ("backup:ListRestoreJobs", Source::Settings),
    ("backup:DescribeRegionSettings", Source::Settings),
    ("events:ListRules", Source::Settings),
    ("events:ListTargetsByRule", Source::Settings),
    ("securityhub:DescribeHub", Source::Settings),
    ("securityhub:GetEnabledStandards", Source::Settings),
    ("dax:DescribeClusters", Source::Settings),
    ("dynamodb:ListExports", Source::Settings),
    ("dynamodb:DescribeExport", Source::Settings),
    ("dynamodb:DescribeLimits", Source::Settings),
    ("s3:GetBucketVersioning", Source::Settings),
    ("s3:GetPublicAccessBlock", Source::Settings),
    ("s3:GetBucketPolicyStatus", Source::Settings),
    ("s3:GetBucketLifecycleConfiguration", Source::Settings),
    ("s3:GetObjectLockConfiguration", Source::Settings),
    ("s3:GetBucketReplication", Source::Settings),
    ("ec2:DescribeFlowLogs", Source::Settings),
    ("ec2:DescribeSecurityGroups", Source::Settings),
    ("ec2:DescribeNetworkAcls", Source::Settings),
    ("ec2:DescribePrefixLists", Source::Settings),
    ("iam:GetAccountAuthorizationDetails", Source::Settings),
    ("iam:GetCredentialReport", Source::Settings),
    ("iam:GetAccountSummary", Source::Settings),
    ("cloudtrail:LookupEvents", Source::Settings),
    ("organizations:DescribeOrganization", Source::Settings),
    ("organizations:ListParents", Source::Settings),
    ("organizations:ListPoliciesForTarget", Source::Settings),
    ("organizations:DescribePolicy", Source::Settings),
    ("application-autoscaling:DescribeScalableTargets", Source::Settings),
    ("accessanalyzer:ListAnalyzers", Source::Settings),
    ("accessanalyzer:ListFindingsV2", Source::Settings),
    ("macie2:GetMacieSession", Source::Settings),
    ("auditmanager:GetAccountStatus", Source::Settings),
    ("dynamodb:ListImports", Source::Settings),
    ("dynamodb:ListBulkOperations", Source::Settings),
    ("dynamodb:DescribeBulkOperation", Source::Settings),
    ("lambda:ListEventSourceMappings", Source::Settings),
    ("cloudwatch:DescribeAlarms", Source::Settings),
    ("logs:DescribeMetricFilters", Source::Settings),
    ("cloudtrail:ListEventDataStores", Source::Settings),
    ("cloudtrail:GetEventDataStore", Source::Settings),
    ("guardduty:ListPublishingDestinations", Source::Settings),
    ("guardduty:ListCustomDetectionRules", Source::Settings),
    ("guardduty:ListCustomDetectionRuleAssociations", Source::Settings),
    ("cloudfront:GetDistributionConfig", Source::Settings),
    ("wafv2:GetWebACLForResource", Source::Settings),
    ("wafv2:GetWebACL", Source::Settings),
    ("wafv2:GetLoggingConfiguration", Source::Settings),
    ("shield:GetSubscriptionState", Source::Settings),
    ("shield:ListProtections", Source::Settings),
];

/// What each fault is called on the screen.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::AccessDenied, "denied"),
    (Fault::Throttle, "throttled"),
    (Fault::ServerError, "service error"),
    (Fault::Html, "malformed"),
    (Fault::Hang, "offline"),
    (Fault::Reset, "offline"),
    (Fault::Truncated, "malformed"),
    (Fault::WrongTypes, "malformed"),
    (Fault::EndlessPages, "malformed"),
    (Fault::ExpiredToken, "expired"),
];

/// Operations that answer in pages, where pages without end are a fault. `LookupEvents` is read back to a moment,
/// newest first, so it stops by itself.
const PAGED: &[&str] = &[
    "dynamodb:ListTables",
    "dynamodb:ListTagsOfResource",
    "dynamodb:ListContributorInsights",
    "dynamodb:ListBackups",
    "guardduty:ListDetectors",
    "guardduty:ListFilters",
    "guardduty:ListFindings",
    "config:DescribeConfigRules",
    "config:DescribeComplianceByConfigRule",
    "config:GetComplianceDetailsByConfigRule",
    "config:DescribeRemediationExecutionStatus",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "cloudformation:DescribeStackResourceDrifts",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSubnets",
    "ec2:DescribeNetworkInterfaces",
    "kms:ListGrants",
    "backup:ListBackupPlans",
    "backup:ListBackupSelections",
    "backup:ListBackupVaults",
    "backup:ListRecoveryPointsByBackupVault",
    "backup:ListProtectedResources",
    "backup:ListCopyJobs",
    "backup:ListRestoreJobs",
    "events:ListRules",
    "events:ListTargetsByRule",
    "securityhub:GetEnabledStandards",
    "dax:DescribeClusters",
    "dynamodb:ListExports",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribePrefixLists",
    "iam:GetAccountAuthorizationDetails",
    "organizations:ListPoliciesForTarget",
    "application-autoscaling:DescribeScalableTargets",
    "accessanalyzer:ListAnalyzers",
    "accessanalyzer:ListFindingsV2",
    "dynamodb:ListImports",
    "dynamodb:ListBulkOperations",
    "lambda:ListEventSourceMappings",
    "cloudwatch:DescribeAlarms",
    "logs:DescribeMetricFilters",
    "cloudtrail:ListEventDataStores",
    "guardduty:ListPublishingDestinations",
    "guardduty:ListCustomDetectionRules",
    "guardduty:ListCustomDetectionRuleAssociations",
    "shield:ListProtections",
];

/// A small estate of one scope, of which only what the source needs is polled.
fn session(source: Source) -> Session {
    let options = DemoOptions { tables: 0, findings: 0, events: 50, ..demo_options() };
    let sources = if source == Source::Keys { vec![Source::Tables, source] } else { vec![source] };
    let settings = Settings { sources, regions: vec!["eu-west-1".to_owned()], ..settings() };
    Session::over(Demo::new(options, None).wire(), settings, (120, 40), true, |_| {})
}

/// Sweeps of a source that have ended, scope by scope.
fn sweeps(session: &Session, source: Source) -> Vec<u64> {
    let of = session.app.store.freshness().filter(|((kind, _), _)| *kind == source);
    of.map(|(_, freshness)| freshness.sweeps).collect()
}

/// The faults of the newest sweeps of a source.
fn faults(session: &Session, source: Source) -> Vec<String> {
    let of = session.app.store.freshness().filter(|((kind, _), _)| *kind == source);
    let faults = of.flat_map(|(_, freshness)| {
        let whole = freshness.fault.iter().map(|fault| fault.error.to_string());
        whole.chain(freshness.partial.iter().map(|(error, _)| error.to_string()))
    });
    faults.collect()
}

/// Sweeps once more and waits for its end: the sweep that runs now may have begun before, the next one has not.
fn sweep(session: &mut Session, source: Source, why: &str) -> Vec<String> {
    let before = sweeps(session, source);
    session.send(Command::Refresh(Some(source)));
    let what = format!("{} swept again: {why}", source.name());
    let again =
        |session: &mut Session| sweeps(session, source).iter().zip(&before).all(|(now, before)| *now > before + 1);
    session.until(&what, again, Duration::from_secs(7200));
    faults(session, source)
}

/// How much is known: what a fault must not take away.
fn known(session: &Session) -> [usize; 7] {
    let estate = session.app.store.estate();
    let facets = estate.tables.values().map(|table| {
        usize::from(table.description.seen.is_some())
            + usize::from(table.pitr.seen.is_some())
            + usize::from(table.ttl.seen.is_some())
            + usize::from(table.tags.seen.is_some())
            + usize::from(table.policy.seen.is_some())
    });
    [
        facets.sum(),
        estate.keys.values().filter(|key| key.seen.is_some()).count(),
        estate.findings.len(),
        estate.rules.len() + estate.evaluations.values().filter(|cell| cell.seen.is_some()).count(),
        estate.stacks.len(),
        estate.trails.len(),
        session.app.store.events().len(),
    ]
}

fn look_everywhere(session: &mut Session) {
    for key in ["1", "2", "3", "4", "5", "6", "7", "9", "!"] {
        session.press(key);
    }
}

/// Every fault of every operation of a source, or of each so many of them: sources of many operations are taken apart.
fn survives(source: Source, (part, parts): (usize, usize)) {
    let mut session = session(source);
    session.settle();
    let calm = faults(&session, source);
    let mut tried = 0;
    let of = POLLED.iter().filter(|(_, of)| *of == source).enumerate().filter(|(at, _)| at % parts == part);
    for (_, (operation, _)) in of {
        for (fault, word) in FAULTS {
            if *fault == Fault::EndlessPages && !PAGED.contains(operation) {
                continue;
            }
            let before = known(&session);
            session.injector.set(operation, *fault);
            let name = format!("{operation} × {fault:?}");
            let met = sweep(&mut session, source, &name);
            assert!(met.iter().any(|fault| fault.contains(word)), "{name}: no {word:?} in {met:?}");
            look_everywhere(&mut session);
            session.press("9").shows(word);
            let after = known(&session);
            assert!(before.iter().zip(&after).all(|(before, after)| after >= before), "{name}: {before:?} → {after:?}");
            session.injector.clear();
            let healed = sweep(&mut session, source, &format!("healed of {name}"));
            assert_eq!(healed.len(), calm.len(), "{name}: after the fault ended: {healed:?}, before it: {calm:?}");
            tried += 1;
        }
    }
    assert!(tried > 0);
    println!("{}: {tried} operations × faults", source.name());
}

macro_rules! matrix {
    ($($test:ident: $source:ident $part:literal of $parts:literal),+ $(,)?) => {$(
        #[test]
        fn $test() {
            survives(Source::$source, ($part, $parts));
        }
    )+};
}

matrix! {
    tables_survive: Tables 0 of 1,
    keys_survive: Keys 0 of 1,
    backups_survive: Backups 0 of 1,
    findings_survive: Findings 0 of 1,
    compliance_survives: Compliance 0 of 1,
    drift_survives: Drift 0 of 1,
    network_survives: Network 0 of 1,
    trails_survive: Trails 0 of 1,
    events_survive: Events 0 of 1,
    settings_survive_0: Settings 0 of 4,
    settings_survive_1: Settings 1 of 4,
    settings_survive_2: Settings 2 of 4,
    settings_survive_3: Settings 3 of 4,
}

#[test]
fn every_polled_operation_is_in_the_matrix_and_in_the_table() {
    let mut session = Session::demo(120, 40);
    session.settle();
    let called: std::collections::BTreeSet<&str> =
        session.app.store.ledger().iter().map(|call| call.operation).collect();
    for operation in &called {
        assert!(dynakeep::operations::by_label(operation).is_some(), "{operation} is not in the table");
        assert!(POLLED.iter().any(|(label, _)| label == operation), "{operation} is polled and not in the matrix");
    }
    for (operation, _) in POLLED {
        assert!(called.contains(operation), "{operation} is in the matrix and not polled");
    }
}

#[test]
fn a_fault_from_the_first_call_on_is_unknown_and_never_a_verdict() {
    for (fault, word) in FAULTS {
        let mut session =
            Session::broken(120, 40, |injector| injector.set("dynamodb:DescribeContinuousBackups", *fault));
        if *fault == Fault::EndlessPages {
            continue;
        }
        session.settle();
        let store = &session.app.store;
        let judged: Vec<_> = store.judgements().filter(|judgement| judgement.control == "RES-01").collect();
        assert!(!judged.is_empty());
        for judgement in judged {
            assert_eq!(judgement.verdict.word(), "unknown", "{fault:?}: {judgement:?}");
            assert!(judgement.reason.contains(word), "{fault:?}: {}", judgement.reason);
        }
    }
}

#[test]
fn a_body_of_twenty_megabytes_is_taken_or_refused_and_nothing_breaks() {
    let mut session = session(Source::Trails);
    session.settle();
    session.injector.set("cloudtrail:DescribeTrails", Fault::HugeBody);
    sweep(&mut session, Source::Trails, "first");
    look_everywhere(&mut session);
}

#[test]
fn an_expired_session_keeps_the_last_state_and_says_how_to_log_in() {
    let mut session = Session::demo(120, 40);
    session.settle();
    session.injector.set("*", Fault::ExpiredToken);
    session.press("^R");
    session.run(Duration::from_secs(120));
    session.press("5").shows("orders").shows("expired").shows("aws sso login");
    session.injector.clear();
    session.press("^R");
    session.until("polling resumes", |session| !session.screen().contains("aws sso login"), Duration::from_secs(7200));
}
