//! What `check` writes, held against the public schemas of its formats.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use regex::Regex;
use serde_json::Value;

use crate::classes::{config, rows, run};

const SARIF: &str = include_str!("../schemas/sarif-2.1.0.json");
const OCSF: &str = include_str!("../schemas/ocsf-1.8.0-compliance-finding.json");
const JUNIT: &str = include_str!("../schemas/junit-10.xsd");

/// As much of JSON Schema as those schemas use; any other keyword that restricts is refused.
struct Schema {
    root: Value,
}

impl Schema {
    fn of(text: &str) -> Self {
        Self { root: serde_json::from_str(text).unwrap() }
    }

    fn wrong(&self, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.check(&self.root, value, "$", &mut wrong);
        wrong
    }

    fn holds(&self, schema: &Value, value: &Value) -> bool {
        let mut wrong = Vec::new();
        self.check(schema, value, "", &mut wrong);
        wrong.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else {
            if schema == false {
                wrong.push(format!("{at}: is not allowed"));
            }
            return;
        };
        let list = |of: &Value| of.as_array().cloned().unwrap_or_default();
        for (keyword, of) in schema {
            let fine = match keyword.as_str() {
                "$ref" => {
                    let to = self.root.pointer(of.as_str().unwrap().trim_start_matches('#')).unwrap();
                    self.check(to, value, at, wrong);
                    true
                }
                "type" => match of {
                    Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind.as_str().unwrap())),
                    kind => is(value, kind.as_str().unwrap()),
                },
                "enum" => list(of).contains(value),
                "const" => of == value,
                "required" => {
                    list(of).iter().all(|name| value.get(name.as_str().unwrap()).is_some() || !value.is_object())
                }
                "properties" => {
                    for (name, of) in of.as_object().unwrap() {
                        if let Some(value) = value.get(name) {
                            self.check(of, value, &format!("{at}.{name}"), wrong);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let known = |name: &str| schema.get("properties").is_some_and(|all| all.get(name).is_some());
                    for (name, value) in value.as_object().into_iter().flatten().filter(|(name, _)| !known(name)) {
                        self.check(of, value, &format!("{at}.{name}"), wrong);
                    }
                    true
                }
                "items" => {
                    for (place, value) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(of, value, &format!("{at}[{place}]"), wrong);
                    }
                    true
                }
                "anyOf" => list(of).iter().any(|of| self.holds(of, value)),
                "oneOf" => list(of).iter().filter(|of| self.holds(of, value)).count() == 1,
                "pattern" => value.as_str().is_none_or(|text| Regex::new(of.as_str().unwrap()).unwrap().is_match(text)),
                "minimum" => value.as_f64().is_none_or(|number| number >= of.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= of.as_f64().unwrap()),
                "minItems" => value.as_array().is_none_or(|all| all.len() as u64 >= of.as_u64().unwrap()),
                "uniqueItems" => value
                    .as_array()
                    .is_none_or(|all| all.iter().map(Value::to_string).collect::<BTreeSet<_>>().len() == all.len()),
                "$schema" | "$id" | "id" | "$defs" | "definitions" | "default" | "format" | "deprecated" | "title"
                | "description" => true,
                other => panic!("the schema says {other}, which is not checked here"),
            };
            if !fine {
                let shown: String = value.to_string().chars().take(120).collect();
                wrong.push(format!("{at}: {keyword} {of}, but {shown}"));
            }
        }
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}

fn export(line: &[&str]) -> String {
    let muted = config("formats", "");
    let text = "[[mute]]\ncontrol = \"RES-01\"\nresource = \"table:orders\"\nreason = \"</script> & \\\"x\\\"\"\nowner = \"ann\"\nexpires = 2099-01-01\n";
    std::fs::write(muted.with_file_name("attestations.toml"), text).unwrap();
    run(&muted, line).1
}

#[test]
fn sarif_keeps_to_its_schema_and_every_result_has_a_place_in_the_repository() {
    let log: Value = serde_json::from_str(&export(&["check", "-o", "sarif"])).unwrap();
    let schema = Schema::of(SARIF);
    assert_eq!(schema.wrong(&log), [""; 0]);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() > 20);
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.starts_with("aws/") && !uri.contains("..") && !uri.contains(':') && uri.is_ascii(), "{uri}");
        assert_eq!(
            (&place["artifactLocation"]["uriBaseId"], &place["region"]["startLine"]),
            (&"%SRCROOT%".into(), &1.into())
        );
    }
    let unknown = |of: &&Value| of["kind"] == "open" && of["level"] == "none";
    let of_denied = results.iter().filter(unknown).find(|of| !of["properties"]["missing_action"].is_null()).unwrap();
    assert_eq!(of_denied["properties"]["verdict"], "unknown");
    let notices = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(!notices.is_empty() && log["runs"][0]["properties"]["coverage"]["complete"] == false, "{notices:?}");
    let uris = results.iter().map(|of| of["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone());
    assert!(uris.into_iter().any(|uri| uri == "aws/111122223333/eu-west-1/dynamodb/table/orders"));
    let mut broken = log;
    broken["runs"][0]["results"][0]["level"] = "severe".into();
    assert!(!schema.wrong(&broken).is_empty(), "the schema is looked at");
}

#[test]
fn ocsf_findings_keep_to_the_compliance_finding_class() {
    let findings: Value = serde_json::from_str(&export(&["check", "-o", "ocsf"])).unwrap();
    let findings = findings.as_array().unwrap();
    let schema = Schema::of(OCSF);
    let mut met = BTreeMap::new();
    for finding in findings {
        assert_eq!(schema.wrong(finding), [""; 0]);
        assert_eq!((&finding["class_uid"], &finding["type_uid"]), (&2003.into(), &200_301.into()));
        *met.entry(finding["compliance"]["status"].as_str().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(met.keys().copied().collect::<Vec<_>>(), ["Fail", "Manual", "Pass", "Unknown", "Warning"]);
    let muted = findings.iter().find(|of| of["unmapped"]["muted"]["owner"] == "ann").unwrap();
    assert_eq!((&muted["status_id"], &muted["compliance"]["status_id"]), (&3.into(), &3.into()));
    let mut broken = findings[0].clone();
    broken["severity_id"] = 7.into();
    broken["verdict"] = "fail".into();
    assert_eq!(schema.wrong(&broken).len(), 2, "the schema is looked at");
}

/// The attributes that the XSD lets each element have, those it requires, and the elements inside.
type Shapes = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>)>;

fn attribute(of: &BytesStart<'_>, name: &str) -> Option<String> {
    of.attributes().flatten().find(|it| it.key.as_ref() == name).map(|it| it.value.into_owned())
}

fn shapes() -> Shapes {
    let mut shapes = Shapes::new();
    let (mut reader, mut within, mut depth) = (Reader::from_str(JUNIT), String::new(), 0);
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(of) | Event::Empty(of) => {
                let shape = shapes.entry(within.clone()).or_default();
                match of.name().as_ref() {
                    "xs:attribute" => {
                        let name = attribute(of, "name").unwrap();
                        if attribute(of, "use").as_deref() == Some("required") {
                            shape.1.insert(name.clone());
                        }
                        shape.0.insert(name);
                    }
                    "xs:element" => match attribute(of, "ref") {
                        Some(inside) => {
                            shape.2.insert(inside);
                        }
                        None if depth == 1 => within = attribute(of, "name").unwrap(),
                        None => {}
                    },
                    _ => {}
                }
                shapes.entry(within.clone()).or_default();
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth -= 1,
            Event::Eof => return shapes,
            _ => {}
        }
    }
}

#[test]
fn junit_has_the_elements_and_attributes_of_its_schema_and_its_counts_are_true() {
    let (text, shapes) = (export(&["check", "-o", "junit"]), shapes());
    let (mut reader, mut stack, mut met) = (Reader::from_str(&text), Vec::<String>::new(), BTreeMap::new());
    let mut suite = BTreeMap::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(of) | Event::Empty(of) => {
                let name = of.name().as_ref().to_owned();
                let (may, must, _) = shapes.get(&name).unwrap_or_else(|| panic!("no element {name}"));
                let has: BTreeSet<String> = of.attributes().map(|it| it.unwrap().key.as_ref().to_owned()).collect();
                assert!(has.is_subset(may) && must.is_subset(&has), "{name}: {has:?}, may {may:?}, must {must:?}");
                if let Some(outer) = stack.last() {
                    assert!(shapes[outer].2.contains(&name), "{name} in {outer}");
                }
                if name == "testsuite" {
                    suite = ["tests", "failures", "skipped"]
                        .map(|of_suite| (of_suite, attribute(of, of_suite).unwrap()))
                        .into();
                }
                *met.entry(name.clone()).or_insert(0) += 1;
                if matches!(event, Event::Start(_)) {
                    stack.push(name);
                }
            }
            Event::End(_) => drop(stack.pop()),
            Event::Eof => break,
            _ => {}
        }
    }
    for (of_suite, element) in [("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")] {
        assert_eq!(suite[of_suite], met[element].to_string(), "{of_suite}");
    }
}

#[test]
fn the_html_is_one_file_that_fetches_nothing_and_lets_no_text_of_the_account_act() {
    let html = export(&["check", "-o", "html"]);
    for outside in ["<script", "src=", "href=", "url(", "@import", "<img", "<iframe"] {
        assert!(!html.contains(outside), "{outside}");
    }
    // The demo's tables bear hostile texts, and so does the mute.
    assert!(html.contains("&lt;/script&gt; &amp;") && !html.contains('\u{1b}') && !html.contains('\u{202e}'));
    for word in [" muted · ", "RES-01", "ListTagsOfResource", "aws dynamodb ", "muted by ann until 2099-01-01"] {
        assert!(html.contains(word), "{word}");
    }
    let mut reader = Reader::from_str(html.split_once("<body>").unwrap().1.split_once("</body>").unwrap().0);
    while !matches!(reader.read_event().unwrap(), Event::Eof) {}
}

#[test]
fn an_auditor_asks_by_framework_and_sees_whose_mapping_it_is() {
    let plain = config("framework", "");
    for format in ["html", "md", "junit", "sarif"] {
        let text = run(&plain, &["check", "--framework", "pci-dss-v4", "-o", format]).1;
        assert!(text.contains("suggested") && text.contains("published") && text.contains("10.2.1"), "{format}");
    }
    // By class and tag, too.
    let restricted = rows(&plain, &["check", "--filter", "class:restricted control:LOG-02 tag.owner:*"]).1;
    assert!(restricted["rows"].as_array().is_some_and(|rows| !rows.is_empty()), "{restricted}");
    let ask = |line: &[&str]| rows(&plain, line).1;
    let pci = ask(&["check", "--framework", "PCI"]);
    assert_eq!(pci["framework"]["name"], "pci-dss-v4");
    assert!(pci["framework"]["controls"]["suggested"].as_u64().unwrap() > 0);
    let of = |answer: &Value| -> BTreeSet<(String, String)> {
        let rows = answer["rows"].as_array().unwrap().iter();
        let word = |row: &Value, name: &str| row["framework"][name].as_str().unwrap().to_owned();
        rows.map(|row| (word(row, "mapping"), row["control"].as_str().unwrap().to_owned())).collect()
    };
    let all = of(&pci);
    assert!(all.contains(&("published".to_owned(), "ENC-01".to_owned())), "{all:?}");
    assert!(all.contains(&("suggested".to_owned(), "NET-01".to_owned())), "{all:?}");
    let published = of(&ask(&["check", "--framework", "pci-dss-v4", "--published-only"]));
    assert!(
        published.is_subset(&all)
            && published.iter().all(|(mapping, _)| mapping == "published")
            && published.len() < all.len()
    );
    let (_, table, _) = run(&plain, &["check", "--framework", "pci-dss-v4"]);
    assert!(table.lines().next().unwrap().contains("MAPPING  ") && table.contains("3.5.1"), "{table}");
    let (code, out, err) = run(&plain, &["check", "--framework", "pci-dss-v3"]);
    assert!(code == 2 && out.is_empty() && err.contains("pci-dss-v4"), "{err}");
}

#[test]
fn one_control_is_asked_for_and_the_gate_goes_by_it_alone() {
    let plain = config("control", "");
    let ask = |line: &[&str]| rows(&plain, line);
    let (code, answer) = ask(&["check", "--control", "res-03,ENC-02", "--fail-on", "info"]);
    let controls: BTreeSet<&str> =
        answer["rows"].as_array().unwrap().iter().map(|row| row["control"].as_str().unwrap()).collect();
    assert_eq!((code, controls), (3, BTreeSet::from(["ENC-02", "RES-03"])));
    let (code, _) = ask(&["check", "--control", "RES-03", "--fail-on", "critical"]);
    assert_ne!(code, 3);
    assert_eq!(run(&plain, &["check", "--control", "RES-99"]).0, 2);
}
