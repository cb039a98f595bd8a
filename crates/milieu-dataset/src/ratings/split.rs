//! Splits into training, validation and test part.

use super::Rating;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

/// How ratings are parted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SplitRule {
    /// Each user's ratings are shuffled and cut by the shares of validation and test, as RecBole's ratio
    /// split grouped by user does (`RS`, `RO`, `user`).
    Random {
        /// Share of the validation part, 0 for none.
        valid: f64,
        /// Share of the test part.
        test: f64,
        /// Seed of the shuffle.
        seed: u64,
    },
    /// The whole timeline is cut: the latest ratings are the test, those just before it the validation.
    Time {
        /// Share of the validation part.
        valid: f64,
        /// Share of the test part.
        test: f64,
    },
}

/// The three parts of a data set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Split {
    /// What models learn from.
    pub train: Vec<Rating>,
    /// What hyperparameters are chosen on.
    pub valid: Vec<Rating>,
    /// What is looked at once, at the end.
    pub test: Vec<Rating>,
}

/// Why ratings could not be parted.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// A share is negative or nothing would be left to train on.
    #[error("shares {valid} (validation) and {test} (test) must be at least 0 and less than 1 together")]
    Shares {
        /// Share of the validation part.
        valid: f64,
        /// Share of the test part.
        test: f64,
    },
    /// A split by time needs times.
    #[error("a split by time needs a time on every rating; this data set has none")]
    NoTimes,
}

impl SplitRule {
    /// Parts the ratings. The same ratings in the same order and the same rule give the same parts.
    ///
    /// # Errors
    /// [`SplitError`] for impossible shares, or a split by time of ratings without times.
    pub fn split(self, ratings: &[Rating]) -> Result<Split, SplitError> {
        let (Self::Random { valid, test, .. } | Self::Time { valid, test }) = self;
        if !(valid >= 0.0 && test >= 0.0 && valid + test < 1.0) {
            return Err(SplitError::Shares { valid, test });
        }
        match self {
            Self::Random { seed, .. } => Ok(random(ratings, valid, test, seed)),
            Self::Time { .. } => by_time(ratings, valid, test),
        }
    }
}

fn random(ratings: &[Rating], valid: f64, test: f64, seed: u64) -> Split {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..ratings.len()).collect();
    order.sort_by_key(|&place| ratings[place].user);
    let mut split = Split::default();
    for group in order.chunk_by_mut(|&a, &b| ratings[a].user == ratings[b].user) {
        group.shuffle(&mut rng);
        let (for_train, for_valid) = counts(group.len(), valid, test);
        for (place, &rating) in group.iter().enumerate() {
            let part = if place < for_train {
                &mut split.train
            } else if place < for_train + for_valid {
                &mut split.valid
            } else {
                &mut split.test
            };
            part.push(ratings[rating]);
        }
    }
    split
}

/// How many of a user's ratings go to training and validation. Shares are rounded down, but a share that
/// comes to less than one rating gets one while training keeps at least one; test comes first.
fn counts(all: usize, valid: f64, test: f64) -> (usize, usize) {
    let mut parts = [valid, test].map(|share| (share * all as f64) as usize);
    let mut train = all - parts[0] - parts[1];
    for (part, share) in parts.iter_mut().zip([valid, test]).rev() {
        let exact = share * all as f64;
        if train > 1 && exact > 0.0 && exact < 1.0 {
            *part += 1;
            train -= 1;
        }
    }
    (train, parts[0])
}

fn by_time(ratings: &[Rating], valid: f64, test: f64) -> Result<Split, SplitError> {
    let mut timed = Vec::with_capacity(ratings.len());
    for &rating in ratings {
        timed.push((rating.at.ok_or(SplitError::NoTimes)?, rating));
    }
    timed.sort_by_key(|&(at, rating)| (at, rating.user, rating.item));
    let for_test = (test * timed.len() as f64) as usize;
    let for_valid = (valid * timed.len() as f64) as usize;
    let mut train: Vec<Rating> = timed.into_iter().map(|(_, rating)| rating).collect();
    let test = train.split_off(train.len() - for_test);
    let valid = train.split_off(train.len() - for_valid);
    Ok(Split { train, valid, test })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratings(counts: &[usize]) -> Vec<Rating> {
        let of = |user: usize, item| Rating {
            user: user as u32,
            item: item as u32,
            value: 1.0,
            at: Some((item * 10 + user) as i64),
        };
        counts.iter().enumerate().flat_map(|(user, &n)| (0..n).map(move |item| of(user, item))).collect()
    }

    #[test]
    fn counts_are_those_of_the_ratio_split() {
        let check = |all, expected| assert_eq!(counts(all, 0.1, 0.1), expected, "{all}");
        check(50, (40, 5));
        check(55, (45, 5));
        check(10, (8, 1));
        check(5, (3, 1));
        check(2, (1, 0));
        check(1, (1, 0));
        assert_eq!(counts(50, 0.0, 0.1), (45, 0));
    }

    #[test]
    fn random_parts_are_whole_seeded_and_per_user() {
        let all = ratings(&[20, 3, 1]);
        let rule = |seed| SplitRule::Random { valid: 0.1, test: 0.1, seed };
        let split = rule(1).split(&all).unwrap();
        assert_eq!(split, rule(1).split(&all).unwrap());
        assert_ne!(split, rule(2).split(&all).unwrap());
        assert_eq!(split.test.iter().filter(|r| r.user == 0).count(), 2);
        assert_eq!(split.test.iter().filter(|r| r.user == 2).count(), 0);
        let mut together = [split.train, split.valid, split.test].concat();
        together.sort_by_key(|r| (r.user, r.item));
        assert_eq!(together, all);
    }

    #[test]
    fn time_parts_follow_each_other() {
        let split = SplitRule::Time { valid: 0.2, test: 0.2 }.split(&ratings(&[5, 5])).unwrap();
        let latest = |part: &[Rating]| part.iter().filter_map(|r| r.at).max();
        let earliest = |part: &[Rating]| part.iter().filter_map(|r| r.at).min();
        assert!(latest(&split.train) < earliest(&split.valid));
        assert!(latest(&split.valid) < earliest(&split.test));
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (6, 2, 2));
    }

    #[test]
    fn refuses() {
        let untimed = [Rating { user: 0, item: 0, value: 1.0, at: None }];
        assert_eq!(SplitRule::Time { valid: 0.1, test: 0.1 }.split(&untimed), Err(SplitError::NoTimes));
        assert!(SplitRule::Random { valid: 0.5, test: 0.5, seed: 0 }.split(&untimed).is_err());
    }
}
