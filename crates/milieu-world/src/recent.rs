//! Bounded lists of the newest things.

use crate::{ItemIx, Secs, UserIx};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many of the newest items the world lists over all authors.
pub const RECENT_ITEMS: usize = 8192;
/// How many of the newest items the world lists for each tag.
pub const RECENT_ITEMS_OF_TAG: usize = 256;
/// How many of the newest positive interactions the world lists over all users.
pub const RECENT_ACTIVITY: usize = 65_536;

/// The newest items in ascending order of time, at most as many as the caller's bound.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct RecentItems(VecDeque<(Secs, ItemIx)>);

impl RecentItems {
    pub(crate) fn insert(&mut self, at: Secs, item: ItemIx, most: usize) {
        let place = self.0.partition_point(|&kept| kept < (at, item));
        if self.0.get(place) == Some(&(at, item)) {
            return;
        }
        if self.0.len() < most {
            self.0.insert(place, (at, item));
        } else if place > 0 {
            self.0.pop_front();
            self.0.insert(place - 1, (at, item));
        }
    }

    pub(crate) fn remove(&mut self, at: Secs, item: ItemIx) {
        if let Ok(place) = self.0.binary_search(&(at, item)) {
            self.0.remove(place);
        }
    }

    /// The newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (Secs, ItemIx)> + '_ {
        self.0.iter().rev().copied()
    }
}

/// Somebody did something positive with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Activity {
    /// When.
    pub at: Secs,
    /// With what.
    pub item: ItemIx,
    /// Who.
    pub user: UserIx,
}

/// The latest positive interactions of everybody, in the order of the log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ActivityRing(VecDeque<Activity>);

impl ActivityRing {
    pub(crate) fn push(&mut self, activity: Activity) {
        if self.0.len() == RECENT_ACTIVITY {
            self.0.pop_front();
        }
        self.0.push_back(activity);
    }

    pub(crate) fn remove(&mut self, activity: Activity) {
        if let Some(place) = self.0.iter().rposition(|kept| *kept == activity) {
            self.0.remove(place);
        }
    }

    pub(crate) fn forget_item(&mut self, item: ItemIx) {
        self.0.retain(|kept| kept.item != item);
    }

    pub(crate) fn forget_user(&mut self, user: UserIx) {
        self.0.retain(|kept| kept.user != user);
    }

    /// The latest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = Activity> + '_ {
        self.0.iter().rev().copied()
    }
}
