//! What recording costs. Source: aws.amazon.com/cloudtrail/pricing, /cloudwatch/pricing and /kms/pricing, list prices of
//! the region us-east-1 as of November 2026; other regions and contracts differ.

/// US dollars for 100,000 data events that a trail delivers to S3. Storage comes on top.
const DATA_EVENTS: f64 = 0.10;
/// The data events that this is the price of.
const EVENTS: f64 = 100_000.0;
/// US dollars a month for a customer's key.
pub const KEY: f64 = 1.0;
/// What counting a table's calls costs.
pub const METRICS: &str = "13 metrics at $0.01 for 1,000";
/// Where the figures are from, for the screen.
pub const SOURCE: &str = "list price of November 2026, storage in S3 not counted";

/// The price of so many data events.
#[must_use]
pub fn data_events(count: f64) -> f64 {
    count / EVENTS * DATA_EVENTS
}

/// `$0.42`, `$1,280`, `under $0.01`.
#[must_use]
pub fn dollars(amount: f64) -> String {
    if amount < 0.01 {
        return "under $0.01".to_owned();
    }
    if amount < 100.0 {
        return format!("${amount:.2}");
    }
    format!("${}", grouped(amount))
}

/// A number with its thousands apart.
#[must_use]
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_those_of_the_list() {
        assert_eq!(dollars(data_events(1_000_000.0)), "$1.00");
        assert_eq!(dollars(data_events(1_280_000_000.0)), "$1,280");
        assert_eq!(dollars(data_events(5.0)), "under $0.01");
        assert_eq!((grouped(1_234_567.0), grouped(12.0)), ("1,234,567".to_owned(), "12".to_owned()));
    }
}
