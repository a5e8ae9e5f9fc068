use serde_json::json;

use super::*;

const STEAL: &str = "arn:aws:sts::111122223333:assumed-role/app-orders/i-0abc1d2e3f4a5b6c7";

fn user(key: &str) -> Value {
    json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ops/alice", "userName": "alice",
        "accountId": "111122223333", "accessKeyId": key})
}

fn session(role: &str, name: &str, key: &str, created: &str) -> Value {
    json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}"),
        "principalId": format!("AROA:{name}"), "accountId": "111122223333", "accessKeyId": key,
        "sessionContext": {"sessionIssuer": {"userName": role}, "attributes": {"creationDate": created}}})
}

#[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
fn event(id: &str, at: &str, who: Value) -> Value {
    json!({"eventID": id, "eventTime": at, "eventSource": "dynamodb.amazonaws.com", "eventName": "UpdateTable", "userIdentity": who})
}

#[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
fn assume(id: &str, at: &str, who: Value, role: &str, name: &str, key: &str) -> Value {
    json!({"eventID": id, "eventTime": at, "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "userIdentity": who,
        "sourceIPAddress": "198.51.100.7",
        "requestParameters": {"roleArn": format!("arn:aws:iam::111122223333:role/{role}"), "roleSessionName": name},
        "responseElements": {"credentials": {"accessKeyId": key},
            "assumedRoleUser": {"arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}")}}})
}

fn back(first: &Value, issues: &[Value]) -> Chain {
    let mut read = |from: Timestamp, to: Timestamp| -> Vec<String> {
        let inside = |of: &&Value| moment(of).is_some_and(|at| at >= from && at <= to);
        issues.iter().filter(inside).map(Value::to_string).collect()
    };
    chain(&first.to_string(), &mut read).unwrap()
}

#[test]
fn a_chain_of_roles_leads_back_to_the_user_by_its_keys() {
    let issues = [
        assume("a-1", "2026-11-21T01:00:00Z", user("AKIAALICE"), "jump", "alice", "ASIAJUMP"),
        assume(
            "a-2",
            "2026-11-21T01:05:00Z",
            session("jump", "alice", "ASIAJUMP", "2026-11-21T01:00:00Z"),
            "admin",
            "work",
            "ASIAADMIN",
        ),
    ];
    let first = event("e", "2026-11-21T02:00:00Z", session("admin", "work", "ASIAADMIN", "2026-11-21T01:05:00Z"));
    let chain = back(&first, &issues);
    let hops: Vec<_> = chain.hops.iter().map(|hop| (hop.who.name(), hop.event.as_str(), hop.sure)).collect();
    assert_eq!(hops, [("jump/alice".into(), "a-2", Sure::Certain), ("alice".into(), "a-1", Sure::Certain)]);
    assert_eq!((chain.origin.name.as_deref(), chain.origin.sure), (Some("alice"), Sure::Certain));
    assert_eq!(chain.origin.what, "IAM user, with a lasting key");
    assert!(chain.missing.is_empty());
}

#[test]
fn what_was_not_read_is_said_and_what_the_names_suggest_is_no_proof() {
    let mut first = event(
        "e",
        "2026-11-21T02:00:00Z",
        session("app-orders", "i-0abc1d2e3f4a5b6c7", "ASIAX", "2026-11-20T23:40:00Z"),
    );
    let chain = back(&first, &[]);
    assert_eq!((chain.origin.name.as_deref(), chain.origin.sure), (Some("i-0abc1d2e3f4a5b6c7"), Sure::Possible));
    assert_eq!(
        chain.missing[0].words,
        "the AssumeRole event of 2026-11-20T23:40:00Z that issued key ASIAX is not among the events read"
    );
    assert_eq!(chain.missing[0].key.as_deref(), Some("ASIAX"));
    first["userIdentity"]["sessionContext"]["ec2RoleDelivery"] = json!("2.0");
    assert_eq!(back(&first, &[]).origin.sure, Sure::Likely);
    let service = json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"});
    let issue = assume("a", "2026-11-20T23:40:00Z", service, "app-orders", "i-0abc1d2e3f4a5b6c7", "ASIAX");
    let chain = back(&first, &[issue]);
    assert_eq!((chain.origin.name.as_deref(), chain.origin.sure), (Some("i-0abc1d2e3f4a5b6c7"), Sure::Likely));
    assert!(chain.origin.what.ends_with("issued by ec2.amazonaws.com") && chain.missing.is_empty());
    assert_eq!(chain.start.arn.as_deref(), Some(STEAL));
}

#[test]
fn without_the_key_the_session_and_its_first_second_decide() {
    let who = session("admin", "work", "ASIAOTHER", "2026-11-21T01:05:01Z");
    let first = event("e", "2026-11-21T02:00:00Z", who);
    let issue = |id: &str, at: &str, name: &str| {
        let mut who = user("AKIAALICE");
        who["userName"] = json!(name);
        assume(id, at, who, "admin", "work", "HIDDEN")
    };
    let one = issue("a-1", "2026-11-21T01:05:00Z", "alice");
    assert_eq!(back(&first, std::slice::from_ref(&one)).hops[0].sure, Sure::Likely);
    let two = [one, issue("a-2", "2026-11-21T01:06:00Z", "bob")];
    let chain = back(&first, &two);
    assert_eq!((chain.hops[0].event.as_str(), chain.origin.sure), ("a-1", Sure::Possible));
    let far = issue("a-3", "2026-11-21T01:08:00Z", "bob");
    assert_eq!(back(&first, &[far]).hops[0].sure, Sure::Possible);
}

#[test]
fn accounts_are_crossed_by_the_shared_id() {
    let stranger = json!({"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAX:deploy"});
    let mut ours = assume("a-1", "2026-11-21T01:00:00Z", stranger, "admin", "x", "ASIAX");
    ours["sharedEventID"] = json!("shared");
    let mut theirs = ours.clone();
    (theirs["eventID"], theirs["userIdentity"]) = (json!("a-2"), user("AKIABOB"));
    let first = event("e", "2026-11-21T02:00:00Z", session("admin", "x", "ASIAX", "2026-11-21T01:00:00Z"));
    let alone = back(&first, std::slice::from_ref(&ours));
    assert_eq!(alone.origin.what, "somebody in account 444455556666, session deploy");
    assert_eq!(alone.origin.name, None);
    assert!(alone.missing[0].words.contains("sharedEventID shared"), "{:?}", alone.missing);
    let both = back(&first, &[ours, theirs]);
    assert_eq!((both.origin.name.as_deref(), both.missing.len()), (Some("alice"), 0));
}

#[test]
fn everybody_who_may_stand_at_the_beginning_is_named() {
    let of = |identity: Value| {
        let origin = back(&event("e", "2026-11-21T02:00:00Z", identity), &[]).origin;
        (origin.name.unwrap_or_default(), origin.sure)
    };
    let at = "2026-11-21T01:00:00Z";
    assert_eq!(
        of(session("AWSReservedSSO_Admin_635426549a280cc6", "jo@example.com", "ASIA1", at)),
        ("jo@example.com".into(), Sure::Likely)
    );
    assert_eq!(of(session("AWSServiceRoleForConfig", "x", "ASIA1", at)), ("Config".into(), Sure::Likely));
    assert_eq!(of(json!({"type": "Root", "accountId": "1"})), ("root".into(), Sure::Certain));
    assert_eq!(
        of(json!({"type": "WebIdentityUser", "userName": "repo:a/b", "identityProvider": "x"})),
        ("repo:a/b".into(), Sure::Certain)
    );
    assert_eq!(
        of(json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}})),
        ("u-1".into(), Sure::Certain)
    );
    assert_eq!(of(user("ASIATEMP")), ("alice".into(), Sure::Certain));
    assert_eq!(of(json!("nonsense")).0, "");
    let mut sticky = session("admin", "x", "ASIA1", at);
    sticky["sessionContext"]["sourceIdentity"] = json!("alice");
    assert_eq!(of(sticky), ("alice".into(), Sure::Certain));
}

#[test]
fn a_trail_that_bites_its_tail_comes_to_an_end() {
    let round = assume(
        "a",
        "2026-11-21T01:00:00Z",
        session("admin", "x", "1111", "2026-11-21T01:00:00Z"),
        "admin",
        "x",
        "1111",
    );
    let first = event("e", "2026-11-21T02:00:00Z", session("admin", "x", "1111", "2026-11-21T01:00:00Z"));
    assert_eq!(back(&first, std::slice::from_ref(&round)).hops.len(), 1);
    assert_eq!(back(&round, std::slice::from_ref(&round)).hops.len(), 0);
    assert!(chain("[", &mut |_, _| Vec::new()).is_none());
}

#[test]
fn a_session_ends_when_its_answer_says_or_as_long_after_it_as_was_asked_for() {
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    for said in ["Mar 14, 2026, 5:52:10 AM", "Mar 14, 2026, 5:52:10\u{202f}AM", "2026-03-14T05:52:10Z"] {
        assert_eq!(expiration(said), Some(at("2026-03-14T05:52:10Z")), "{said}");
    }
    assert_eq!(expiration("Dec 31, 2026, 12:00:00 PM"), Some(at("2026-12-31T12:00:00Z")));
    assert_eq!(expiration("soon"), None);
    let began = Some(at("2026-03-14T00:00:00Z"));
    let asked = json!({"durationSeconds": 3_600});
    assert_eq!(ends(&Value::Null, &asked, began), Some(at("2026-03-14T01:00:00Z")));
    let answer = json!({"credentials": {"expiration": "Mar 14, 2026, 5:52:10 AM"}});
    assert_eq!(ends(&answer, &asked, began), Some(at("2026-03-14T05:52:10Z")));
    assert_eq!((ends(&Value::Null, &Value::Null, began), ends(&Value::Null, &asked, None)), (None, None));
}
