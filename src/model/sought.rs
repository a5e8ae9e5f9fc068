//! Where credentials were looked for, and what stood there.

use super::login_command;

/// Where credentials of one profile were looked for, none having worked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// The profile's name.
    pub profile: String,
    /// Each place in the order in which it is asked, and what was seen there; never a secret.
    pub places: Vec<(&'static str, String)>,
    /// What to do, likeliest first: a command, and what it does.
    pub next: Vec<(String, &'static str)>,
}

/// The way round all of it.
pub const DEMO: (&str, &str) = ("dynakeep --demo", "look around: no credentials, no network");

impl Sought {
    /// Adds a place.
    pub fn saw(&mut self, place: &'static str, seen: impl Into<String>) {
        self.places.push((place, seen.into()));
    }

    /// Adds a command.
    pub fn advise(&mut self, command: impl Into<String>, does: &'static str) {
        self.next.push((command.into(), does));
    }

    /// Advises to log in again.
    pub fn log_in(&mut self) {
        self.advise(login_command(Some(&self.profile)), "logs in again");
    }

    /// As lines, for a terminal without a screen.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let wide = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
        let place = wide(&mut self.places.iter().map(|(place, _)| place.len()));
        let next = self.next.iter().map(|(command, does)| (command.as_str(), *does)).chain([DEMO]);
        let command = wide(&mut next.clone().map(|(command, _)| command.len()));
        [format!("profile {}: no credentials that work; looked at", self.profile)]
            .into_iter()
            .chain(self.places.iter().map(|(name, seen)| format!("  {name:<place$}  {seen}")))
            .chain(["what to do".to_owned()])
            .chain(next.map(|(text, does)| format!("  {text:<command$}  {does}")))
            .collect()
    }
}
