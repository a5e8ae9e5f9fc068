//! How things look: theme, glyphs, times.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::keymap::Keymap;
use crate::model::{Severity, Verdict};
use crate::theme::{Offered, Role, Theme, severity_role, verdict_role};
use crate::widget::text;

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeMode {
    /// How long ago.
    #[default]
    Age,
    /// In UTC.
    Utc,
    /// In the zone of this machine.
    Local,
}

/// How things look.
#[derive(Debug, Clone)]
pub struct Look {
    /// The theme.
    pub theme: Theme,
    /// ASCII alone.
    pub ascii: bool,
    /// How times are shown.
    pub time: TimeMode,
    /// The zone of this machine.
    pub zone: TimeZone,
    /// Themes to choose from, once they were asked for.
    pub themes: Arc<[Offered]>,
    /// The keys that words name.
    pub keys: Keymap,
}

impl Look {
    /// A look with ages.
    #[must_use]
    pub fn new(theme: Theme, ascii: bool) -> Self {
        Self { theme, ascii, time: TimeMode::Age, zone: TimeZone::UTC, themes: Arc::default(), keys: Keymap::default() }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Our own words in a role. Text from outside goes through [`Look::foreign`].
    #[must_use]
    pub fn say(&self, role: Role, words: impl Into<Cow<'static, str>>) -> Span<'static> {
        let words = words.into();
        let words = if self.ascii { Cow::Owned(ascii(&words)) } else { words };
        Span::styled(words, self.style(role))
    }

    /// Text from outside, made inert and cut to a width.
    #[must_use]
    pub fn foreign(&self, role: Role, words: &str, width: usize) -> Span<'static> {
        let clean = text::clean(words, width);
        Span::styled(if self.ascii { ascii(&clean) } else { clean }, self.style(role))
    }

    /// A line of our own words.
    #[must_use]
    pub fn line(&self, role: Role, words: impl Into<Cow<'static, str>>) -> Line<'static> {
        Line::from(self.say(role, words))
    }

    /// A verdict's glyph.
    #[must_use]
    pub fn glyph(&self, verdict: Verdict) -> &'static str {
        match (verdict, self.ascii) {
            (Verdict::Pass, false) => "●",
            (Verdict::Fail, false) => "✖",
            (Verdict::Warn, false) => "▲",
            (Verdict::Manual, false) => "✎",
            (Verdict::NotApplicable, false) => "·",
            (Verdict::Unknown, _) => "?",
            (Verdict::Pass, true) => "+",
            (Verdict::Fail, true) => "x",
            (Verdict::Warn, true) => "!",
            (Verdict::Manual, true) => "m",
            (Verdict::NotApplicable, true) => ".",
        }
    }

    /// A verdict's glyph and a word beside it.
    #[must_use]
    pub fn verdict(&self, verdict: Verdict, word: &str) -> Line<'static> {
        let role = verdict_role(verdict);
        Line::from(vec![
            Span::styled(format!("{} ", self.glyph(verdict)), self.style(role)),
            self.foreign(if verdict == Verdict::Pass { Role::Text } else { role }, word, 200),
        ])
    }

    /// A severity's word in a field of four.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> Span<'static> {
        Span::styled(format!("{:<4}", severity.short()), self.style(severity_role(severity)))
    }

    /// A risk's glyph, one cell; `·` where there is none.
    #[must_use]
    pub fn risk_glyph(&self, rank: Option<Severity>) -> Span<'static> {
        match rank {
            Some(Severity::Critical) => self.say(Role::Critical, "✖"),
            Some(Severity::High) => self.say(Role::High, "▲"),
            Some(Severity::Medium) => self.say(Role::Medium, "◆"),
            Some(Severity::Low) => self.say(Role::Low, "▪"),
            Some(Severity::Info) => self.say(Role::Info, "–"),
            None => self.say(Role::Dim, "·"),
        }
    }

    /// A risk: glyph and word in six cells.
    #[must_use]
    pub fn risk(&self, rank: Option<Severity>) -> Vec<Span<'static>> {
        let word = rank.map_or_else(|| self.say(Role::Dim, "    "), |rank| self.severity(rank));
        vec![self.risk_glyph(rank), Span::raw(" "), word]
    }

    /// A time as lists show it: an age, or a clock time with its zone.
    #[must_use]
    pub fn when(&self, now: Timestamp, at: Timestamp) -> String {
        match self.time {
            TimeMode::Age => age(now, at),
            TimeMode::Utc => short(now, at, &TimeZone::UTC, LONGEST),
            TimeMode::Local => short(now, at, &self.zone, LONGEST),
        }
    }

    /// As [`Self::when`], as exact as there is room for, from fourteen cells on.
    #[must_use]
    pub fn when_in(&self, now: Timestamp, at: Timestamp, room: usize) -> String {
        match self.time {
            TimeMode::Age => age(now, at),
            TimeMode::Utc => short(now, at, &TimeZone::UTC, room),
            TimeMode::Local => short(now, at, &self.zone, room),
        }
    }

    /// The time of day (and the day, when it is another one), never an age: for timelines.
    #[must_use]
    pub fn clock(&self, now: Timestamp, at: Timestamp) -> String {
        let zone = if self.time == TimeMode::Local { &self.zone } else { &TimeZone::UTC };
        short(now, at, zone, LONGEST)
    }

    /// A time in full, with its zone and age.
    #[must_use]
    pub fn full(&self, now: Timestamp, at: Timestamp) -> String {
        let zone = if self.time == TimeMode::Local { self.zone.clone() } else { TimeZone::UTC };
        let shown = at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
        let age = age(now, at);
        if age.starts_with("in ") { format!("{shown} ({age})") } else { format!("{shown} ({age} ago)") }
    }
}

/// An age in at most two units: `12s`, `4m12s`, `3h`, `41d`; `in 5m` for what is to come.
#[must_use]
pub fn age(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    let words = |s: i64| match s {
        0..60 => format!("{s}s"),
        60..600 => format!("{}m{:02}s", s / 60, s % 60),
        600..3600 => format!("{}m", s / 60),
        3600..36_000 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        36_000..172_800 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    };
    if seconds < 0 { format!("in {}", words(-seconds)) } else { words(seconds) }
}

/// The cells that a moment of another year takes, to the minute.
const LONGEST: usize = 17;

fn short(now: Timestamp, at: Timestamp, zone: &TimeZone, room: usize) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let suffix = if *zone == TimeZone::UTC { "Z" } else { "" };
    let shape = match (at.date() == now.date(), at.year() == now.year()) {
        (true, _) => "%H:%M:%S",
        (false, true) => "%m-%d %H:%M",
        (false, false) if room >= LONGEST => "%Y-%m-%d %H:%M",
        (false, false) => "%y-%m-%d %H:%M",
    };
    let suffix = if shape.starts_with("%y") { "" } else { suffix };
    format!("{}{suffix}", at.strftime(shape))
}

/// Our own glyphs in ASCII; anything else that is not becomes `?`, which is still one cell a character.
#[must_use]
pub fn ascii(words: &str) -> String {
    let swap = |c: char| match c {
        '·' => '.',
        '…' => '~',
        '›' | '→' | '▸' => '>',
        '▾' | '↓' => 'v',
        '←' => '<',
        '⟳' => '@',
        '●' => '+',
        '★' => '*',
        '✖' => 'x',
        '▲' => '!',
        '✎' => 'm',
        '◆' => '*',
        '▪' => '-',
        '─' | '–' => '-',
        '×' => 'x',
        c if c.is_ascii() => c,
        _ => '?',
    };
    words.chars().map(swap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short_and_the_future_says_so() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let ago = |s: i64| age(now, Timestamp::from_second(1_000_000 - s).unwrap());
        let shown: Vec<_> = [0, 59, 252, 3599, 3600 * 3, 86_400, 86_400 * 41, -300].map(ago).into_iter().collect();
        assert_eq!(shown, ["0s", "59s", "4m12s", "59m", "3h00m", "24h", "41d", "in 5m00s"]);
    }

    #[test]
    fn a_clock_time_names_its_zone_and_another_day() {
        let look = Look::new(Theme::built_in("dark").unwrap(), false);
        let now: Timestamp = "2026-11-20T14:00:00Z".parse().unwrap();
        assert_eq!(look.clock(now, "2026-11-20T02:58:02Z".parse().unwrap()), "02:58:02Z");
        assert_eq!(look.clock(now, "2026-11-19T02:58:02Z".parse().unwrap()), "11-19 02:58Z");
    }

    #[test]
    fn ascii_means_ascii() {
        let look = Look::new(Theme::built_in("dark").unwrap(), true);
        assert!(look.foreign(Role::Text, "漢 → é", 20).content.is_ascii());
        assert!(Verdict::ALL.iter().all(|verdict| look.glyph(*verdict).is_ascii()));
    }
}
