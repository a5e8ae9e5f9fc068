//! One frame: the chrome, the place in sight, and what lies over it.
//!
//! ```text
//! dynakeep  caller@account · regions                  DEMO · 14:07:31Z
//! 1 Overview  2 Findings ✖3 …
//! 412/430 tables · oldest 4m12s                      ⟳ next sweep 48s
//! Findings › UnauthorizedAccess:…                         (title, state)
//! …
//! Enter open   t events   / filter   ? help                  ! 2 errors
//! ```

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tui_input::Input;

use crate::keymap::{Action, name};
use crate::theme::{Role, verdict_role};
use crate::trail::ingest::Feed;
use crate::view::{
    Body, Chrome, Ctx, Hint, Kind, Pivot, Place, Screen, Survey, Thing, chrome, console, crossers, files, list_of,
    since, states, things,
};
use crate::widget::{bar, ink, popup, text};

use super::command::{COMMANDS, VERDICTS};
use super::palette;
use super::pointer::{Spots, TIPS};
use super::{App, Layer};

/// With fewer events than this no search takes time worth a word.
const MANY: usize = 10_000;

/// From this height on, lines separate chrome and body.
const ROOMY: u16 = 32;

/// Draws the application; brings it up to date first.
pub fn draw(app: &mut App, frame: &mut Frame<'_>) {
    let area = frame.area();
    app.size = (area.width, area.height);
    app.freshen();
    let buf = frame.buffer_mut();
    buf.set_style(area, app.look.style(Role::Screen).patch(app.look.style(Role::Text)));
    let mut rows = Rows { area };
    let (tab, frozen, unseen) = (app.nav.current(), app.frozen, app.alarm.unseen);
    let (badge, notice) = (app.badge.clone(), app.notice.clone());
    let title = title(app);
    let numbered = matches!(app.layers.last(), Some(Layer::Sort));
    let footer = rows.bottom();
    let deep = app.nav.stack().len() > 1;
    let mut spots = Spots::default();
    app.with(|ctx, place| {
        let screen = place.screen.clone();
        let look = Chrome { tab, badge: badge.as_deref(), frozen, notice: notice.as_deref(), screen: &screen, unseen };
        if area.height >= 8 {
            chrome::header(ctx, &look, rows.top(), buf);
        }
        spots.tabs = chrome::tabs(ctx, &look, rows.top(), buf);
        if area.height >= 7 {
            chrome::coverage(ctx, rows.top(), buf);
        }
        // The Overview tells all of it then.
        let told = screen == Screen::Overview && ctx.store.is_locked_out();
        if let Some((words, _)) = chrome::banner(ctx).filter(|_| !told) {
            let row = rows.top();
            buf.set_style(row, ctx.look.style(Role::Banner));
            let line = Line::from(vec![Span::raw(" "), ctx.look.foreign(Role::Banner, &words, 300)]);
            bar::split(
                row,
                buf,
                &line,
                &ctx.look.line(Role::Banner, ctx.look.keys.fill("{copy-id} copies the command ")),
            );
        }
        if area.height >= ROOMY {
            bar::rule(rows.top(), buf, ctx.look.style(Role::Rule), ctx.look.ascii);
            bar::rule(rows.bottom(), buf, ctx.look.style(Role::Rule), ctx.look.ascii);
        }
        if screen != Screen::Overview && area.height >= 6 {
            let row = rows.top();
            bar::split(row, buf, &title, &status(ctx, place));
            if let Screen::Detail(thing) = &screen {
                let width = u16::try_from(title.width()).unwrap_or(u16::MAX).min(row.width);
                let name = Rect { x: row.x + 1, width: width.saturating_sub(1), ..row };
                spots.link = console::url(ctx, thing).map(|url| (name, url));
            }
        }
        place.draw(ctx, rows.area, buf, numbered);
        let mut hints = hints(place, deep);
        if screen == Screen::Overview && ctx.store.is_locked_out() {
            hints.extend([
                (Action::Open, "start the demo"),
                (Action::Raw, ""),
                (Action::Events, ""),
                (Action::Related, ""),
            ]);
        }
        spots.keys = chrome::footer(ctx, &look, &hints, footer, buf);
    });
    app.spots = spots;
    layers(app, area, footer, frame);
}

/// Rows given away from the top and the bottom.
struct Rows {
    area: Rect,
}

impl Rows {
    fn top(&mut self) -> Rect {
        let row = Rect { height: self.area.height.min(1), ..self.area };
        self.area.y += row.height;
        self.area.height -= row.height;
        row
    }

    fn bottom(&mut self) -> Rect {
        let height = self.area.height.min(1);
        self.area.height -= height;
        Rect { y: self.area.bottom(), height, ..self.area }
    }
}

/// `Findings › UnauthorizedAccess:… › event`, and how many rows there are.
pub(super) fn title(app: &mut App) -> Line<'static> {
    let tab = app.nav.current();
    let loading = app.feed().and_then(loading_words);
    let screens: Vec<Screen> = app.nav.stack().iter().map(|place| place.screen.clone()).collect();
    app.with(|ctx, place| {
        let look = ctx.look;
        let mut spans = vec![Span::raw(" ")];
        let last = screens.len().saturating_sub(1);
        let short = if ctx.width < 100 { 24 } else { 48 };
        for (index, screen) in screens.iter().enumerate() {
            if index > 0 {
                spans.push(look.say(Role::Dim, " › "));
            }
            let role = if index == last { Role::Title } else { Role::Dim };
            let name = match screen {
                _ if index == 0 => tab.name().to_owned(),
                Screen::Overview => "Overview".to_owned(),
                Screen::Handover => "hand-over".to_owned(),
                Screen::List(kind) => kind_title(ctx, kind),
                Screen::Detail(thing) => things::title(ctx, thing),
                Screen::Raw(thing @ Thing::Broken(_)) => things::title(ctx, thing),
                Screen::Raw(_) => "JSON".to_owned(),
            };
            let room = if index == last { 90 } else { short };
            // Long paths keep their first and last steps.
            if index > 0 && index + 1 < last && last > 2 {
                spans.push(look.say(Role::Dim, "…"));
            } else {
                spans.push(look.foreign(role, &name, room));
            }
        }
        if let Body::Rows(rows, total) = &place.body {
            spans.push(look.say(Role::Dim, count_words(rows.len(), *total, place.pending())));
            if let Screen::List(kind) = &place.screen {
                spans.extend(since::title(ctx, kind));
            }
            if matches!(place.screen, Screen::List(Kind::Trail(_))) {
                if place.unsearched() > 0 {
                    let words = format!(" · ? {} files could not be searched", place.unsearched());
                    spans.push(look.say(Role::Unknown, words));
                }
                spans.extend(loading.map(|words| look.say(Role::Accent, words)));
                spans.extend(survey_words(ctx, &place.survey, *total));
            }
        }
        match place.hit() {
            Some((hit, of)) => spans.push(look.say(Role::Dim, format!("  hit {hit} of {of}"))),
            None if matches!(place.body, Body::Raw) => {
                spans.push(look.say(Role::Dim, format!("  line {} of {}", place.cursor + 1, place.len())));
            }
            None => {}
        }
        if !place.filter.is_empty() {
            spans.push(look.say(Role::Dim, "  /"));
            spans.push(look.foreign(Role::Accent, &place.filter, 60));
        }
        if place.faults_only {
            spans.push(look.say(Role::Accent, "  only faults"));
        }
        if !place.marked.is_empty() {
            spans.push(look.say(Role::Mark, format!("  {} marked", place.marked.len())));
        }
        if let Some(message) = place.complaint() {
            spans.push(look.foreign(Role::Error, &format!("  {message}"), 120));
        }
        Line::from(spans)
    })
}

/// `  37 of 1,204`; while records are still searched there may be more: `  37+ match · searching`.
fn count_words(rows: usize, total: usize, pending: bool) -> String {
    let (shown, all) = (text::grouped(rows), text::grouped(total));
    match pending {
        true => format!("  {shown}+ match · searching"),
        false if rows == total => format!("  {all}"),
        false => format!("  {shown} of {all}"),
    }
}

/// ` · reading 120/348 files · 3.2 s left`, until all is read.
fn loading_words(feed: &Feed) -> Option<String> {
    let report = &feed.report;
    let left = feed.left().map(|left| format!(" · {:.1} s left", left.as_secs_f64())).unwrap_or_default();
    match (report.finished, report.total) {
        (true, _) => None,
        (false, 0) => Some(" · looking for files".to_owned()),
        (false, total) => {
            let [done, total] = [report.done, total].map(text::grouped);
            Some(format!(" · reading {done}/{total} files{left}"))
        }
    }
}

/// How long it took, where it could be felt, and the stretch of time zoomed to.
fn survey_words(ctx: &Ctx<'_>, survey: &Survey, total: usize) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if total >= MANY {
        spans.push(ctx.look.say(Role::Dim, format!(" · {:.1} ms", survey.took.as_secs_f64() * 1e3)));
    }
    if let Some(window) = &survey.window {
        let [from, to] = [window.start, window.end].map(|at| ctx.look.clock(ctx.now, at));
        spans.push(ctx.look.say(Role::Accent, format!("  {from} – {to}")));
    }
    spans
}

fn kind_title(ctx: &Ctx<'_>, kind: &Kind) -> String {
    match kind {
        Kind::Trail(Pivot::All) => "events".to_owned(),
        Kind::Trail(pivot) => pivot.words().map(|(by, what)| format!("events {by} {what}")).unwrap_or_default(),
        Kind::Related(thing) => format!("related to {}", things::title(ctx, thing)),
        Kind::Checks { subject, layer, framework } => {
            let layer = layer.map(|layer| format!(" · {}", layer.word())).unwrap_or_default();
            let framework = framework.map(|name| format!(" · {name}")).unwrap_or_default();
            let name = if subject.starts_with("arn:") { crate::model::tail(subject) } else { subject };
            format!("{name}{layer}{framework}")
        }
        Kind::Crossings { lane, from, query } => {
            let name = |whose| crossers::name(ctx, whose);
            let from = from.as_ref().map(|from| format!(" from {}", name(from))).unwrap_or_default();
            let asked = if query.is_empty() { String::new() } else { format!(" /{query}") };
            format!("into {}{from}{asked}", name(lane))
        }
        Kind::Judged(control) => (*control).to_owned(),
        Kind::Calls => "calls".to_owned(),
        Kind::Errors => "errors".to_owned(),
        other => list_of(other).noun.to_owned(),
    }
}

fn status(ctx: &Ctx<'_>, place: &Place) -> Line<'static> {
    match &place.screen {
        Screen::List(kind @ Kind::Trail(_)) => {
            let mut status = states::status(ctx, list_of(kind).sources);
            status.spans.extend(files::notes(ctx));
            // Where there is room, the survey says it below; a filter takes the room here.
            let filtered = !place.filter.is_empty() || place.survey.window.is_some();
            let roomy = ctx.width >= 100 && place.page > 20;
            if status.width() > 0 || roomy || filtered {
                return status;
            }
            ctx.derived.borrow_mut().recorded(ctx.store).line(ctx, true)
        }
        Screen::List(kind) => states::status(ctx, list_of(kind).sources),
        _ => Line::default(),
    }
}

/// What keys are called where they do something special; an empty word hides a key.
fn hints(place: &Place, deep: bool) -> Vec<Hint> {
    let screen = &place.screen;
    let mut hints = match screen {
        Screen::Raw(_) => vec![
            (Action::Open, "fold, follow"),
            (Action::CopyId, "copy value"),
            (Action::Raw, ""),
            (Action::Events, ""),
            (Action::Describe, ""),
            (Action::Related, ""),
            (Action::Filter, "search"),
        ],
        Screen::Detail(Thing::Event(_)) => {
            vec![(Action::Open, "follow, fold"), (Action::Describe, ""), (Action::Filter, "search")]
        }
        Screen::Detail(Thing::Judgement(..)) | Screen::List(Kind::Checks { .. } | Kind::Judged(_)) => {
            vec![
                (Action::CopyId, "copy the remedy"),
                (Action::Filter, if matches!(screen, Screen::Detail(_)) { "search" } else { "filter" }),
                (Action::Describe, ""),
                (Action::Raw, ""),
                (Action::Events, ""),
                (Action::Related, ""),
                (Action::Who, ""),
                (Action::Command, ""),
            ]
        }
        Screen::List(Kind::Controls(_)) => vec![
            (Action::Right, "layer"),
            (Action::OnlyFaults, "framework"),
            (Action::Raw, ""),
            (Action::Events, ""),
            (Action::Related, ""),
        ],
        Screen::List(Kind::Themes) => vec![
            (Action::Open, "keep"),
            (Action::Raw, ""),
            (Action::Events, ""),
            (Action::Related, ""),
            (Action::Who, ""),
        ],
        Screen::List(Kind::Lanes(_)) => vec![
            (Action::Right, "lane"),
            (Action::Raw, ""),
            (Action::Events, ""),
            (Action::Related, ""),
            (Action::Who, ""),
            (Action::Describe, ""),
            (Action::CopyId, ""),
        ],
        Screen::Overview => vec![(Action::Filter, ""), (Action::Describe, "")],
        Screen::Detail(_) | Screen::Handover => vec![(Action::Filter, "search"), (Action::Describe, "")],
        Screen::List(_) => Vec::new(),
    };
    if !matches!(screen, Screen::List(Kind::Trail(_))) {
        hints.extend([(Action::Facets, ""), (Action::More, ""), (Action::Less, "")]);
    } else {
        hints.extend([
            (Action::Facets, "facets"),
            (Action::More, "zoom"),
            (Action::Who, "same who"),
            (Action::Less, ""),
            (Action::Describe, ""),
        ]);
        if place.survey.focus.is_some() {
            hints.extend([(Action::Open, "in, negated, out"), (Action::Facets, "rows")]);
            hints.reverse();
        }
    }
    if !deep {
        hints.push((Action::Back, ""));
    }
    hints
}

fn layers(app: &mut App, area: Rect, footer: Rect, frame: &mut Frame<'_>) {
    let look = &app.look;
    let (mut cursor, mut spots) = (None, Vec::new());
    let buf = frame.buffer_mut();
    for layer in &app.layers {
        match layer {
            Layer::Help(at) => help(app, *at, area, buf),
            Layer::Filter(input, _) => {
                let words = if app.nav.place().searches() { "search " } else { "filter " };
                cursor = Some(prompt(app, words, "/", input, footer, buf));
            }
            Layer::Command(palette) => {
                spots = palette::draw(look, palette, area, footer, buf);
                cursor = Some(prompt(app, "", ":", &palette.input, footer, buf));
            }
            Layer::Note(input, ..) => cursor = Some(prompt(app, "note", "> ", input, footer, buf)),
            Layer::Sort => {
                let words = "sort by column: its number, the same again turns it round, 0 the list's own order";
                buf.set_style(footer, look.style(Role::Text));
                let line = look.line(Role::Accent, format!(" {words:<width$}", width = usize::from(footer.width)));
                ink::line(buf, footer.x, footer.y, &line, footer.width);
            }
        }
    }
    app.spots.choices = spots;
    if let Some(at) = cursor {
        frame.set_cursor_position(at);
    }
}

fn prompt(app: &App, words: &str, sign: &str, input: &Input, row: Rect, buf: &mut Buffer) -> (u16, u16) {
    let look = &app.look;
    buf.set_string(row.x, row.y, " ".repeat(usize::from(row.width)), look.style(Role::Text));
    let head = format!(" {words}{sign}");
    let before: String = input.value().chars().take(input.cursor()).collect();
    let before = text::clean(&before, 10_000);
    let room = usize::from(row.width).saturating_sub(text::width(&head) + 2);
    // The end of what is typed stays in sight.
    let skip = text::width(&before).saturating_sub(room);
    let shown: String = text::line(input.value()).chars().skip(skip).collect();
    let line = Line::from(vec![look.say(Role::Key, head.clone()), look.foreign(Role::Text, &shown, room + 1)]);
    ink::line(buf, row.x, row.y, &line, row.width);
    let x = text::width(&head) + text::width(&before) - skip;
    (row.x + u16::try_from(x).unwrap_or(0).min(row.width.saturating_sub(1)), row.y)
}

fn help(app: &App, at: usize, area: Rect, buf: &mut Buffer) {
    let look = &app.look;
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut group = "";
    for (row, keys) in look.keys.rows() {
        if row.group != group {
            if !group.is_empty() {
                lines.push(Line::default());
            }
            group = row.group;
            lines.push(look.line(Role::Heading, group));
        }
        let mut keys: Vec<String> = keys.iter().map(|press| name(*press)).collect();
        if keys.is_empty() {
            keys.push(format!(":{}", row.name));
        }
        lines.push(Line::from(vec![
            look.say(Role::Key, format!("{:<16}", keys.join(" "))),
            look.say(Role::Text, row.what),
        ]));
    }
    lines.extend([Line::default(), look.line(Role::Heading, "Commands (after :)")]);
    for (word, what) in COMMANDS {
        lines.push(Line::from(vec![look.say(Role::Key, format!("{word:<18}")), look.say(Role::Text, what)]));
    }
    lines.extend([Line::default(), look.line(Role::Heading, "Mouse")]);
    for (what, does) in TIPS {
        lines.push(Line::from(vec![look.say(Role::Key, format!("{what:<18}")), look.say(Role::Text, does)]));
    }
    lines.extend([Line::default(), look.line(Role::Heading, "Signs")]);
    for (verdict, what) in VERDICTS {
        let glyph = Span::styled(format!("{:<4}", look.glyph(verdict)), look.style(verdict_role(verdict)));
        lines.push(Line::from(vec![glyph, look.say(Role::Text, what)]));
    }
    for (sign, plain, what) in since::SIGNS {
        let sign = format!("{:<4}", if look.ascii { plain } else { sign });
        lines.push(Line::from(vec![look.say(Role::Accent, sign), look.say(Role::Text, what)]));
    }
    let room = usize::from(area.height.saturating_sub(4));
    let at = at.min(lines.len().saturating_sub(room));
    let shown: Vec<_> = lines.iter().skip(at).take(room.max(1)).cloned().collect();
    let title = if lines.len() > room { "Keys, {down} {up} scroll, {back} closes" } else { "Keys, {back} closes" };
    let title = look.keys.fill(title);
    let styles = (look.style(Role::Screen), look.style(Role::Accent));
    popup::draw(area, buf, &title, styles, &shown, look.ascii);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_when_there_may_be_more() {
        assert_eq!(count_words(37, 1_204, true), "  37+ match · searching");
        assert_eq!(count_words(37, 1_204, false), "  37 of 1,204");
        assert_eq!(count_words(1_204, 1_204, false), "  1,204");
    }
}
