//! Directed ties of one user, one kind and one direction.

use crate::{Secs, UserIx};
use serde::{Deserialize, Serialize};

/// A tie to or from another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// The other end.
    pub other: UserIx,
    /// Since when.
    pub since: Secs,
}

/// Ties in ascending order of the other end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Ties(Vec<Tie>);

impl Ties {
    fn place(&self, other: UserIx) -> Result<usize, usize> {
        self.0.binary_search_by_key(&other, |tie| tie.other)
    }

    pub(crate) fn get(&self, other: UserIx) -> Option<Tie> {
        self.place(other).ok().map(|place| self.0[place])
    }

    /// Adds the tie; one that is there keeps its earlier time.
    pub(crate) fn insert(&mut self, other: UserIx, since: Secs) {
        match self.place(other) {
            Ok(place) => self.0[place].since = self.0[place].since.min(since),
            Err(place) => self.0.insert(place, Tie { other, since }),
        }
    }

    pub(crate) fn remove(&mut self, other: UserIx) -> bool {
        let place = self.place(other);
        place.map(|place| self.0.remove(place)).is_ok()
    }

    pub(crate) fn all(&self) -> &[Tie] {
        &self.0
    }

    pub(crate) fn take(&mut self) -> Vec<Tie> {
        std::mem::take(&mut self.0)
    }
}
