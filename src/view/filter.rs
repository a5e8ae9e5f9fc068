//! What a filter lets through.

use super::{Ctx, Kind, Row};

/// A filter made once for all rows of a list.
pub struct Filter {
    needle: String,
}

impl Filter {
    /// A filter from what was typed.
    #[must_use]
    pub fn new(_: &Kind, typed: &str, _: &Ctx<'_>) -> Self {
        Self { needle: typed.trim().to_lowercase() }
    }

    /// True for rows that stay.
    #[must_use]
    pub fn matches(&self, ctx: &Ctx<'_>, row: &Row) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.needle);
        match row {
            Row::Table(arn) => has(arn),
            Row::Event(event) => [
                Some(&event.name),
                Some(&event.principal),
                event.ip.as_ref(),
                event.access_key.as_ref(),
                event.error.as_ref(),
                event.user_agent.as_ref(),
                Some(&event.region),
                Some(&event.id),
            ]
            .into_iter()
            .flatten()
            .chain(&event.tables)
            .any(|text| has(text)),
            Row::Finding(finding) => {
                has(&finding.kind)
                    || has(&finding.title)
                    || has(&finding.id)
                    || finding.principal.as_deref().is_some_and(has)
                    || finding.access_key.as_deref().is_some_and(has)
                    || finding.action.ip.as_deref().is_some_and(has)
            }
            row => row.thing(ctx).is_some_and(|thing| has(&format!("{thing:?}"))),
        }
    }
}
