//! A linear chain of tags over the rows of packed sequences (a conditional random field, Lafferty et al. 2001): a
//! sequence of tags has a score, and its probability is the share of that score's exponential in those of all sequences
//! that may be.

use super::Spans;
use rayon::prelude::*;

/// Which tags there are, and which of them may follow which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// Whether a sequence may begin with each tag.
    first: Vec<bool>,
    /// The tags that may stand before each.
    before: Vec<Vec<usize>>,
    /// The tags that may stand behind each.
    after: Vec<Vec<usize>>,
}

/// What a chain is to learn: the right tags of sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crf {
    /// Which tags may follow which.
    pub succession: Succession,
    /// Which rows are a sequence.
    pub spans: Spans,
    /// The right tag of each row. Where one may not follow another, the loss is infinite.
    pub right: Vec<u32>,
}

/// Scores of a chain of `K` tags.
#[derive(Debug, Clone, Copy)]
pub struct CrfScores<'a> {
    /// Of each row and tag, `T x K`.
    pub emissions: &'a [f32],
    /// Of a tag before another, `K x K`: the earlier one says the row.
    pub transitions: &'a [f32],
    /// Of each tag at the beginning, and of each at the end, `2 x K`.
    pub ends: &'a [f32],
}

/// The loss of a chain and its gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct CrfLoss {
    /// The mean over sequences of the negative logarithm of the right tags' probability.
    pub loss: f32,
    /// Its gradient by the emissions.
    pub emissions: Vec<f32>,
    /// By the transitions; 0 for those that may not be.
    pub transitions: Vec<f32>,
    /// By the scores of ends.
    pub ends: Vec<f32>,
}

impl Succession {
    /// So many tags, of which some may come first (`first(tag)`) and some behind others (`follows(earlier, later)`).
    #[must_use]
    pub fn new(tags: usize, first: impl Fn(usize) -> bool, follows: impl Fn(usize, usize) -> bool) -> Self {
        let all = |may: &dyn Fn(usize) -> bool| (0..tags).filter(|&tag| may(tag)).collect();
        Self {
            first: (0..tags).map(first).collect(),
            before: (0..tags).map(|to| all(&|from| follows(from, to))).collect(),
            after: (0..tags).map(|from| all(&|to| follows(from, to))).collect(),
        }
    }

    /// How many tags there are.
    #[must_use]
    pub fn tags(&self) -> usize {
        self.first.len()
    }
}

/// What a sequence adds to the loss and its gradients, before the mean is taken.
struct Part {
    loss: f64,
    emissions: Vec<f64>,
    transitions: Vec<f64>,
    ends: Vec<f64>,
}

impl Crf {
    /// The loss and its gradients, by the forward and backward algorithm in the space of logarithms (Rabiner 1989).
    /// Sequences without rows count as known. The same numbers come of any number of threads.
    #[must_use]
    pub fn loss(&self, scores: CrfScores<'_>) -> CrfLoss {
        let tags = self.succession.tags();
        let spans: Vec<_> = self.spans.iter().collect();
        let parts: Vec<Part> = spans.into_par_iter().map(|rows| self.part(scores, rows)).collect();
        let mean = 1.0 / parts.len().max(1) as f64;
        let (mut loss, mut transitions, mut ends) = (0.0, vec![0.0; tags * tags], vec![0.0; 2 * tags]);
        let mut emissions = Vec::with_capacity(scores.emissions.len());
        for part in parts {
            loss += mean * part.loss;
            emissions.extend(part.emissions.iter().map(|value| (mean * value) as f32));
            for (sum, part) in [(&mut transitions, &part.transitions), (&mut ends, &part.ends)] {
                sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += mean * value);
            }
        }
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        CrfLoss { loss: loss as f32, emissions, transitions: narrow(transitions), ends: narrow(ends) }
    }

    fn part(&self, scores: CrfScores<'_>, rows: std::ops::Range<usize>) -> Part {
        let tags = self.succession.tags();
        let right = &self.right[rows.clone()];
        let emissions = &scores.emissions[rows.start * tags..rows.end * tags];
        let mut part = Part {
            loss: 0.0,
            emissions: vec![0.0; emissions.len()],
            transitions: vec![0.0; tags * tags],
            ends: vec![0.0; 2 * tags],
        };
        let (Some(&first), Some(&last)) = (right.first(), right.last()) else { return part };
        let scores = CrfScores { emissions, ..scores };
        let (forward, backward) = (self.forward(scores), self.backward(scores));
        let length = right.len();
        let at = |values: &[f64], row: usize, tag: usize| values[row * tags + tag];
        let end = |tag: usize| f64::from(scores.ends[tags + tag]);
        let all = log_sum((0..tags).map(|tag| at(&forward, length - 1, tag) + end(tag)));

        // What is expected, less what is right.
        for (gradient, (forward, backward)) in part.emissions.iter_mut().zip(forward.iter().zip(&backward)) {
            *gradient = (forward + backward - all).exp();
        }
        for tag in 0..tags {
            part.ends[tag] = part.emissions[tag];
            part.ends[tags + tag] = part.emissions[(length - 1) * tags + tag];
        }
        for row in 1..length {
            for (to, before) in self.succession.before.iter().enumerate() {
                let rest = f64::from(emissions[row * tags + to]) + at(&backward, row, to) - all;
                for &from in before {
                    let place = from * tags + to;
                    let score = at(&forward, row - 1, from) + f64::from(scores.transitions[place]);
                    part.transitions[place] += (score + rest).exp();
                }
            }
        }
        let mut known = f64::from(scores.ends[first as usize]) + end(last as usize);
        if !self.succession.first[first as usize] {
            known = f64::NEG_INFINITY;
        }
        part.ends[first as usize] -= 1.0;
        part.ends[tags + last as usize] -= 1.0;
        for (row, &tag) in right.iter().enumerate() {
            let place = row * tags + tag as usize;
            known += f64::from(emissions[place]);
            part.emissions[place] -= 1.0;
        }
        for pair in right.windows(2) {
            let (from, to) = (pair[0] as usize, pair[1] as usize);
            if self.succession.after[from].contains(&to) {
                known += f64::from(scores.transitions[from * tags + to]);
                part.transitions[from * tags + to] -= 1.0;
            } else {
                known = f64::NEG_INFINITY;
            }
        }
        part.loss = all - known;
        part
    }

    /// The logarithm of the sum over all beginnings that end in each tag of each row, that row's emission included.
    fn forward(&self, scores: CrfScores<'_>) -> Vec<f64> {
        let tags = self.succession.tags();
        let mut sums: Vec<f64> = Vec::with_capacity(scores.emissions.len());
        for (row, emissions) in scores.emissions.chunks_exact(tags).enumerate() {
            for (to, &emission) in emissions.iter().enumerate() {
                let earlier = if row == 0 {
                    let may = self.succession.first[to];
                    if may { f64::from(scores.ends[to]) } else { f64::NEG_INFINITY }
                } else {
                    let past = &sums[(row - 1) * tags..row * tags];
                    let step = |&from: &usize| past[from] + f64::from(scores.transitions[from * tags + to]);
                    log_sum(self.succession.before[to].iter().map(step))
                };
                sums.push(earlier + f64::from(emission));
            }
        }
        sums
    }

    /// The logarithm of the sum over all that may follow each tag of each row.
    fn backward(&self, scores: CrfScores<'_>) -> Vec<f64> {
        let tags = self.succession.tags();
        let length = scores.emissions.len() / tags;
        let mut sums = vec![0.0; scores.emissions.len()];
        for row in (0..length).rev() {
            for from in 0..tags {
                sums[row * tags + from] = if row + 1 == length {
                    f64::from(scores.ends[tags + from])
                } else {
                    let step = |&to: &usize| {
                        let emission = f64::from(scores.emissions[(row + 1) * tags + to]);
                        let transition = f64::from(scores.transitions[from * tags + to]);
                        transition + emission + sums[(row + 1) * tags + to]
                    };
                    log_sum(self.succession.after[from].iter().map(step))
                };
            }
        }
        sums
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
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Nothing, the beginning and the inside of something.
    fn bio() -> Succession {
        Succession::new(3, |tag| tag != 2, |from, to| to != 2 || from != 0)
    }

    struct Numbers {
        emissions: Vec<f32>,
        transitions: Vec<f32>,
        ends: Vec<f32>,
    }

    impl Numbers {
        fn drawn(rows: usize, tags: usize, seed: u64, most: f32) -> Self {
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            let mut draw =
                |count: usize| (0..count).map(|_| random.random_range(-most..most)).collect::<Vec<f32>>();
            Self { emissions: draw(rows * tags), transitions: draw(tags * tags), ends: draw(2 * tags) }
        }

        fn scores(&self) -> CrfScores<'_> {
            let Self { emissions, transitions, ends } = self;
            CrfScores { emissions, transitions, ends }
        }
    }

    /// The score of every path that may be.
    fn paths(crf: &Crf, scores: CrfScores<'_>, rows: std::ops::Range<usize>) -> Vec<(Vec<usize>, f64)> {
        let tags = crf.succession.tags();
        let mut paths: Vec<(Vec<usize>, f64)> = vec![(vec![], 0.0)];
        for row in rows {
            let mut longer = Vec::new();
            for (path, score) in &paths {
                for tag in 0..tags {
                    let step = match path.last() {
                        None if crf.succession.first[tag] => f64::from(scores.ends[tag]),
                        Some(&from) if crf.succession.after[from].contains(&tag) => {
                            f64::from(scores.transitions[from * tags + tag])
                        }
                        _ => continue,
                    };
                    let emission = f64::from(scores.emissions[row * tags + tag]);
                    longer.push(([path.as_slice(), &[tag]].concat(), score + step + emission));
                }
            }
            paths = longer;
        }
        let end = |path: &Vec<usize>| path.last().map_or(0.0, |&tag| f64::from(scores.ends[tags + tag]));
        paths.iter().map(|(path, score)| (path.clone(), score + end(path))).collect()
    }

    proptest! {
        #[test]
        fn the_loss_is_that_of_all_paths(lengths in prop::collection::vec(0usize..6, 1..4), seed: u64, large: bool) {
            let spans = Spans::new(lengths);
            let numbers = Numbers::drawn(spans.rows(), 3, seed, if large { 300.0 } else { 2.0 });
            let mut crf = Crf { succession: bio(), spans: spans.clone(), right: vec![0; spans.rows()] };
            let mut expected = 0.0;
            for rows in spans.iter() {
                let paths = paths(&crf, numbers.scores(), rows.clone());
                let (right, score) = &paths[seed as usize % paths.len()];
                rows.zip(right).for_each(|(row, &tag)| crf.right[row] = tag as u32);
                let most = paths.iter().map(|path| path.1).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = paths.iter().map(|path| (path.1 - most).exp()).sum();
                expected += (most + sum.ln() - score) / spans.len() as f64;
            }
            let found = f64::from(crf.loss(numbers.scores()).loss);
            prop_assert!((found - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{found} {expected}");
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let spans = Spans::new([4, 0, 1, 3]);
        let crf = Crf { succession: bio(), spans, right: vec![0, 1, 2, 0, 1, 1, 2, 2] };
        let numbers = Numbers::drawn(8, 3, 5, 1.5);
        let found = crf.loss(numbers.scores());
        let slope = |of: fn(&mut Numbers) -> &mut Vec<f32>, place: usize| {
            let at = |by: f32| {
                let mut nudged = Numbers::drawn(8, 3, 5, 1.5);
                of(&mut nudged)[place] += by;
                f64::from(crf.loss(nudged.scores()).loss)
            };
            ((at(1e-2) - at(-1e-2)) / 2e-2) as f32
        };
        let check = |gradient: &[f32], of: fn(&mut Numbers) -> &mut Vec<f32>| {
            for (place, &gradient) in gradient.iter().enumerate() {
                let expected = slope(of, place);
                assert!((gradient - expected).abs() < 1e-3, "{place}: {gradient} {expected}");
            }
        };
        check(&found.emissions, |numbers| &mut numbers.emissions);
        check(&found.transitions, |numbers| &mut numbers.transitions);
        check(&found.ends, |numbers| &mut numbers.ends);
        // What may not be has no part in anything.
        assert_eq!((found.transitions[2], found.ends[2]), (0.0, 0.0));
    }

    #[test]
    fn what_may_not_be_is_never_right() {
        let of = |right: &[u32]| {
            let crf = Crf { succession: bio(), spans: Spans::new([right.len()]), right: right.to_vec() };
            crf.loss(Numbers::drawn(right.len(), 3, 1, 1.0).scores()).loss
        };
        assert!(of(&[0, 1, 2]).is_finite());
        assert_eq!(of(&[0, 2]), f32::INFINITY);
        assert_eq!(of(&[2]), f32::INFINITY);
    }
}
