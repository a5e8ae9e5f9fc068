//! One GuardDuty finding, read from its JSON.
//!
//! Findings are read from the JSON and not from the SDK's types: the whole finding is kept, and both spellings
//! that occur on wires, `accessKeyId` and `AccessKeyId`, are understood.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Actor, Finding, FindingAction, Scope, Signal};

use super::member::{get, list, path, text, time};

/// The findings in an answer of `GetFindings`; `None` when the answer holds no list of them.
pub fn all(body: &str, scope: &Scope) -> Option<Vec<Finding>> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow, alias = "Findings")]
        findings: Vec<&'a RawValue>,
    }
    let answer: Answer<'_> = serde_json::from_str(body).ok()?;
    Some(answer.findings.into_iter().map(|finding| read(finding.get(), scope)).collect())
}

/// Reads one finding. One that lacks an id, a type or a severity is marked as broken, kept whole, and known by what it
/// says: it must not take the others of its answer with it. Its text stays as it came: numbers, repeated members and all.
pub fn read(raw: &str, scope: &Scope) -> Finding {
    let finding = &serde_json::from_str(raw).unwrap_or(Value::Null);
    let service = get(finding, "Service");
    let resource = get(finding, "Resource");
    let key = get(resource, "AccessKeyDetails");
    let sequence = path(service, &["Detection", "Sequence"]);
    let actor = list(get(sequence, "Actors")).first().unwrap_or(&Value::Null);
    let count = path(service, &["Count"]).as_i64().and_then(|count| i32::try_from(count).ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    let tenths = |severity: f64| (severity * 10.0).round().clamp(0.0, 100.0) as u16;
    let (id, kind) = (text(finding, &["Id"]), text(finding, &["Type"]));
    let severity = get(finding, "Severity").as_f64().map(tenths);
    let lacks = [(id.is_none(), "Id"), (kind.is_none(), "Type"), (severity.is_none(), "Severity")];
    let lacks: Vec<&str> = lacks.into_iter().filter_map(|(lacks, name)| lacks.then_some(name)).collect();
    Finding {
        id: id.unwrap_or_else(|| format!("broken-{:016x}", digest(raw))),
        arn: text(finding, &["Arn"]).unwrap_or_default(),
        scope: scope.clone(),
        account: text(finding, &["AccountId"]).unwrap_or_else(|| scope.account.clone()),
        region: text(finding, &["Region"]).unwrap_or_else(|| scope.region.clone()),
        kind: kind.unwrap_or_else(|| "(no type)".to_owned()),
        severity_tenths: severity.unwrap_or(0),
        title: text(finding, &["Title"]).unwrap_or_default(),
        description: text(finding, &["Description"]).unwrap_or_default(),
        created: time(finding, &["CreatedAt"]),
        updated: time(finding, &["UpdatedAt"]),
        first: time(service, &["EventFirstSeen"]),
        last: time(service, &["EventLastSeen"]),
        count: count.unwrap_or(1),
        archived: get(service, "Archived").as_bool().unwrap_or(false),
        sample: is_sample(service),
        resource_type: text(resource, &["ResourceType"]),
        access_key: text(key, &["AccessKeyId"]).or_else(|| text(actor, &["User", "CredentialUid"])),
        principal_id: text(key, &["PrincipalId"]).or_else(|| text(actor, &["User", "Uid"])),
        principal: text(key, &["UserName"]).or_else(|| text(actor, &["User", "Name"])).or_else(|| {
            let arn = text(resource, &["InstanceDetails", "IamInstanceProfile", "Arn"])?;
            arn.rsplit('/').next().map(str::to_owned)
        }),
        principal_type: text(key, &["UserType"]).or_else(|| text(actor, &["User", "Type"])),
        action: action(get(service, "Action"), sequence),
        resources: resources(resource, service, sequence),
        actors: actors(sequence),
        endpoints: list(get(sequence, "Endpoints")).iter().filter_map(|end| text(end, &["Ip"])).collect(),
        signals: signals(sequence),
        sequence: text(finding, &["AssociatedAttackSequenceArn"]),
        broken: (!lacks.is_empty()).then(|| format!("it has no {}", lacks.join(", no "))),
        raw: raw.to_owned(),
    }
}

/// Tells answers apart that have no id.
fn digest(raw: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    raw.hash(&mut hash);
    hash.finish()
}

/// Samples say so in the additional information, which is JSON inside JSON.
fn is_sample(service: &Value) -> bool {
    let info = get(service, "AdditionalInfo");
    let inner = text(info, &["Value"]).and_then(|value| serde_json::from_str::<Value>(&value).ok());
    let says = |value: &Value| get(value, "Sample").as_bool() == Some(true);
    says(info) || inner.as_ref().is_some_and(says)
}

/// What was done. Each kind of action has a member of its own; a sequence has endpoints instead.
fn action(action: &Value, sequence: &Value) -> FindingAction {
    let api = get(action, "AwsApiCallAction");
    let own = action.as_object().into_iter().flat_map(|members| members.values());
    let remote = own.map(|member| get(member, "RemoteIpDetails")).find(|remote| remote.is_object());
    let ends = list(get(sequence, "Endpoints"));
    let remote = remote.or_else(|| ends.iter().find(|end| text(end, &["Ip"]).is_some())).unwrap_or(&Value::Null);
    let number = text(remote, &["Organization", "Asn"]).or_else(|| text(remote, &["AutonomousSystem", "Number"]));
    let name = text(remote, &["Organization", "AsnOrg"]).or_else(|| text(remote, &["AutonomousSystem", "Name"]));
    let asn = match (number, name) {
        (Some(number), Some(name)) => Some(format!("AS{number} {name}")),
        (Some(number), None) => Some(format!("AS{number}")),
        (None, name) => name,
    };
    let city = text(remote, &["City", "CityName"]).or_else(|| text(remote, &["Location", "City"]));
    let country = text(remote, &["Country", "CountryName"]).or_else(|| text(remote, &["Location", "Country"]));
    let place: Vec<String> = [city, country].into_iter().flatten().collect();
    FindingAction {
        kind: text(action, &["ActionType"]),
        api: text(api, &["Api"]),
        service: text(api, &["ServiceName"]),
        error: text(api, &["ErrorCode"]),
        ip: text(remote, &["IpAddressV4"]).or_else(|| text(remote, &["IpAddressV6"])).or_else(|| text(remote, &["Ip"])),
        asn,
        place: (!place.is_empty()).then(|| place.join(", ")),
        user_agent: text(api, &["UserAgent"]),
    }
}

/// What the finding itself names, each once, in its order.
fn resources(resource: &Value, service: &Value, sequence: &Value) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |name: Option<String>| {
        if let Some(name) = name.filter(|name| !all.contains(name)) {
            all.push(name);
        }
    };
    let buckets = list(get(resource, "S3BucketDetails")).iter();
    buckets.for_each(|bucket| add(text(bucket, &["Arn"]).or_else(|| text(bucket, &["Name"]))));
    add(text(resource, &["InstanceDetails", "InstanceId"]));
    add(text(resource, &["LambdaDetails", "FunctionArn"]));
    let affected = path(service, &["Action", "AwsApiCallAction", "AffectedResources"]);
    let affected = affected.as_object().into_iter().flat_map(|members| members.values());
    affected.for_each(|name| add(name.as_str().map(str::to_owned)));
    list(get(sequence, "Resources")).iter().for_each(|resource| add(text(resource, &["Uid"])));
    all
}

fn actors(sequence: &Value) -> Vec<Actor> {
    let one = |actor: &Value| Actor {
        id: text(actor, &["Id"]),
        name: text(actor, &["User", "Name"]),
        kind: text(actor, &["User", "Type"]),
        principal_id: text(actor, &["User", "Uid"]),
        access_key: text(actor, &["User", "CredentialUid"]),
        account: text(actor, &["User", "Account", "Uid"]),
        issuer: text(actor, &["Session", "Issuer"]),
        mfa: text(actor, &["Session", "MfaStatus"]),
        began: time(actor, &["Session", "CreatedTime"]),
    };
    list(get(sequence, "Actors")).iter().map(one).collect()
}

fn signals(sequence: &Value) -> Vec<Signal> {
    let mut signals: Vec<Signal> = list(get(sequence, "Signals"))
        .iter()
        .map(|signal| Signal {
            kind: text(signal, &["Type"]).unwrap_or_default(),
            name: text(signal, &["Name"]).unwrap_or_default(),
            first: time(signal, &["FirstSeenAt"]),
            last: time(signal, &["LastSeenAt"]),
            description: text(signal, &["Description"]),
        })
        .collect();
    signals.sort_by_key(|signal| signal.first);
    signals
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pascal(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (format!("{}{}", name[..1].to_uppercase(), &name[1..]), pascal(value)))
                .collect(),
            Value::Array(items) => items.iter().map(pascal).collect(),
            other => other.clone(),
        }
    }

    #[test]
    fn both_spellings_and_both_kinds_of_number_are_read() {
        let camel = json!({"findings": [{
            "id": "f1", "arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f1",
            "type": "AttackSequence:IAM/CompromisedCredentials", "severity": 8.5,
            "updatedAt": "2026-03-14T03:00:00.000Z",
            "resource": {"resourceType": "AccessKey", "accessKeyDetails": {"accessKeyId": "ASIAX", "userName": "app"}},
            "service": {"count": 3, "archived": false, "additionalInfo": {"value": "{\"sample\":true}"},
                "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {"api": "DeleteTable",
                    "remoteIpDetails": {"ipAddressV4": "203.0.113.9", "organization": {"asn": "64500", "asnOrg": "Ex"},
                        "country": {"countryName": "Norway"}}}},
                "detection": {"sequence": {"resources": [{"uid": "arn:aws:dynamodb:eu-west-1:111122223333:table/a"}],
                    "signals": [{"type": "CLOUD_TRAIL", "name": "b", "firstSeenAt": 1_773_460_000.5},
                        {"type": "FINDING", "name": "a", "firstSeenAt": 1_773_450_000}]}}}
        }]});
        let scope = Scope::new("111122223333", "eu-west-1");
        let mut read = all(&camel.to_string(), &scope).unwrap();
        let mut other = all(&pascal(&camel).to_string(), &scope).unwrap();
        other[0].raw.clone_from(&read[0].raw);
        assert_eq!(read, other);
        let finding = read.remove(0);
        assert_eq!((finding.severity_tenths, finding.count, finding.sample), (85, 3, true));
        assert_eq!(finding.action.asn.as_deref(), Some("AS64500 Ex"));
        assert_eq!(finding.action.ip.as_deref(), Some("203.0.113.9"));
        assert_eq!(finding.resources, ["arn:aws:dynamodb:eu-west-1:111122223333:table/a"]);
        let names: Vec<&str> = finding.signals.iter().map(|signal| signal.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn an_answer_without_findings_is_no_empty_list() {
        assert!(all(r#"{"message": "x"}"#, &Scope::new("1", "r")).is_none());
        assert!(all(r#"{"findings": "x"}"#, &Scope::new("1", "r")).is_none());
    }

    #[test]
    fn a_broken_finding_is_kept_whole_and_takes_no_other_with_it() {
        let good = json!({"Id": "f1", "Type": "Recon:EC2/Portscan", "Severity": 5});
        let no_id = json!({"Type": "Recon:EC2/Portscan", "Severity": 5, "Novel": {"Deep": [1, 2]}});
        let no_type = json!({"Id": "f3", "Severity": 5});
        let body = json!({"Findings": [good, no_id, no_type, "no finding at all"]});
        let read = all(&body.to_string(), &Scope::new("111122223333", "eu-west-1")).unwrap();
        let broken: Vec<_> = read.iter().map(|finding| finding.broken.as_deref()).collect();
        let expected = [None, Some("it has no Id"), Some("it has no Type"), Some("it has no Id, no Type, no Severity")];
        assert_eq!(broken, expected);
        assert_eq!(read[1].raw, no_id.to_string());
        assert!(read[1].id.starts_with("broken-") && read[1].id != read[3].id && read[2].id == "f3");
        assert!(all(r#"{"Findings": {}}"#, &Scope::new("1", "x")).is_none());
    }

    #[test]
    fn every_actor_and_address_of_a_sequence_counts() {
        let actor = |key: &str, session: &str| json!({"User": {"Name": "r", "Uid": format!("AROA:{session}"), "CredentialUid": key}});
        let finding = json!({"Id": "f", "Type": "AttackSequence:IAM/CompromisedCredentials", "Severity": 9,
            "Service": {"Detection": {"Sequence": {"Actors": [actor("ASIA1", "one"), actor("ASIA2", "two"), actor("ASIA1", "one")],
                "Endpoints": [{"Ip": "203.0.113.7"}, {"Domain": "x.example"}, {"Ip": "203.0.113.8"}]}}}});
        let finding = read(&finding.to_string(), &Scope::new("111122223333", "eu-west-1"));
        assert_eq!((finding.keys(), finding.sessions()), (vec!["ASIA1", "ASIA2"], vec!["one", "two"]));
        assert_eq!(finding.callers(), ["203.0.113.7", "203.0.113.8"]);
    }
}
