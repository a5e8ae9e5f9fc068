//! How large the demo account is.

use crate::wire::demo::DemoOptions;

/// What `--demo=` may scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemoSizes {
    tables: Option<usize>,
    findings: Option<usize>,
    events: Option<usize>,
}

impl DemoSizes {
    /// The options of a demo of these sizes.
    #[must_use]
    pub fn options(self, seed: Option<u64>) -> DemoOptions {
        let default = DemoOptions::default();
        DemoOptions {
            seed: seed.unwrap_or(default.seed),
            tables: self.tables.unwrap_or(default.tables),
            findings: self.findings.unwrap_or(default.findings),
            events: self.events.unwrap_or(default.events),
            ..default
        }
    }
}

/// Reads `tables=5000,events=100`.
///
/// # Errors
/// What is no size.
pub fn demo_sizes(text: &str) -> Result<DemoSizes, String> {
    let mut sizes = DemoSizes::default();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (name, count) = part.split_once('=').ok_or_else(|| format!("`{part}`: write tables=5000"))?;
        let count = count.parse().map_err(|_| format!("`{count}` is no count"))?;
        match name {
            "tables" => sizes.tables = Some(count),
            "findings" => sizes.findings = Some(count),
            "events" => sizes.events = Some(count),
            _ => return Err(format!("`{name}`: there are tables, findings and events")),
        }
    }
    Ok(sizes)
}
