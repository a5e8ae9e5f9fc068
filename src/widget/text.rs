//! The one door through which foreign text reaches the screen.
//!
//! Names, tags, user agents and annotations may hold escape sequences, bidi controls, NULs, floods of
//! combining marks or a megabyte of anything. What comes out of here is visible, of known width and short.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// Marks that may ride on one base character; more is a flood.
const MARKS: usize = 2;

/// Foreign text made inert and cut to at most `width` cells, with `…` where it was cut.
///
/// Costs as much as what is shown, however long the text is.
#[must_use]
pub fn clean(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(width.min(text.len()).min(512));
    let mut used = 0;
    let mut marks = MARKS; // No base yet: a mark at the start would ride on what stands before the text.
    let mut keep = 0; // Bytes that leave room for `…`.
    for c in text.chars() {
        let before = out.len();
        let cells = match visible(c) {
            Some(0) if marks < MARKS => {
                marks += 1;
                out.push(c);
                0
            }
            Some(0) | None => {
                marks = MARKS;
                escape(c, &mut out)
            }
            Some(cells) => {
                marks = 0;
                out.push(c);
                cells
            }
        };
        if used + cells > width {
            out.truncate(keep.min(before));
            if width > 0 {
                out.push('…');
            }
            return out;
        }
        used += cells;
        if used < width {
            keep = out.len();
        }
    }
    out
}

/// Foreign text made inert, as long as a line can be.
#[must_use]
pub fn line(text: &str) -> String {
    clean(text, 1_000)
}

/// A count with its thousands apart: `1,204,553`.
#[must_use]
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The width of text that is already clean.
#[must_use]
pub fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Cells of a character that may be shown as it is; `None` for one that may not.
fn visible(c: char) -> Option<usize> {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}');
    if hidden { None } else { c.width() }
}

fn escape(c: char, out: &mut String) -> usize {
    let before = out.len();
    let _infallible = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        _ => write!(out, "\\u{{{:x}}}", u32::from(c)),
    };
    out.len() - before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_shown_escaped() {
        assert_eq!(clean("a\x1b[2Jb", 40), "a\\u{1b}[2Jb");
        assert_eq!(clean("x\u{9b}31m", 40), "x\\u{9b}31m");
        assert_eq!(clean("evil\u{202e}txt.exe", 40), "evil\\u{202e}txt.exe");
        assert_eq!(clean("a\0b\u{200b}c\n", 40), "a\\u{0}b\\u{200b}c\\n");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_204_553].map(grouped), ["0", "999", "1,000", "1,204,553"]);
    }

    #[test]
    fn a_flood_of_marks_does_not_ride_on_one_cell() {
        let zalgo = format!("a{}", "\u{301}".repeat(500));
        let shown = clean(&zalgo, 30);
        assert!(width(&shown) <= 30 && shown.chars().filter(|c| *c == '\u{301}').count() <= MARKS);
        assert!(clean("\u{301}a", 10).starts_with("\\u{301}"));
        assert_eq!(clean("e\u{301}te\u{301}", 10), "e\u{301}te\u{301}");
    }

    #[test]
    fn it_is_cut_to_cells_not_bytes() {
        assert_eq!(clean("orders", 6), "orders");
        assert_eq!(clean("orders", 5), "orde…");
        assert_eq!(clean("漢字漢字", 5), "漢字…");
        assert_eq!(clean("漢字", 1), "…");
        assert_eq!(clean("abc", 0), "");
        for cells in 0..20 {
            assert!(width(&clean("a\u{202e}漢b\u{301}\x1b", cells)) <= cells, "{cells}");
        }
    }

    #[test]
    fn a_megabyte_costs_what_is_shown_of_it() {
        let long = "\u{1b}x".repeat(500_000);
        let began = std::time::Instant::now();
        for _ in 0..1_000 {
            assert!(clean(&long, 40).len() < 100);
        }
        assert!(began.elapsed().as_millis() < 500);
    }
}
