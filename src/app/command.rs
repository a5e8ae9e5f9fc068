//! What is typed after `:`.

use tui_input::Input;

use crate::keymap;
use crate::model::{Origin, Source, Verdict};
use crate::trail::query;
use crate::view::{Kind, Screen, Tab, filter, list_of};

use super::{App, Effect, act, fitting, memory, open, update};

/// Commands besides the names of tabs: the word and what it does.
pub const COMMANDS: [(&str, &str); 18] = [
    ("table NAME", "a table's page"),
    ("theme [NAME]", "another theme; without a name the list of them, which tries on the one under the cursor"),
    ("sort N", "sort by a column, 0 for the list's own order"),
    ("refresh [SOURCE]", "sweep again now"),
    ("who TABLE", "who used a table, also one that only log files know"),
    ("lanes", "whose roles and endpoints reach whose tables, domain by domain"),
    ("practices", "practices asked for, and how what answers for each stands"),
    ("calls", "the ledger of every call made"),
    ("errors", "the error log"),
    ("files", "what became of the log files loaded"),
    ("broken", "records that could not be understood"),
    ("handover [done]", "what changed since the mark, for whoever takes over; done moves the mark to now"),
    ("notes", "what was noted of rows (n)"),
    ("muted", "mutes and attestations: what holds, what has ended"),
    ("faults", "only rows with a fault"),
    ("open THING", "an ARN, an id, a console URL, a control (DET-18), a table; so does a bare one"),
    ("demo", "leave for the demo account, which needs no credentials"),
    ("q", "leave"),
];

/// Runs a command.
pub fn run(app: &mut App, typed: &str) -> Vec<Effect> {
    let typed = typed.trim();
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let rest = rest.trim();
    match word {
        "" => Vec::new(),
        "q" | "quit" | "q!" | "qa" | "exit" => vec![Effect::Quit],
        // So that tests see how the terminal is given back, and what the report leaves out.
        #[cfg(debug_assertions)]
        "panic" if rest.is_empty() => panic!("asked for"),
        #[cfg(debug_assertions)]
        "panic" => panic!("asked for, with {rest}"),
        "demo" if app.store.origin() == Origin::Demo => {
            app.say("this is the demo account");
            Vec::new()
        }
        "demo" => vec![Effect::Demo],
        "theme" if rest.is_empty() => fitting::choose(app),
        "theme" => vec![Effect::Theme(rest.to_owned())],
        "lanes" => act::go(app, Screen::List(Kind::Lanes(rest.to_owned()))),
        "practices" => act::go(app, Screen::List(Kind::Practices)),
        "calls" => act::go(app, Screen::List(Kind::Calls)),
        "errors" => act::go(app, Screen::List(Kind::Errors)),
        "files" => act::go(app, Screen::List(Kind::Files)),
        "handover" if rest == "done" => memory::done(app),
        "handover" if rest.is_empty() => act::go(app, Screen::Handover),
        "handover" => {
            app.say("handover shows what changed since the mark, handover done moves it");
            Vec::new()
        }
        "notes" => act::go(app, Screen::List(Kind::Notes)),
        "muted" => act::go(app, Screen::List(Kind::Exceptions)),
        "broken" => act::go(app, Screen::List(Kind::Broken)),
        "faults" => {
            app.nav.place_mut().faults_only = true;
            Vec::new()
        }
        "refresh" => refresh(app, rest),
        "sort" if !rest.is_empty() => {
            sort(app, rest);
            Vec::new()
        }
        "open" if !rest.is_empty() => open::open(app, rest),
        "who" if !rest.is_empty() => open::who(app, rest),
        "table" if !rest.is_empty() => open::table(app, rest),
        _ => match (keymap::named(word).filter(|_| rest.is_empty()), Tab::named(word)) {
            (Some(row), _) => update::act(app, row.action),
            (None, Some(tab)) => {
                app.nav.tab(tab);
                if !rest.is_empty() {
                    rest.clone_into(&mut app.nav.place_mut().filter);
                }
                Vec::new()
            }
            (None, None) => open::open(app, typed),
        },
    }
}

fn refresh(app: &mut App, name: &str) -> Vec<Effect> {
    if name.is_empty() {
        app.say("sweeping again now");
        return vec![Effect::Refresh(None)];
    }
    match Source::ALL.into_iter().find(|source| source.name() == name) {
        Some(source) => {
            app.say(format!("sweeping {name} again now"));
            vec![Effect::Refresh(Some(source))]
        }
        None => {
            let names = Source::ALL.map(Source::name).join(", ");
            app.say(format!("no source {name:?}; there are {names}"));
            Vec::new()
        }
    }
}

fn sort(app: &mut App, column: &str) {
    let place = app.nav.place_mut();
    let Screen::List(kind) = &place.screen else { return };
    let columns = list_of(kind).columns;
    let by_name = columns.iter().position(|it| it.title.eq_ignore_ascii_case(column));
    match (column.parse::<usize>(), by_name) {
        (_, Some(at)) => place.sort = Some(at),
        (Ok(0), _) => (place.sort, place.reversed) = (None, false),
        (Ok(number), _) if number <= columns.len() => place.sort = Some(number - 1),
        _ => app.say(format!("no column {column:?}")),
    }
}

/// A filter with the field or word at its cursor completed; says what there is when there are several.
#[must_use]
pub fn complete_filter(app: &mut App, input: Input) -> Input {
    let Screen::List(kind) = &app.nav.place().screen else { return input };
    let typed = input.value();
    let at = typed.char_indices().nth(input.cursor()).map_or(typed.len(), |(at, _)| at);
    let found = query::complete(typed, at, filter::schema(kind));
    let (Some(before), Some(after)) = (typed.get(..found.span.start), typed.get(found.span.end..)) else {
        return input;
    };
    match found.choices.as_slice() {
        [] => input,
        [(only, _)] => {
            let cursor = before.chars().count() + only.chars().count();
            Input::new(format!("{before}{only}{after}")).with_cursor(cursor)
        }
        several => {
            let names: Vec<&str> = several.iter().take(24).map(|(name, _)| name.as_str()).collect();
            app.say(names.join(" "));
            input
        }
    }
}

/// The six verdicts for the help: word and meaning.
pub const VERDICTS: [(Verdict, &str); 6] = [
    (Verdict::Pass, "pass"),
    (Verdict::Fail, "fail"),
    (Verdict::Warn, "warn: holds, with something to look at"),
    (Verdict::Unknown, "unknown: not read, with the reason"),
    (Verdict::Manual, "manual: only a person can attest to it"),
    (Verdict::NotApplicable, "does not apply"),
];
