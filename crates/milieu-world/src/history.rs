//! What a user did lately, in order of time.

use crate::{ItemIx, Secs};
use milieu_types::Action;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The most entries a user's history keeps.
pub const HISTORY_CAPACITY: usize = 256;

/// One action on an item. Mere views are not kept here; they are in the seen set and the counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// On what.
    pub item: ItemIx,
    /// When.
    pub at: Secs,
    /// Seconds of a dwell, weight or rating of the rest; 1 where the app gave none.
    pub value: f32,
    /// What.
    pub action: Action,
}

impl Interaction {
    fn key(&self) -> (Secs, ItemIx, Action) {
        (self.at, self.item, self.action)
    }
}

/// The newest [`HISTORY_CAPACITY`] interactions in ascending order of time.
///
/// What is kept depends on the times of the interactions and not on the order in which they came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct History(VecDeque<Interaction>);

impl History {
    pub(crate) fn insert(&mut self, interaction: Interaction) {
        let place = self.0.partition_point(|kept| kept.key() <= interaction.key());
        if self.0.len() == HISTORY_CAPACITY {
            if place == 0 {
                return;
            }
            self.0.pop_front();
            self.0.insert(place - 1, interaction);
        } else {
            self.0.insert(place, interaction);
        }
    }

    /// Removes one interaction of that time, item and action.
    pub(crate) fn remove(&mut self, item: ItemIx, action: Action, at: Secs) {
        let place = self.0.partition_point(|kept| kept.key() < (at, item, action));
        if self.0.get(place).is_some_and(|kept| kept.key() == (at, item, action)) {
            self.0.remove(place);
        }
    }

    pub(crate) fn forget(&mut self, item: ItemIx) {
        self.0.retain(|kept| kept.item != item);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Interaction> + ExactSizeIterator {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_in_any_order() {
        let like = |at| Interaction { item: ItemIx(at % 7), at, value: 1.0, action: Action::Like };
        let mut forward = History::default();
        let mut backward = History::default();
        (0..400).for_each(|at| forward.insert(like(at)));
        (0..400).rev().for_each(|at| backward.insert(like(at)));
        assert_eq!(forward.0, backward.0);
        assert_eq!((forward.0.len(), forward.0[0].at), (HISTORY_CAPACITY, 144));
        forward.remove(ItemIx(399 % 7), Action::Like, 399);
        assert_eq!(forward.iter().next_back().map(|i| i.at), Some(398));
        forward.remove(ItemIx(0), Action::Save, 398);
        assert_eq!(forward.0.len(), HISTORY_CAPACITY - 1);
    }
}
