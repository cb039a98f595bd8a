//! What one user did with what is another's: the timed, public acts, messages and the follow tie.

use milieu_types::{Action, TieKind};
use milieu_world::{ItemIx, Secs, UserIx, View};
use rustc_hash::FxHashMap;

/// The newest own items of a user that are looked at for answers.
const ANSWERS: usize = 1024;

/// An act that counts as an interaction: others see it, and it takes a decision. Clicks, dwells and saves are left out as
/// private, hides and reports as private too, and since they end interactions rather than make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deal {
    /// A like of an item.
    Like,
    /// An answer to an item, told by an item, by an event or by both.
    Answer,
    /// An item passed on.
    Share,
    /// An item passed on with own words.
    Quote,
}

impl Deal {
    /// Every kind, in order.
    pub const ALL: [Deal; 4] = [Self::Like, Self::Answer, Self::Share, Self::Quote];

    /// The deal that an action on an item is, if it is one.
    #[must_use]
    pub fn of(action: Action) -> Option<Self> {
        match action {
            Action::Like => Some(Self::Like),
            Action::Reply => Some(Self::Answer),
            Action::Share => Some(Self::Share),
            Action::Quote => Some(Self::Quote),
            Action::View | Action::Click | Action::Dwell | Action::Save | Action::Hide | Action::Report => {
                None
            }
        }
    }
}

/// What one user did with what is another's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dealings {
    /// What was done and when, the newest first.
    pub done: Vec<(Secs, Deal)>,
    /// Items that answer items of the other, the newest first.
    pub answers: Vec<ItemIx>,
    /// Messages sent, of any time.
    pub messages: u32,
    /// Since when the one follows the other.
    pub follows: Option<Secs>,
    /// From when on all is known: the world keeps the newest of what a user did.
    pub known_from: Secs,
}

impl Dealings {
    /// What `from` did with items of `to` that may be shown, and their tie.
    #[must_use]
    pub fn between(view: &View<'_>, from: UserIx, to: UserIx) -> Self {
        let is_theirs = |item: ItemIx| view.facts(item).author == Some(to) && view.is_visible(item);
        let mut found = Self {
            messages: view.messages(from, to),
            follows: view.tie(TieKind::Follow, from, to).map(|tie| tie.since),
            ..Self::default()
        };
        // Answers that an item tells of; an event may tell of the same one.
        let mut told: FxHashMap<ItemIx, u32> = FxHashMap::default();
        for (at, item) in view.authored(from).take(ANSWERS).filter(|&(_, item)| view.is_visible(item)) {
            if let Some(to) = view.facts(item).reply_to.filter(|&to| is_theirs(to)) {
                *told.entry(to).or_default() += 1;
                found.done.push((at, Deal::Answer));
                found.answers.push(item);
            }
        }
        let (mut kept, mut oldest) = (0, 0);
        for done in view.history(from) {
            (kept, oldest) = (kept + 1, done.at);
            let Some(deal) = Deal::of(done.action).filter(|_| is_theirs(done.item)) else { continue };
            if deal == Deal::Answer
                && let Some(left) = told.get_mut(&done.item).filter(|left| **left > 0)
            {
                *left -= 1;
                continue;
            }
            found.done.push((done.at, deal));
        }
        if kept >= milieu_world::HISTORY_CAPACITY {
            found.known_from = oldest;
        }
        found.done.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    /// Whether there is nothing at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.done.is_empty() && self.messages == 0 && self.follows.is_none()
    }

    /// How often something of that kind was done.
    #[must_use]
    pub fn count(&self, deal: Deal) -> u32 {
        self.done.iter().filter(|(_, done)| *done == deal).count() as u32
    }

    /// How much was done in the time from `from` (not in it) to `to` (in it).
    #[must_use]
    pub fn within(&self, from: Secs, to: Secs) -> u32 {
        self.done.iter().filter(|(at, _)| *at > from && *at <= to).count() as u32
    }

    /// What was done, each halved every `half_life` days.
    #[must_use]
    pub fn decayed(&self, now: Secs, half_life: f64) -> f64 {
        let days = |at: Secs| f64::from(now.saturating_sub(at)) / 86_400.0;
        self.done.iter().map(|&(at, _)| (-days(at) / half_life).exp2()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Town;
    use milieu_types::EventKind as E;

    #[test]
    fn acts_on_items_of_the_other_are_found_once() {
        let mut town = Town::new(&["ann", "ben", "cat"]);
        town.item("b1", "ben", &[], 50.0);
        town.item("b2", "ben", &[], 50.0);
        town.item("c1", "cat", &[], 50.0);
        town.event("ann", E::Like, "b1", 9.0);
        town.event("ann", E::Like, "c1", 8.0);
        town.event("ann", E::Save, "b1", 8.0);
        // An answer, told twice; another, told by the event alone.
        town.answer("a1", "ann", "b1", 7.0);
        town.event("ann", E::Reply, "b1", 7.0);
        town.event("ann", E::Reply, "b2", 6.0);
        town.event("ann", E::Follow, "ben", 5.0);
        town.event("ann", E::Message, "ben", 4.0);
        let between =
            |town: &Town, a: &str, b: &str| Dealings::between(&town.view(), town.number(a), town.number(b));
        let found = between(&town, "ann", "ben");
        assert_eq!(Deal::ALL.map(|deal| found.count(deal)), [1, 2, 0, 0]);
        assert_eq!((found.answers.len(), found.messages, found.follows), (1, 1, Some(town.ago(5.0))));
        assert_eq!((found.within(town.ago(8.0), town.ago(6.0)), found.known_from), (2, 0));
        let decayed = found.decayed(crate::samples::NOW, 7.0);
        assert!((decayed - (0.5 + (-9.0_f64 / 7.0).exp2() + (-6.0_f64 / 7.0).exp2())).abs() < 1e-6);
        assert!(between(&town, "ben", "ann").is_nothing());
        town.hide("b1");
        assert_eq!(between(&town, "ann", "ben").done.len(), 1);
    }
}
