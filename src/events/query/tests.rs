use proptest::prelude::*;

use super::*;

const SCHEMA: Schema = Schema {
    rows: "events",
    fields: &[
        FieldSpec { name: "name", aliases: &[], kind: Kind::Text, help: "" },
        FieldSpec { name: "principal", aliases: &["by"], kind: Kind::Text, help: "" },
        FieldSpec { name: "table", aliases: &[], kind: Kind::Text, help: "" },
        FieldSpec { name: "user_agent", aliases: &["agent"], kind: Kind::Prose, help: "" },
        FieldSpec { name: "ip", aliases: &[], kind: Kind::Address, help: "" },
        FieldSpec { name: "read_only", aliases: &["readonly"], kind: Kind::Flag, help: "" },
        FieldSpec { name: "age", aliases: &[], kind: Kind::Duration, help: "" },
        FieldSpec { name: "count", aliases: &[], kind: Kind::Number, help: "" },
        FieldSpec { name: "severity", aliases: &[], kind: Kind::Word(&["low", "medium", "high"]), help: "" },
        FieldSpec { name: "time", aliases: &[], kind: Kind::Time, help: "" },
        FieldSpec { name: "tags.*", aliases: &[], kind: Kind::Text, help: "" },
    ],
};

/// 2026-11-21T12:00:00Z
fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

#[derive(Debug, Clone)]
struct Sample {
    name: &'static str,
    severity: &'static str,
    count: u32,
    read_only: Option<bool>,
}

impl Row for Sample {
    fn field(&self, name: &str) -> Field<'_> {
        match name {
            "name" => Field::text(self.name),
            "principal" => Field::text("alice"),
            "table" => Field::Many(vec![Field::text("orders"), Field::text("ledger")]),
            "user_agent" => Field::text("Boto3/1.35 md/Botocore"),
            "ip" => Field::text("203.0.113.7"),
            "read_only" => self.read_only.map_or(Field::Unknown, Field::Flag),
            "age" => Field::Number(5_400.0),
            "count" => Field::Number(f64::from(self.count)),
            "severity" => Field::text(self.severity),
            "time" => Field::time(self.time()),
            "tags.env" => Field::text("prod"),
            _ => Field::None,
        }
    }

    fn text(&self, visit: &mut dyn FnMut(&str) -> bool) {
        let _ = visit(self.name) || visit(r#"{"eventName":"raw text"}"#);
    }

    fn time(&self) -> Option<Timestamp> {
        Some("2026-11-21T10:30:00Z".parse().unwrap())
    }

    fn now(&self) -> Timestamp {
        noon()
    }
}

const SAMPLE: Sample = Sample { name: "DeleteTable", severity: "high", count: 3, read_only: Some(false) };

fn holds(query: &str) -> bool {
    Query::parse(query, &SCHEMA).unwrap_or_else(|error| panic!("{}", error.pointed(query))).matches(&SAMPLE)
}

#[test]
fn every_kind_of_term_finds_what_it_should() {
    for query in [
        "",
        "name:DeleteTable",
        "name:deletetable",
        "name:Delete*",
        "name:/^Delete(Table|Backup)$/",
        "by:alice table:orders table:ledger",
        "!readonly",
        "read_only:no",
        "ip:203.0.113.0/24",
        "ip:203.0.113.7",
        "ip:203.0.*",
        "agent:botocore",
        "\"raw text\"",
        "RAW",
        "since:2h",
        "last:2h until:1h",
        "since:2026-11-21",
        "until:2026-11-21",
        "since:2026-11-21T10:30 until:2026-11-21T10:30",
        "time:2026-11-21",
        "time:>=\"2026-11-21 10:00\"",
        "age:<2h",
        "age:1h30m",
        "count:>=3",
        "severity:>=medium",
        "severity:high",
        "tag.env:prod tags.env:p*",
        "tags.owner:none",
        "name:x or (by:alice count:3)",
        "name:x by:y or by:alice",
        "!(name:x or by:bob)",
        "!!by:alice and by:alice",
    ] {
        assert!(holds(query), "{query}");
    }
}

#[test]
fn every_kind_of_term_leaves_out_what_it_should() {
    for query in [
        "name:Delete",
        "readonly",
        "ip:198.51.100.0/24",
        "since:1h",
        "until:2h",
        "until:2026-11-20",
        "count:>3",
        "age:>=2h",
        "severity:<high",
        "by:alice (name:x or name:y)",
        "\"no such text\"",
        "read_only:unknown",
        "name:none",
        "name:\"Delete*\"",
    ] {
        assert!(!holds(query), "{query}");
    }
}

#[test]
fn what_could_not_be_read_is_neither_yes_nor_no() {
    let unread = Sample { read_only: None, ..SAMPLE };
    let ask = |query: &str| Query::parse(query, &SCHEMA).unwrap().matches(&unread);
    assert!(!ask("read_only:yes") && !ask("read_only:no") && ask("read_only:unknown"));
}

#[test]
fn an_error_points_at_the_word_and_names_what_was_meant() {
    let fails = |query: &str| Query::parse(query, &SCHEMA).unwrap_err();
    let error = fails("by:alice nmae:x");
    assert_eq!(error.span, 9..13);
    assert!(error.message.contains("did you mean name"), "{}", error.message);
    assert_eq!(error.pointed("by:alice nmae:x").lines().nth(1).unwrap().find('^'), Some(9));
    for (query, span, word) in [
        ("severity:hihg", 9..13, "high"),
        ("age:3", 4..5, "30s"),
        ("count:many", 6..10, "number"),
        ("since:yesterday", 6..15, "2026-11-21"),
        ("ip:1.2.3.4/99", 3..13, "203.0.113.0/24"),
        ("name:>5", 5..7, "text"),
        ("name:", 0..5, "value"),
        ("(by:alice", 0..1, "closed"),
        ("by:alice)", 8..9, "closes"),
        ("by:alice or", 9..11, "both sides"),
        ("or by:alice", 0..2, "both sides"),
        ("!", 0..1, "deny"),
        ("()", 0..2, "nothing"),
        ("\"open", 0..1, "closed"),
        ("name:/a", 5..7, "/"),
        ("name:/(/", 5..8, "regular expression"),
    ] {
        let error = fails(query);
        assert_eq!(error.span, span, "{query}: {}", error.message);
        assert!(error.message.contains(word), "{query}: {}", error.message);
    }
    assert!(Query::parse(&"(".repeat(5_000), &SCHEMA).is_err(), "deep nesting ends in an error");
    assert!(Query::parse(&"!".repeat(5_000), &SCHEMA).is_err());
}

#[test]
fn pasted_arns_and_links_are_text() {
    let printed = |query: &str| Query::parse(query, &SCHEMA).unwrap().to_string();
    assert_eq!(printed("arn:aws:dynamodb:x"), "\"arn:aws:dynamodb:x\"");
    assert_eq!(printed("https://console"), "\"https://console\"");
    assert_eq!(printed("name:=<*"), "name:=<*");
}

#[test]
fn tab_offers_fields_then_their_words() {
    let offer = |text: &str| {
        let found = complete(text, text.len(), &SCHEMA);
        (found.span, found.choices.into_iter().map(|(choice, _)| choice).collect::<Vec<_>>())
    };
    assert_eq!(offer("by:alice se"), (9..11, vec!["severity:".to_owned()]));
    assert_eq!(offer("!read"), (1..5, vec!["read_only".to_owned()]));
    assert_eq!(offer("severity:>=h"), (11..12, vec!["high".to_owned()]));
    assert_eq!(offer("tag"), (0..3, vec!["tags.".to_owned()]));
    assert_eq!(offer("\"se").1, Vec::<String>::new());
    assert_eq!(complete("é", 1, &SCHEMA).span, 0..0, "a cursor inside a character is moved before it");
}

#[test]
fn what_a_service_can_search_by_is_only_what_must_hold() {
    let query = Query::parse("by:alice !readonly since:2h (name:x or name:y)", &SCHEMA).unwrap();
    assert_eq!((query.required("principal"), query.required("name")), (Some("alice"), None));
    assert_eq!(query.required_flag("read_only"), Some(false));
    assert_eq!(query.window(noon()).0, Some("2026-11-21T10:00:00Z".parse().unwrap()));
    assert!(query.mentions("name") && !query.mentions("ip"));
}

/// A query as a tree that is easy to judge by hand.
#[derive(Debug, Clone)]
enum Tree {
    Name(&'static str),
    Severity(Op, usize),
    Count(Op, u32),
    ReadOnly(bool),
    Text(String),
    Not(Box<Tree>),
    All(Box<Tree>, Box<Tree>),
    Any(Box<Tree>, Box<Tree>),
}

const NAMES: [&str; 3] = ["DeleteTable", "GetItem", "UpdateTable"];
const SEVERITIES: [&str; 3] = ["low", "medium", "high"];

impl Tree {
    fn write(&self) -> String {
        match self {
            Self::Name(name) => format!("name:{name}"),
            Self::Severity(op, rank) => format!("severity:{}{}", op.sign(), SEVERITIES[*rank]),
            Self::Count(op, count) => format!("count:{}{count}", op.sign()),
            Self::ReadOnly(yes) => format!("read_only:{}", if *yes { "yes" } else { "no" }),
            Self::Text(text) => value::quoted(text),
            Self::Not(tree) => format!("!({})", tree.write()),
            Self::All(a, b) => format!("({}) ({})", a.write(), b.write()),
            Self::Any(a, b) => format!("({}) or ({})", a.write(), b.write()),
        }
    }

    fn naive(&self, row: &Sample) -> bool {
        fn by<T: PartialOrd>(op: Op, a: &T, b: &T) -> bool {
            match op {
                Op::Equal => a == b,
                Op::AtLeast => a >= b,
                Op::Above => a > b,
                Op::AtMost => a <= b,
                Op::Below => a < b,
            }
        }
        match self {
            Self::Name(name) => row.name == *name,
            Self::Severity(op, rank) => {
                by(*op, &SEVERITIES.iter().position(|word| *word == row.severity).unwrap(), rank)
            }
            Self::Count(op, count) => by(*op, &row.count, count),
            Self::ReadOnly(yes) => row.read_only == Some(*yes),
            Self::Text(text) => {
                let text = text.to_lowercase();
                row.name.to_lowercase().contains(&text) || r#"{"eventname":"raw text"}"#.contains(&text)
            }
            Self::Not(tree) => !tree.naive(row),
            Self::All(a, b) => a.naive(row) && b.naive(row),
            Self::Any(a, b) => a.naive(row) || b.naive(row),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let op = prop::sample::select(vec![Op::Equal, Op::AtLeast, Op::Above, Op::AtMost, Op::Below]);
    let leaf = prop_oneof![
        prop::sample::select(NAMES.to_vec()).prop_map(Tree::Name),
        (op.clone(), 0..3usize).prop_map(|(op, rank)| Tree::Severity(op, rank)),
        (op, 0..5u32).prop_map(|(op, count)| Tree::Count(op, count)),
        any::<bool>().prop_map(Tree::ReadOnly),
        "[a-e\"\\\\ (){}:/*é]{0,4}".prop_map(Tree::Text),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::All(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Tree::Any(Box::new(a), Box::new(b))),
        ]
    })
}

fn row() -> impl Strategy<Value = Sample> {
    (
        prop::sample::select(NAMES.to_vec()),
        prop::sample::select(SEVERITIES.to_vec()),
        0..5u32,
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(name, severity, count, read_only)| Sample { name, severity, count, read_only })
}

proptest! {
    #[test]
    fn a_query_finds_what_a_naive_reading_of_it_finds(tree in tree(), row in row()) {
        let written = tree.write();
        let query = Query::parse(&written, &SCHEMA).unwrap();
        prop_assert_eq!(query.matches(&row), tree.naive(&row), "{}", written);
        prop_assert_eq!(Query::parse(&query.to_string(), &SCHEMA).unwrap(), query);
    }

    #[test]
    fn any_text_parses_or_points_at_a_word_of_it_and_prints_as_itself(
        text in "((name|by|ip|age|time|severity|since|tags.x|readonly|agent)(:)?)?[a-z0-9 \"/!():<>=*é.-]{0,12}( or |)[a-z:\"]{0,6}"
    ) {
        match Query::parse(&text, &SCHEMA) {
            Ok(query) => {
                let printed = query.to_string();
                let again = Query::parse(&printed, &SCHEMA);
                prop_assert_eq!(again.as_ref(), Ok(&query), "{:?} printed as {:?}", text, printed);
            }
            Err(error) => {
                prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len(), "{:?}", error);
                prop_assert!(!error.pointed(&text).is_empty());
            }
        }
        let _ = complete(&text, text.len() / 2, &SCHEMA);
    }
}
