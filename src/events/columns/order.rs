//! Rows in the order of a column's values: of texts, each value is compared once, not once a row.

use super::cells::mark;
use super::words::NONE;
use super::{EventRef, Events};

/// What rows can be put in order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// When.
    Time,
    /// How bad.
    Grade,
    /// `eventName`
    Name,
    /// Who.
    Principal,
    /// The first table spoken of.
    Table,
    /// From where.
    Address,
    /// `awsRegion`
    Region,
    /// `errorCode`
    Error,
}

/// The rank of a row without a value: last.
const LAST: u32 = u32::MAX;

impl Events {
    /// Rows in the order of their values, letters of either case alike; equal ones stay as they were, and what has no
    /// value comes last in both directions.
    #[must_use]
    pub fn ordered(&self, rows: &[u32], by: Order, reversed: bool) -> Vec<u32> {
        let ranks = self.ranks(rows, by);
        let (known, without): (Vec<_>, Vec<_>) =
            ranks.iter().zip(rows).enumerate().partition(|(_, (rank, _))| **rank != LAST);
        let mut known: Vec<(u32, u32, u32)> =
            known.into_iter().map(|(at, (rank, row))| (*rank, at as u32, *row)).collect();
        known.sort_unstable();
        if reversed {
            known.reverse();
        }
        known.into_iter().map(|(_, _, row)| row).chain(without.into_iter().map(|(_, (_, row))| *row)).collect()
    }

    fn ranks(&self, rows: &[u32], by: Order) -> Vec<u32> {
        let columns = &self.columns;
        let cell = |column: &[u32], row: u32| column.get(row as usize).copied().unwrap_or(LAST);
        let of = &self.dictionaries;
        let column = match by {
            Order::Time => {
                let timeless =
                    |row: u32| columns.marks.get(row as usize).is_none_or(|marks| marks & mark::NO_TIME != 0);
                return rows.iter().map(|row| if timeless(*row) { LAST } else { cell(&columns.time, *row) }).collect();
            }
            Order::Grade => {
                let grade = |row: &u32| self.at(*row).and_then(EventRef::grade);
                return rows.iter().map(|row| grade(row).map_or(LAST, |grade| u32::from(grade.code()))).collect();
            }
            Order::Name | Order::Error => &columns.action,
            Order::Principal => &columns.caller,
            Order::Table => &columns.tables,
            Order::Address => &columns.address,
            Order::Region => &columns.site,
        };
        let word = |code: u32| match by {
            Order::Name => of.actions.get(code).map_or(NONE, |action| action.name),
            Order::Error => of.actions.get(code).map_or(NONE, |action| action.error),
            Order::Principal => of.callers.get(code).map_or(NONE, |caller| caller.principal),
            Order::Table => of.sets.get(code).and_then(|set| set.first().copied()).unwrap_or(NONE),
            Order::Region => of.sites.get(code).map_or(NONE, |site| site.region),
            Order::Address | Order::Time | Order::Grade => code,
        };
        let mut used: Vec<u32> = rows.iter().map(|row| cell(column, *row)).collect();
        used.sort_unstable();
        used.dedup();
        let text = |code: u32| of.words.get(word(code)).to_lowercase();
        let mut texts: Vec<(String, u32)> =
            used.iter().filter(|code| word(**code) != NONE).map(|code| (text(*code), *code)).collect();
        texts.sort_unstable();
        let mut ranks = vec![LAST; used.last().map_or(0, |last| *last as usize + 1)];
        let (mut rank, mut before) = (0, "");
        for (text, code) in &texts {
            rank += u32::from(text != before);
            before = text;
            if let Some(slot) = ranks.get_mut(*code as usize) {
                *slot = rank;
            }
        }
        rows.iter().map(|row| ranks.get(cell(column, *row) as usize).copied().unwrap_or(LAST)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::fields::Reader;

    use super::*;

    #[test]
    fn rows_stand_as_their_values_do_and_what_has_none_stands_last() {
        let mut events = Events::default();
        let rows =
            [("Zed", "x", "2026-01-01T00:00:03Z"), ("alpha", "", "oops"), ("ALPHA", "b", "2026-01-01T00:00:01Z")];
        for (at, (name, error, time)) in rows.into_iter().enumerate() {
            let error = if error.is_empty() { String::new() } else { format!(r#","errorCode":"{error}""#) };
            let text = format!(
                r#"{{"eventVersion":"1","eventID":"{at}","eventSource":"s","eventName":"{name}","eventTime":"{time}"{error}}}"#
            );
            events.push(&text, &Arc::from("t"), &Reader::default());
        }
        events.settle();
        let ordered = |by, reversed| events.ordered(&[0, 1, 2], by, reversed);
        assert_eq!(ordered(Order::Name, false), [1, 2, 0], "letters of either case alike, equal ones as they were");
        assert_eq!(ordered(Order::Name, true), [0, 2, 1]);
        assert_eq!((ordered(Order::Error, false), ordered(Order::Error, true)), (vec![2, 0, 1], vec![0, 2, 1]));
        assert_eq!((ordered(Order::Time, false), ordered(Order::Time, true)), (vec![2, 0, 1], vec![0, 2, 1]));
        assert_eq!(ordered(Order::Table, false), [0, 1, 2]);
        assert_eq!(events.ordered(&[2, 0], Order::Grade, true), [2, 0]);
    }
}
