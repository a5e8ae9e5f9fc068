//! Standard output that may close early.

use std::io::{self, ErrorKind, Write};

/// A writer whose reader may leave: from then on all that is written is dropped, and the run ends as it would have.
#[derive(Debug)]
pub(super) struct Pipe<W> {
    inner: W,
    closed: bool,
}

impl<W> Pipe<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, closed: false }
    }

    /// What to answer in place of a result: whoever read the output has read enough.
    fn heed<T>(&mut self, result: io::Result<T>, gone: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(gone)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.heed(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.heed(result, ())
    }
}
