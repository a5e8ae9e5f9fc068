//! Which tags say what a table's data is, and whose.

use std::collections::BTreeMap;

use super::DataClass;

/// Tag keys, in order of preference and in any case, and what the values of a data class are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassTags {
    /// Keys that say the data class.
    pub class: Vec<String>,
    /// What its values mean, lower-cased.
    pub values: BTreeMap<String, DataClass>,
    /// Keys that say who owns the table.
    pub owner: Vec<String>,
    /// Keys that say which domain it belongs to.
    pub domain: Vec<String>,
    /// Keys that say of which zone a subnet is.
    pub zone: Vec<String>,
}

impl Default for ClassTags {
    fn default() -> Self {
        let keys = |of: &[&str]| of.iter().map(|&key| key.to_owned()).collect();
        let values = [
            ("public", DataClass::Public),
            ("internal", DataClass::Internal),
            ("confidential", DataClass::Confidential),
            ("pii", DataClass::Confidential),
            ("personal", DataClass::Confidential),
            ("restricted", DataClass::Restricted),
            ("secret", DataClass::Restricted),
            ("highly-confidential", DataClass::Restricted),
        ];
        Self {
            class: keys(&["data-class", "dataclass", "data-classification", "classification", "data_classification"]),
            values: values.into_iter().map(|(value, class)| (value.to_owned(), class)).collect(),
            owner: keys(&["owner", "team"]),
            domain: keys(&["domain"]),
            zone: keys(&["zone", "security-zone", "network-zone", "tier"]),
        }
    }
}

impl ClassTags {
    /// The data class that tags say; `None` when none does, or by a value that means nothing here.
    #[must_use]
    pub fn class_of(&self, tags: &BTreeMap<String, String>) -> Option<DataClass> {
        let means = |value: &str| self.values.get(value).or_else(|| self.values.get(&value.to_lowercase())).copied();
        first(tags, &self.class, means)
    }

    /// The value of the first of these keys that is among the tags.
    #[must_use]
    pub fn value_of<'a>(tags: &'a BTreeMap<String, String>, keys: &[String]) -> Option<&'a str> {
        first(tags, keys, Some)
    }
}

/// What the value of the first of these keys means, among those that mean anything. The tags are walked but once: every
/// control asks this of every table.
fn first<'a, T>(
    tags: &'a BTreeMap<String, String>,
    keys: &[String],
    means: impl Fn(&'a str) -> Option<T>,
) -> Option<T> {
    let mut best = None;
    for (tag, value) in tags {
        let Some(at) = keys.iter().position(|key| key.eq_ignore_ascii_case(tag)) else { continue };
        if best.as_ref().is_none_or(|(found, _)| at < *found)
            && let Some(meant) = means(value)
        {
            best = Some((at, meant));
        }
    }
    best.map(|(_, meant)| meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_found_in_any_case_and_the_first_key_that_means_something_wins() {
        let mut of = ClassTags::default();
        let tags = |of: &[(&str, &str)]| of.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(of.class_of(&tags(&[("Data-Class", "PII")])), Some(DataClass::Confidential));
        assert_eq!(of.class_of(&tags(&[("data-class", "tbd"), ("classification", "public")])), Some(DataClass::Public));
        assert_eq!(of.class_of(&tags(&[("data-class", "tbd")])), None);
        of.class = vec!["sensitivity".to_owned()];
        of.values.insert("c3".to_owned(), DataClass::Restricted);
        assert_eq!(of.class_of(&tags(&[("Sensitivity", "C3"), ("data-class", "public")])), Some(DataClass::Restricted));
        assert_eq!(ClassTags::value_of(&tags(&[("Team", "billing")]), &of.owner), Some("billing"));
    }
}
