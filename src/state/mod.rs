//! What is kept on this machine between two runs, for the accounts that are looked at: the mark of the last hand-over, and
//! notes. A file that cannot be understood is set aside under another name and said, never written over.

mod replace;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use etcetera::BaseStrategy;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::Origin;
use crate::store::mark::Mark;
use crate::store::notes::{Note, Notes};

pub use replace::replace;

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// How hard a mark is packed: that of ten thousand tables takes a few milliseconds.
const LEVEL: i32 = 3;

/// Whose state it is: the same accounts behind the same endpoint share theirs, whoever looks from this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    origin: String,
    endpoint: Option<String>,
    accounts: BTreeSet<String>,
}

impl Whose {
    /// The state of these accounts.
    #[must_use]
    pub fn new(origin: Origin, endpoint: Option<String>, accounts: BTreeSet<String>) -> Self {
        Self { origin: origin.word().to_owned(), endpoint, accounts }
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &BTreeSet<String> {
        &self.accounts
    }

    /// A name for its files: FNV-1a of all that it is made of.
    fn name(&self) -> String {
        let parts = [self.origin.as_str(), self.endpoint.as_deref().unwrap_or_default()];
        let parts = parts.into_iter().chain(self.accounts.iter().map(String::as_str));
        let hash = parts
            .flat_map(|part| part.bytes().chain([0]))
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        format!("{}-{hash:016x}", self.origin)
    }
}

/// What was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recalled {
    /// How all stood when somebody last handed over.
    pub mark: Option<Arc<Mark>>,
    /// Notes.
    pub notes: Notes,
    /// What could not be read, and where it was put.
    pub said: Vec<String>,
}

/// A file as it is written.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    version: u32,
    of: Whose,
    content: T,
}

/// The directory that state is kept in.
#[derive(Debug, Clone)]
pub struct State {
    directory: PathBuf,
    /// One writer at a time: notes are read, changed and written.
    writing: Arc<Mutex<()>>,
}

impl State {
    /// State in a directory, which is made when something is kept.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, writing: Arc::default() }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it is kept unless somebody says otherwise: `$XDG_STATE_HOME/dynakeep`.
    #[must_use]
    pub fn usual() -> Option<PathBuf> {
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("dynakeep"))
    }

    fn mark_path(&self, of: &Whose) -> PathBuf {
        self.directory.join(format!("mark-{}.json.zst", of.name()))
    }

    fn notes_path(&self, of: &Whose) -> PathBuf {
        self.directory.join(format!("notes-{}.json", of.name()))
    }

    /// Reads what was kept. What cannot be understood is set aside, and the rest is read all the same.
    ///
    /// # Errors
    /// What is wrong, when a file can neither be read nor set aside: nothing must be written there.
    pub fn recall(&self, of: &Whose, now: Timestamp) -> Result<Recalled, String> {
        let mut said = Vec::new();
        let mark = read(&self.mark_path(of), of, now, &mut said, |bytes| zstd::decode_all(bytes))?;
        let notes = read(&self.notes_path(of), of, now, &mut said, |bytes| Ok(bytes.to_owned()))?;
        Ok(Recalled { mark: mark.map(Arc::new), notes: notes.unwrap_or_default(), said })
    }

    /// Keeps a mark in place of the last.
    ///
    /// # Errors
    /// Why it could not be written; the last one stands.
    pub fn keep_mark(&self, of: &Whose, mark: &Mark) -> Result<(), String> {
        let path = self.mark_path(of);
        let written = || {
            let text = serde_json::to_vec(&Kept { version: VERSION, of: of.clone(), content: mark })?;
            self.write(&path, &zstd::encode_all(text.as_slice(), LEVEL)?)
        };
        written().map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes a note among those that are kept by now, by whomever, and gives all of them, and what was set aside for it; an
    /// empty one goes.
    ///
    /// # Errors
    /// Why it could not be written; the others stand.
    pub fn keep_note(&self, of: &Whose, identity: Vec<String>, note: Note) -> Result<(Notes, Vec<String>), String> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.notes_path(of);
        let mut said = Vec::new();
        let mut notes: Notes = read(&path, of, note.at, &mut said, |bytes| Ok(bytes.to_owned()))?.unwrap_or_default();
        notes.write(identity, note);
        let written = || {
            let mut text = serde_json::to_vec_pretty(&Kept { version: VERSION, of: of.clone(), content: &notes })?;
            text.push(b'\n');
            self.write(&path, &text)
        };
        written().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((notes, said))
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        replace(path, content, true)
    }
}

/// Reads a file; `None` where there is none, or where it was set aside.
fn read<T: DeserializeOwned>(
    path: &Path,
    of: &Whose,
    now: Timestamp,
    said: &mut Vec<String>,
    unpack: impl FnOnce(&[u8]) -> io::Result<Vec<u8>>,
) -> Result<Option<T>, String> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let understood = unpack(&bytes).map_err(|error| error.to_string()).and_then(|text| {
        let kept: Kept<T> = serde_json::from_slice(&text).map_err(|error| match version(&text) {
            Some(version) if version != VERSION => format!("written as version {version}, and this reads {VERSION}"),
            _ => error.to_string(),
        })?;
        match (kept.version == VERSION, kept.of == *of) {
            (true, true) => Ok(kept.content),
            (false, _) => Err(format!("written as version {}, and this reads {VERSION}", kept.version)),
            (true, false) => Err("it is of other accounts".to_owned()),
        }
    });
    match understood {
        Ok(content) => Ok(Some(content)),
        Err(why) => {
            let aside = PathBuf::from(format!("{}.broken-{}", path.display(), now.as_second()));
            std::fs::rename(path, &aside).map_err(|error| {
                format!("{}: {why}; it could not be set aside, so nothing is kept: {error}", path.display())
            })?;
            let name = aside.file_name().unwrap_or_default().to_string_lossy();
            said.push(format!("{why}: set aside as {name}, in {}", path.with_file_name("").display()));
            Ok(None)
        }
    }
}

fn version(text: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    serde_json::from_slice::<Head>(text).ok().map(|head| head.version)
}
