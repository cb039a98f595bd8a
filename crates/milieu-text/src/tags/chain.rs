//! The best tags of a text, and how probable a slot is, by a linear-chain conditional random field (Lafferty et al. 2001).

use super::{Slot, beginning, is_inside, may_begin, may_follow, slots_of, stretches, tag_count};
use crate::Unit;
use serde::{Deserialize, Serialize};

/// The most labels.
const MOST_LABELS: usize = 2048;
/// The longest label, in bytes.
const LONGEST_LABEL: usize = 256;

/// What a chain has learnt beside the network that scores each unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TagChain {
    labels: Vec<String>,
    transitions: Vec<f32>,
    ends: Vec<f32>,
}

/// A chain as it was written down, by whomever.
#[derive(Deserialize)]
struct Unchecked {
    labels: Vec<String>,
    transitions: Vec<f32>,
    ends: Vec<f32>,
}

/// Numbers that are no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no chain of tags: {0}")]
pub struct ChainError(String);

/// A slot that a chain found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundSlot {
    /// Where and what.
    pub slot: Slot,
    /// How probable it is that just these units are a slot of this label, 0 to 1.
    pub probability: f64,
}

impl TryFrom<Unchecked> for TagChain {
    type Error = ChainError;

    fn try_from(chain: Unchecked) -> Result<Self, ChainError> {
        Self::new(chain.labels, chain.transitions, chain.ends)
    }
}

impl TagChain {
    /// A chain of the tags of these labels, `K` of them: the scores of a tag before another, `K x K`, the earlier one
    /// saying the row, and those of tags at the beginning and at the end, `2 x K`.
    ///
    /// # Errors
    /// [`ChainError`] for other shapes, for numbers that are none, and for labels that nobody has.
    pub fn new(labels: Vec<String>, transitions: Vec<f32>, ends: Vec<f32>) -> Result<Self, ChainError> {
        let not = |reason: String| Err(ChainError(reason));
        if !(1..=MOST_LABELS).contains(&labels.len()) {
            return not(format!("{} labels, and 1 to {MOST_LABELS} are possible", labels.len()));
        }
        if labels.iter().any(|label| label.is_empty() || label.len() > LONGEST_LABEL) {
            return not(format!("a label is empty, or longer than {LONGEST_LABEL} bytes"));
        }
        let tags = tag_count(labels.len());
        if transitions.len() != tags * tags || ends.len() != 2 * tags {
            return not(format!("{} transitions and {} ends of {tags} tags", transitions.len(), ends.len()));
        }
        if transitions.iter().chain(&ends).any(|score| !score.is_finite()) {
            return not("a score is no number".to_owned());
        }
        Ok(Self { labels, transitions, ends })
    }

    /// A chain in which all tags that may follow a tag do so equally well.
    #[must_use]
    pub fn even(labels: Vec<String>) -> Self {
        let tags = tag_count(labels.len());
        Self { labels, transitions: vec![0.0; tags * tags], ends: vec![0.0; 2 * tags] }
    }

    /// The labels of slots.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many tags there are.
    #[must_use]
    pub fn tags(&self) -> usize {
        tag_count(self.labels.len())
    }

    /// The tags with the highest score together, by the algorithm of Viterbi (1967), for the scores of each unit,
    /// `L x K`. None may stand where it may not.
    #[must_use]
    pub fn best(&self, emissions: &[f32]) -> Vec<usize> {
        let tags = self.tags();
        let rows: Vec<&[f32]> = emissions.chunks_exact(tags).collect();
        let mut scores: Vec<f64> = Vec::new();
        let mut from: Vec<Vec<usize>> = Vec::with_capacity(rows.len());
        for (row, emissions) in rows.iter().enumerate() {
            let step = |tag: usize| {
                if row == 0 {
                    return (0, self.begin(tag));
                }
                let earlier =
                    scores.iter().enumerate().map(|(from, past)| (from, past + self.step(from, tag)));
                earlier.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
            };
            let steps: Vec<(usize, f64)> = (0..tags).map(step).collect();
            from.push(steps.iter().map(|step| step.0).collect());
            scores = steps.iter().zip(*emissions).map(|(step, &score)| step.1 + f64::from(score)).collect();
        }
        let last = scores.iter().enumerate().map(|(tag, score)| (tag, score + self.end(tag)));
        let last = last.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best });
        let mut path = vec![last.0; rows.len()];
        for row in (1..rows.len()).rev() {
            path[row - 1] = from[row][path[row]];
        }
        path
    }

    /// The slots of the best tags for the scores of each unit, `L x K`.
    #[must_use]
    pub fn parts(&self, units: &[Unit], emissions: &[f32]) -> Vec<Slot> {
        slots_of(units, &self.best(emissions))
    }

    /// The slots of the best tags, each with its probability over all tags of the text that may be (Culotta and McCallum
    /// 2004, "Confidence estimation for information extraction").
    #[must_use]
    pub fn slots(&self, units: &[Unit], emissions: &[f32]) -> Vec<FoundSlot> {
        let count = units.len().min(emissions.len() / self.tags());
        let emissions = &emissions[..count * self.tags()];
        let found = stretches(&self.best(emissions));
        if found.is_empty() {
            return Vec::new();
        }
        let sums = Sums::new(self, emissions);
        let slot = |(label, from, to): (usize, usize, usize)| FoundSlot {
            slot: Slot { label, start: units[from].start, end: units[to - 1].end },
            probability: sums.probability(label, from, to),
        };
        found.into_iter().map(slot).collect()
    }

    fn begin(&self, tag: usize) -> f64 {
        if may_begin(tag) { f64::from(self.ends[tag]) } else { f64::NEG_INFINITY }
    }

    fn end(&self, tag: usize) -> f64 {
        f64::from(self.ends[self.tags() + tag])
    }

    fn step(&self, earlier: usize, later: usize) -> f64 {
        if may_follow(earlier, later) {
            f64::from(self.transitions[earlier * self.tags() + later])
        } else {
            f64::NEG_INFINITY
        }
    }
}

/// Logarithms of sums over all tags of a text.
struct Sums<'a> {
    chain: &'a TagChain,
    emissions: &'a [f32],
    /// Over all beginnings that end in each tag of each unit.
    forward: Vec<f64>,
    /// Over all that may follow each tag of each unit.
    backward: Vec<f64>,
    all: f64,
}

impl<'a> Sums<'a> {
    fn new(chain: &'a TagChain, emissions: &'a [f32]) -> Self {
        let tags = chain.tags();
        let length = emissions.len() / tags;
        let mut forward = vec![0.0; emissions.len()];
        for place in 0..emissions.len() {
            let (row, to) = (place / tags, place % tags);
            let past = match row.checked_sub(1) {
                None => chain.begin(to),
                Some(row) => log_sum((0..tags).map(|from| forward[row * tags + from] + chain.step(from, to))),
            };
            forward[place] = past + f64::from(emissions[place]);
        }
        let mut backward = vec![0.0; emissions.len()];
        for place in (0..emissions.len()).rev() {
            let (row, from) = (place / tags, place % tags);
            backward[place] = if row + 1 == length {
                chain.end(from)
            } else {
                let next = |to: usize| (row + 1) * tags + to;
                let rest = |to| f64::from(emissions[next(to)]) + backward[next(to)];
                log_sum((0..tags).map(|to| chain.step(from, to) + rest(to)))
            };
        }
        let last = length.saturating_sub(1) * tags;
        let all = log_sum((0..tags.min(emissions.len())).map(|tag| forward[last + tag] + chain.end(tag)));
        Self { chain, emissions, forward, backward, all }
    }

    /// How probable it is that the units from one to before another are a slot, and the next goes on with it no more.
    fn probability(&self, label: usize, from: usize, to: usize) -> f64 {
        let tags = self.chain.tags();
        let (begin, inside) = (beginning(label), beginning(label) + 1);
        let mut score = self.forward[from * tags + begin];
        let mut tag = begin;
        for row in from + 1..to {
            score += self.chain.step(tag, inside) + f64::from(self.emissions[row * tags + inside]);
            tag = inside;
        }
        let rest = if to * tags == self.emissions.len() {
            self.chain.end(tag)
        } else {
            let next = |other: usize| {
                let place = to * tags + other;
                self.chain.step(tag, other) + f64::from(self.emissions[place]) + self.backward[place]
            };
            log_sum((0..tags).filter(|&other| !(is_inside(other) && other == inside)).map(next))
        };
        (score + rest - self.all).exp().clamp(0.0, 1.0)
    }
}

/// The logarithm of the sum of exponentials; that of nothing is minus infinity.
fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + values.map(|value| (value - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAGS: usize = 5;

    fn chain(scores: &[f32]) -> TagChain {
        let (transitions, ends) = scores.split_at(TAGS * TAGS);
        TagChain::new(vec!["a".into(), "b".into()], transitions.to_vec(), ends.to_vec()).unwrap()
    }

    /// Every path that may be with its score.
    fn paths(chain: &TagChain, emissions: &[f32]) -> Vec<(Vec<usize>, f64)> {
        let mut paths: Vec<(Vec<usize>, f64)> = vec![(vec![], 0.0)];
        for emissions in emissions.chunks_exact(TAGS) {
            let longer = |(path, score): (Vec<usize>, f64)| {
                let step = |tag: usize| path.last().map_or(chain.begin(tag), |&last| chain.step(last, tag));
                let next = |tag: usize| {
                    let score = score + step(tag) + f64::from(emissions[tag]);
                    ([path.as_slice(), &[tag]].concat(), score)
                };
                (0..TAGS).map(next).filter(|(_, score)| score.is_finite()).collect::<Vec<_>>()
            };
            paths = paths.into_iter().flat_map(longer).collect();
        }
        let end = |path: &Vec<usize>| path.last().map_or(0.0, |&tag| chain.end(tag));
        paths.iter().map(|(path, score)| (path.clone(), score + end(path))).collect()
    }

    proptest! {
        #[test]
        fn the_best_and_the_probable_of_all_paths(
            scores in prop::collection::vec(-3f32..3.0, TAGS * TAGS + 2 * TAGS),
            emissions in prop::collection::vec(-3f32..3.0, 0..5 * TAGS),
        ) {
            let chain = chain(&scores);
            let emissions = &emissions[..emissions.len() / TAGS * TAGS];
            let paths = paths(&chain, emissions);
            let best = chain.best(emissions);
            let score = paths.iter().find(|path| path.0 == best).map(|path| path.1);
            let most = paths.iter().map(|path| path.1).fold(f64::NEG_INFINITY, f64::max);
            // `None` would be a path that may not be.
            prop_assert!((score.unwrap() - most).abs() < 1e-4, "{best:?}");

            let units: Vec<Unit> =
                (0..emissions.len() / TAGS).map(|at| Unit { place: at, start: at, end: at + 1 }).collect();
            let all: f64 = paths.iter().map(|path| path.1.exp()).sum();
            for found in chain.slots(&units, emissions) {
                let Slot { label, start, end } = found.slot;
                let has = |path: &&(Vec<usize>, f64)| stretches(&path.0).contains(&(label, start, end));
                let expected = paths.iter().filter(has).map(|path| path.1.exp()).sum::<f64>() / all;
                prop_assert!((found.probability - expected).abs() < 1e-4, "{found:?} {expected}");
            }
        }
    }

    #[test]
    fn what_is_no_chain() {
        let check = |labels: &[&str], transitions: Vec<f32>, ends: usize, expected: &str| {
            let labels = labels.iter().map(|&label| label.to_owned()).collect();
            let said = TagChain::new(labels, transitions, vec![0.0; ends]).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        };
        check(&[], vec![0.0], 2, "0 labels");
        check(&[""], vec![0.0; 9], 6, "a label is empty");
        check(&["a"], vec![0.0; 8], 6, "8 transitions and 6 ends of 3 tags");
        check(&["a"], vec![0.0; 9], 5, "9 transitions and 5 ends");
        check(&["a"], vec![f32::NAN; 9], 6, "no number");
    }
}
