//! Actions on the thing under the cursor.

use crate::keymap::Action;
use crate::model::{EventSearch, SearchBy};
use crate::store::case;
use crate::view::{Kind, Pivot, Screen, Thing, banner, console, same, things};

use super::{App, Effect, fitting};

/// The window in which calls to a table are counted.
const MEASURED: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);

/// How many events one search on demand asks for in each scope.
pub const SEARCH_LIMIT: usize = 500;

/// Enter.
pub fn open(app: &mut App) -> Vec<Effect> {
    if app.nav.place_mut().toggle() {
        return Vec::new();
    }
    if matches!(app.nav.place().screen, Screen::List(Kind::Themes)) {
        return fitting::keep(app);
    }
    match app.with(|ctx, place| place.target(ctx)) {
        Some(screen) => go(app, screen),
        None if app.nav.place().screen == Screen::Overview && app.store.is_locked_out() => vec![Effect::Demo],
        None => {
            app.say("nothing to open here");
            Vec::new()
        }
    }
}

/// Shows a screen, and asks for what it needs that has not been polled.
pub fn go(app: &mut App, screen: Screen) -> Vec<Effect> {
    app.derived.get_mut().records.retry();
    let effects = match &screen {
        Screen::Detail(Thing::Table(arn)) => vec![Effect::Look(arn.clone())],
        Screen::Detail(Thing::Who(arn)) => who_asks(app, arn),
        Screen::Detail(Thing::Finding(id)) => case_searches(app, id),
        Screen::Detail(Thing::Drift(id)) => drift_asks(app, id),
        Screen::Detail(Thing::Event(id)) => issue_search(app, id).into_iter().collect(),
        Screen::List(Kind::Trail(pivot)) => pivot_search(pivot).into_iter().collect(),
        _ => Vec::new(),
    };
    app.nav.push(screen);
    effects
}

/// Who used a table is asked of CloudTrail by the table and by its key, and of CloudWatch where that was switched on.
fn who_asks(app: &App, arn: &str) -> Vec<Effect> {
    let Some(table) = app.store.estate().tables.get(arn) else { return vec![Effect::Look(arn.to_owned())] };
    let key = table.description.value().and_then(|description| description.kms_key.clone());
    let by = [Some(table.name.clone()), key].into_iter().flatten();
    let mut effects = vec![Effect::Prefer(table.scope.clone()), Effect::Look(arn.to_owned())];
    effects.extend(by.map(SearchBy::Resource).map(search));
    let since = app.now.checked_sub(MEASURED).unwrap_or(jiff::Timestamp::MIN);
    effects.push(Effect::Measure(arn.to_owned(), since));
    effects
}

/// A drift's table is read again; where no event is named for it, CloudTrail is asked for all that names the resource.
fn drift_asks(app: &App, id: &str) -> Vec<Effect> {
    let Some(drift) = app.store.drift(id) else { return Vec::new() };
    let mut effects: Vec<Effect> = drift.arn.clone().map(Effect::Look).into_iter().collect();
    if drift.cause.is_err() {
        effects.push(search(SearchBy::Resource(drift.resource.clone())));
    }
    effects
}

/// A case asks for the changes in its window, then for the events of its keys and of its sessions: they may be older than
/// what was polled, and among many reads the changes come first.
fn case_searches(app: &App, id: &str) -> Vec<Effect> {
    let Some(finding) = app.store.finding(id) else { return Vec::new() };
    let mut effects = vec![Effect::Prefer(finding.scope.clone())];
    let by = case::searches(finding);
    if !by.is_empty() {
        effects.extend(app.store.changes_unread(finding).map(Effect::Search));
    }
    effects.extend(by.into_iter().map(search));
    effects.extend(finding.keys().into_iter().filter_map(issue));
    effects
}

/// An event asks for the call that issued its key, where it was not read.
fn issue_search(app: &mut App, key: &str) -> Option<Effect> {
    let (chain, _) = app.derived.get_mut().chain(&app.store, app.store.events().get(key)?)?;
    issue(chain.missing.iter().find_map(|missing| missing.key.as_deref())?)
}

/// The search for the call that issued temporary credentials: its event names the key among its resources.
fn issue(key: &str) -> Option<Effect> {
    key.starts_with("ASIA").then(|| search(SearchBy::Resource(key.to_owned())))
}

fn pivot_search(pivot: &Pivot) -> Option<Effect> {
    Some(search(match pivot {
        Pivot::Key(key) => SearchBy::AccessKey(key.clone()),
        Pivot::Session(name) => SearchBy::Username(name.clone()),
        // A request's id is no resource's name.
        Pivot::Mentions(id) if id.len() == 36 && id.matches('-').count() == 4 => return None,
        Pivot::Table(name) | Pivot::Mentions(name) => SearchBy::Resource(name.clone()),
        // LookupEvents knows no address, and its user name is a session's: what was polled is all there is.
        Pivot::All | Pivot::Principal(_) | Pivot::Ip(_) => return None,
    }))
}

/// A search with our limit, over all the time that the service keeps.
pub fn search(by: SearchBy) -> Effect {
    Effect::Search(EventSearch { by, since: None, until: None, limit: SEARCH_LIMIT })
}

/// Describe, raw JSON, events, related, copy, errors.
pub fn on_thing(app: &mut App, action: Action) -> Vec<Effect> {
    if action == Action::Errors {
        return go(app, Screen::List(Kind::Errors));
    }
    if let (Action::CopyId | Action::CopyArn, Some(line)) = (action, app.nav.place().record_line()) {
        return copy_of_record(app, action, line);
    }
    // On a judgement's page the remedy is what one came for, wherever the cursor is.
    let judgement = match &app.nav.place().screen {
        Screen::Detail(thing @ (Thing::Judgement(..) | Thing::Step(..))) if action == Action::CopyId => {
            Some(thing.clone())
        }
        _ => None,
    };
    let Some(thing) = judgement.or_else(|| app.with(|ctx, place| place.thing(ctx))) else {
        let copied = match action {
            Action::CopyId | Action::CopyArn => app.with(|ctx, _| banner(ctx)).map(|(_, command)| command),
            _ => None,
        };
        if let Some(command) = copied {
            app.say(format!("copied: {command}"));
            return vec![Effect::Copy(command)];
        }
        app.say("nothing under the cursor");
        return Vec::new();
    };
    match action {
        Action::Describe => go(app, Screen::Detail(thing)),
        Action::Raw => go(app, Screen::Raw(thing)),
        Action::Events => match app.with(|ctx, _| things::events(ctx, &thing)) {
            Some(screen) => go(app, screen),
            None => {
                app.say("no CloudTrail events can be told to be of this");
                Vec::new()
            }
        },
        Action::Who => match app.with(|ctx, _| same::who(ctx, &thing)) {
            Some(screen) => go(app, screen),
            None => {
                app.say("no table and no principal is known of this");
                Vec::new()
            }
        },
        Action::SameAddress | Action::SameSession | Action::SameTable => alike(app, action, &thing),
        Action::Console => match app.with(|ctx, _| console::url(ctx, &thing)) {
            Some(url) => {
                app.say(format!("copied: {url}"));
                vec![Effect::Copy(url)]
            }
            None => {
                app.say("the console has no page for this");
                Vec::new()
            }
        },
        Action::Related => go(app, Screen::List(Kind::Related(thing))),
        _ => copy(app, action, &thing),
    }
}

/// Events that have something in common with an event or a finding.
fn alike(app: &mut App, action: Action, thing: &Thing) -> Vec<Effect> {
    let pivot = app.with(|ctx, _| match action {
        Action::SameAddress => same::address(ctx, thing),
        Action::SameSession => same::session(ctx, thing),
        _ => same::table(ctx, thing),
    });
    match pivot {
        Some(pivot) => go(app, Screen::List(Kind::Trail(pivot))),
        None => {
            app.say(match action {
                Action::SameAddress => "no address is known of this",
                Action::SameSession => "no session is known of this",
                _ => "this speaks of no table",
            });
            Vec::new()
        }
    }
}

/// The value under the cursor, or the way to it.
fn copy_of_record(app: &mut App, action: Action, line: usize) -> Vec<Effect> {
    let record = app.nav.place().record.as_ref();
    let text = record.and_then(|record| if action == Action::CopyId { record.value(line) } else { record.path(line) });
    match text {
        Some(text) => {
            let shown: String = text.chars().take(200).collect();
            app.say(format!("copied: {shown}"));
            vec![Effect::Copy(text)]
        }
        None => {
            app.hint("what is no JSON has no paths; {copy-id} copies the line");
            Vec::new()
        }
    }
}

fn copy(app: &mut App, action: Action, thing: &Thing) -> Vec<Effect> {
    let marked = app.nav.place().marked.clone();
    let text = app.with(|ctx, place| {
        let one = |thing: &Thing| {
            if action == Action::CopyArn { things::arn(ctx, thing) } else { Some(things::id(ctx, thing)) }
        };
        if marked.is_empty() {
            return one(thing);
        }
        // Marked rows are copied in the order shown.
        let crate::view::Body::Rows(rows, _) = &place.body else { return one(thing) };
        let all: Vec<String> = (0..rows.len())
            .filter_map(|at| rows.get(at))
            .filter(|row| row.target(ctx).is_some_and(|target| marked.contains(&target)))
            .filter_map(|row| one(&row.thing(ctx)?))
            .collect();
        (!all.is_empty()).then(|| all.join("\n"))
    });
    match text {
        Some(text) => {
            let lines = text.lines().count();
            app.say(if lines > 1 { format!("copied {lines} lines") } else { format!("copied: {text}") });
            vec![Effect::Copy(text)]
        }
        None => {
            app.hint("this has no ARN; {copy-id} copies its id");
            Vec::new()
        }
    }
}
