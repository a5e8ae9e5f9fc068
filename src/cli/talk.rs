//! A data layer of its own for one sweep, or for one question: put once every scope knows who it is.

use std::collections::HashSet;
use std::io;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::aws::{self, Command, Handle, Settings, StartError};
use crate::model::{Polled, Scope, Source};
use crate::store::Store;
use crate::wire::Wire;

use super::Failure;
use super::line::Line;

/// Messages in flight between data layer and store.
const QUEUE: usize = 1_024;
/// The same where one message may hold a thousand records.
const FEW: usize = 16;

/// Sweeps once, and hands on all that is heard.
pub(super) fn sweep(wire: Wire, settings: Settings, mut hear: impl FnMut(Polled)) -> Result<(), Failure> {
    // The handle lives on: a data layer that nobody commands would take it for the end.
    let (_handle, listen) = Handle::pair();
    let (to, mut from) = mpsc::channel(QUEUE);
    let running = aws::spawn(wire, settings, listen, to);
    while let Some(polled) = from.blocking_recv() {
        hear(polled);
    }
    ended(running)
}

/// Sweeps once into a store, and says on a line how far it is.
pub(super) fn fill(store: &mut Store, wire: Wire, settings: Settings) -> Result<(), Failure> {
    let mut line = Line::new();
    let swept = sweep(wire, settings, |polled| {
        if let Polled::Running(source, scope, progress) = &polled {
            line.show(|| format!("{scope} reading {} {}/{}", source.name(), progress.done, progress.total));
        }
        store.apply(polled);
    });
    line.end();
    // Nobody may be listening there.
    let _closed = super::profiles::tell(store);
    swept
}

fn ended(running: JoinHandle<Result<(), StartError>>) -> Result<(), Failure> {
    match running.join() {
        Ok(ended) => Ok(ended?),
        Err(_) => Err(Failure::Io(io::Error::other("the data layer broke down"))),
    }
}

/// How a question came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The data layer said all that it had to say.
    Heard,
    /// Somebody did not wait for it.
    Left,
}

/// Which scopes there are, and which of them know who they are.
#[derive(Default)]
struct Scopes {
    known: HashSet<Scope>,
    identified: HashSet<Scope>,
    asked: bool,
}

impl Scopes {
    /// True once: at the moment to ask.
    fn hear(&mut self, polled: &Polled) -> bool {
        match polled {
            // Every scope announces itself before the first of them makes a call.
            Polled::Running(Source::Identity, scope, _) if !self.asked => {
                self.known.insert(scope.clone());
            }
            Polled::Renamed { from, to } => {
                self.known.remove(from);
                self.known.insert(to.clone());
            }
            Polled::Ended { source: Source::Identity, scope, .. } => {
                self.identified.insert(scope.clone());
                if !self.asked && self.known.is_subset(&self.identified) {
                    self.asked = true;
                    return true;
                }
            }
            _ => {}
        }
        false
    }
}

/// Puts a question by `ask`, and hands on all that is heard with the number of scopes, until `hear` says that it was
/// answered. With `cancels`, Ctrl-C says that the answer is no longer wanted, and a second one leaves at once.
pub(super) fn put(
    wire: Wire,
    mut settings: Settings,
    cancels: bool,
    ask: impl FnOnce(&Handle),
    mut hear: impl FnMut(Polled, usize) -> bool,
) -> Result<End, Failure> {
    // One that polls stays until it is told to end; who it is, it has to know before it is asked.
    settings.once = false;
    settings.sources = vec![Source::Identity];
    let (handle, listen) = Handle::pair();
    let (to, mut from) = mpsc::channel(if cancels { FEW } else { QUEUE });
    let running = aws::spawn(wire, settings, listen, to);
    let heard = async {
        let (mut scopes, mut ask, mut cancelled) = (Scopes::default(), Some(ask), false);
        let mut stopping = None;
        loop {
            let polled = tokio::select! {
                polled = from.recv() => polled,
                _ = tokio::signal::ctrl_c(), if cancels => {
                    if cancelled {
                        return End::Left;
                    }
                    cancelled = true;
                    handle.send(Command::Cancel);
                    if ask.take().is_some() {
                        stopping.get_or_insert_with(|| stop(&handle));
                    }
                    continue;
                }
            };
            let Some(polled) = polled else { return End::Heard };
            if scopes.hear(&polled)
                && let Some(ask) = ask.take()
            {
                ask(&handle);
            }
            // The last calls are in the ledger before the data layer ends.
            if hear(polled, scopes.known.len()) || (scopes.asked && scopes.known.is_empty()) {
                stopping.get_or_insert_with(|| stop(&handle));
            }
        }
    };
    let end = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(heard);
    if end == End::Heard {
        ended(running)?;
    }
    Ok(end)
}

fn stop(handle: &Handle) -> oneshot::Receiver<()> {
    let (done, stopped) = oneshot::channel();
    handle.send(Command::Stop(done));
    stopped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Progress;

    #[test]
    fn a_question_is_put_once_when_every_scope_knows_who_it_is() {
        let scope = |account: &str| Scope::new(account, "eu-west-1");
        let running = |of: &str| Polled::Running(Source::Identity, scope(of), Progress { done: 0, total: 0 });
        let ended = |of: &str| Polled::Ended {
            source: Source::Identity,
            scope: scope(of),
            at: jiff::Timestamp::UNIX_EPOCH,
            result: Ok(()),
            partial: vec![],
            due: None,
        };
        let mut scopes = Scopes::default();
        assert!(!scopes.hear(&running("a")) && !scopes.hear(&running("b")) && !scopes.hear(&ended("b")));
        assert!(!scopes.hear(&Polled::Renamed { from: scope("a"), to: scope("1") }));
        assert!(scopes.hear(&ended("1")) && !scopes.hear(&ended("1")));
        assert_eq!(scopes.known.len(), 2);
    }
}
