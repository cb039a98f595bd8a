//! From records of the log to items that wait to be looked at.

use super::results::{Results, ResultsError};
use super::worker::{ALL_TIME, Worker};
use milieu_types::{Record, Seq};

/// The most records that are looked at between two looks at what waits.
const RECORDS: usize = 4096;
/// Records without an item after which the position is written all the same.
const UNWRITTEN: Seq = 100_000;

/// How far the log was followed; the position on disk may lag behind by records that say nothing of items.
pub(super) struct Follower {
    position: Seq,
    written: Seq,
}

impl Follower {
    pub(super) fn new(results: &Results) -> Result<Self, ResultsError> {
        let position = results.looked_at()?;
        Ok(Self { position, written: position })
    }

    pub(super) fn position(&self) -> Seq {
        self.position
    }
}

impl Worker<'_> {
    /// Looks at some records: notes which items are to be looked at, if anybody `reads` them, and takes away what is
    /// known of those that are gone.
    pub(super) fn follow(&mut self, reads: bool) -> Result<(), ResultsError> {
        let last = self.shared.log.last_seq();
        if self.follower.position >= last {
            return Ok(());
        }
        let mut batch = self.results.batch();
        let (mut changed, mut gone) = (false, Vec::new());
        let mut position = self.follower.position;
        for entry in self.shared.log.replay(position + 1)?.take(RECORDS) {
            let (seq, record) = entry?;
            position = seq;
            match record {
                Record::PutItem(item) if reads => batch.wait(seq, item.id.as_str()),
                Record::PatchItem(patch) if reads && patch.text.is_some() => {
                    batch.wait(seq, patch.id.as_str())
                }
                Record::DeleteItem { id, .. } => gone.push(id.as_str().to_owned()),
                Record::DeleteUser { id, .. } => gone.extend(self.results.of_author(id.as_str())?),
                _ => continue,
            }
            changed = true;
        }
        gone.retain(|id| self.is_gone(id));
        for id in &gone {
            if let Some(old) = self.results.get(id)? {
                batch.remove(id, &old);
            }
        }
        if changed || position - self.follower.written >= UNWRITTEN {
            batch.position(position);
            batch.commit()?;
            self.follower.written = position;
        }
        if !gone.is_empty()
            && let Some(meanings) = self.shared.understanding.meanings.write().as_mut()
        {
            gone.iter().for_each(|id| meanings.remove(id));
        }
        if !gone.is_empty() {
            self.sweep_labels();
        }
        self.follower.position = position;
        Ok(())
    }

    /// Whether the world has no text of the item. It may have been described anew since the record that took it away.
    fn is_gone(&self, id: &str) -> bool {
        let world = self.shared.world.read();
        world.item(id).is_none_or(|item| world.view(ALL_TIME).text(item).is_none())
    }

    /// Writes how far the log was followed.
    pub(super) fn close(&mut self) -> Result<(), ResultsError> {
        if self.follower.written < self.follower.position {
            let mut batch = self.results.batch();
            batch.position(self.follower.position);
            batch.commit()?;
            self.follower.written = self.follower.position;
        }
        Ok(())
    }
}
