//! Data protection: what the names of key attributes give away.

use crate::model::{Estate, Judgement, Table};

use super::draft::{Draft, by_class, class, settle, unread};
use super::{Baseline, Control, Judge};

/// ENC-13.
pub(super) const ENC_13: &Control = &Control {
    id: "ENC-13",
    operations: &["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"],
    blind: "what the keys hold: names are compared, values are never read",
    judge: Judge::Table(named),
};

/// Words that name what identifies a person or a payment.
const WORDS: [&str; 30] = [
    "ssn",
    "nin",
    "nino",
    "tin",
    "pan",
    "card",
    "cardnumber",
    "creditcard",
    "ccn",
    "cvv",
    "cvc",
    "iban",
    "email",
    "mail",
    "phone",
    "mobile",
    "msisdn",
    "passport",
    "license",
    "licence",
    "dob",
    "birthdate",
    "birthday",
    "taxid",
    "nationalid",
    "patient",
    "mrn",
    "imei",
    "surname",
    "lastname",
];

fn named(estate: &Estate, baseline: &Baseline, table: &Table) -> Judgement {
    by_class(settle(judge_named(estate, baseline, table)), unread(table))
}

fn judge_named(estate: &Estate, baseline: &Baseline, table: &Table) -> Result<Judgement, Box<Judgement>> {
    let draft = Draft::new(ENC_13, &table.arn);
    let (class, _) = class(estate, table);
    if !baseline.asks(class, ENC_13.id) {
        return Ok(draft.not_applicable(format!("class {} asks for none", class.word())));
    }
    let (mut draft, seen) = draft.need("DescribeTable", Some(&table.description))?;
    let of = &seen.value;
    if of.key.is_empty() || of.indexes.iter().any(|index| index.key.is_empty()) {
        return Ok(draft.unclear("the answer leaves a KeySchema out"));
    }
    draft.saw(
        seen,
        std::iter::once(format!("Table.KeySchema={}", of.key.join(" ")))
            .chain(of.indexes.iter().map(|index| format!("{}: KeySchema={}", index.name, index.key.join(" ")))),
    );
    let keys = of.key.iter().chain(of.indexes.iter().flat_map(|index| &index.key));
    Ok(match keys.into_iter().find_map(|key| Some((key, telling(key)?))) {
        Some((key, word)) => draft.warn(format!(
            "the key attribute {key} looks like {word}: values of keys stand in the clear in CloudTrail and its like"
        )),
        None => draft.pass("no key attribute is named like a regulated identifier"),
    })
}

/// The word in an attribute's name that names an identifier: `customerEmail`, `card_number`, `DOB`.
fn telling(name: &str) -> Option<&'static str> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            lower = false;
            words.push(String::new());
            continue;
        }
        if words.is_empty() || c.is_uppercase() && lower {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    let pairs: Vec<String> = words.windows(2).map(<[String]>::concat).collect();
    WORDS.into_iter().find(|of| words.iter().chain(&pairs).any(|word| word == of))
}

#[cfg(test)]
mod tests {
    use super::telling;

    #[test]
    fn words_are_found_however_they_are_put_together() {
        for (name, word) in [
            ("email", Some("email")),
            ("customerEmail", Some("email")),
            ("CARD_NUMBER", Some("card")),
            ("tax-id", Some("taxid")),
            ("DOB", Some("dob")),
            ("birthDate", Some("birthdate")),
            ("id", None),
            ("span", None),
            ("discard", None),
            ("pk", None),
            ("", None),
        ] {
            assert_eq!(telling(name), word, "{name}");
        }
    }
}
