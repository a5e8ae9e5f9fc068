//! Findings: those of the story as they grow, and those that any account collects.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Call;
use super::incident::{self, Signal};
use super::kit::{hex, iso, mix};
use super::story::{self, night};
use super::world::{DATA, PROD, Realm, Timed};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The stolen key of the story.
    StolenKey,
    /// The sequence of all that was done with it.
    Sequence,
    /// The account's root user.
    Root,
    /// An instance that was probed from outside.
    Instance,
    /// A bucket.
    Bucket,
}

/// A finding.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub id: String,
    pub kind: &'static str,
    pub severity: f64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub first: Timestamp,
    pub last: Timestamp,
    pub count: i64,
    pub archived: bool,
    pub sample: bool,
    pub about: About,
    pub title: String,
    pub description: String,
    /// The API called, with its service.
    pub api: (&'static str, &'static str),
    pub error: Option<&'static str>,
    pub address: String,
}

/// Findings of one account and region.
pub(super) fn build(realm: &Realm, count: usize) -> Vec<Timed<Finding>> {
    let mut all = match (realm.account, realm.region) {
        (PROD, "eu-west-1") => story_of_prod(realm),
        (PROD, "us-east-1") => {
            let title = "An API was called from an address on a custom threat list.";
            let text = "The role app-orders called DescribeTable on payroll from 203.0.113.7; the call was refused.";
            let recon = stolen(realm, 8, ("Recon:IAMUser/MaliciousIPCaller.Custom", 5.0), night(61, 4), (title, text));
            let refused = Finding { api: ("DescribeTable", DYNAMODB), error: Some("AccessDenied"), count: 2, ..recon };
            vec![Timed::still(Finding { first: night(52, 40), last: night(52, 58), ..refused })]
        }
        (DATA, "eu-west-1") => Vec::new(),
        _ => return Vec::new(),
    };
    all.extend((0..count).map(|place| Timed::still(ordinary(realm, place as u64))));
    all
}

const DYNAMODB: &str = "dynamodb.amazonaws.com";
const KINDS: [(&str, f64, About, &str, &str); 8] = [
    (
        "Recon:EC2/PortProbeUnprotectedPort",
        2.0,
        About::Instance,
        "An unprotected port is being probed.",
        "An open port of the instance is probed from many addresses.",
    ),
    (
        "Policy:IAMUser/RootCredentialUsage",
        2.0,
        About::Root,
        "The root user's credentials were used.",
        "DescribeAlarms was called with the credentials of the root user.",
    ),
    (
        "UnauthorizedAccess:EC2/SSHBruteForce",
        2.0,
        About::Instance,
        "SSH is being guessed at.",
        "One address tries many passwords against port 22 of the instance.",
    ),
    (
        "Policy:S3/BucketBlockPublicAccessDisabled",
        2.0,
        About::Bucket,
        "Block Public Access is off for a bucket.",
        "PutBucketPublicAccessBlock lowered the bucket's own protection.",
    ),
    (
        "Recon:EC2/Portscan",
        5.0,
        About::Instance,
        "The instance scans ports of another host.",
        "The instance has tried a range of ports of one remote host.",
    ),
    (
        "Behavior:EC2/NetworkPortUnusual",
        5.0,
        About::Instance,
        "The instance uses an unusual port.",
        "The instance talks to a remote host on a port it never used before.",
    ),
    (
        "UnauthorizedAccess:EC2/MaliciousIPCaller.Custom",
        5.0,
        About::Instance,
        "A listed address was contacted.",
        "The instance talks to an address on a custom threat list.",
    ),
    (
        "Trojan:EC2/DNSDataExfiltration",
        8.0,
        About::Instance,
        "Data leaves by way of DNS.",
        "The instance sends data out inside the names it asks DNS for.",
    ),
];

/// One of many: old, mostly low, some archived, some samples.
fn ordinary(realm: &Realm, place: u64) -> Finding {
    let luck = mix(realm.seed ^ 0xF1D, place);
    let sample = place % 9 == 4;
    // High ones are rare, and only among samples and the archived.
    let kinds = if sample { 8 } else { 7 };
    let kind = KINDS.get((luck % kinds) as usize).copied().unwrap_or(KINDS[0]);
    let (kind, severity, about, title, text) = kind;
    let minutes = i64::try_from(mix(luck, 1) % (14 * 24 * 60)).unwrap_or_default();
    let first = night(0, 0) - SignedDuration::from_mins(minutes + 60);
    let last = first + SignedDuration::from_mins(i64::try_from(mix(luck, 2) % 50).unwrap_or_default());
    let created = first + SignedDuration::from_secs(311);
    Finding {
        id: hex(luck, 3, 32),
        kind,
        severity,
        created,
        updated: last.max(created) + SignedDuration::from_mins(5),
        first,
        last,
        count: i64::try_from(1 + mix(luck, 4) % 40).unwrap_or(1),
        archived: sample || mix(luck, 5).is_multiple_of(3),
        sample,
        about,
        title: if sample { format!("[SAMPLE] {title}") } else { title.to_owned() },
        description: text.to_owned(),
        api: match about {
            About::Root => ("DescribeAlarms", "monitoring.amazonaws.com"),
            _ => ("PutBucketPublicAccessBlock", "s3.amazonaws.com"),
        },
        error: None,
        // Nobody's of this estate: those are below 100.
        address: format!("198.51.100.{}", 100 + mix(luck, 6) % 150),
    }
}

/// A finding about the stolen key.
fn stolen(realm: &Realm, place: u64, kind: (&'static str, f64), created: Timestamp, words: (&str, &str)) -> Finding {
    Finding {
        id: hex(realm.seed ^ 0x57E4, place, 32),
        kind: kind.0,
        severity: kind.1,
        created,
        updated: created,
        first: incident::FIRST_SEEN,
        last: created - SignedDuration::from_secs(95),
        count: 1,
        archived: false,
        sample: false,
        about: About::StolenKey,
        title: words.0.to_owned(),
        description: words.1.to_owned(),
        api: ("ListTables", DYNAMODB),
        error: None,
        address: incident::ADDRESS.to_owned(),
    }
}

fn story_of_prod(realm: &Realm) -> Vec<Timed<Finding>> {
    let stolen = |place, kind, severity, created, title: &str, text: &str| {
        stolen(realm, place, (kind, severity), created, (title, text))
    };
    let discovery = stolen(
        1,
        "Discovery:IAMUser/AnomalousBehavior",
        2.0,
        night(63, 10),
        "The role app-orders called discovery APIs in an unusual way.",
        "ListTables and DescribeTable were called by app-orders, who never calls them, from an unusual network.",
    );
    let exfiltrated = stolen(
        2,
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
        8.0,
        night(65, 0),
        "Credentials of an instance are used from outside AWS.",
        "Credentials made for instance i-0abc1d2e3f4a5b6c7 by its role app-orders are used from 203.0.113.7.",
    );
    let sequence = stolen(
        3,
        "AttackSequence:IAM/CompromisedCredentials",
        9.1,
        story::FIRST_CRITICAL,
        "Potential credential compromise of AssumedRole/app-orders, indicated by a sequence of actions.",
        "A sequence of actions with credentials of app-orders points to their theft: discovery from an unusual \
         network, then protections of DynamoDB tables were lowered and a table was exported to another account.",
    );
    let mut found = vec![
        Timed::still(Finding { count: 4, ..discovery }),
        Timed::still(Finding { api: ("GetCallerIdentity", "sts.amazonaws.com"), count: 9, ..exfiltrated }).then(
            night(75, 0),
            |finding, at| {
                (finding.updated, finding.last, finding.count) = (at, incident::LAST_SEEN, 15);
            },
        ),
        Timed::still(Finding { about: About::Sequence, count: 10, ..sequence }).then(night(73, 30), |finding, at| {
            (finding.updated, finding.last, finding.count) = (at, incident::LAST_SEEN, 14);
            finding.severity = 9.6;
        }),
    ];
    found.extend(later_in_prod(realm));
    found
}

/// What GuardDuty finds after the first critical finding.
fn later_in_prod(realm: &Realm) -> Vec<Timed<Finding>> {
    let stolen = |place, kind, severity, created, title: &str, text: &str| {
        stolen(realm, place, (kind, severity), created, (title, text))
    };
    let impact = stolen(
        4,
        "Impact:IAMUser/AnomalousBehavior",
        8.0,
        night(69, 30),
        "The role app-orders called APIs that lower protections in an unusual way.",
        "UpdateContinuousBackups and UpdateTable were called by app-orders from an unusual network.",
    );
    let stealth = stolen(
        5,
        "Stealth:IAMUser/CloudTrailLoggingDisabled",
        2.0,
        night(74, 12),
        "The trail org-main was stopped.",
        "StopLogging was called on the trail org-main by app-orders.",
    );
    let export = stolen(
        6,
        "Exfiltration:IAMUser/AnomalousBehavior",
        8.0,
        night(77, 41),
        "The role app-orders called APIs that move data out in an unusual way.",
        "ExportTableToPointInTime was called by app-orders with a bucket of another account.",
    );
    vec![
        Timed::still(Finding { api: ("UpdateContinuousBackups", DYNAMODB), count: 3, ..impact }),
        Timed::still(Finding { api: ("StopLogging", "cloudtrail.amazonaws.com"), ..stealth }),
        Timed::still(Finding { api: ("ExportTableToPointInTime", DYNAMODB), ..export }),
    ]
}

/// A finding as GuardDuty's API tells it.
pub(super) fn render(call: &Call<'_>, finding: &Finding, detector: &str) -> Value {
    let realm = call.realm;
    let mut service = json!({
        "serviceName": "guardduty",
        "detectorId": detector,
        "archived": finding.archived,
        "count": finding.count,
        "eventFirstSeen": iso(finding.first),
        "eventLastSeen": iso(finding.last),
        "resourceRole": "TARGET",
        "featureName": "CloudTrail",
        "additionalInfo": {
            "type": "default",
            "value": if finding.sample { "{\"sample\":true}" } else { "{}" },
        },
    });
    if let Some(fields) = service.as_object_mut() {
        if finding.about == About::Sequence {
            fields.insert("detection".to_owned(), json!({ "sequence": sequence(call, finding) }));
        } else {
            fields.insert("action".to_owned(), action(call, finding));
        }
    }
    let sequence = realm.findings.iter().map(Timed::first).find(|other| other.about == About::Sequence);
    let associated = sequence
        .filter(|sequence| finding.about == About::StolenKey && sequence.created <= call.now)
        .map(|sequence| realm.arn("guardduty", &format!("detector/{detector}/finding/{}", sequence.id)));
    json!({
        "schemaVersion": "2.0",
        "accountId": realm.account,
        "region": realm.region,
        "partition": "aws",
        "id": finding.id,
        "arn": realm.arn("guardduty", &format!("detector/{detector}/finding/{}", finding.id)),
        "type": finding.kind,
        "resource": resource(call, finding),
        "service": service,
        "severity": finding.severity,
        "createdAt": iso(finding.created),
        "updatedAt": iso(finding.updated),
        "title": call.words(&finding.title),
        "associatedAttackSequenceArn": associated,
        "description": call.long_words(&finding.description, finding.severity > 8.9),
    })
}

fn resource(call: &Call<'_>, finding: &Finding) -> Value {
    let place = mix(call.realm.seed, finding.created.as_second().unsigned_abs());
    match finding.about {
        About::Sequence => json!({ "resourceType": "AttackSequence" }),
        About::StolenKey => json!({
            "resourceType": "AccessKey",
            "accessKeyDetails": {
                "accessKeyId": incident::ACCESS_KEY,
                "principalId": incident::PRINCIPAL_ID,
                "userName": incident::ROLE,
                "userType": "AssumedRole",
            },
            "instanceDetails": instance(call, incident::INSTANCE),
        }),
        About::Root => json!({
            "resourceType": "AccessKey",
            "accessKeyDetails": {
                "accessKeyId": "", "principalId": call.realm.account, "userName": "Root", "userType": "Root",
            },
        }),
        About::Instance => json!({
            "resourceType": "Instance",
            "instanceDetails": instance(call, &format!("i-0{}", hex(place, 1, 16))),
        }),
        About::Bucket => json!({
            "resourceType": "S3Bucket",
            "s3BucketDetails": [{
                "arn": format!("arn:aws:s3:::assets-{}", hex(place, 2, 6)),
                "name": format!("assets-{}", hex(place, 2, 6)),
                "type": "Destination",
                "tags": [{ "key": "team", "value": call.words("growth") }],
            }],
        }),
    }
}

fn instance(call: &Call<'_>, id: &str) -> Value {
    json!({
        "instanceId": id,
        "instanceType": "m7g.large",
        "instanceState": "running",
        "availabilityZone": format!("{}a", call.realm.region),
        "imageId": "ami-0123456789abcdef0",
        "imageDescription": call.words("service base image"),
        "launchTime": iso(night(0, 0) - SignedDuration::from_hours(80)),
        "iamInstanceProfile": {
            "arn": format!("arn:aws:iam::{}:instance-profile/{}", call.realm.account, incident::ROLE),
            "id": "AIPADEMOAPPORDERS0001",
        },
        "tags": [{ "key": "Name", "value": call.words("orders-api") }],
        "networkInterfaces": [{
            "networkInterfaceId": format!("eni-0{}", hex(call.realm.seed, 9, 16)),
            "privateIpAddress": "10.20.1.15",
            "vpcId": format!("vpc-0{}", hex(call.realm.seed ^ 0x6E7, 0, 16)),
        }],
    })
}

fn action(call: &Call<'_>, finding: &Finding) -> Value {
    let remote = json!({
        "ipAddressV4": finding.address,
        "city": { "cityName": call.words("Exampleton") },
        "country": { "countryCode": "ZZ", "countryName": call.words("Example Land") },
        "geoLocation": { "lat": 0.0, "lon": 0.0 },
        "organization": {
            "asn": "64500",
            "asnOrg": call.words("Example Hosting"),
            "isp": call.words("Example Hosting"),
            "org": call.words("Example Hosting"),
        },
    });
    if finding.about == About::Instance {
        return json!({
            "actionType": "NETWORK_CONNECTION",
            "networkConnectionAction": {
                "blocked": false,
                "connectionDirection": "INBOUND",
                "localPortDetails": { "port": 22, "portName": "SSH" },
                "remotePortDetails": { "port": 50_234, "portName": "Unknown" },
                "protocol": "TCP",
                "remoteIpDetails": remote,
            },
        });
    }
    let (api, service) = finding.api;
    let mut called = json!({
        "api": api,
        "serviceName": service,
        "callerType": "Remote IP",
        "userAgent": call.words(incident::USER_AGENT),
        "remoteIpDetails": remote,
        "affectedResources": {},
    });
    if let (Some(error), Some(fields)) = (finding.error, called.as_object_mut()) {
        fields.insert("errorCode".to_owned(), json!(error));
    }
    json!({ "actionType": "AWS_API_CALL", "awsApiCallAction": called })
}

fn sequence(call: &Call<'_>, finding: &Finding) -> Value {
    let signals = incident::signals(call.realm, call.now.min(finding.updated));
    let seconds = |at: Timestamp| json!(at.as_second());
    let signal = |signal: &Signal| {
        json!({
            "uid": signal.uid,
            "type": signal.kind,
            "name": signal.name,
            "description": call.words(&signal.description),
            "createdAt": seconds(signal.at),
            "updatedAt": seconds(signal.at),
            "firstSeenAt": seconds(signal.at),
            "lastSeenAt": seconds(signal.last),
            "severity": signal.severity,
            "count": signal.count,
            "resourceUids": [incident::ACCESS_KEY],
            "actorIds": ["actor-1"],
            "endpointIds": ["endpoint-1"],
            "signalIndicators": [
                { "key": "HIGH_RISK_API", "values": [signal.risk], "title": "High-risk API" },
                { "key": "UNUSUAL_ASN_FOR_USER", "values": ["64500"], "title": "Unusual network" },
            ],
        })
    };
    json!({
        "uid": finding.id,
        "description": call.words(&finding.description),
        "actors": [sequence_actor(call)],
        "resources": [{
            "uid": incident::ACCESS_KEY,
            "name": incident::ACCESS_KEY,
            "accountId": call.realm.account,
            "resourceType": "ACCESS_KEY",
            "region": call.realm.region,
            "service": "iam",
            "cloudPartition": "aws",
            "data": { "accessKey": {
                "principalId": incident::PRINCIPAL_ID, "userName": incident::ROLE, "userType": "AssumedRole",
            } },
        }],
        "endpoints": [{
            "id": "endpoint-1",
            "ip": incident::ADDRESS,
            "location": { "city": call.words("Exampleton"), "country": "Example Land", "lat": 0.0, "lon": 0.0 },
            "autonomousSystem": { "name": call.words("Example Hosting"), "number": 64_500 },
        }],
        "signals": signals.iter().map(signal).collect::<Vec<_>>(),
        "sequenceIndicators": [
            { "key": "ATTACK_TACTIC", "values": ["Discovery", "Impact", "Exfiltration"], "title": "Tactics" },
            { "key": "UNUSUAL_ASN_FOR_USER", "values": ["64500"], "title": "Unusual network for this user" },
        ],
    })
}

fn sequence_actor(call: &Call<'_>) -> Value {
    let created = incident::SESSION_CREATED.as_second();
    json!({
        "id": "actor-1",
        "user": {
            "name": incident::ROLE,
            "uid": incident::PRINCIPAL_ID,
            "type": "AssumedRole",
            "credentialUid": incident::ACCESS_KEY,
            "account": { "uid": call.realm.account, "account": call.words("acme-prod") },
        },
        "session": {
            "uid": incident::INSTANCE,
            "mfaStatus": "DISABLED",
            "createdTime": created,
            "issuer": format!("arn:aws:iam::{}:role/{}", call.realm.account, incident::ROLE),
        },
    })
}
