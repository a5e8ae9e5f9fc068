//! Keeping records compact, behind everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use crate::columns::{Body, Compressor, Content, Packed};
use crate::scan::Notify;

use super::document::{Bytes, Files, as_text};

/// A content, compressed: its origin, its first row.
pub type Kept = (Arc<str>, u32, Packed);

/// Compressing under way; dropped, it ends.
#[derive(Debug)]
pub struct Packer {
    from: Receiver<Kept>,
    stop: Arc<AtomicBool>,
    left: Arc<AtomicUsize>,
}

impl Packer {
    /// Begins to compress what lies in files or plain, the first content first.
    #[must_use]
    pub fn start(contents: Vec<Content>, threads: usize, notify: &Notify) -> Self {
        let (to, from) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let left = Arc::new(AtomicUsize::new(contents.len()));
        let (contents, next) = (Arc::new(contents), Arc::new(AtomicUsize::new(0)));
        for _ in 0..threads.clamp(1, contents.len().max(1)) {
            let (to, stop, left) = (to.clone(), stop.clone(), left.clone());
            let (contents, next, notify) = (contents.clone(), next.clone(), notify.clone());
            std::thread::spawn(move || {
                let (mut files, mut with) = (Files::default(), Compressor::default());
                while let (false, Some(content)) =
                    (stop.load(Ordering::Relaxed), contents.get(next.fetch_add(1, Ordering::Relaxed)))
                {
                    let packed = match &content.body {
                        // A file that went away or changed stays a file: it is said when a record of it is looked at.
                        Body::File => files
                            .read(std::path::Path::new(&*content.origin))
                            .ok()
                            .and_then(|Bytes { bytes, .. }| Packed::of(&as_text(bytes).0, &content.spans, &mut with)),
                        Body::Plain(text) => Packed::of(text, &content.spans, &mut with),
                        Body::Packed(_) => None,
                    };
                    if packed.is_some_and(|packed| to.send((content.origin.clone(), content.first, packed)).is_err()) {
                        break;
                    }
                    left.fetch_sub(1, Ordering::Release);
                    notify();
                }
            });
        }
        Self { from, stop, left }
    }

    /// What was compressed since the last call; never waits.
    #[must_use]
    pub fn fetch(&self) -> Vec<Kept> {
        self.from.try_iter().collect()
    }

    /// True once all was compressed: a last [`Packer::fetch`] after it leaves nothing.
    #[must_use]
    pub fn done(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// What is compressed next; `None` at the end.
    #[must_use]
    pub fn wait(&self) -> Option<Kept> {
        self.from.recv().ok()
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
