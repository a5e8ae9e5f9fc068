use super::*;

pub(super) const CASES: &[Case] = &[
    ("ISO-01", Pass, |_| {}),
    ("ISO-01", Fail, |estate| {
        tags(estate).remove("data-class");
    }),
    ("ISO-01", Warn, |estate| {
        tags(estate).insert("data-class".to_owned(), "tbd".to_owned());
    }),
    ("ISO-01", Warn, |estate| {
        tags(estate).remove("domain");
    }),
    ("ISO-01", Warn, |estate| {
        replica(estate).tags = seen(BTreeMap::from([("data-class".to_owned(), "internal".to_owned())]));
    }),
    ("ISO-01", Unknown, |estate| table(estate).tags = denied("dynamodb:ListTagsOfResource")),
    ("ISO-02", Pass, |_| {}),
    ("ISO-02", Fail, |estate| {
        tags(estate).insert("domain".to_owned(), "identity".to_owned());
    }),
    ("ISO-02", Warn, |estate| endpoint(estate).tags.clear()),
    ("ISO-02", Warn, |estate| {
        tags(estate).remove("domain");
    }),
    ("ISO-02", Pass, |estate| {
        tags(estate).insert("domain".to_owned(), "identity".to_owned());
        tags(estate).insert("data-class".to_owned(), "internal".to_owned());
    }),
    ("ISO-02", Pass, |estate| {
        tags(estate).insert("domain".to_owned(), "identity".to_owned());
        denying(estate, r#""Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/orders""#);
    }),
    ("ISO-02", Fail, |estate| {
        tags(estate).insert("domain".to_owned(), "identity".to_owned());
        denying(estate, r#""Action":"dynamodb:Put*","Resource":"*""#);
    }),
    ("ISO-02", Warn, |estate| {
        tags(estate).insert("domain".to_owned(), "identity".to_owned());
        denying(
            estate,
            r#""Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceTag/domain":"payments"}}"#,
        );
    }),
    ("ISO-02", Unknown, |estate| table(estate).tags = denied("dynamodb:ListTagsOfResource")),
    ("ISO-02", Unknown, |estate| endpoint(estate).policy = Some("<html>".to_owned())),
    ("ISO-02", Unknown, |estate| net(estate).endpoints = denied("ec2:DescribeVpcEndpoints")),
    ("ISO-06", Pass, |_| {}),
    ("ISO-06", Fail, |estate| {
        beside(estate);
    }),
    ("ISO-06", Pass, |estate| {
        let other = beside(estate);
        other.description.seen.as_mut().unwrap().value.kms_key = None;
    }),
    ("ISO-06", Warn, |estate| {
        beside(estate);
        described(estate).kms_key = None;
    }),
    ("ISO-06", Unknown, |estate| {
        // Its key may be the restricted table's.
        beside(estate).description = denied("dynamodb:DescribeTable");
    }),
    ("ISO-06", Unknown, |estate| {
        beside(estate);
        described(estate).kms_key = None;
        table(estate).description = denied("dynamodb:DescribeTable");
    }),
    ("ISO-06", NotApplicable, |estate| classed(estate, DataClass::Internal)),
    ("ISO-06", Unknown, |estate| table(estate).tags = denied("dynamodb:ListTagsOfResource")),
    ("ISO-06", Unknown, |estate| {
        estate.populations.insert(scope(), denied("dynamodb:ListTables"));
    }),
];

fn tags(estate: &mut Estate) -> &mut BTreeMap<String, String> {
    &mut table(estate).tags.seen.as_mut().unwrap().value
}

/// Another table of a milder class, under the same key.
fn beside(estate: &mut Estate) -> &mut Table {
    let mut other = estate.tables[ARN].clone();
    other.arn = format!("{ARN}-archive");
    other.name = "orders-archive".to_owned();
    other.tags = seen(BTreeMap::from([("data-class".to_owned(), "internal".to_owned())]));
    estate.tables.insert(other.arn.clone(), other);
    estate.tables.get_mut(&format!("{ARN}-archive")).unwrap()
}

/// The endpoint's policy, with a denial beside its allow.
fn denying(estate: &mut Estate, denial: &str) {
    let of = &mut endpoint(estate).policy;
    let whole = of.take().unwrap();
    let (allow, _) = whole.rsplit_once("]}").unwrap();
    *of = Some(format!(r#"{allow},{{"Effect":"Deny","Principal":"*",{denial}}}]}}"#));
}
