//! `check` as one HTML file that needs nothing else: no script, no font, no address.

use std::io::{self, Write};

use quick_xml::escape::escape;

use crate::controls::facts;
use crate::model::{Judgement, Layer, Verdict};

use super::checked::Checked;
use super::safe::visible;
use super::table::line;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--fail:#c62828;--warn:#b26a00;--unknown:#6a4fb3;--pass:#2e7d32;--dim:#888}
body{font:15px/1.45 system-ui,sans-serif;max-width:78rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}
p{margin:.3rem 0}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600}
th,td{padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere}td:nth-child(-n+3){white-space:nowrap}code{font-size:.9em}
.fail{color:var(--fail)}.warn{color:var(--warn)}.unknown{color:var(--unknown)}.pass{color:var(--pass)}
.counts{display:flex;gap:1.5rem;flex-wrap:wrap;margin:1rem 0;font-size:1.1rem}
details{margin:.2rem 0}summary{cursor:pointer}
";

fn shown(text: &str) -> String {
    escape(visible(text).as_ref()).into_owned()
}

fn glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "●",
        Verdict::Fail => "✖",
        Verdict::Warn => "▲",
        Verdict::Unknown => "?",
        Verdict::Manual => "✎",
        Verdict::NotApplicable => "·",
    }
}

/// Writes counts, then layer by layer all that is not passed, then what is set aside.
///
/// # Errors
/// When the output takes no more.
pub fn write(out: &mut dyn Write, checked: &Checked<'_>) -> io::Result<()> {
    let Checked { store, coverage, judgements, remarks } = checked;
    writeln!(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(out, "<title>dynakeep check</title><style>\n{STYLE}</style></head><body>")?;
    let covered = shown(&line(store, coverage));
    let of_framework = remarks.framework.map(|name| format!(" · {name}")).unwrap_or_default();
    writeln!(out, "<h1>dynakeep check{of_framework}</h1><p class=\"dim\">{} · {covered}</p>", store.estate().now)?;
    writeln!(out, "<div class=\"counts\">")?;
    for verdict in Verdict::ALL {
        let count = judgements.iter().filter(|of| of.verdict == verdict && of.counts()).count();
        let class = if count == 0 { "dim" } else { verdict.word() };
        writeln!(out, "<span class=\"{class}\">{} {} {count}</span>", glyph(verdict), verdict.word())?;
    }
    writeln!(out, "</div>")?;
    for void in &coverage.void {
        writeln!(out, "<p class=\"fail\">attestations.toml: {}</p>", shown(void))?;
    }
    let layer = |of: &Judgement| facts::facts(of.control).map(|facts| facts.layer);
    let open = |of: &Judgement| of.counts() && !matches!(of.verdict, Verdict::Pass | Verdict::NotApplicable);
    let told: Vec<(&Judgement, String)> =
        judgements.iter().enumerate().map(|(at, of)| (*of, remarks.words(at, of))).collect();
    for of_layer in Layer::ALL {
        let these = || told.iter().filter(|(of, _)| layer(of) == Some(of_layer));
        if these().next().is_none() {
            continue;
        }
        let passed = these().filter(|(of, _)| of.verdict == Verdict::Pass).count();
        let rows: Vec<&(&Judgement, String)> = these().filter(|(of, _)| open(of)).collect();
        writeln!(out, "<h2>{} <span class=\"dim\">{passed} passed</span></h2>", of_layer.word())?;
        table(out, &rows)?;
    }
    let aside: Vec<&(&Judgement, String)> = told.iter().filter(|(of, _)| !of.counts()).collect();
    if !aside.is_empty() {
        writeln!(out, "<h2>set aside <span class=\"dim\">muted, or due only to the default class</span></h2>")?;
        table(out, &aside)?;
    }
    writeln!(out, "</body></html>")
}

fn table(out: &mut dyn Write, rows: &[&(&Judgement, String)]) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "<p class=\"dim\">nothing open</p>");
    }
    writeln!(out, "<table><tr><th>verdict</th><th>severity</th><th>control</th><th>resource</th><th>reason</th></tr>")?;
    for (of, remark) in rows {
        let (word, severity) = (of.verdict.word(), of.severity.word());
        let muted = of.muted.as_ref().map(|by| format!(" · muted by {} until {}: {}", by.owner, by.expires, by.reason));
        let reason = shown(&format!("{}{}{remark}", of.reason, muted.unwrap_or_default()));
        write!(out, "<tr><td class=\"{word}\">{} {word}</td><td>{severity}</td>", glyph(of.verdict))?;
        writeln!(out, "<td>{}</td><td>{}</td><td>{reason}{}</td></tr>", of.control, shown(&of.resource), more(of))?;
    }
    writeln!(out, "</table>")
}

/// The evidence and the remedy, folded.
fn more(of: &Judgement) -> String {
    let mut text = String::new();
    for one in &of.evidence {
        let fields = one.fields.iter().map(|field| shown(field)).collect::<Vec<_>>().join("<br/>");
        let id = shown(&one.request_id);
        text.push_str(&format!("<p class=\"dim\">{} · {} · {id}<br/>{fields}</p>", one.operation, one.at));
    }
    let facts = facts::facts(of.control);
    if let Some(remedy) = facts.map(|facts| facts.remedy.as_str()).filter(|remedy| !remedy.is_empty()) {
        text.push_str(&format!("<p><code>{}</code></p>", shown(remedy)));
    }
    let title = facts.map_or("", |facts| facts.title.as_str());
    format!("<details><summary class=\"dim\">{}</summary>{text}</details>", shown(title))
}
