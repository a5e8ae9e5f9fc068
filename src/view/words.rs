//! A place in words: the same rows and lines as on a screen, each glyph as what it means, for whoever listens.

use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::doc::What;
use super::{Body, Ctx, Kind, Place, Screen, list_of, states};

/// The width of what is drawn only to be read out.
const WIDE: u16 = 160;
/// The widest a cell of a list is made: beyond it, it is cut.
const CELL: u16 = 90;

/// One line: its number where it can be opened, and its words.
pub type Said = (Option<usize>, String);

impl Place {
    /// Where the line with a number stands, the first being 1.
    #[must_use]
    pub fn numbered(&self, ctx: &Ctx<'_>, number: usize) -> Option<usize> {
        let at = number.checked_sub(1)?;
        match &self.body {
            Body::Rows(rows, _) => (at < rows.len()).then_some(at),
            _ => (0..self.len()).filter(|line| self.leads(ctx, *line)).nth(at),
        }
    }

    /// Whether a line of a page or a record leads somewhere.
    fn leads(&self, ctx: &Ctx<'_>, line: usize) -> bool {
        match &self.body {
            Body::Doc(doc) if line < doc.lines.len() => doc.lines.get(line).is_some_and(|line| line.to.is_some()),
            Body::Doc(doc) => self.record_leads(ctx, line - doc.lines.len()),
            Body::Raw => self.record_leads(ctx, line),
            _ => false,
        }
    }

    fn record_leads(&self, ctx: &Ctx<'_>, line: usize) -> bool {
        let record = self.record.as_ref().zip(self.record_of());
        record.is_some_and(|(record, of)| record.target(ctx, of, line).is_some())
    }

    /// The lines of a stretch, and how many there are in all. What is empty says why.
    #[must_use]
    pub fn said(&self, ctx: &Ctx<'_>, range: Range<usize>) -> (Vec<Said>, usize) {
        match (&self.body, &self.screen) {
            (Body::Rows(rows, _), Screen::List(kind)) if rows.len() > 0 => {
                let shown = range.start.min(rows.len())..range.end.min(rows.len());
                (shown.map(|row| (Some(row + 1), self.row_said(ctx, kind, row))).collect(), rows.len())
            }
            (Body::Rows(..), Screen::List(kind)) => {
                (painted(|area, buf| states::draw_empty(ctx, self, kind, area, buf)), 0)
            }
            (Body::Doc(_) | Body::Raw, _) => {
                let mut lines = self.lines_said(ctx);
                let total = lines.len();
                let start = range.start.min(total);
                (lines.drain(start..range.end.min(total)).collect(), total)
            }
            _ => (painted(|area, buf| states::draw_gone(ctx, &self.screen, area, buf)), 0),
        }
    }

    /// A row: each column by its head.
    fn row_said(&self, ctx: &Ctx<'_>, kind: &Kind, row: usize) -> String {
        let view = list_of(kind);
        let Body::Rows(rows, _) = &self.body else { return String::new() };
        let Some(row) = rows.get(row) else { return String::new() };
        let (columns, titles, _) = match kind {
            Kind::Lanes(_) => super::lanes::shown(ctx, 0, u16::MAX / 2, false),
            _ => (view.columns.to_vec(), Vec::new(), 0),
        };
        let cells = columns.iter().enumerate().filter_map(|(at, column)| {
            let cell = spoken(&(view.cell)(ctx, &row, at, column.width.max(CELL)));
            let title = in_words(titles.get(at).map_or(column.title, String::as_str)).to_lowercase();
            match (cell.is_empty(), title.is_empty()) {
                (true, _) => None,
                (false, true) => Some(cell),
                (false, false) => Some(format!("{title}: {cell}")),
            }
        });
        cells.collect::<Vec<_>>().join("; ")
    }

    /// The lines of a page, of what stands beside it, and of its record; empty ones are left out.
    fn lines_said(&self, ctx: &Ctx<'_>) -> Vec<Said> {
        let mut said: Vec<(bool, String)> = Vec::new();
        if let Body::Doc(doc) = &self.body {
            for line in &doc.lines {
                let words = match &line.what {
                    What::Line(line) => spoken(line),
                    What::Event(tier, row) => {
                        let event = ctx.store.events().at(*row);
                        event.map(|event| risked(&super::trail::timeline(ctx, *tier, event, WIDE))).unwrap_or_default()
                    }
                };
                said.push((line.to.is_some(), words));
            }
            said.extend(doc.side.iter().map(|line| (false, spoken(line))));
        }
        if let (Some(record), Some(of)) = (&self.record, self.record_of()) {
            for line in 0..record.len() {
                let drawn = record.draw(ctx, of, line, "", (0, usize::from(WIDE)));
                said.push((record.target(ctx, of, line).is_some(), spoken(&drawn)));
            }
        }
        let mut number = 0;
        said.into_iter()
            .map(|(leads, words)| {
                number += usize::from(leads);
                (leads.then_some(number), words)
            })
            .filter(|(number, words)| number.is_some() || !words.is_empty())
            .collect()
    }
}

/// What something draws, in words.
pub fn painted(draw: impl FnOnce(Rect, &mut Buffer)) -> Vec<Said> {
    let area = Rect::new(0, 0, WIDE, 12);
    let mut buf = Buffer::empty(area);
    draw(area, &mut buf);
    let rows = buf.content().chunks(usize::from(WIDE));
    let text = |row: &[Cell]| in_words(&row.iter().map(Cell::symbol).collect::<String>());
    rows.map(text).filter(|words| !words.is_empty()).map(|words| (None, words)).collect()
}

/// A line in words.
#[must_use]
pub fn spoken(line: &Line<'_>) -> String {
    in_words(&line.spans.iter().map(|span| span.content.as_ref()).collect::<String>())
}

/// As [`spoken`], of a line whose glyph says how bad an event is, not how something was judged.
fn risked(line: &Line<'_>) -> String {
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    let rank = |c| match c {
        '✖' => Some("critical"),
        '▲' => Some("high"),
        '◆' => Some("medium"),
        '▪' => Some("low"),
        '–' => Some("info"),
        _ => None,
    };
    in_words(&text.chars().map(|c| rank(c).map_or_else(|| c.to_string(), str::to_owned)).collect::<String>())
}

/// Words for what a glyph means; `None` for text.
fn word(glyph: char) -> Option<&'static str> {
    Some(match glyph {
        '●' => "pass",
        '✖' => "fail",
        '▲' => "warn",
        '✎' => "manual",
        '?' => "unknown",
        '→' => "to",
        '¶' => "noted,",
        '▸' => "folded:",
        // Frames, bars and sparks: the numbers stand beside them.
        '─' | '│' | '└' | '├' | '▏' | '▌' | '▁'..='█' | '░'..='▓' | '◆' | '▪' | '▾' | '↑' | '↓' | '⟳' | '★' => {
            ""
        }
        _ => return None,
    })
}

/// Severities in full.
fn severity(token: &str) -> Option<&'static str> {
    Some(match token {
        "CRIT" => "critical",
        "HIGH" => "high",
        "MED" => "medium",
        "LOW" => "low",
        "INFO" => "info",
        _ => return None,
    })
}

/// Text with each glyph that stands alone, or before a number, as what it means.
fn in_words(text: &str) -> String {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let mut out: Vec<String> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).copied().unwrap_or_default();
        let mut chars = token.chars();
        let (first, rest) = (chars.next().unwrap_or(' '), chars.as_str());
        let said = match (*token, word(first)) {
            ("·" | "|", _) => {
                if let Some(last) = out.last_mut().filter(|last| !last.ends_with([',', '.', ':'])) {
                    last.push(',');
                }
                continue;
            }
            ("–" | "-", _) if severity(next).is_some() => continue,
            // Its word stands beside it, or says more.
            (_, Some(word)) if rest.is_empty() && (next == word || severity(next).is_some()) => continue,
            (_, Some(word)) if rest.is_empty() || token.chars().all(|c| self::word(c) == Some(word)) => {
                // A row of the same glyph, as posture bars have them, is said once.
                word.to_owned()
            }
            (_, Some(word)) if rest.bytes().all(|byte| byte.is_ascii_digit()) => format!("{rest} {word}"),
            (_, Some("")) if token.chars().all(|c| word(c) == Some("")) => continue,
            _ if token.strip_suffix('↑').and_then(severity).is_some() => {
                format!("{}, raised", severity(token.trim_end_matches('↑')).unwrap_or_default())
            }
            _ => severity(token).map_or_else(|| (*token).to_owned(), str::to_owned),
        };
        if !said.trim().is_empty() {
            out.push(said.trim().to_owned());
        }
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_become_words_and_text_stays() {
        for (shown, said) in [
            (" ✖ CRIT  Potential compromise · 2m ago", "critical Potential compromise, 2m ago"),
            (" ? tables   9s denied in 1 of 5", "unknown tables 9s denied in 1 of 5"),
            (" ● identity        11s", "pass identity 11s"),
            (" Findings ✖12 ?3", "Findings 12 fail 3 unknown"),
            (" ─ looked at ──────", "looked at"),
            ("CHANGES 12 h  ▃▅▄▄▄▆▄▅▃▅▄█  101", "CHANGES 12 h 101"),
            (" ▲ warn  LOW↑ x", "warn low, raised x"),
            ("TTL on → off", "TTL on to off"),
            ("role/app-orders a-b ok?", "role/app-orders a-b ok?"),
        ] {
            assert_eq!(in_words(shown), said);
        }
    }
}
