//! Lanes of domains, on the side of identities: whose roles reach whose tables.

use crate::model::{ClassTags, Estate, Judgement};
use crate::policy::Actions;

use super::draft::Draft;
use super::grants::{listed, whole};
use super::roster::{DETAILS, Holder, each_account, roster, some};
use super::{Baseline, Control, Judge};

/// ISO-03.
pub(super) const ISO_03: &Control = &Control {
    id: "ISO-03",
    operations: &[DETAILS, "dynamodb:ListTables", "dynamodb:ListTagsOfResource"],
    blind: "tables of other accounts, what tables' own policies let in (IAM-10), and what policies of the organization take \
            back; conditions are taken to hold",
    judge: Judge::Estate(crossed),
};

fn crossed(estate: &Estate, baseline: &Baseline) -> Vec<Judgement> {
    each_account(ISO_03, estate, baseline, |draft, account, _| judge(estate, baseline, draft, account))
}

fn judge(estate: &Estate, baseline: &Baseline, draft: Draft, account: &str) -> Result<Judgement, Box<Judgement>> {
    let (mut draft, seen, roster) = roster(draft, estate, account)?;
    let keys = &estate.class_tags.domain;
    let everyday: Vec<_> =
        roster.everyday(baseline).filter(|of| !of.may(None).and(Actions::items()).is_empty()).collect();
    let (mut crossing, mut nobodys, mut unread) = (Vec::new(), Vec::new(), None);
    for table in estate.tables.values().filter(|table| table.scope.account == account) {
        let Some(tags) = table.tags.value() else {
            unread = unread.or(Some(table));
            continue;
        };
        // A class that is a guess counts under ISO-01.
        if !estate.stated_class(table).is_some_and(|class| baseline.asks(class, ISO_03.id)) {
            continue;
        }
        let theirs = ClassTags::value_of(tags, keys);
        let reaches = |of: &&&Holder| !of.may(Some(&table.arn)).and(Actions::items()).is_empty();
        for holder in everyday.iter().filter(reaches) {
            match (ClassTags::value_of(&holder.tags, keys), theirs) {
                (Some(own), Some(theirs)) if own.eq_ignore_ascii_case(theirs) => {}
                (Some(own), Some(theirs)) => {
                    crossing.push(format!("{} of domain {own} reaches {} of domain {theirs}", holder.name, table.name));
                }
                (None, _) => {
                    nobodys.push(format!("{}, whose domain no tag states, reaches {}", holder.name, table.name));
                }
                (Some(_), None) => {
                    nobodys.push(format!("{} reaches {}, whose domain no tag states", holder.name, table.name));
                }
            }
        }
    }
    let found = if crossing.is_empty() { &nobodys } else { &crossing };
    draft.saw(
        seen,
        [format!("RoleDetailList={}", roster.holders.len())].into_iter().chain(found.iter().take(3).cloned()),
    );
    if !crossing.is_empty() {
        return Ok(draft.fail(some(&crossing)));
    }
    if let Some(table) = unread {
        let (draft, _) = draft.need(&format!("ListTagsOfResource of {}", table.name), Some(&table.tags))?;
        return Ok(draft.unclear("the tags of a table were not read"));
    }
    let draft = listed(whole(draft, &roster)?, estate, account)?;
    Ok(if nobodys.is_empty() {
        draft.pass("nobody reaches items of another domain's sensitive tables")
    } else {
        draft.warn(some(&nobodys))
    })
}
