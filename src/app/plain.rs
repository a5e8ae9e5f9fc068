//! The dashboard line by line: a command typed is answered once, in words; nothing is drawn, and nothing drawn again.

use crate::keymap::Action;
use crate::view::{Body, Kind, Screen, Thing, chrome, words};

use super::{App, Effect, Msg, act, command, draw, update};

/// Lines said at once.
const PAGE: usize = 25;
/// The width that pages are made for: as if there were room.
const WIDE: u16 = 160;

/// Commands of this mode, besides those of `:`.
const COMMANDS: [(&str, &str); 14] = [
    (
        "overview, findings, compliance, drift, tables, endpoints, trail, controls, sources",
        "a view, with a filter after it: tables class:restricted",
    ),
    ("open N, or N", "what line N is about; open THING: an ARN, an id, a console's address, a table"),
    ("back", "to where that was opened from"),
    ("next, previous", "more lines of this, or those before"),
    ("again", "the same once more, as it is now"),
    ("filter QUERY", "only rows that match; without a query all of them"),
    ("faults", "only rows with a fault, or all again"),
    ("why N", "what is judged of line N: of a table its controls, the worst first"),
    ("events N", "CloudTrail's events of line N; without a number, of what this is about"),
    ("related N", "what has to do with it"),
    ("raw N", "its record, as AWS gave it"),
    ("status", "what was read, how old it is, and what could not be"),
    ("help", "this"),
    ("quit", "leave"),
];

/// Makes the app ready to be listened to.
pub fn begin(app: &mut App) -> Vec<Effect> {
    // Glyphs become words, and ASCII would have made letters of them.
    app.look.ascii = false;
    update(app, Msg::Resize(WIDE, 50))
}

/// Obeys a command: what is to be done outside, and what is said. `at` is the first line said of the place in sight.
pub fn obey(app: &mut App, at: &mut usize, typed: &str) -> (Vec<Effect>, Vec<String>) {
    let typed = typed.trim().trim_start_matches(':');
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let (word, rest) = if typed.parse::<usize>().is_ok() { ("open", typed) } else { (word, rest.trim()) };
    let number = rest.parse::<usize>().ok();
    let before = app.nav.place().screen.clone();
    (app.notice, app.layers) = (None, Vec::new());
    let mut effects = Vec::new();
    let mut paged = false;
    match (word, number) {
        ("help" | "?", _) => return (effects, help()),
        ("status", _) => return (effects, status(app)),
        ("quit" | "q" | "exit", _) => return (vec![Effect::Quit], Vec::new()),
        ("" | "again", _) => paged = true,
        ("next", _) => {
            let total = app.with(|ctx, place| place.said(ctx, 0..0).1);
            if *at + PAGE >= total {
                return (effects, vec!["that was the last line".to_owned()]);
            }
            (*at, paged) = (*at + PAGE, true);
        }
        ("previous", _) => (*at, paged) = (at.saturating_sub(PAGE), true),
        ("back", _) => effects = update::act(app, Action::Back),
        ("filter", _) => rest.clone_into(&mut app.nav.place_mut().filter),
        ("faults", _) => effects = update::act(app, Action::OnlyFaults),
        ("open" | "why" | "raw" | "events" | "related" | "who", Some(number)) => {
            let Some(line) = app.with(|ctx, place| place.numbered(ctx, number)) else {
                return (effects, vec![format!("there is no line {number} that leads somewhere")]);
            };
            app.with(|ctx, place| place.go(ctx, line));
            effects = on_line(app, word);
        }
        ("open" | "why", None) if rest.is_empty() => return (effects, vec![format!("{word} takes a line's number")]),
        ("raw" | "events" | "related", None) => effects = on_line(app, word),
        _ => effects = command::run(app, typed),
    }
    let moved = app.nav.place().screen != before;
    if !paged || moved {
        *at = 0;
    }
    let mut said: Vec<String> = app.notice.take().into_iter().collect();
    if moved || said.is_empty() {
        said.extend(page(app, *at));
    }
    effects.extend(app.wanted());
    (effects, said)
}

fn on_line(app: &mut App, word: &str) -> Vec<Effect> {
    match word {
        "why" => match app.with(|ctx, place| place.thing(ctx)) {
            Some(Thing::Table(subject)) => {
                act::go(app, Screen::List(Kind::Checks { subject, layer: None, framework: None }))
            }
            _ => act::open(app),
        },
        "raw" => act::on_thing(app, Action::Raw),
        "events" => act::on_thing(app, Action::Events),
        "related" => act::on_thing(app, Action::Related),
        "who" => act::on_thing(app, Action::Who),
        _ => act::open(app),
    }
}

/// What is read, and how old it is.
#[must_use]
pub fn status(app: &mut App) -> Vec<String> {
    fresh(app);
    app.with(|ctx, _| {
        let mut said = words::painted(|area, buf| {
            chrome::coverage(ctx, ratatui::layout::Rect { height: 1, ..area }, buf);
        });
        said.extend(chrome::banner(ctx).map(|(words, _)| (None, words)));
        said.into_iter().map(|(_, words)| words).collect()
    })
}

/// The lines of the place in sight from one of them on, below what it is called.
#[must_use]
pub fn page(app: &mut App, at: usize) -> Vec<String> {
    fresh(app);
    let mut said = vec![words::spoken(&draw::title(app))];
    app.with(|ctx, place| {
        let (lines, total) = place.said(ctx, at..at + PAGE);
        let shown = lines.len();
        said.extend(lines.into_iter().map(|(number, words)| match number {
            Some(number) => format!("{number}. {words}"),
            None => words,
        }));
        if at + shown < total {
            let what = if matches!(place.body, Body::Rows(..)) { "rows" } else { "lines" };
            said.push(format!("{what} {} to {} of {total}; next says more", at + 1, at + shown));
        }
    });
    said
}

/// Brings all up to date, however long that takes: nobody waits for a frame.
fn fresh(app: &mut App) {
    app.freshen();
    while app.judging() || app.nav.place().late {
        app.freshen();
    }
}

fn help() -> Vec<String> {
    let first = |words: &str| words.split([' ', ',']).next().unwrap_or_default().to_owned();
    let own: Vec<String> =
        COMMANDS.iter().map(|(word, _)| first(word)).chain(["q", "theme"].map(str::to_owned)).collect();
    let more = command::COMMANDS.iter().filter(|(word, _)| !own.contains(&first(word)));
    COMMANDS.iter().chain(more).map(|(word, does)| format!("{word}: {does}")).collect()
}
