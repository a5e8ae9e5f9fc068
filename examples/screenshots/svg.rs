//! A frame as SVG: what the terminal would show, cell by cell.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
const PAD: f32 = 12.0;

/// The frame as an SVG document. `fore` and `back` stand for the terminal's own colours.
pub fn svg(buffer: &Buffer, fore: &str, back: &str) -> String {
    let mut out = head(buffer, 0.0, back);
    cells(&mut out, buffer, (fore, back));
    out.push_str("</svg>\n");
    out
}

/// Frames that follow each other for ever, each with words below it and its seconds. Who wants no motion sees the last.
pub fn moving(frames: &[(&str, Buffer, f32)], fore: &str, back: &str) -> String {
    let Some((_, first, _)) = frames.first() else { return String::new() };
    let mut out = head(first, HEIGHT + PAD, back);
    let whole: f32 = frames.iter().map(|(.., seconds)| seconds).sum();
    let last = frames.len() - 1;
    let _ = writeln!(out, "<style>.f{{visibility:hidden}}#f{last}{{visibility:visible}}");
    let _ = writeln!(out, "@media (prefers-reduced-motion:no-preference){{#f{last}{{visibility:hidden}}");
    let mut at = 0.0;
    for (number, (.., seconds)) in frames.iter().enumerate() {
        let [from, to] = [at, at + seconds].map(|at| at / whole * 100.0);
        let _ = writeln!(
            out,
            "@keyframes k{number}{{0%{{visibility:hidden}}{from:.2}%{{visibility:visible}}{to:.2}%{{visibility:{}}}\
             100%{{visibility:{}}}}}#f{number}{{animation:k{number} {whole}s step-end infinite}}",
            if number == last { "visible" } else { "hidden" },
            if number == last { "visible" } else { "hidden" },
        );
        at += seconds;
    }
    out.push_str("}</style>\n");
    for (number, (words, buffer, _)) in frames.iter().enumerate() {
        let _ = writeln!(out, "<g id=\"f{number}\" class=\"f\">");
        cells(&mut out, buffer, (fore, back));
        let below = PAD + f32::from(buffer.area.height) * HEIGHT + HEIGHT;
        let _ =
            writeln!(out, "<text x=\"{PAD}\" y=\"{below}\" fill=\"{fore}\" font-weight=\"bold\">{words}</text></g>");
    }
    out.push_str("</svg>\n");
    out
}

fn head(buffer: &Buffer, below: f32, back: &str) -> String {
    let area = buffer.area;
    let (width, height) =
        (f32::from(area.width) * WIDTH + 2.0 * PAD, f32::from(area.height) * HEIGHT + 2.0 * PAD + below);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{back}\"/>\n"
    )
}

fn cells(out: &mut String, buffer: &Buffer, (fore, back): (&str, &str)) {
    let area = buffer.area;
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let cell = &buffer[(x, y)];
            let mut text = String::new();
            let from = x;
            while x < area.width && same(&buffer[(x, y)], cell) {
                let symbol = buffer[(x, y)].symbol();
                text.push_str(symbol);
                x += u16::try_from(symbol.width().max(1)).unwrap_or(1);
            }
            run(out, &text, cell, (from, x, y), (fore, back));
        }
    }
}

fn same(a: &Cell, b: &Cell) -> bool {
    a.fg == b.fg && a.bg == b.bg && a.modifier == b.modifier
}

fn run(out: &mut String, text: &str, cell: &Cell, (from, to, y): (u16, u16, u16), (fore, back): (&str, &str)) {
    let (mut ink, mut paper) = (colour(cell.fg, fore), colour(cell.bg, back));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    let (left, top) = (PAD + f32::from(from) * WIDTH, PAD + f32::from(y) * HEIGHT);
    let width = f32::from(to - from) * WIDTH;
    if paper != back {
        let _ =
            writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>");
    }
    if text.trim().is_empty() {
        return;
    }
    let mut extra = String::new();
    if cell.modifier.contains(Modifier::BOLD) {
        extra.push_str(" font-weight=\"bold\"");
    }
    if cell.modifier.contains(Modifier::DIM) {
        extra.push_str(" opacity=\"0.6\"");
    }
    if cell.modifier.contains(Modifier::ITALIC) {
        extra.push_str(" font-style=\"italic\"");
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        extra.push_str(" text-decoration=\"underline\"");
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let baseline = top + 13.5;
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{baseline}\" fill=\"{ink}\" textLength=\"{width}\" xml:space=\"preserve\"{extra}>{escaped}</text>"
    );
}

/// The sixteen colours as most terminals draw them.
const ANSI: [&str; 16] = [
    "#1c1c1c", "#d75f5f", "#87af5f", "#d7af5f", "#5f87d7", "#af87d7", "#5fafaf", "#c6c6c6", "#767676", "#ff8787",
    "#afd787", "#ffd787", "#87afff", "#d7afff", "#87d7d7", "#eeeeee",
];

fn colour(colour: Color, own: &str) -> String {
    let index = match colour {
        Color::Reset => return own.to_owned(),
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(index) => usize::from(index),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    match index {
        0..16 => ANSI[index].to_owned(),
        16..232 => {
            let (i, level) = (index - 16, |n: usize| if n == 0 { 0 } else { 55 + 40 * n });
            format!("#{:02x}{:02x}{:02x}", level(i / 36), level(i / 6 % 6), level(i % 6))
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}
