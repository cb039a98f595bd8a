//! Text to dense number, and back.

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;

/// Hands out ascending numbers for distinct texts. A removed text is forgotten and its number is not
/// used again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Names {
    /// Text by number; `None` once removed.
    texts: Vec<Option<Box<str>>>,
    /// Number by text; rebuilt on load, since it says nothing that `texts` does not.
    #[serde(skip)]
    numbers: HashTable<u32>,
}

fn hash(text: &str) -> u64 {
    FxBuildHasher.hash_one(text)
}

impl Names {
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.find(hash(text), |&number| self.texts[number as usize].as_deref() == Some(text)).copied()
    }

    /// The number of `text`, and whether it is new.
    pub(crate) fn intern(&mut self, text: &str) -> (u32, bool) {
        if let Some(number) = self.find(text) {
            return (number, false);
        }
        let number = self.texts.len() as u32;
        self.texts.push(Some(text.into()));
        self.insert_number(number);
        (number, true)
    }

    pub(crate) fn remove(&mut self, number: u32) {
        let Some(text) = self.texts.get_mut(number as usize).and_then(Option::take) else { return };
        if let Ok(entry) = self.numbers.find_entry(hash(&text), |&other| other == number) {
            entry.remove();
        }
    }

    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize)?.as_deref()
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Restores the look-up table after deserialisation.
    pub(crate) fn rebuild(&mut self) {
        self.numbers = HashTable::with_capacity(self.texts.len());
        for number in 0..self.texts.len() as u32 {
            if self.texts[number as usize].is_some() {
                self.insert_number(number);
            }
        }
    }

    fn insert_number(&mut self, number: u32) {
        let texts = &self.texts;
        let key = |number: &u32| texts[*number as usize].as_deref().map_or(0, hash);
        self.numbers.insert_unique(key(&number), number, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interns_removes_and_rebuilds() {
        let mut names = Names::default();
        assert_eq!(
            (names.intern("a"), names.intern("b"), names.intern("a")),
            ((0, true), (1, true), (0, false))
        );
        names.remove(0);
        assert_eq!((names.find("a"), names.text(0)), (None, None));
        assert_eq!(names.intern("a"), (2, true));
        names.rebuild();
        assert_eq!((names.find("a"), names.find("b"), names.find("c")), (Some(2), Some(1), None));
    }
}
