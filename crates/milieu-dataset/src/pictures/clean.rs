//! What is left out before anything is learnt, each with its reason.

use super::collect::{Collection, Part};
use super::decode::DecodeError;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// A file that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The path of the file.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// Why a file is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// It has no bytes.
    Empty,
    /// It has more bytes than are read.
    TooManyBytes {
        /// How many.
        bytes: u64,
    },
    /// It cannot be decoded.
    Undecodable {
        /// What the decoder says.
        message: String,
    },
    /// It has too few pixels.
    TooSmall {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// It has too many pixels.
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The same pixels came before, for the same class.
    Duplicate {
        /// Where.
        of: String,
    },
    /// The same pixels stand for another class too: one of the labels is wrong, and which is not known.
    Contradiction {
        /// Where.
        with: String,
    },
    /// The same pixels are in a part that measures.
    Leak {
        /// Where.
        into: String,
    },
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleaningConfig {
    /// Leave out pictures that are pixel for pixel what came before, or what measures.
    pub duplicates: bool,
}

impl Default for CleaningConfig {
    fn default() -> Self {
        Self { duplicates: true }
    }
}

impl From<DecodeError> for Reason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Empty => Self::Empty,
            DecodeError::Undecodable(message) => Self::Undecodable { message },
            DecodeError::TooSmall { width, height } => Self::TooSmall { width, height },
            DecodeError::TooLarge { width, height } => Self::TooLarge { width, height },
        }
    }
}

/// Leaves out what [`CleaningConfig`] says, and notes it. What is to measure is never touched: a training
/// picture that is in it too goes.
pub fn clean(collection: &mut Collection, config: CleaningConfig) {
    if !config.duplicates {
        return;
    }
    let measures = |part: Option<Part>| matches!(part, Some(Part::Validation | Part::Test));
    let key = |pixels: &[u8]| xxh3_128(pixels);
    let mut measured: FxHashMap<u128, usize> = FxHashMap::default();
    for (number, picture) in collection.pictures.iter().enumerate().filter(|(_, p)| measures(p.part)) {
        measured.entry(key(&picture.pixels)).or_insert(number);
    }
    let mut groups: FxHashMap<u128, Vec<usize>> = FxHashMap::default();
    for (number, picture) in collection.pictures.iter().enumerate().filter(|(_, p)| !measures(p.part)) {
        groups.entry(key(&picture.pixels)).or_default().push(number);
    }
    let mut reasons: Vec<Option<Reason>> = vec![None; collection.pictures.len()];
    for (key, numbers) in groups {
        let name = |number: usize| collection.pictures[number].name.clone();
        let first = numbers[0];
        let class = |number: usize| collection.pictures[number].class;
        let other = numbers.iter().copied().find(|&number| class(number) != class(first));
        for &number in &numbers {
            reasons[number] = if let Some(&into) = measured.get(&key) {
                Some(Reason::Leak { into: name(into) })
            } else if let Some(other) = other {
                Some(Reason::Contradiction {
                    with: name(if class(number) == class(first) { other } else { first }),
                })
            } else if number != first {
                Some(Reason::Duplicate { of: name(first) })
            } else {
                None
            };
        }
    }
    let mut reasons = reasons.into_iter();
    let dropped = &mut collection.dropped;
    collection.pictures.retain(|picture| match reasons.next().flatten() {
        Some(reason) => {
            dropped.push(Dropped { name: picture.name.clone(), reason });
            false
        }
        None => true,
    });
}
