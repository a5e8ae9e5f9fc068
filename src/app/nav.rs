//! Where one is: each tab a stack of places, and a history over all of them.

use crate::view::{Place, Screen, Tab};

/// How many steps the history keeps.
const HISTORY: usize = 200;

/// Tabs, stacks, history.
#[derive(Debug)]
pub struct Nav {
    stacks: Vec<(Tab, Vec<Place>)>,
    tab: Tab,
    past: Vec<(Tab, Screen)>,
    future: Vec<(Tab, Screen)>,
    home: Place,
}

impl Nav {
    /// At the Overview.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stacks: Tab::ALL.into_iter().map(|tab| (tab, vec![Place::new(tab.home())])).collect(),
            tab: Tab::Overview,
            past: Vec::new(),
            future: Vec::new(),
            home: Place::new(Screen::Overview),
        }
    }

    /// The tab shown.
    #[must_use]
    pub fn current(&self) -> Tab {
        self.tab
    }

    /// The places of the tab shown, the one in sight last.
    #[must_use]
    pub fn stack(&self) -> &[Place] {
        self.stacks.iter().find(|(tab, _)| *tab == self.tab).map_or(&[], |(_, stack)| stack)
    }

    fn stack_mut(&mut self) -> &mut Vec<Place> {
        let at = self.stacks.iter().position(|(tab, _)| *tab == self.tab).unwrap_or(0);
        if self.stacks.is_empty() {
            self.stacks.push((self.tab, Vec::new()));
        }
        &mut self.stacks[at].1
    }

    /// The place in sight.
    #[must_use]
    pub fn place(&self) -> &Place {
        self.stack().last().unwrap_or(&self.home)
    }

    /// The place in sight.
    pub fn place_mut(&mut self) -> &mut Place {
        if self.stack().is_empty() {
            return &mut self.home;
        }
        let at = self.stack().len() - 1;
        &mut self.stack_mut()[at]
    }

    /// Goes to a tab as it was left; to its first screen when it is the one shown.
    pub fn tab(&mut self, tab: Tab) {
        if tab == self.tab {
            if self.stack().len() > 1 {
                self.remember();
                self.stack_mut().truncate(1);
            }
            return;
        }
        self.remember();
        self.tab = tab;
    }

    /// Goes some tabs on, round the end.
    pub fn turn(&mut self, by: usize) {
        let at = Tab::ALL.iter().position(|tab| *tab == self.tab).unwrap_or(0);
        if let Some(tab) = Tab::ALL.get((at + by) % Tab::ALL.len()) {
            self.tab(*tab);
        }
    }

    /// Lays a screen on top.
    pub fn push(&mut self, screen: Screen) {
        if self.place().screen == screen {
            return;
        }
        self.remember();
        // Until it is drawn, it is taken to be as high as the one it lies on.
        let mut place = Place::new(screen);
        place.page = self.place().page;
        self.stack_mut().push(place);
    }

    /// Takes the top screen off; `false` when it is the tab's first.
    pub fn pop(&mut self) -> bool {
        if self.stack().len() < 2 {
            return false;
        }
        self.remember();
        self.stack_mut().pop();
        true
    }

    /// One step back in the history; `false` when there is none.
    pub fn back(&mut self) -> bool {
        let Some(to) = self.past.pop() else { return false };
        self.future.push((self.tab, self.place().screen.clone()));
        self.show(to);
        true
    }

    /// One step forward again; `false` when there is none.
    pub fn forward(&mut self) -> bool {
        let Some(to) = self.future.pop() else { return false };
        self.past.push((self.tab, self.place().screen.clone()));
        self.show(to);
        true
    }

    fn remember(&mut self) {
        if self.past.len() == HISTORY {
            self.past.remove(0);
        }
        self.past.push((self.tab, self.place().screen.clone()));
        self.future.clear();
    }

    fn show(&mut self, (tab, screen): (Tab, Screen)) {
        self.tab = tab;
        let stack = self.stack_mut();
        match stack.iter().position(|place| place.screen == screen) {
            Some(at) => stack.truncate(at + 1),
            None => stack.push(Place::new(screen)),
        }
    }
}

impl Default for Nav {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Thing;

    fn finding(id: &str) -> Screen {
        Screen::Detail(Thing::Finding(id.to_owned()))
    }

    #[test]
    fn a_tab_is_found_as_it_was_left_and_its_key_again_leads_home() {
        let mut nav = Nav::new();
        nav.tab(Tab::Findings);
        nav.push(finding("a"));
        nav.tab(Tab::Tables);
        nav.tab(Tab::Findings);
        assert_eq!(nav.place().screen, finding("a"));
        nav.tab(Tab::Findings);
        assert_eq!(nav.place().screen, Tab::Findings.home());
    }

    #[test]
    fn history_goes_back_over_tabs_and_forward_again() {
        let mut nav = Nav::new();
        nav.push(finding("a"));
        nav.tab(Tab::Trail);
        assert!(nav.back());
        assert_eq!(nav.place().screen, finding("a"));
        assert!(nav.back());
        assert_eq!((nav.place().screen.clone(), nav.back()), (Screen::Overview, false));
        assert!(nav.forward() && nav.forward() && !nav.forward());
        assert_eq!(nav.current(), Tab::Trail);
    }

    #[test]
    fn nothing_is_below_a_tabs_first_screen() {
        let mut nav = Nav::new();
        assert!(!nav.pop());
        nav.push(finding("a"));
        nav.push(finding("a"));
        assert!(nav.pop() && !nav.pop());
    }
}
