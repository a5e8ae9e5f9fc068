//! JSON as a tree that folds: nodes in reading order over the text itself.
//!
//! A node knows where its text stands and where its subtree ends: folding is a jump, numbers stay as they were
//! written, keys that are met twice are both there, and a megabyte is neither copied nor laid out.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Below this depth a value is shown as its text: nobody reads there, and the call stack has an end.
const DEEPEST: usize = 128;

/// A tree with more nodes than this starts with its inner parts folded.
const LARGE: usize = 3_000;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`.
    Object,
    /// `[…]`.
    Array,
    /// A string.
    Text,
    /// A number, `true`, `false`, `null`.
    Other,
}

#[derive(Debug, Clone)]
enum Name {
    None,
    Index(u32),
    Key(Range<u32>),
}

#[derive(Debug, Clone)]
struct Node {
    parent: u32,
    /// The first node after the subtree.
    end: u32,
    depth: u16,
    kind: Kind,
    folded: bool,
    children: u32,
    name: Name,
    /// Which text it stands in, and where.
    source: u32,
    text: Range<u32>,
    /// The text inside a string that holds JSON.
    inner: Option<u32>,
}

/// A line in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// How far it is indented.
    pub depth: usize,
    /// What it is; for a string that holds JSON, what that is.
    pub kind: Kind,
    /// Its key as written, with its quotes; none in arrays and at the top.
    pub key: Option<&'a str>,
    /// Its place in an array.
    pub index: Option<u32>,
    /// Its text as written.
    pub text: &'a str,
    /// How many values it holds.
    pub children: u32,
    /// Its values are out of sight.
    pub folded: bool,
    /// It is a string that holds JSON.
    pub embedded: bool,
}

impl Shown<'_> {
    /// True for what can be folded.
    #[must_use]
    pub fn folds(&self) -> bool {
        self.children > 0
    }
}

/// A JSON text as a tree.
#[derive(Debug, Clone)]
pub struct Tree {
    sources: Vec<Rc<str>>,
    nodes: Vec<Node>,
    /// The nodes in sight, in order.
    lines: Vec<u32>,
}

impl Tree {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// Why it is none, with the place.
    pub fn parse(source: &str) -> Result<Self, String> {
        let whole: &RawValue = serde_json::from_str(source).map_err(|error| error.to_string())?;
        let text: Rc<str> = Rc::from(whole.get());
        let mut tree = Self { sources: vec![Rc::clone(&text)], nodes: Vec::new(), lines: Vec::new() };
        tree.grow(0, &text, Name::None, 0, 0);
        if tree.nodes.len() > LARGE {
            tree.nodes.iter_mut().for_each(|node| node.folded = node.depth > 1 && node.children > 0);
        }
        tree.lay_out();
        Ok(tree)
    }

    /// Adds the node of `text`, a part of the source, and all below it.
    fn grow(&mut self, source: u32, text: &str, name: Name, parent: u32, depth: usize) {
        let place = self.nodes.len();
        let kind = match text.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            _ => Kind::Other,
        };
        let text_at = self.range(source, text);
        let (parent, at_depth) = (parent, u16::try_from(depth).unwrap_or(u16::MAX));
        let node = Node {
            parent,
            end: 0,
            depth: at_depth,
            kind,
            folded: false,
            children: 0,
            name,
            source,
            text: text_at,
            inner: None,
        };
        self.nodes.push(node);
        if depth < DEEPEST {
            match kind {
                Kind::Object | Kind::Array => self.grow_children(source, text, place, depth),
                Kind::Text => self.grow_inner(text, place, depth),
                Kind::Other => {}
            }
        }
        let end = number(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(place) {
            node.end = end;
        }
    }

    fn grow_children(&mut self, source: u32, text: &str, place: usize, depth: usize) {
        let mut children = 0;
        if text.starts_with('{') {
            let Ok(Pairs(pairs)) = serde_json::from_str(text) else { return };
            for (key, value) in pairs {
                let name = Name::Key(self.range(source, key.get()));
                self.grow(source, value.get(), name, number(place), depth + 1);
                children += 1;
            }
        } else {
            let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(text) else { return };
            for value in values {
                self.grow(source, value.get(), Name::Index(children), number(place), depth + 1);
                children += 1;
            }
        }
        if let Some(node) = self.nodes.get_mut(place) {
            node.children = children;
        }
    }

    /// Policies, events in events and answers are JSON in strings: they open as what they are.
    fn grow_inner(&mut self, text: &str, place: usize, depth: usize) {
        let Some(first) = text.get(1..).map(str::trim_start) else { return };
        if !first.starts_with(['{', '[']) && !first.starts_with("\\n") {
            return;
        }
        let Ok(decoded) = serde_json::from_str::<String>(text) else { return };
        let trimmed = decoded.trim();
        if !trimmed.starts_with(['{', '[']) {
            return;
        }
        let Ok(whole) = serde_json::from_str::<&RawValue>(trimmed) else { return };
        let inner: Rc<str> = Rc::from(whole.get());
        let source = number(self.sources.len());
        self.sources.push(Rc::clone(&inner));
        if let Some(node) = self.nodes.get_mut(place) {
            node.inner = Some(source);
            node.kind = if inner.starts_with('{') { Kind::Object } else { Kind::Array };
        }
        self.grow_children(source, &inner, place, depth);
    }

    /// Where a part of a source stands in it.
    fn range(&self, source: u32, part: &str) -> Range<u32> {
        let base = self.sources.get(source as usize).map_or(0, |text| text.as_ptr() as usize);
        let from = (part.as_ptr() as usize).saturating_sub(base);
        number(from)..number(from + part.len())
    }

    fn text_of(&self, source: u32, range: &Range<u32>) -> &str {
        let text = self.sources.get(source as usize).map_or("", |text| text);
        text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn lay_out(&mut self) {
        self.lines.clear();
        let mut at = 0;
        while let Some(node) = self.nodes.get(at as usize) {
            self.lines.push(at);
            at = if node.folded { node.end } else { at + 1 };
        }
    }

    /// How many lines are in sight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Never: a text that is JSON has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A line in sight.
    #[must_use]
    pub fn line(&self, line: usize) -> Option<Shown<'_>> {
        self.shown(*self.lines.get(line)?)
    }

    fn shown(&self, node: u32) -> Option<Shown<'_>> {
        let of = self.nodes.get(node as usize)?;
        let (key, index) = match &of.name {
            Name::None => (None, None),
            Name::Index(index) => (None, Some(*index)),
            Name::Key(range) => (Some(self.text_of(of.source, range)), None),
        };
        let text = match of.inner {
            Some(inner) => self.sources.get(inner as usize).map_or("", |text| text),
            None => self.text_of(of.source, &of.text),
        };
        Some(Shown {
            depth: usize::from(of.depth),
            kind: of.kind,
            key,
            index,
            text,
            children: of.children,
            folded: of.folded,
            embedded: of.inner.is_some(),
        })
    }

    /// Folds or unfolds a line; `false` when it was so already, or has nothing to fold.
    pub fn fold(&mut self, line: usize, folded: bool) -> bool {
        let Some(node) = self.lines.get(line).and_then(|node| self.nodes.get_mut(*node as usize)) else { return false };
        if node.children == 0 || node.folded == folded {
            return false;
        }
        node.folded = folded;
        self.lay_out();
        true
    }

    /// Folds all but the first level, or unfolds all; the line on which what stood on `line` is now.
    pub fn fold_all(&mut self, folded: bool, line: usize) -> usize {
        let mut at = self.lines.get(line).copied().unwrap_or(0);
        for node in &mut self.nodes {
            node.folded = folded && node.depth > 0 && node.children > 0;
        }
        self.lay_out();
        // What stood there may be inside a fold now.
        while let Some(node) = self.nodes.get(at as usize).filter(|_| self.lines.binary_search(&at).is_err()) {
            at = node.parent;
        }
        self.lines.binary_search(&at).unwrap_or(0)
    }

    /// The line of what holds this one.
    #[must_use]
    pub fn parent(&self, line: usize) -> Option<usize> {
        let node = *self.lines.get(line)?;
        let parent = self.nodes.get(node as usize)?.parent;
        (parent != node).then(|| self.lines.binary_search(&parent).ok()).flatten()
    }

    /// The node on a line, for [`Tree::reveal`].
    #[must_use]
    pub fn node(&self, line: usize) -> u32 {
        self.lines.get(line).copied().unwrap_or(0)
    }

    /// The nodes whose key or own value holds a text, folded ones too.
    #[must_use]
    pub fn hits(&self, needle: &str) -> Vec<u32> {
        let holds = |node: &u32| {
            let Some(shown) = self.shown(*node) else { return false };
            let leaf = !matches!(shown.kind, Kind::Object | Kind::Array);
            let own = leaf || (shown.children == 0 && shown.text.len() > 2);
            match shown.key {
                Some(key) if own => finds(&format!("{key}: {}", shown.text), needle),
                Some(key) => finds(key, needle),
                None => own && finds(shown.text, needle),
            }
        };
        (0..number(self.nodes.len())).filter(holds).collect()
    }

    /// Unfolds what hides a node; its line.
    pub fn reveal(&mut self, node: u32) -> usize {
        let mut at = node;
        while let Some(of) = self.nodes.get(at as usize) {
            if of.parent == at {
                break;
            }
            at = of.parent;
            if let Some(holder) = self.nodes.get_mut(at as usize) {
                holder.folded = false;
            }
        }
        self.lay_out();
        self.lines.binary_search(&node).unwrap_or(0)
    }

    /// A line's value: a string's content, anything else as written.
    #[must_use]
    pub fn value(&self, line: usize) -> Option<String> {
        let shown = self.line(line)?;
        match shown.kind {
            Kind::Text => Some(serde_json::from_str(shown.text).unwrap_or_else(|_| shown.text.to_owned())),
            _ => Some(shown.text.to_owned()),
        }
    }

    /// A line's key without its quotes; for what stands in an array, the array's.
    #[must_use]
    pub fn key(&self, line: usize) -> Option<String> {
        let mut node = self.nodes.get(*self.lines.get(line)? as usize)?;
        loop {
            match &node.name {
                Name::Key(range) => return serde_json::from_str(self.text_of(node.source, range)).ok(),
                Name::Index(_) => node = self.nodes.get(node.parent as usize)?,
                Name::None => return None,
            }
        }
    }

    /// The way to a line as jq takes it: `.requestParameters.policy | fromjson | .Statement[0]`.
    #[must_use]
    pub fn path(&self, line: usize) -> Option<String> {
        let mut at = *self.lines.get(line)?;
        let mut steps = Vec::new();
        while let Some(node) = self.nodes.get(at as usize) {
            if node.inner.is_some() && !steps.is_empty() {
                steps.push(None);
            }
            match &node.name {
                Name::None => break,
                Name::Index(index) => steps.push(Some(format!("[{index}]"))),
                Name::Key(range) => steps.push(Some(step(self.text_of(node.source, range)))),
            }
            at = node.parent;
        }
        let mut path = ".".to_owned();
        for step in steps.into_iter().rev() {
            match step {
                None => path.push_str(" | fromjson | ."),
                Some(step) if path.ends_with('.') => path.push_str(step.trim_start_matches('.')),
                Some(step) => path.push_str(&step),
            }
        }
        Some(path)
    }
}

fn step(quoted: &str) -> String {
    let plain = quoted.trim_matches('"');
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if plain.chars().all(word) && plain.starts_with(|c: char| !c.is_ascii_digit()) {
        format!(".{plain}")
    } else {
        format!("[{quoted}]")
    }
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Where a text holds another one, ASCII letters in any case; the positions are those of the text itself.
#[must_use]
pub fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let (first, _) = needle.split_first()?;
    let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let last = text.len().checked_sub(needle.len())?;
    (0..=last).find(|at| {
        text.get(*at).is_some_and(|byte| *byte == low || *byte == high)
            && text.get(*at..at + needle.len()).is_some_and(|part| part.eq_ignore_ascii_case(needle))
    })
}

fn finds(text: &str, needle: &str) -> bool {
    find(text, needle).is_some()
}

/// An object's members in their order, keys that are met twice both there.
struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tree: &Tree) -> Vec<String> {
        let line = |at| {
            let shown: Shown<'_> = tree.line(at).unwrap();
            let name = shown.key.map_or_else(|| shown.index.map(|i| i.to_string()).unwrap_or_default(), str::to_owned);
            let value = if shown.folds() { format!("<{}>", shown.children) } else { shown.text.to_owned() };
            format!("{}{name} {value}", " ".repeat(shown.depth))
        };
        (0..tree.len()).map(line).collect()
    }

    #[test]
    fn what_is_written_is_what_is_shown() {
        let tree = Tree::parse(r#" {"b": 1.50, "a":[12345678901234567890123, {}], "b":"\u00e9"} "#).unwrap();
        assert_eq!(
            texts(&tree),
            [" <3>", " \"b\" 1.50", " \"a\" <2>", "  0 12345678901234567890123", "  1 {}", " \"b\" \"\\u00e9\""]
        );
        assert_eq!((tree.value(5).as_deref(), tree.path(5).as_deref()), (Some("é"), Some(".b")));
    }

    #[test]
    fn a_fold_hides_what_is_in_it_and_a_search_opens_it() {
        let mut tree = Tree::parse(r#"{"a":{"b":{"c":"Needle"}},"d":1}"#).unwrap();
        assert_eq!(tree.len(), 5);
        assert!(tree.fold(1, true) && !tree.fold(1, true) && !tree.fold(2, true));
        assert_eq!(texts(&tree), [" <2>", " \"a\" <1>", " \"d\" 1"]);
        let hits = tree.hits("nEEDLE");
        assert_eq!(hits.len(), 1);
        assert_eq!(tree.reveal(hits[0]), 3);
        assert_eq!(tree.parent(3), Some(2));
        assert_eq!(tree.fold_all(true, 3), 1, "the cursor is on what holds its line");
        assert_eq!(tree.len(), 3);
        assert_eq!(tree.fold_all(false, 2), 4);
    }

    #[test]
    fn json_in_a_string_opens_as_json_and_its_path_is_what_jq_takes() {
        let policy = r#"{"Statement":[{"Action":"dynamodb:*","a b":"{\"x\":[1]}"}]}"#;
        let text = serde_json::json!({"requestParameters": {"policy": policy, "other": "{no json"}}).to_string();
        let tree = Tree::parse(&text).unwrap();
        let at = |needle: &str| (0..tree.len()).find(|at| tree.line(*at).unwrap().key == Some(needle)).unwrap();
        let line = at("\"policy\"");
        assert!(tree.line(line).unwrap().embedded);
        assert_eq!(tree.value(line).as_deref(), Some(policy));
        assert_eq!(tree.path(line).as_deref(), Some(".requestParameters.policy"));
        assert_eq!(
            tree.path(at("\"Action\"")).as_deref(),
            Some(".requestParameters.policy | fromjson | .Statement[0].Action")
        );
        let last = (0..tree.len()).find(|at| tree.line(*at).unwrap().text == "1").unwrap();
        let path = r#".requestParameters.policy | fromjson | .Statement[0]["a b"] | fromjson | .x[0]"#;
        assert_eq!(tree.path(last).as_deref(), Some(path));
        assert!(!tree.line(at("\"other\"")).unwrap().embedded);
    }

    #[test]
    fn what_is_no_json_says_why_and_no_depth_or_half_character_breaks_it() {
        assert!(Tree::parse("{\"a\":").unwrap_err().contains("EOF"));
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(Tree::parse(&deep).unwrap().len(), DEEPEST + 1);
        let half = Tree::parse(r#"{"a":"\ud800"}"#).unwrap();
        assert_eq!(half.value(1).as_deref(), Some(r#""\ud800""#));
        assert_eq!(find("ééX", "x"), Some(4));
        assert_eq!((find("abc", ""), find("a", "abc")), (None, None));
    }

    #[test]
    fn a_megabyte_opens_and_folds_at_once() {
        let record: Vec<_> =
            (0..20_000).map(|n| serde_json::json!({"tableName": format!("orders-{n}"), "n": n})).collect();
        let text = serde_json::json!({"requestParameters": {"items": record}}).to_string();
        assert!(text.len() > 700_000);
        let began = std::time::Instant::now();
        let mut tree = Tree::parse(&text).unwrap();
        assert!(tree.len() < 10, "a large record starts folded");
        tree.fold_all(false, 0);
        assert_eq!(tree.len(), 60_003);
        let hits = tree.hits("orders-19999");
        assert_eq!(hits.len(), 1);
        tree.reveal(hits[0]);
        assert!(began.elapsed().as_millis() < 5_000, "{:?}", began.elapsed());
    }
}
