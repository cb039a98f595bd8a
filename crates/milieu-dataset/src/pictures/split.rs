//! Which pictures are learnt from, chosen by and measured with.

use super::collect::{Collection, Part};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

/// The numbers of pictures of each part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose by.
    pub validation: Vec<usize>,
    /// To measure with, once.
    pub test: Vec<usize>,
}

/// Keeps the parts that folders name. What is missing of validation and test is taken out of the rest,
/// `share` of each class, drawn by `seed`.
#[must_use]
pub fn split(collection: &Collection, share: f64, seed: u64) -> Parts {
    let mut parts = Parts::default();
    let mut rest: Vec<Vec<usize>> = vec![Vec::new(); collection.classes.len()];
    for (number, picture) in collection.pictures.iter().enumerate() {
        match picture.part {
            Some(Part::Validation) => parts.validation.push(number),
            Some(Part::Test) => parts.test.push(number),
            Some(Part::Train) | None => rest[picture.class].push(number),
        }
    }
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let missing = [parts.validation.is_empty(), parts.test.is_empty()];
    for mut numbers in rest {
        numbers.shuffle(&mut random);
        let count = (numbers.len() as f64 * share.clamp(0.0, 0.45)).round() as usize;
        for (part, missing) in [&mut parts.validation, &mut parts.test].into_iter().zip(missing) {
            if missing {
                part.extend(numbers.drain(..count.min(numbers.len())));
            }
        }
        parts.train.extend(numbers);
    }
    [&mut parts.train, &mut parts.validation, &mut parts.test]
        .into_iter()
        .for_each(|part| part.sort_unstable());
    parts
}
