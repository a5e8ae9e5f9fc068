//! A JSON text on the screen: it folds, is searched, and what it names can be followed.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::theme::Role;
use crate::widget::text;
use crate::widget::tree::{Kind, Shown, Tree, find};

use super::{Ctx, Screen, Thing, follow};

/// The longest part of a line that is ever looked at.
const LINE: usize = 16_384;

/// How much of what a fold hides is shown beside it.
const PREVIEW: usize = 240;

/// A JSON text, or one that should have been.
#[derive(Debug, Clone)]
pub struct Raw {
    shape: Shape,
    /// What was searched for last, and the nodes (or lines) that hold it.
    needle: String,
    hits: Vec<u32>,
}

#[derive(Debug, Clone)]
enum Shape {
    Tree(Tree),
    /// Why it is no JSON, then the text as it came.
    Text(Vec<String>),
}

impl Raw {
    /// Reads a JSON text; what is none is shown as it came, below the reason.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let shape = match Tree::parse(source) {
            Ok(tree) => Shape::Tree(tree),
            Err(why) => {
                let why = format!("no JSON: {why} · shown as it came");
                Shape::Text(std::iter::once(why).chain(source.lines().map(cut)).collect())
            }
        };
        Self { shape, needle: String::new(), hits: Vec::new() }
    }

    /// How many lines are in sight.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.shape {
            Shape::Tree(tree) => tree.len(),
            Shape::Text(lines) => lines.len(),
        }
    }

    /// True when there is nothing to see.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn tree(&self) -> Option<&Tree> {
        match &self.shape {
            Shape::Tree(tree) => Some(tree),
            Shape::Text(_) => None,
        }
    }

    fn tree_mut(&mut self) -> Option<&mut Tree> {
        match &mut self.shape {
            Shape::Tree(tree) => Some(tree),
            Shape::Text(_) => None,
        }
    }

    /// Folds what is open and opens what is folded; `false` where nothing folds.
    pub fn toggle(&mut self, line: usize) -> bool {
        let Some(tree) = self.tree_mut() else { return false };
        let Some(folded) = tree.line(line).map(|shown| shown.folded) else { return false };
        tree.fold(line, !folded)
    }

    /// Folds a line, or, where nothing is left to fold, goes to what holds it: the line to stand on.
    pub fn fold(&mut self, line: usize) -> usize {
        let Some(tree) = self.tree_mut() else { return line };
        if tree.fold(line, true) { line } else { tree.parent(line).unwrap_or(line) }
    }

    /// Unfolds a line, or goes into it when it is open; `None` for what has no inside.
    pub fn unfold(&mut self, line: usize) -> Option<usize> {
        let tree = self.tree_mut()?;
        let folds = tree.line(line)?.folds();
        folds.then(|| if tree.fold(line, false) { line } else { line + 1 })
    }

    /// Folds or unfolds everything; the line to stand on.
    pub fn fold_all(&mut self, folded: bool, line: usize) -> usize {
        self.tree_mut().map_or(line, |tree| tree.fold_all(folded, line))
    }

    /// The next hit after (or before) a line, opening what hides it; `here` takes the line itself, too.
    pub fn beyond(&mut self, needle: &str, line: usize, back: bool, here: bool) -> Option<usize> {
        self.search(needle);
        let from = self.node(line);
        let node = match back {
            false => self.hits.iter().find(|hit| **hit > from || (here && **hit == from)),
            true => self.hits.iter().rev().find(|hit| **hit < from),
        };
        node.copied().map(|node| self.reveal(node))
    }

    /// The first hit of all (or the last), opening what hides it.
    pub fn end(&mut self, needle: &str, last: bool) -> Option<usize> {
        self.search(needle);
        let node = if last { self.hits.last() } else { self.hits.first() };
        node.copied().map(|node| self.reveal(node))
    }

    fn reveal(&mut self, node: u32) -> usize {
        self.tree_mut().map_or(node as usize, |tree| tree.reveal(node))
    }

    /// How many hits there are, once they were looked for.
    #[must_use]
    pub fn hits_of(&self, needle: &str) -> usize {
        if self.needle == needle { self.hits.len() } else { 0 }
    }

    fn search(&mut self, needle: &str) {
        if self.needle == needle {
            return;
        }
        needle.clone_into(&mut self.needle);
        self.hits = match &self.shape {
            Shape::Tree(tree) => tree.hits(needle),
            Shape::Text(lines) => {
                let hit = |(at, line): (usize, &String)| find(line, needle).and(u32::try_from(at).ok());
                lines.iter().enumerate().filter_map(hit).collect()
            }
        };
    }

    fn node(&self, line: usize) -> u32 {
        self.tree().map_or(u32::try_from(line).unwrap_or(u32::MAX), |tree| tree.node(line))
    }

    /// Which hit of how many a line is.
    #[must_use]
    pub fn hit(&self, line: usize) -> Option<(usize, usize)> {
        let at = self.hits.binary_search(&self.node(line)).ok()?;
        Some((at + 1, self.hits.len()))
    }

    /// A line's value, for the clipboard.
    #[must_use]
    pub fn value(&self, line: usize) -> Option<String> {
        match &self.shape {
            Shape::Tree(tree) => tree.value(line),
            Shape::Text(lines) => lines.get(line).cloned(),
        }
    }

    /// The way to a line, as jq takes it.
    #[must_use]
    pub fn path(&self, line: usize) -> Option<String> {
        self.tree()?.path(line)
    }

    /// Where the value of a line leads.
    #[must_use]
    pub fn target(&self, ctx: &Ctx<'_>, of: &Thing, line: usize) -> Option<Screen> {
        let tree = self.tree()?;
        let shown = tree.line(line).filter(|shown| shown.kind == Kind::Text && shown.text.len() <= 2_048)?;
        debug_assert!(!shown.folds());
        follow::target(ctx, of, &tree.key(line).unwrap_or_default(), &tree.value(line)?)
    }

    /// Draws a line, `side` cells scrolled to the right, hits marked.
    #[must_use]
    pub fn draw(&self, ctx: &Ctx<'_>, of: &Thing, line: usize, needle: &str, view: (usize, usize)) -> Line<'static> {
        let (side, width) = view;
        let pieces = match &self.shape {
            Shape::Text(lines) => {
                let role = if line == 0 { Role::Unknown } else { Role::Text };
                vec![(role, lines.get(line).cloned().unwrap_or_default())]
            }
            Shape::Tree(tree) => {
                let Some(shown) = tree.line(line) else { return Line::default() };
                let leads = self.target(ctx, of, line).is_some();
                pieces(&shown, leads, side + width)
            }
        };
        paint(ctx, &pieces, needle, side, width)
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}… ({} bytes)", &line[..at], line.len()),
        None => line.to_owned(),
    }
}

/// A line in pieces of one colour: indent and sign, key, value.
fn pieces(shown: &Shown<'_>, leads: bool, cells: usize) -> Vec<(Role, String)> {
    let sign = match (shown.folds(), shown.folded) {
        (true, true) => "▸ ",
        (true, false) => "▾ ",
        (false, _) => "  ",
    };
    let mut pieces = vec![(Role::Dim, format!("{}{sign}", "  ".repeat(shown.depth)))];
    match (shown.key, shown.index) {
        (Some(key), _) => pieces.extend([(Role::JsonKey, begin(key, cells)), (Role::Dim, ": ".to_owned())]),
        (None, Some(index)) => pieces.push((Role::Dim, format!("{index}: "))),
        (None, None) => {}
    }
    let (open, close) = if shown.kind == Kind::Array { ('[', ']') } else { ('{', '}') };
    if shown.folds() {
        let inside = if shown.embedded { "JSON in a string " } else { "" };
        pieces.push((Role::Dim, format!("{inside}{open}{}{close}", shown.children)));
        if shown.folded {
            let gist = begin(shown.text, PREVIEW).split_whitespace().collect::<Vec<_>>().join(" ");
            pieces.push((Role::Dim, format!("  {gist}")));
        }
        return pieces;
    }
    let role = match shown.kind {
        Kind::Text if leads => Role::Link,
        Kind::Text => Role::JsonString,
        Kind::Other => Role::JsonOther,
        Kind::Object | Kind::Array => Role::Dim,
    };
    pieces.push((role, begin(shown.text, cells.max(2))));
    pieces
}

/// The beginning of a text, in characters.
fn begin(text: &str, chars: usize) -> String {
    text.chars().take(chars + 1).collect()
}

/// Pieces as spans: what lies left of `side` is left out, hits are marked, everything is made inert.
fn paint(ctx: &Ctx<'_>, pieces: &[(Role, String)], needle: &str, side: usize, width: usize) -> Line<'static> {
    let whole: String = pieces.iter().map(|(_, words)| words.as_str()).collect();
    let mut hits = Vec::new();
    let mut from = 0;
    while let Some(at) = whole.get(from..).and_then(|rest| find(rest, needle)) {
        hits.push(from + at..from + at + needle.len());
        from += at + needle.len();
    }
    let hidden = whole.char_indices().nth(side).map_or(whole.len(), |(at, _)| at);
    let mut spans: Vec<Span<'static>> = Vec::new();
    let (mut start, mut left) = (0, width);
    for (role, words) in pieces {
        let end = start + words.len();
        let mut cuts: Vec<usize> = hits.iter().flat_map(|hit| [hit.start, hit.end]).collect();
        cuts.extend([start.max(hidden), end]);
        cuts.retain(|cut| (start.max(hidden)..=end).contains(cut));
        cuts.sort_unstable();
        for part in cuts.windows(2) {
            let Some(words) = whole.get(part[0]..part[1]).filter(|words| !words.is_empty()) else { continue };
            let marked = hits.iter().any(|hit| hit.start <= part[0] && part[1] <= hit.end);
            let role = if marked { Role::Match } else { *role };
            if left == 0 {
                break;
            }
            let span = ctx.look.foreign(role, words, left);
            left = left.saturating_sub(text::width(&span.content));
            spans.push(span);
        }
        start = end;
    }
    Line { spans, style: Style::default(), alignment: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_both_ways_and_says_where_it_ends() {
        for source in ["one\ntwo\nONE\nthree", r#"{"one":1,"two":2,"ONE":1,"three":3}"#] {
            let mut raw = Raw::of(source);
            assert_eq!(raw.beyond("one", 0, false, false), Some(1), "{source}");
            assert_eq!((raw.beyond("one", 1, false, false), raw.beyond("one", 1, false, true)), (Some(3), Some(1)));
            assert_eq!((raw.hit(3), raw.hit(2)), (Some((2, 2)), None));
            assert_eq!((raw.beyond("one", 3, false, false), raw.end("one", false)), (None, Some(1)));
            assert_eq!((raw.beyond("one", 3, true, false), raw.end("one", true)), (Some(1), Some(3)));
            assert_eq!(raw.beyond("three", 0, false, true), Some(4));
            assert_eq!((raw.end("none", true), raw.hits_of("none"), raw.hits_of("one")), (None, 0, 0));
        }
    }

    #[test]
    fn what_is_no_json_is_shown_as_it_came_below_the_reason() {
        let raw = Raw::of("<html>\noops");
        assert_eq!(raw.len(), 3);
        assert!(raw.value(0).unwrap().contains("expected value at line 1"));
        assert_eq!((raw.value(2).as_deref(), raw.path(2)), (Some("oops"), None));
    }
}
