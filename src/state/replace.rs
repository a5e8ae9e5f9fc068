//! Replacing a file in one step: whoever reads it sees the old one or the new one, whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces the file. `private`: nobody else may read it; otherwise it may be read by whoever could read the old one.
///
/// # Errors
/// When the directory or the file cannot be written; then the old one stands.
pub fn replace(path: &Path, content: &[u8], private: bool) -> io::Result<()> {
    // A link stays a link to what is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().filter(|of| !of.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}-{}.tmp", std::process::id()));
    let written = || {
        // Left by one that broke down; nothing else is written through.
        let _none = std::fs::remove_file(&beside);
        let mut file = create(&beside, private)?;
        file.write_all(content)?;
        if let Ok(old) = std::fs::metadata(&path)
            && !private
        {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&beside, &path)
    };
    written().inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

fn create(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options.open(path)
}
