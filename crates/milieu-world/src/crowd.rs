//! Who carries a name: the users that declare a tag, or the members of a group.

use crate::UserIx;
use serde::{Deserialize, Serialize};

/// Users in ascending order. Most join in the order of their numbers, at the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Crowd(Vec<UserIx>);

impl Crowd {
    pub(crate) fn insert(&mut self, user: UserIx) {
        if let Err(place) = self.0.binary_search(&user) {
            self.0.insert(place, user);
        }
    }

    pub(crate) fn remove(&mut self, user: UserIx) {
        if let Ok(place) = self.0.binary_search(&user) {
            self.0.remove(place);
        }
    }

    pub(crate) fn all(&self) -> &[UserIx] {
        &self.0
    }
}
