//! How often each term comes in a text.

use super::terms;
use std::collections::HashMap;

/// The terms of a text with how often each comes; made before the index is held for writing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TermCounts {
    pub(super) counts: Vec<(String, u32)>,
    pub(super) length: u32,
}

impl TermCounts {
    /// Those of [`terms`], in the order in which each comes first.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut counts: Vec<(String, u32)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let terms = terms(text);
        let length = terms.len() as u32;
        for term in terms {
            match places.get(&term).and_then(|&place| counts.get_mut(place)) {
                Some((_, count)) => *count += 1,
                None => {
                    places.insert(term.clone(), counts.len());
                    counts.push((term, 1));
                }
            }
        }
        Self { counts, length }
    }

    /// Whether there is no term.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
