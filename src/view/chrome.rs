//! The frame of every screen, at most four rows: who and where · tabs · coverage · keys.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::keymap::Action;
use crate::model::{DEMO, Origin, SourceError, Verdict};
use crate::theme::{Role, verdict_role};
use crate::widget::{bar, ink, text};

use super::look::age;
use super::{Ctx, Screen, Tab, states};

/// A key and what it does here.
pub type Hint = (Action, &'static str);

/// What the frame shows besides the store.
pub struct Chrome<'a> {
    /// The tab shown.
    pub tab: Tab,
    /// A badge beside the origin's own, if one was asked for.
    pub badge: Option<&'a str>,
    /// The data is held still.
    pub frozen: bool,
    /// A word about the last key, in the footer.
    pub notice: Option<&'a str>,
    /// The screen shown.
    pub screen: &'a Screen,
    /// Critical changes that nobody saw yet.
    pub unseen: usize,
}

/// `dynakeep  caller@account · regions                 DEMO · 14:07:31Z`.
pub fn header(ctx: &Ctx<'_>, chrome: &Chrome<'_>, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let estate = ctx.store.estate();
    let mut left = vec![look.say(Role::Accent, " dynakeep  ")];
    let caller = estate.callers.values().find_map(|cell| cell.value());
    match caller {
        Some(caller) => {
            let name = caller.arn.rsplit('/').next().unwrap_or(&caller.arn);
            left.push(look.foreign(Role::Title, name, 32));
            left.push(look.say(Role::Text, "@"));
            left.push(look.foreign(Role::Text, &caller.account, 24));
            if let Some(profile) = &caller.profile {
                left.push(look.say(Role::Dim, " ("));
                left.push(look.foreign(Role::Dim, profile, 24));
                left.push(look.say(Role::Dim, ")"));
            }
        }
        None if ctx.store.origin() == Origin::Files => left.push(look.say(Role::Dim, "log files, no account")),
        None => left.push(look.say(Role::Dim, "asking who we are …")),
    }
    let accounts: BTreeSet<&str> = estate.scopes.iter().map(|scope| scope.account.as_str()).collect();
    if accounts.len() > 1 {
        let (more, plural) = (accounts.len() - 1, if accounts.len() > 2 { "s" } else { "" });
        left.push(look.say(Role::Text, format!(" +{more} account{plural}")));
    }
    let regions: BTreeSet<&str> = estate.scopes.iter().map(|scope| scope.region.as_str()).collect();
    if !regions.is_empty() {
        left.push(look.say(Role::Dim, " · "));
        let few = if area.width < 100 { 1 } else { 4 };
        let shown: Vec<&str> = regions.iter().copied().take(few).collect();
        if regions.len() > few && few == 1 {
            left.push(look.say(Role::Text, format!("{} regions", regions.len())));
        } else {
            left.push(look.foreign(Role::Text, &shown.join(" "), 60));
        }
        if regions.len() > few && few > 1 {
            left.push(look.say(Role::Dim, format!(" +{}", regions.len() - few)));
        }
    }
    let mut right = Vec::new();
    if chrome.unseen > 0 {
        right.extend([look.say(Role::Banner, format!(" {} new critical ", chrome.unseen)), Span::raw(" ")]);
    }
    if chrome.frozen {
        right.extend([look.say(Role::Banner, " FROZEN "), Span::raw(" ")]);
    }
    match ctx.store.origin() {
        Origin::Live => {}
        Origin::Demo => right.extend([look.say(Role::Badge, " DEMO "), Span::raw(" ")]),
        Origin::Files => right.extend([look.say(Role::Badge, " FILES "), Span::raw(" ")]),
        Origin::Replay => right.extend([look.say(Role::Badge, " REPLAY "), Span::raw(" ")]),
    }
    if let Some(badge) = chrome.badge {
        right.extend([look.foreign(Role::Badge, badge, 20), Span::raw(" ")]);
    }
    right.push(look.say(Role::Text, format!("{} ", look.clock(ctx.now, ctx.now))));
    bar::split(area, buf, &left.into(), &right.into());
}

/// `1 Overview  2 Findings ✖3  …`.
/// Where each tab stands is given back.
pub fn tabs(ctx: &Ctx<'_>, chrome: &Chrome<'_>, area: Rect, buf: &mut Buffer) -> Vec<(Rect, Tab)> {
    let look = ctx.look;
    let roomy = area.width >= 100;
    let counts = ctx.derived.borrow().counts;
    let mut spans = vec![Span::raw(" ")];
    let mut spots = Vec::new();
    for tab in Tab::ALL {
        let from = cells(&spans);
        let active = tab == chrome.tab;
        let role = if active { Role::TabActive } else { Role::Tab };
        let name = match (roomy, active) {
            (true, _) => format!("{} {}", tab.digit(), tab.name()),
            (false, true) => tab.name().to_owned(),
            (false, false) => tab.short().to_owned(),
        };
        spans.push(look.say(role, name));
        let (verdict, count) = match tab {
            Tab::Findings if counts.findings.1 > 0 => (Verdict::Fail, counts.findings.0),
            Tab::Findings => (Verdict::Warn, counts.findings.0),
            Tab::Compliance => (Verdict::Fail, counts.noncompliant),
            Tab::Drift if counts.drifts.1 > 0 => (Verdict::Fail, counts.drifts.0),
            Tab::Drift => (Verdict::Warn, counts.drifts.0),
            Tab::Tables => (Verdict::Fail, counts.failing_tables),
            Tab::Controls => (Verdict::Fail, counts.failing),
            Tab::Sources => (Verdict::Unknown, counts.troubled),
            _ => (Verdict::Pass, 0),
        };
        if count > 0 {
            let gap = if roomy { " " } else { "" };
            let shown = if count > 999 && !roomy { "1k+".to_owned() } else { count.to_string() };
            spans.push(Span::styled(format!("{gap}{}{shown}", look.glyph(verdict)), look.style(verdict_role(verdict))));
        }
        spots.push((stretch(area, from, cells(&spans)), tab));
        spans.push(Span::raw(if area.width >= 130 { "  " } else { " " }));
    }
    ink::line(buf, area.x, area.y, &Line::from(spans), area.width);
    spots
}

/// `412/430 tables · 1 region denied · oldest 4m12s`.
pub fn coverage(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let derived = ctx.derived.borrow();
    let covered = &derived.coverage;
    let whole = covered.tables_read == covered.tables_listed && covered.scopes_blind.is_empty();
    let role = if whole { Role::Text } else { Role::Unknown };
    let mut left = match ctx.store.load() {
        Some(load) if ctx.store.origin() == Origin::Files => {
            let unread = load.odd.iter().filter(|file| !file.whole).count();
            let mut left = vec![look.say(Role::Text, format!(" {}/{} files", load.done, load.total))];
            if unread > 0 {
                left.push(look.say(Role::Unknown, format!(" · {unread} not read whole")));
            }
            left
        }
        _ => vec![look.say(role, format!(" {}/{} tables", covered.tables_read, covered.tables_listed))],
    };
    if !covered.scopes_blind.is_empty() {
        let blind = covered.scopes_blind.len();
        left.push(look.say(Role::Unknown, format!(" + ? in {blind} scope{}", if blind == 1 { "" } else { "s" })));
    }
    for (word, count) in &covered.faults {
        left.push(look.say(Role::Dim, " · "));
        left.push(look.say(Role::Unknown, format!("{count} {word}")));
    }
    if covered.muted > 0 || !covered.void.is_empty() {
        left.push(look.say(Role::Dim, format!(" · {} muted", covered.muted)));
    }
    if !covered.void.is_empty() {
        left.push(look.say(Role::Error, format!(" · {} void (:muted)", covered.void.len())));
    }
    if covered.loading > 0 {
        left.push(look.say(Role::Dim, " · "));
        let (running, total) = states::state(ctx, &crate::model::Source::ALL).running.unwrap_or_default();
        let steps = if total > 0 { format!("reading {running}/{total}") } else { "reading".to_owned() };
        left.push(look.say(Role::Accent, format!("{steps}, {} sweeps to come", covered.loading)));
    }
    if ctx.store.waiting() > 0 {
        left.push(look.say(Role::Dim, " · "));
        left.push(look.say(Role::Accent, format!("{} to judge", ctx.store.waiting())));
    }
    if let Some((source, _, at)) = &covered.oldest {
        left.push(look.say(Role::Dim, " · oldest "));
        left.push(look.say(Role::Text, age(ctx.now, *at)));
        left.push(look.say(Role::Dim, format!(" {}", source.name())));
    }
    let due = ctx.store.freshness().filter_map(|(_, freshness)| freshness.due).min();
    let right = match due {
        Some(due) if due > ctx.now => look.line(Role::Dim, format!("⟳ next sweep {} ", age(ctx.now, due))),
        _ => Line::default(),
    };
    // What is covered matters more than what comes next.
    let left = Line::from(left);
    let fits = left.width() + right.width() < usize::from(area.width);
    bar::split(area, buf, &left, &if fits { right } else { Line::default() });
}

/// A line that asks for something to be done, when the credentials do not work.
#[must_use]
pub fn banner(ctx: &Ctx<'_>) -> Option<(String, String)> {
    if ctx.store.is_locked_out() {
        let first = ctx.store.sought().iter().find_map(|of| Some(of.next.first()?.0.clone()));
        let command = first.unwrap_or_else(|| DEMO.0.to_owned());
        return Some((format!("no credentials work, see Overview · {command}"), command));
    }
    let errors = ctx.store.freshness().filter_map(|(_, freshness)| Some(&freshness.fault.as_ref()?.error));
    let callers = ctx.store.estate().callers.values().filter_map(|cell| Some(&cell.fault.as_ref()?.error));
    let mut missing = None;
    for error in errors.chain(callers) {
        match error {
            SourceError::Expired { profile, .. } => {
                let command = crate::model::login_command(profile.as_deref());
                return Some((format!("credentials expired, the last state stays · {command}"), command));
            }
            SourceError::NoCredentials(_) => {
                let command = "dynakeep --demo".to_owned();
                missing = Some((format!("no AWS credentials found · look around without any: {command}"), command));
            }
            _ => {}
        }
    }
    missing
}

fn cells(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}

/// A part of a row, from one cell to another.
fn stretch(row: Rect, from: usize, to: usize) -> Rect {
    let cell = |at: usize| u16::try_from(at).unwrap_or(u16::MAX).min(row.width);
    Rect { x: row.x + cell(from), width: cell(to) - cell(from), ..row }
}

/// The keys that do something here. Where each stands is given back.
pub fn footer(ctx: &Ctx<'_>, chrome: &Chrome<'_>, hints: &[Hint], area: Rect, buf: &mut Buffer) -> Vec<(Rect, Action)> {
    let look = ctx.look;
    let errors = ctx.store.errors().len();
    let right = if errors > 0 {
        let plural = if errors == 1 { "" } else { "s" };
        Line::from(vec![
            look.say(Role::Key, look.keys.fill("{errors} ")),
            look.say(Role::Error, format!("{errors} error{plural} ")),
        ])
    } else {
        Line::default()
    };
    if let Some(notice) = chrome.notice {
        bar::split(area, buf, &Line::from(vec![Span::raw(" "), look.foreign(Role::Accent, notice, 200)]), &right);
        return Vec::new();
    }
    let room = usize::from(area.width).saturating_sub(right.width() + 2);
    let mut shown: Vec<(u8, String, &str, Action)> = look
        .keys
        .rows()
        .filter(|(_, keys)| !keys.is_empty())
        .filter_map(|(row, _)| {
            let what = hints.iter().find(|(action, _)| *action == row.action).map(|(_, what)| *what);
            // What a screen has its own word for stands there, too.
            let place = row.footer.or(what.is_some_and(|what| !what.is_empty()).then_some(1))?;
            Some((place, look.keys.key(row.action), what.unwrap_or(row.what), row.action))
        })
        .filter(|(_, _, what, _)| !what.is_empty())
        .collect();
    shown.sort_by_key(|(place, ..)| *place);
    let mut spots = Vec::new();
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (_, key, what, action) in shown {
        let wide = text::width(&key) + 1 + text::width(what) + 2;
        if used + wide > room {
            break;
        }
        spots.push((stretch(area, used, used + wide - 2), action));
        used += wide;
        spans.push(look.say(Role::Key, key));
        spans.push(look.say(Role::Dim, format!(" {what}  ")));
    }
    bar::split(area, buf, &spans.into(), &right);
    spots
}
