//! What each message does. Layers take keys first; what they do not take goes to the screen.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::controls::facts::{self, Mapping};
use crate::keymap::Action;
use crate::model::Origin;
use crate::view::{Body, Kind, Screen, Tab, TimeMode, beside, lanes, list_of};

use super::palette::{self, Palette};
use super::{App, Effect, Layer, Msg, act, alarm, command, fitting, memory, open, pointer, survey};

/// Takes in one message; what must be done outside comes back.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let key = matches!(msg, Msg::Key(_) | Msg::Mouse(_));
    let mut effects = take(app, msg);
    fitting::fit(app);
    effects.extend(app.wanted());
    effects.extend(alarm::heed(app));
    if key {
        alarm::seen(app);
    }
    effects
}

fn take(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Msg::Key(key) => {
            app.notice = None;
            if matches!(app.nav.place().body, Body::Nothing) {
                app.freshen();
            }
            match app.layers.pop() {
                Some(layer) => layer_key(app, layer, key),
                None => app.look.keys.action(&key).map(|action| act(app, action)).unwrap_or_default(),
            }
        }
        Msg::Mouse(mouse) => pointer::mouse(app, mouse),
        Msg::Focus(attended) => vec![Effect::Attend(attended)],
        Msg::Paste(text) => paste(app, &text),
        Msg::Resize(width, height) => {
            app.size = (width, height);
            Vec::new()
        }
        Msg::Polled(polled) => {
            app.store.apply(polled);
            app.unsettled = true;
            memory::recall(app).into_iter().collect()
        }
        Msg::Work => {
            app.work();
            Vec::new()
        }
        Msg::Tick(now) => {
            app.now = now;
            Vec::new()
        }
        Msg::Record(id, record) => {
            app.derived.get_mut().records.keep(id, record);
            Vec::new()
        }
        Msg::Accepted(accepted) => {
            match &accepted.broken {
                Some(broken) => app.say(broken.clone()),
                None => app.say(format!("read again: what is accepted of {} tables", accepted.tables.len())),
            }
            app.store.set_accepted(accepted);
            app.unsettled = true;
            Vec::new()
        }
        Msg::Themed(Ok(theme)) => {
            app.say(format!("theme {}", theme.name()));
            app.look.theme = theme;
            Vec::new()
        }
        Msg::Offered(themes) => {
            app.look.themes = themes.into();
            Vec::new()
        }
        Msg::Grounded(theme) => {
            fitting::grounded(app, theme);
            Vec::new()
        }
        Msg::Themed(Err(message)) | Msg::Kept(Err(message)) | Msg::Noted(Err(message)) => {
            app.say(message);
            Vec::new()
        }
        Msg::Kept(Ok(())) => Vec::new(),
        Msg::Noted(Ok((notes, said))) => {
            app.store.set_notes(notes);
            if let Some(said) = said.into_iter().next() {
                app.say(said);
            }
            Vec::new()
        }
        Msg::Recalled(whose, result) => {
            memory::recalled(app, &whose, result);
            Vec::new()
        }
    }
}

/// Does what an action asks for.
pub(super) fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if survey::takes(app, action) {
        return Vec::new();
    }
    let page = app.nav.place().page;
    let step = isize::try_from(page).unwrap_or(10);
    match action {
        Action::Down => app.with(|ctx, place| place.step(ctx, 1)),
        Action::Up => app.with(|ctx, place| place.step(ctx, -1)),
        Action::HalfDown => app.with(|ctx, place| place.step(ctx, step / 2)),
        Action::HalfUp => app.with(|ctx, place| place.step(ctx, -(step / 2))),
        Action::PageDown => app.with(|ctx, place| place.step(ctx, step)),
        Action::PageUp => app.with(|ctx, place| place.step(ctx, -step)),
        Action::Top => app.with(|ctx, place| {
            place.go(ctx, 0);
            // At the top one follows what is newest or worst, rather than a row.
            place.selected = None;
        }),
        Action::Bottom => app.with(|ctx, place| place.go(ctx, usize::MAX)),
        Action::Left | Action::Right if matches!(app.nav.place().screen, Screen::List(Kind::Lanes(_))) => {
            app.with(|ctx, place| lanes::step(ctx, place, action == Action::Right));
        }
        Action::Left | Action::Right if on_matrix(app) => {
            let place = app.nav.place_mut();
            place.column = beside(place.column, action == Action::Right);
        }
        Action::Left => app.nav.place_mut().leave(),
        Action::Right => app.nav.place_mut().enter(),
        Action::More | Action::Less => {
            if !app.nav.place_mut().fold_all(action == Action::Less) {
                app.hint("nothing to fold here: records fold ({raw})");
            }
        }
        Action::Earlier | Action::Later | Action::Whole | Action::Facets => {
            app.hint("the list of events has this ({trail})");
        }
        Action::Tab(digit) => {
            if let Some(tab) = Tab::ALL.into_iter().find(|tab| tab.digit() == digit) {
                app.nav.tab(tab);
            }
        }
        Action::NextTab => app.nav.turn(1),
        Action::PreviousTab => app.nav.turn(Tab::ALL.len() - 1),
        Action::HistoryBack if !app.nav.back() => app.say("no place before this one"),
        Action::HistoryForward if !app.nav.forward() => app.say("no place after this one"),
        Action::HistoryBack | Action::HistoryForward => {}
        Action::Back => back(app),
        Action::Open => return act::open(app),
        Action::Filter | Action::Command | Action::Sort | Action::Help => layer(app, action),
        // What is searched for has hits; anything else has notes.
        Action::Note if app.nav.place().searches() && !app.nav.place().filter.is_empty() => next_hit(app, false),
        Action::Note => memory::note(app),
        Action::PreviousHit => next_hit(app, true),
        Action::NextFault | Action::PreviousFault => {
            if !app.with(|ctx, place| place.next_fault(ctx, action == Action::PreviousFault)) {
                app.say("no row with a fault here");
            }
        }
        Action::OnlyFaults if on_matrix(app) => next_framework(app),
        Action::OnlyFaults => only_faults(app),
        Action::Reverse => {
            let place = app.nav.place_mut();
            place.reversed = !place.reversed;
        }
        Action::Mark => mark(app),
        Action::CycleTime => {
            app.look.time = match app.look.time {
                TimeMode::Age => TimeMode::Utc,
                TimeMode::Utc => TimeMode::Local,
                TimeMode::Local => TimeMode::Age,
            };
            app.say(match app.look.time {
                TimeMode::Age => "times as ages",
                TimeMode::Utc => "times in UTC",
                TimeMode::Local => "times in the zone of this machine",
            });
        }
        Action::Freeze => {
            app.frozen = !app.frozen;
            app.hint(if app.frozen { "the data is held still; {freeze} goes on" } else { "the data goes on" });
        }
        Action::Refresh if app.store.origin() == Origin::Files => {
            app.say("log files alone are shown: --follow reads what they grow by");
        }
        Action::Refresh => {
            app.say("sweeping again now");
            return vec![Effect::Refresh(None)];
        }
        Action::Lanes => return act::go(app, Screen::List(Kind::Lanes(String::new()))),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => return vec![Effect::Quit],
        Action::Describe
        | Action::Raw
        | Action::Events
        | Action::Related
        | Action::Who
        | Action::SameAddress
        | Action::SameSession
        | Action::SameTable
        | Action::CopyId
        | Action::CopyArn
        | Action::Console
        | Action::Errors => return act::on_thing(app, action),
    }
    Vec::new()
}

fn layer(app: &mut App, action: Action) {
    let place = app.nav.place();
    let layer = match (action, &place.body) {
        (Action::Filter, Body::Rows(..)) => Layer::Filter(Input::default(), place.filter.clone()),
        (Action::Filter, _) if place.searches() => Layer::Filter(Input::default(), place.filter.clone()),
        (Action::Filter, _) => return app.say("there is nothing here to search"),
        (Action::Sort, Body::Rows(..)) => Layer::Sort,
        (Action::Sort, _) => return app.say("lists can be sorted"),
        (Action::Command, _) => Layer::Command(Palette::new(app, String::new())),
        _ => Layer::Help(0),
    };
    app.layers.push(layer);
}

/// Esc: an own filter or search first, then the screen.
fn back(app: &mut App) {
    let place = app.nav.place_mut();
    if matches!(place.body, Body::Rows(..)) && (!place.filter.is_empty() || place.faults_only) {
        place.filter.clear();
        place.faults_only = false;
        return;
    }
    if place.searches() && !place.filter.is_empty() {
        place.filter.clear();
        return;
    }
    if !app.nav.pop() {
        app.hint("this is the tab's first screen; {quit} leaves");
    }
}

fn only_faults(app: &mut App) {
    let place = app.nav.place_mut();
    if matches!(place.body, Body::Rows(..)) {
        place.faults_only = !place.faults_only;
        let words = if place.faults_only { "only rows with a fault; {only-faults} shows all" } else { "all rows" };
        app.hint(words);
    }
}

fn on_matrix(app: &App) -> bool {
    matches!(app.nav.place().screen, Screen::List(Kind::Controls(_)))
}

/// The frameworks asked for most; any other is typed into the filter.
const FRAMEWORKS: [&str; 7] =
    ["security-hub", "pci-dss-v4", "nist-800-53", "hipaa", "soc-2", "cis-aws", "iso27001-2022"];

/// Narrows the matrix by the next framework, after the last by none.
fn next_framework(app: &mut App) {
    let place = app.nav.place_mut();
    let is = |word: &&str| word.starts_with("framework:");
    let now = place.filter.split_whitespace().find(is).and_then(|word| word.split_once(':'));
    let at = now.and_then(|(_, name)| FRAMEWORKS.iter().position(|known| *known == name));
    let next = FRAMEWORKS.get(at.map_or(0, |at| at + 1));
    let rest = place.filter.split_whitespace().filter(|word| !is(word)).map(str::to_owned);
    let words: Vec<String> = next.map(|name| format!("framework:{name}")).into_iter().chain(rest).collect();
    place.filter = words.join(" ");
    let said = match next {
        Some(name) => {
            let of =
                |wanted| facts::all().filter(|(_, of)| of.answers(name).is_some_and(|(it, _)| it == wanted)).count();
            let (published, ours) = (of(Mapping::Published), of(Mapping::Suggested));
            format!(
                "{name}: {published} controls by published mappings, {ours} by our own; {} framework:NAME any other",
                app.look.keys.key(Action::Filter)
            )
        }
        None => "all controls".to_owned(),
    };
    app.say(said);
}

fn mark(app: &mut App) {
    app.with(|ctx, place| {
        if place.toggle() {
            return;
        }
        let Body::Rows(..) = place.body else { return };
        if let Some(target) = place.target(ctx) {
            if !place.marked.remove(&target) {
                place.marked.insert(target);
            }
            place.step(ctx, 1);
        }
    });
}

fn next_hit(app: &mut App, back: bool) {
    let place = app.nav.place();
    if place.filter.is_empty() {
        return app.hint("nothing is searched for; {filter} does");
    }
    if place.searches() {
        if !app.with(|ctx, place| place.next_hit(ctx, back, false)) {
            app.say("not found");
        }
    } else {
        app.with(|ctx, place| place.step(ctx, if back { -1 } else { 1 }));
    }
}

fn layer_key(app: &mut App, layer: Layer, key: KeyEvent) -> Vec<Effect> {
    let quit = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    match layer {
        Layer::Help(at) => match app.look.keys.action(&key) {
            Some(Action::Down) => app.layers.push(Layer::Help(at + 1)),
            Some(Action::Up) => app.layers.push(Layer::Help(at.saturating_sub(1))),
            Some(Action::HalfDown | Action::PageDown) => app.layers.push(Layer::Help(at + 10)),
            Some(Action::HalfUp | Action::PageUp) => app.layers.push(Layer::Help(at.saturating_sub(10))),
            Some(Action::Quit) if quit => return vec![Effect::Quit],
            Some(Action::Help | Action::Back | Action::Quit) => {}
            // Any other key does what it says, for that is what one came here to learn.
            Some(action) => return act(app, action),
            None => app.layers.push(Layer::Help(at)),
        },
        Layer::Sort => sort(app, key),
        Layer::Note(..) if key.code == KeyCode::Esc || quit => {}
        Layer::Note(input, identity, title) if key.code == KeyCode::Enter => {
            return memory::noted(app, identity, title, input.value());
        }
        Layer::Note(mut input, identity, title) => {
            input.handle_event(&crossterm::event::Event::Key(key));
            app.layers.push(Layer::Note(input, identity, title));
        }
        Layer::Filter(_, before) if key.code == KeyCode::Esc || quit => {
            app.nav.place_mut().filter = before;
        }
        Layer::Filter(input, _) if key.code == KeyCode::Enter => {
            app.nav.place_mut().filter = input.value().to_owned();
            let place = app.nav.place();
            if place.searches() && !place.filter.is_empty() {
                match app.with(|ctx, place| place.next_hit(ctx, false, true)) {
                    true => app.hint("{note} the next hit, {previous-hit} the one before, {back} ends the search"),
                    false => app.say("not found"),
                }
            }
        }
        Layer::Filter(mut input, before) => {
            if key.code == KeyCode::Tab {
                input = command::complete_filter(app, input);
            }
            input.handle_event(&crossterm::event::Event::Key(key));
            input.value().clone_into(&mut app.nav.place_mut().filter);
            app.layers.push(Layer::Filter(input, before));
        }
        Layer::Command(palette) => return palette::key(app, palette, key),
    }
    Vec::new()
}

/// A digit chooses the column; the same one again turns the order round.
fn sort(app: &mut App, key: KeyEvent) {
    let KeyCode::Char(c) = key.code else { return };
    let place = app.nav.place_mut();
    let Screen::List(kind) = &place.screen else { return };
    let columns = list_of(kind).columns.len();
    match c.to_digit(36).map(|digit| digit as usize) {
        Some(0) => (place.sort, place.reversed) = (None, false),
        Some(digit) if digit <= columns => {
            place.reversed = place.sort == Some(digit - 1) && !place.reversed;
            place.sort = Some(digit - 1);
        }
        _ => app.say("no such column; 0 is the list's own order"),
    }
}

fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    let one_line = text.trim().replace(['\n', '\r'], " ");
    match app.layers.pop() {
        Some(Layer::Filter(input, before)) => {
            let value = format!("{}{one_line}", input.value());
            value.clone_into(&mut app.nav.place_mut().filter);
            app.layers.push(Layer::Filter(Input::new(value), before));
        }
        Some(Layer::Note(input, identity, title)) => {
            let value = format!("{}{one_line}", input.value());
            app.layers.push(Layer::Note(Input::new(value), identity, title));
        }
        Some(Layer::Command(palette)) => {
            let typed = format!("{}{one_line}", palette.input.value());
            let palette = Palette::new(app, typed);
            app.layers.push(Layer::Command(palette));
        }
        Some(layer) => app.layers.push(layer),
        // Pasted onto a screen: an ARN, an id or a console's URL is gone to.
        None => return open::open(app, text),
    }
    Vec::new()
}
