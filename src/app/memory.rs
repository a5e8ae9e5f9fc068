//! What is kept on this machine between two runs: asked for once the accounts are known, moved when somebody says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use tui_input::Input;

use crate::model::{Origin, Source};
use crate::state::{Recalled, Whose};
use crate::store::mark::Mark;
use crate::store::notes::Note;
use crate::view::{Body, Screen, Thing, identity, things};

use super::{App, Effect, Layer};

/// Where it stands.
#[derive(Debug)]
pub(super) struct Memory {
    /// Who looks, as far as the machine can tell.
    user: String,
    /// An endpoint in place of AWS.
    endpoint: Option<String>,
    /// State is kept, unless something is in the way.
    kept: bool,
    /// Whose was asked for.
    asked: Option<Whose>,
    /// It was read.
    ready: bool,
}

impl Memory {
    /// Nothing asked for yet.
    pub(super) fn new(user: String, endpoint: Option<String>, kept: bool) -> Self {
        Self { user, endpoint, kept, asked: None, ready: false }
    }
}

/// Asks for what was kept, once every scope knows its account; again when they are others.
pub(super) fn recall(app: &mut App) -> Option<Effect> {
    let store = &app.store;
    if !app.memory.kept || store.origin() == Origin::Files || store.is_loading(Source::Identity) {
        return None;
    }
    let accounts: BTreeSet<String> = store.estate().scopes.iter().map(|scope| scope.account.clone()).collect();
    if app.memory.asked.as_ref().is_some_and(|of| *of.accounts() == accounts) {
        return None;
    }
    let whose = Whose::new(store.origin(), app.memory.endpoint.clone(), accounts);
    app.memory.asked = Some(whose.clone());
    app.memory.ready = false;
    Some(Effect::Recall(whose))
}

/// Takes in what was kept.
pub(super) fn recalled(app: &mut App, whose: &Whose, result: Result<Recalled, String>) {
    if app.memory.asked.as_ref() != Some(whose) {
        return;
    }
    match result {
        Ok(recalled) => {
            app.memory.ready = true;
            app.store.set_mark(recalled.mark);
            app.store.set_notes(recalled.notes);
            if let Some(said) = recalled.said.first() {
                app.say(said.clone());
            }
        }
        Err(why) => {
            app.memory.kept = false;
            app.say(format!("the state is not used: {why}"));
        }
    }
}

/// What is said when nothing outlives this run.
const FLEETING: &str = "until the end of this run: no state is kept";

/// Moves the mark to now.
pub(super) fn done(app: &mut App) -> Vec<Effect> {
    if app.store.changes().began().is_none() || app.judging() {
        app.say("the mark stays: not all was read and judged yet, and half of it would be marked");
        return Vec::new();
    }
    if app.memory.kept && !app.memory.ready {
        app.say("what was kept is still being read");
        return Vec::new();
    }
    let mark = Arc::new(Mark::of(&app.store, app.now, &app.memory.user, app.store.mark()));
    app.store.set_mark(Some(mark.clone()));
    let at = app.look.clock(app.now, app.now);
    match app.memory.asked.clone().filter(|_| app.memory.kept) {
        Some(whose) => {
            app.say(format!("handed over: the mark stands at {at}"));
            vec![Effect::Keep(whose, mark)]
        }
        None => {
            app.say(format!("handed over: the mark stands at {at}, {FLEETING}"));
            Vec::new()
        }
    }
}

/// Begins a note to what is under the cursor.
pub(super) fn note(app: &mut App) {
    if app.memory.kept && !app.memory.ready {
        return app.say("what was kept is still being read");
    }
    let Some((identity, title)) = subject(app) else {
        return app.say("nothing under the cursor that a note could stay with");
    };
    let text = app.store.notes().get(&identity).map(|note| note.text.clone()).unwrap_or_default();
    app.layers.push(Layer::Note(Input::new(text), identity, title));
}

/// What a note would be about, and what that is called.
fn subject(app: &mut App) -> Option<(Vec<String>, String)> {
    app.with(|ctx, place| {
        if let (Body::Rows(rows, _), true) = (&place.body, matches!(place.screen, Screen::List(_)))
            && let Some(crate::view::Row::Note(identity)) = rows.get(place.cursor)
        {
            let title = ctx.store.notes().get(&identity)?.title.clone();
            return Some((identity.to_vec(), title));
        }
        let thing: Thing = place.thing(ctx)?;
        Some((identity::of(&thing)?, things::title(ctx, &thing)))
    })
}

/// Writes it; an empty one goes.
pub(super) fn noted(app: &mut App, identity: Vec<String>, title: String, text: &str) -> Vec<Effect> {
    let note = Note { text: text.to_owned(), at: app.now, by: app.memory.user.clone(), title };
    let mut notes = app.store.notes().clone();
    let (before, wrote) = (notes.len(), !text.trim().is_empty());
    notes.write(identity.clone(), note.clone());
    let words = match (wrote, notes.len() < before) {
        (true, _) => "noted",
        (false, true) => "the note is gone",
        (false, false) => return Vec::new(),
    };
    app.store.set_notes(notes);
    match app.memory.asked.clone().filter(|_| app.memory.kept) {
        Some(whose) => {
            app.say(format!("{words}; :notes lists all"));
            vec![Effect::Note(whose, identity, note)]
        }
        None => {
            app.say(format!("{words}, {FLEETING}; :notes lists all"));
            Vec::new()
        }
    }
}
