//! Queries and what they become, engine by engine.

use crate::store::rows::RowKind;

use super::athena::{Athena, Table, rebuild};
use super::insights::Insights;
use super::lake::Lake;
use super::s3::{Selection, Step, Trail};
use super::*;

fn queries(text: &str) -> Vec<Query> {
    vec![Query::parse(text, RowKind::Events.schema()).unwrap()]
}

fn window(text: &str) -> Window {
    Window::of(&queries(text), "2026-11-21T12:00:00Z".parse().unwrap())
}

fn table() -> Table {
    Table {
        database: "audit".to_owned(),
        name: "cloudtrail".to_owned(),
        day: "day".to_owned(),
        region: "region".to_owned(),
        management: "managementevent".to_owned(),
        regions: Vec::new(),
    }
}

fn statement(engine: &dyn Engine, query: &str) -> Statement {
    match engine.translate(&queries(query), &window(query)).unwrap() {
        Work::Statement(statement) => statement,
        other => panic!("{query}: {other:?}"),
    }
}

/// What stands between the outer `WHERE` and the order.
fn filter(query: &str) -> String {
    let text = statement(&Athena { table: table(), most: 100 }, query).text;
    let (_, rest) = text.split_once("FROM records").unwrap();
    let (filter, _) = rest.split_once("\nORDER BY").unwrap();
    filter.trim().strip_prefix("WHERE ").unwrap_or_default().to_owned()
}

#[test]
fn terms_become_conditions_of_columns() {
    for (query, sql) in [
        ("", ""),
        ("name:UpdateTable", "lower(eventname) = 'updatetable'"),
        ("name:Update*", "(eventname <> '' and lower(eventname) LIKE 'update%')"),
        ("name:put_item?", "(eventname <> '' and lower(eventname) LIKE 'put\\_item_' ESCAPE '\\')"),
        ("!name:UpdateTable", "not lower(eventname) = 'updatetable'"),
        (
            "source:dynamodb.amazonaws.com or id:E-1",
            "(lower(eventsource) = 'dynamodb.amazonaws.com' or lower(eventid) = 'e-1')",
        ),
        ("readonly", "readonly = 'true'"),
        ("!readonly", "not readonly = 'true'"),
        ("!self", "not strpos(useragent, 'app/dynakeep') > 0"),
        ("error:none", "errorcode = ''"),
        ("error:AccessDenied*", "(errorcode <> '' and lower(errorcode) LIKE 'accessdenied%')"),
        ("agent:\"o'brien\"", "strpos(lower(useragent), 'o''brien') > 0"),
        ("ip:203.0.113.0/24", "sourceipaddress LIKE '203.0.113.%'"),
        ("ip:10.16.0.0/12", "sourceipaddress LIKE '10.%'"),
        ("ip:203.0.113.7", "lower(sourceipaddress) = '203.0.113.7'"),
        ("ip:2001:db8::/32", "strpos(sourceipaddress, ':') > 0"),
        ("name:/^(Put|Delete)Item$/", "(eventname <> '' and regexp_like(eventname, '^(Put|Delete)Item$'))"),
        ("table:orders", "strpos(everything, 'orders') > 0"),
        ("table:orders-*", "everything LIKE '%orders-%'"),
        ("quokka-7f", "strpos(everything, 'quokka-7f') > 0"),
        (
            "session:jo@example.com",
            "(lower(useridentity_arn) LIKE '%/jo@example.com' or lower(useridentity_principalid) LIKE '%:jo@example.com')",
        ),
        (
            "account:111122223333",
            "lower(if(recipientaccountid <> '', recipientaccountid, useridentity_accountid)) = '111122223333'",
        ),
        ("category:Data", "(lower(eventcategory) = 'data' or eventcategory = '')"),
        ("since:2026-11-20", "(eventtime >= '2026-11-20T00:00:00Z' or eventtime NOT LIKE '____-__-__T__:__:__Z')"),
        ("!until:2026-11-20", "not (eventtime < '2026-11-21T00:00:00Z' and eventtime LIKE '____-__-__T__:__:__Z')"),
        ("age:>2h", "(eventtime < '2026-11-21T10:00:01Z' or eventtime NOT LIKE '____-__-__T__:__:__Z')"),
    ] {
        assert_eq!(filter(query), sql, "{query}");
    }
}

#[test]
fn what_sql_cannot_say_is_left_to_the_filter() {
    let of = |query: &str| statement(&Athena { table: table(), most: 100 }, query).residual;
    for query in [
        "!table:orders",
        "!by:alice",
        "by:root*",
        "by:unknown",
        "arn",
        "true",
        "\"a\\\"b\"",
        "é",
        "name:é",
        "name:/(?i)put/",
        "name:/\\d+/",
        "category:Other",
        "!ip:10.0.0.0/8",
        "!quokka",
    ] {
        let kept = of(query);
        assert_eq!(kept.len(), usize::from(query != "by:root*"), "{query}: {kept:?}");
        if query != "by:root*" {
            assert_eq!(filter(query), "", "{query}");
        }
    }
    assert_eq!(of("name:UpdateTable by:alice table:orders"), Vec::<String>::new());
    assert!(filter("by:root").contains("lower(useridentity_type) = 'root'"));
}

#[test]
fn hostile_text_stays_within_its_quotes() {
    for query in ["name:\"x' OR 1=1 --\"", "agent:\"'; DROP TABLE x\"", "name:/a'b/", "table:\"o'x\""] {
        let sql = filter(query);
        assert_eq!(sql.matches('\'').count() % 2, 0, "{query}: {sql}");
        assert!(!sql.contains("x' "), "{query}: {sql}");
    }
    let named = Table { database: "a\"b".to_owned(), ..table() };
    let text = statement(&Athena { table: named, most: 1 }, "").text;
    assert!(text.contains("FROM \"a\"\"b\".\"cloudtrail\""), "{text}");
}

#[test]
fn partitions_are_the_windows_days_and_one_more() {
    let of = |query: &str| statement(&Athena { table: table(), most: 100 }, query);
    let text = of("since:2026-11-01 until:2026-11-02").text;
    assert!(text.contains("WHERE \"day\" BETWEEN '2026/11/01' AND '2026/11/04'"), "{text}");
    // Nothing is delivered after now.
    assert!(of("since:2h").text.contains("BETWEEN '2026/11/21' AND '2026/11/21'"));
    assert!(of("").text.contains("BETWEEN '2026/11/20' AND '2026/11/21'"));
    let whole = Table { day: String::new(), ..table() };
    assert!(!statement(&Athena { table: whole, most: 1 }, "").text.contains("BETWEEN"));
    let some = Table { regions: vec!["eu-west-1".to_owned()], ..table() };
    assert!(statement(&Athena { table: some, most: 1 }, "").text.contains("\"region\" IN ('eu-west-1')"));
}

#[test]
fn the_window_is_the_queries_or_a_day() {
    assert!(window("").implied && !window("since:2h").implied);
    assert_eq!(window("").since.to_string(), "2026-11-20T12:00:01Z");
    assert_eq!(window("since:6h until:2h").until.to_string(), "2026-11-21T10:00:00.000000001Z");
    assert!(window("since:2h until:6h").is_empty());
}

#[test]
fn a_record_is_made_again_from_its_columns() {
    let columns = [
        "eventid",
        "eventname",
        "eventtime",
        "useridentity_sessioncontext_sessionissuer_username",
        "readonly",
        "requestparameters",
        "resources",
        "errorcode",
        "responseelements",
    ];
    let names: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let row = [
        "e-1",
        "UpdateTable",
        "2026-11-21T03:00:00Z",
        "app",
        "false",
        r#"{"tableName":"orders"}"#,
        r#"[["arn:x","1","AWS::DynamoDB::Table"]]"#,
        "",
        "\"text\"",
    ];
    let mut row: Vec<Option<String>> = row.iter().map(|text| Some((*text).to_owned())).collect();
    let record: serde_json::Value = serde_json::from_str(&rebuild(&names, &row)).unwrap();
    assert_eq!(record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "app");
    assert_eq!(record["readOnly"], false);
    assert_eq!(record["requestParameters"]["tableName"], "orders");
    assert_eq!(record["resources"][0]["ARN"], "arn:x");
    assert_eq!(record["responseElements"], "\"text\"");
    assert!(record.get("errorCode").is_none());
    row[6] = Some(r#"[{"arn":"arn:y","accountid":null,"type":"t"}]"#.to_owned());
    let record: serde_json::Value = serde_json::from_str(&rebuild(&names, &row)).unwrap();
    assert_eq!(record["resources"], serde_json::json!([{"ARN": "arn:y", "type": "t"}]));
}

#[test]
fn insights_looks_into_the_text() {
    let of = |query: &str| statement(&Insights { log_group: "trail".to_owned() }, query);
    assert_eq!(of("").text, "fields @timestamp, @message\n| sort @timestamp desc\n| limit 10000");
    for (query, filter) in [
        ("name:UpdateTable", r#"@message like /(?i)"eventName"\s*:\s*"UpdateTable"/"#),
        ("name:Up*", r#"@message like /(?i)"eventName"\s*:\s*"Up.*/"#),
        ("table:orders by:alice", "(@message like /(?i)orders/ and @message like /(?i)alice/)"),
        ("self", "@message like /(?i)app\\/dynakeep/"),
        ("readonly", r#"@message like /(?i)"readOnly"\s*:\s*"?true/"#),
        ("agent:Boto3/1", r#"@message like /(?i)"userAgent"\s*:\s*".*Boto3\/1/"#),
    ] {
        assert!(of(query).text.contains(&format!("| filter {filter}\n")), "{query}: {}", of(query).text);
    }
    assert!(!of("!readonly").text.contains("filter"));
    assert_eq!(of("!readonly").residual, ["read_only:yes"]);
}

#[test]
fn lake_reads_the_record_itself() {
    let lake =
        Lake { store: "arn:aws:cloudtrail:eu-west-1:1:eventdatastore/EXAMPLE-f852-4e8f-8bd1".to_owned(), most: 10 };
    let text = statement(&lake, "name:UpdateTable arn since:2026-11-20").text;
    assert!(
        text.starts_with(
            "SELECT eventjson\nFROM EXAMPLE-f852-4e8f-8bd1\nWHERE eventtime >= timestamp '2026-11-20 00:00:00'"
        ),
        "{text}"
    );
    assert!(text.contains("lower(coalesce(eventname, '')) = 'updatetable'"), "{text}");
    assert!(text.contains("strpos(lower(eventjson), 'arn') > 0"), "{text}");
    let wrong = Lake { store: "x; DROP".to_owned(), most: 10 };
    assert!(wrong.translate(&[], &window("")).is_err());
}

#[test]
fn prefixes_follow_the_trails_layout() {
    let query = "since:2026-11-01 until:2026-11-02";
    let trail = Trail { root: Root::parse("s3://bucket").unwrap(), regions: vec!["eu-west-1".to_owned()] };
    let Work::Objects(of) = trail.translate(&queries(query), &window(query)).unwrap() else { panic!() };
    for (prefix, step) in [
        ("", Step::Descend),
        ("team/AWSLogs/", Step::Descend),
        ("AWSLogs/o-abc/", Step::Descend),
        ("AWSLogs/o-abc/111122223333/", Step::Descend),
        ("AWSLogs/111122223333/CloudTrail/", Step::Descend),
        ("AWSLogs/111122223333/CloudTrail-Digest/", Step::Skip),
        ("AWSLogs/111122223333/CloudTrail-Insight/", Step::Skip),
        ("AWSLogs/111122223333/vpcflowlogs/", Step::Skip),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/", Step::Skip),
        ("AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/", Step::Skip),
        // Prefixes of somebody's own, called like parts of the layout.
        ("CloudTrail/", Step::Descend),
        ("CloudTrail/AWSLogs/", Step::Descend),
        ("CloudTrail/AWSLogs/111122223333/CloudTrail/", Step::Descend),
        ("AWSLogs/archive/", Step::Descend),
        ("AWSLogs/archive/AWSLogs/", Step::Descend),
        ("AWSLogs/archive/AWSLogs/111122223333/CloudTrail/", Step::Descend),
    ] {
        assert_eq!(of.step(prefix), step, "{prefix}");
    }
    let base = "AWSLogs/111122223333/CloudTrail/eu-west-1";
    let list = Step::List { after: format!("{base}/2026/11/01"), end: format!("{base}/2026/11/040") };
    assert_eq!(of.step(&format!("{base}/")), list);
    assert_eq!(of.step(&format!("{base}/2026/11/")), list);
    let deep = format!("CloudTrail/{base}");
    let list = Step::List { after: format!("{deep}/2026/11/01"), end: format!("{deep}/2026/11/040") };
    assert_eq!(of.step(&format!("{deep}/")), list);
    let named = Selection { root: Root::parse("s3://bucket/CloudTrail").unwrap(), ..of.clone() };
    assert_eq!(named.words(), ["s3://bucket/CloudTrail/AWSLogs/*/CloudTrail/eu-west-1/ 2026/11/01 to 2026/11/04"]);
    let file = |stamp: &str| format!("{base}/2026/11/01/111122223333_CloudTrail_eu-west-1_{stamp}_abc.json.gz");
    assert!(of.wants(&file("20261101T0005Z")) && of.wants(&file("20261103T2355Z")));
    assert!(!of.wants(&file("20261031T2340Z")) && !of.wants(&file("20261104T0005Z")));
    assert!(!of.wants("AWSLogs/1/CloudTrail-Digest/x_CloudTrail-Digest_y.json.gz"));
    assert!(!of.wants("secrets/passwords.json") && !of.wants("AWSLogs/1/CloudTrail/eu-west-1/readme.txt"));
    assert!(!of.wants("notes_CloudTrail_2026.json.gz"), "the printed policy does not allow it");
    // A region of a name that nobody has heard of yet is a region all the same.
    let all = Selection { regions: Vec::new(), ..of.clone() };
    for region in ["eusc-de-east-1", "mars-1b", "unknown"] {
        let base = format!("AWSLogs/o-abc/111122223333/CloudTrail/{region}");
        let list = Step::List { after: format!("{base}/2026/11/01"), end: format!("{base}/2026/11/040") };
        assert_eq!(all.step(&format!("{base}/")), list, "{region}");
    }
    let every = Selection { every: true, ..of };
    assert!(every.wants(&file("20261031T2340Z")), "a table reads whole days");
}

#[test]
fn sizes_and_places_are_read() {
    assert_eq!(bytes("10G"), Ok(10_000_000_000));
    assert_eq!(bytes("500MB"), Ok(500_000_000));
    assert!(bytes("ten").is_err() && bytes("10X").is_err() && bytes("99999999T").is_err());
    assert_eq!(Root::parse("s3://b-x.y/a/b").unwrap().prefix, "a/b/");
    assert!(Root::parse("/tmp").is_err() && Root::parse("s3://A B").is_err());
}

#[test]
fn parentheses_close() {
    for query in ["(name:a or by:b) !(table:c or ip:10.0.0.0/8) since:2h", "!(!(name:a or x) !readonly)"] {
        let sql = filter(query);
        assert_eq!(sql.matches('(').count(), sql.matches(')').count(), "{sql}");
    }
}
