//! New versions read all items, from the first to the last.

use super::results::{Covered, ResultsError};
use super::worker::{ALL_TIME, Worker};
use milieu_world::ItemIx;
use std::sync::atomic::Ordering;

/// The most items that are looked at under one hold of the world.
const ITEMS: usize = 4096;

/// How far all items have been looked at. After a restart it begins anew, and passes over what was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Again {
    versions: Covered,
    next: usize,
}

impl Worker<'_> {
    /// Begins where a version is live that has not read all items. One that is live no more has read them no more: it
    /// is not asked about new ones.
    pub(super) fn plan(&mut self, live: &Covered) -> Result<(), ResultsError> {
        let mut covered = self.covered.clone();
        covered.retain(|name, version| live.get(name) == Some(version));
        self.cover(covered)?;
        if self.covered == *live {
            self.again = None;
        } else if self.again.as_ref().is_none_or(|again| again.versions != *live) {
            tracing::info!(versions = ?live, "all items are read anew where they have to be");
            self.again = Some(Again { versions: live.clone(), next: 0 });
        }
        self.count_again();
        Ok(())
    }

    /// The next items with a text, at most so many, and where to go on after them.
    pub(super) fn items_again(&self, most: usize) -> (Vec<String>, usize) {
        let mut items = Vec::new();
        let Some(again) = &self.again else { return (items, 0) };
        let world = self.shared.world.read();
        let view = world.view(ALL_TIME);
        let mut next = again.next;
        while next < world.item_bound().min(again.next + ITEMS) && items.len() < most {
            let item = ItemIx(next as u32);
            if view.text(item).is_some() {
                items.extend(world.item_id(item).map(String::from));
            }
            next += 1;
        }
        (items, next)
    }

    /// The items before `next` have been read.
    pub(super) fn went_on(&mut self, next: usize) -> Result<(), ResultsError> {
        let Some(again) = &mut self.again else { return Ok(()) };
        again.next = next;
        // Later items are in the log behind what was followed, or wait.
        if next >= self.shared.world.read().item_bound() {
            let versions = again.versions.clone();
            tracing::info!(?versions, "all items are read");
            self.again = None;
            self.cover(versions)?;
        }
        self.count_again();
        Ok(())
    }

    /// Says which versions have read all items.
    pub(super) fn cover(&mut self, covered: Covered) -> Result<(), ResultsError> {
        if covered != self.covered {
            let mut batch = self.results.batch();
            batch.covered(&covered)?;
            batch.commit()?;
            self.covered = covered;
        }
        Ok(())
    }

    fn count_again(&self) {
        let bound = self.shared.world.read().item_bound();
        let left = self.again.as_ref().map_or(0, |again| bound.saturating_sub(again.next));
        self.shared.understanding.again.store(left as u64, Ordering::Relaxed);
    }
}
