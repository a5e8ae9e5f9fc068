//! Whether the profiles asked for exist, so that a misspelt one is called that, and where credentials were looked for.

use std::io::{self, Write};

use crate::aws::Settings;
use crate::aws::sought::{Shared, listed, named};
use crate::export::safe;
use crate::store::Store;

use super::Failure;

/// Refuses a profile that neither of AWS's files names.
pub(super) fn known(settings: &Settings) -> Result<(), Failure> {
    let (asked, by) = match (settings.profiles.as_slice(), named()) {
        ([], None) => return Ok(()),
        ([], Some(name)) => (vec![name], "AWS_PROFILE names "),
        (some, _) => (some.to_vec(), ""),
    };
    let shared = Shared::read();
    if shared.unreadable {
        // What cannot be read may name it: the SDK says what is wrong.
        return Ok(());
    }
    let Some(profile) = asked.iter().find(|name| *name != "default" && !shared.has(name)) else { return Ok(()) };
    let others = match shared.names().as_slice() {
        [] => "no profile is there: `aws configure sso` makes one".to_owned(),
        some => format!("there are {}: -p NAME", listed(some)),
    };
    let places = shared.places().join(" or ");
    Err(Failure::Usage(format!(
        "no such profile: {by}`{profile}`, which is not in {places}; {others}\n`dynakeep --demo` needs none"
    )))
}

/// Says where credentials were looked for that do not work.
pub(super) fn tell(store: &Store) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for line in store.sought().iter().flat_map(|of| of.lines()) {
        writeln!(err, "dynakeep: {}", safe::shortened(&safe::visible(&line), 300))?;
    }
    Ok(())
}
