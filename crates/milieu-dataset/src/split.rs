//! Which examples are learnt from, chosen by and measured with.

use crate::examples::{Facts, Part};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The numbers of the examples of each part, in order; each example is in one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose by.
    pub validation: Vec<usize>,
    /// To measure with, once.
    pub test: Vec<usize>,
}

/// How much is set aside; each at least 0, less than 1 together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// The share of the validation part.
    pub validation: f64,
    /// The share of the test part.
    pub test: f64,
}

/// What is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitRule {
    /// The share of each class, within one example, drawn by a seed.
    Stratified {
        /// The seed.
        seed: u64,
    },
    /// Whole groups, so that nobody is on two sides; shares and classes as near as groups allow, which are
    /// placed greedily, the largest first.
    Group {
        /// Decides between groups of one size.
        seed: u64,
    },
    /// The latest are the test part, those before them the validation part; of one moment, those that come
    /// later in the data are later.
    Time,
}

/// Why examples cannot be parted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// A share is negative, or nothing would be left to learn from.
    #[error("shares {validation} (validation) and {test} (test) must be at least 0 and less than 1 together")]
    Shares {
        /// The share of the validation part.
        validation: f64,
        /// The share of the test part.
        test: f64,
    },
    /// A split by time needs times.
    #[error("a split by time needs a time of every example; number {number} has none")]
    NoTime {
        /// The first example without.
        number: usize,
    },
    /// A split by group needs groups.
    #[error("a split by group needs a group of every example; number {number} has none")]
    NoGroup {
        /// The first example without.
        number: usize,
    },
    /// There are not enough groups.
    #[error("{groups} groups are too few for {parts} parts")]
    TooFewGroups {
        /// How many there are.
        groups: usize,
        /// How many parts need one.
        parts: usize,
    },
    /// The parts that the data names share a group.
    #[error("group {group:?} is in a part that measures, and elsewhere too")]
    GroupAcross {
        /// Which.
        group: String,
    },
    /// The parts that the data names do not follow each other.
    #[error("the parts that the data names do not follow each other in time")]
    TimeAcross,
}

/// Keeps the validation and test parts that the data names. Of these, what is missing is taken out of the
/// rest as the rule says. The same examples in the same order give the same parts.
///
/// # Errors
/// [`SplitError`].
pub fn split(facts: &[Facts<'_>], shares: Shares, rule: SplitRule) -> Result<Parts, SplitError> {
    let Shares { validation, test } = shares;
    if !(validation >= 0.0 && test >= 0.0 && validation + test < 1.0) {
        return Err(SplitError::Shares { validation, test });
    }
    let mut parts = Parts::default();
    let mut rest = Vec::new();
    for (number, facts) in facts.iter().enumerate() {
        match facts.part {
            Some(Part::Validation) => parts.validation.push(number),
            Some(Part::Test) => parts.test.push(number),
            Some(Part::Train) | None => rest.push(number),
        }
    }
    let missing = Shares {
        validation: if parts.validation.is_empty() { validation } else { 0.0 },
        test: if parts.test.is_empty() { test } else { 0.0 },
    };
    match rule {
        SplitRule::Stratified { seed } => stratified(facts, rest, missing, seed, &mut parts),
        SplitRule::Group { seed } => {
            by_group(facts, &rest, missing, seed, &mut parts)?;
            check_groups(facts, &parts)?;
        }
        SplitRule::Time => {
            by_time(facts, rest, missing, &mut parts)?;
            check_times(facts, &parts)?;
        }
    }
    for part in [&mut parts.train, &mut parts.validation, &mut parts.test] {
        part.sort_unstable();
    }
    Ok(parts)
}

fn stratified(facts: &[Facts<'_>], rest: Vec<usize>, shares: Shares, seed: u64, parts: &mut Parts) {
    let mut classes: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for number in rest {
        classes.entry(facts[number].class).or_default().push(number);
    }
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    for mut numbers in classes.into_values() {
        numbers.shuffle(&mut random);
        let all = numbers.len() as f64;
        for (part, share) in [(&mut parts.validation, shares.validation), (&mut parts.test, shares.test)] {
            let count = (all * share).round() as usize;
            part.extend(numbers.drain(..count.min(numbers.len())));
        }
        parts.train.extend(numbers);
    }
}

fn by_time(
    facts: &[Facts<'_>],
    mut rest: Vec<usize>,
    shares: Shares,
    parts: &mut Parts,
) -> Result<(), SplitError> {
    if let Some(number) = facts.iter().position(|facts| facts.at.is_none()) {
        return Err(SplitError::NoTime { number });
    }
    rest.sort_by_key(|&number| (facts[number].at, number));
    let count = |share: f64| (rest.len() as f64 * share).round() as usize;
    let (test, validation) = (count(shares.test), count(shares.validation));
    parts.test.extend(rest.split_off(rest.len() - test.min(rest.len())));
    parts.validation.extend(rest.split_off(rest.len() - validation.min(rest.len())));
    parts.train = rest;
    Ok(())
}

fn check_times(facts: &[Facts<'_>], parts: &Parts) -> Result<(), SplitError> {
    let times = |part: &[usize]| part.iter().filter_map(|&number| facts[number].at).collect::<Vec<_>>();
    let mut latest = None;
    for times in [times(&parts.train), times(&parts.validation), times(&parts.test)] {
        if latest.is_some_and(|latest| times.iter().any(|&at| at < latest)) {
            return Err(SplitError::TimeAcross);
        }
        latest = latest.max(times.into_iter().max());
    }
    Ok(())
}

/// How many examples of each class a part has, and how many it should have.
struct Side {
    share: f64,
    groups: Vec<usize>,
    counts: FxHashMap<Option<usize>, f64>,
}

fn by_group(
    facts: &[Facts<'_>],
    rest: &[usize],
    shares: Shares,
    seed: u64,
    parts: &mut Parts,
) -> Result<(), SplitError> {
    if let Some(number) = facts.iter().position(|facts| facts.group.is_none()) {
        return Err(SplitError::NoGroup { number });
    }
    let mut by_name: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    let mut totals: FxHashMap<Option<usize>, f64> = FxHashMap::default();
    for &number in rest {
        by_name.entry(facts[number].group).or_default().push(number);
        *totals.entry(facts[number].class).or_default() += 1.0;
    }
    let mut groups: Vec<Vec<usize>> = by_name.into_values().collect();
    groups.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let side = |share| Side { share, groups: Vec::new(), counts: FxHashMap::default() };
    let train = 1.0 - shares.validation - shares.test;
    let mut sides: Vec<Side> = [train, shares.validation, shares.test].map(side).into();
    let wanted = sides.iter().filter(|side| side.share > 0.0).count();
    if groups.len() < wanted && !groups.is_empty() {
        return Err(SplitError::TooFewGroups { groups: groups.len(), parts: wanted });
    }
    for (number, group) in groups.iter().enumerate() {
        let mut counts: BTreeMap<Option<usize>, f64> = BTreeMap::new();
        group.iter().for_each(|&example| *counts.entry(facts[example].class).or_default() += 1.0);
        let open = sides.iter().filter(|side| side.share > 0.0 && side.groups.is_empty()).count();
        // The last groups belong to the parts that have none yet.
        let must = groups.len() - number <= open;
        let fits = |side: &Side| side.share > 0.0 && (!must || side.groups.is_empty());
        let cost = |side: &Side| side.cost(&counts, &totals);
        let best = sides.iter_mut().filter(|side| fits(side)).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        if let Some(side) = best {
            side.groups.push(number);
            counts.iter().for_each(|(&class, count)| *side.counts.entry(class).or_default() += count);
        }
    }
    let of = |side: &Side| side.groups.iter().flat_map(|&group| groups[group].clone()).collect::<Vec<_>>();
    parts.train = of(&sides[0]);
    parts.validation.extend(of(&sides[1]));
    parts.test.extend(of(&sides[2]));
    Ok(())
}

impl Side {
    /// By how much the squared distance from what it should have grows, each class in units of that.
    fn cost(&self, more: &BTreeMap<Option<usize>, f64>, totals: &FxHashMap<Option<usize>, f64>) -> f64 {
        let of = |(class, more): (&Option<usize>, &f64)| {
            let wanted = self.share * totals.get(class).copied().unwrap_or_default();
            let now = self.counts.get(class).copied().unwrap_or_default();
            ((now + more - wanted).powi(2) - (now - wanted).powi(2)) / wanted.max(f64::MIN_POSITIVE)
        };
        more.iter().map(of).sum()
    }
}

fn check_groups(facts: &[Facts<'_>], parts: &Parts) -> Result<(), SplitError> {
    let mut sides: FxHashMap<&str, usize> = FxHashMap::default();
    for (side, part) in [&parts.train, &parts.validation, &parts.test].into_iter().enumerate() {
        for group in part.iter().filter_map(|&number| facts[number].group) {
            if *sides.entry(group).or_insert(side) != side {
                return Err(SplitError::GroupAcross { group: group.to_owned() });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::mix;
    use proptest::prelude::*;

    const EVEN: Shares = Shares { validation: 0.2, test: 0.2 };

    fn drawn() -> impl Strategy<Value = Vec<(usize, u8, i64, u8)>> {
        proptest::collection::vec((0usize..4, 0u8..12, 0i64..40, 0u8..12), 0..120)
    }

    /// The parts that the data names are drawn too: mostly none.
    fn facts<'a>(rows: &[(usize, u8, i64, u8)], names: &'a [String], with_parts: bool) -> Vec<Facts<'a>> {
        let part = |number: u8| match number {
            10 if with_parts => Some(Part::Validation),
            11 if with_parts => Some(Part::Test),
            1 => Some(Part::Train),
            _ => None,
        };
        rows.iter()
            .map(|&(class, group, at, drawn)| Facts {
                class: (class < 3).then_some(class),
                part: part(drawn),
                group: Some(&names[usize::from(group)]),
                at: Some(at),
            })
            .collect()
    }

    fn names() -> Vec<String> {
        (0..12).map(|number| format!("user {number}")).collect()
    }

    fn is_whole(parts: &Parts, count: usize) -> bool {
        let mut all = [&parts.train[..], &parts.validation, &parts.test].concat();
        all.sort_unstable();
        all == (0..count).collect::<Vec<_>>()
    }

    proptest! {
        #[test]
        fn stratified_parts(rows in drawn(), seed: u64, validation in 0.0..0.5, test in 0.0..0.5) {
            let names = names();
            let facts = facts(&rows, &names, true);
            let shares = Shares { validation, test };
            let parts = split(&facts, shares, SplitRule::Stratified { seed }).unwrap();
            prop_assert!(is_whole(&parts, facts.len()));
            prop_assert_eq!(&parts, &split(&facts, shares, SplitRule::Stratified { seed }).unwrap());
            let given = |part| facts.iter().any(|facts| facts.part == Some(part));
            for (numbers, part, share) in [
                (&parts.validation, Part::Validation, validation),
                (&parts.test, Part::Test, test),
            ] {
                if given(part) {
                    prop_assert!(numbers.iter().all(|&number| facts[number].part == Some(part)));
                    continue;
                }
                for class in [Some(0), Some(1), Some(2), None] {
                    let of = |number: &usize| facts[*number].class == class;
                    let free = |facts: &Facts<'_>| !facts.part.is_some_and(Part::measures);
                    let all = (0..facts.len()).filter(|number| of(number) && free(&facts[*number])).count();
                    let here = numbers.iter().filter(|number| of(number)).count();
                    prop_assert!((here as f64 - share * all as f64).abs() <= 1.0);
                }
            }
        }

        #[test]
        fn group_parts(rows in drawn(), seed: u64, with_parts: bool) {
            let names = names();
            let facts = facts(&rows, &names, with_parts);
            match split(&facts, EVEN, SplitRule::Group { seed }) {
                Ok(parts) => {
                    prop_assert!(is_whole(&parts, facts.len()));
                    let groups = |part: &[usize]| part.iter().map(|&n| facts[n].group).collect::<Vec<_>>();
                    let [train, validation, test] = [&parts.train, &parts.validation, &parts.test].map(|p| groups(p));
                    prop_assert!(!train.iter().any(|group| validation.contains(group) || test.contains(group)));
                    prop_assert!(!validation.iter().any(|group| test.contains(group)));
                    if !with_parts && !facts.is_empty() {
                        prop_assert!(!train.is_empty() && !validation.is_empty() && !test.is_empty());
                    }
                }
                Err(SplitError::GroupAcross { .. }) => prop_assert!(with_parts),
                Err(SplitError::TooFewGroups { groups, parts }) => prop_assert!(groups < parts),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }

        #[test]
        fn time_parts(rows in drawn(), with_parts: bool) {
            let names = names();
            let facts = facts(&rows, &names, with_parts);
            match split(&facts, EVEN, SplitRule::Time) {
                Ok(parts) => {
                    prop_assert!(is_whole(&parts, facts.len()));
                    let times = |part: &[usize]| part.iter().map(|&n| facts[n].at).collect::<Vec<_>>();
                    let order = [times(&parts.train), times(&parts.validation), times(&parts.test)];
                    for (earlier, later) in [(0, 1), (1, 2), (0, 2)] {
                        let first = order[later].iter().min();
                        prop_assert!(first.is_none() || order[earlier].iter().max() <= first);
                    }
                    if !with_parts {
                        let share = |part: &[usize]| part.len() as f64 - 0.2 * facts.len() as f64;
                        prop_assert!(share(&parts.test).abs() <= 0.5 && share(&parts.validation).abs() <= 0.5);
                    }
                }
                Err(error) => prop_assert!(with_parts && error == SplitError::TimeAcross),
            }
        }
    }

    #[test]
    fn groups_are_balanced() {
        let names: Vec<String> = (0..60).map(|number| format!("speaker {number}")).collect();
        let facts: Vec<Facts<'_>> = (0..3000)
            .map(|number| Facts {
                class: Some(number % 10),
                group: Some(&names[(mix(1, number as u64) % 60) as usize]),
                ..Facts::default()
            })
            .collect();
        let shares = Shares { validation: 0.1, test: 0.1 };
        let parts = split(&facts, shares, SplitRule::Group { seed: 5 }).unwrap();
        for part in [&parts.validation, &parts.test] {
            assert!((200..=400).contains(&part.len()), "{}", part.len());
        }
    }

    #[test]
    fn refuses() {
        fn check(facts: &[Facts<'_>], shares: Shares, rule: SplitRule, part: &str) {
            let error = split(facts, shares, rule).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let nothing = [Facts::default()];
        let seeded = SplitRule::Stratified { seed: 1 };
        check(&nothing, Shares { validation: 0.5, test: 0.5 }, seeded, "less than 1 together");
        check(&nothing, Shares { validation: -0.1, test: 0.5 }, seeded, "at least 0");
        check(&nothing, Shares { validation: f64::NAN, test: 0.5 }, seeded, "at least 0");
        check(&nothing, EVEN, SplitRule::Time, "number 0 has none");
        check(&nothing, EVEN, SplitRule::Group { seed: 1 }, "number 0 has none");
        let one = Facts { group: Some("one"), ..Facts::default() };
        check(&[one], EVEN, SplitRule::Group { seed: 1 }, "1 groups are too few for 3 parts");
        let given = Facts { part: Some(Part::Test), ..one };
        let other = Facts { group: Some("two"), ..Facts::default() };
        let shares = Shares { validation: 0.0, test: 0.2 };
        check(
            &[one, given, other],
            shares,
            SplitRule::Group { seed: 1 },
            "\"one\" is in a part that measures",
        );
        let early = Facts { part: Some(Part::Test), at: Some(1), ..Facts::default() };
        let late = Facts { at: Some(2), ..Facts::default() };
        check(&[early, late], shares, SplitRule::Time, "do not follow each other");
    }
}
