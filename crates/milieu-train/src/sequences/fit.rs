//! The loop: forward, backward, step, epoch after epoch.

use super::recipe::Recipe;
use super::windows::{Window, blocks};
use milieu_dataset::mix;
use milieu_nn::kernels::{Competition, scores};
use milieu_nn::ops::{compete, join, pick};
use milieu_nn::{Network, Optimiser, ParameterId, Parameters, Tape, Tensor, clip, values};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// Sequences that are answered together.
const ANSWERED: usize = 512;

/// All that a run knows between two epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) parameters: Parameters,
    pub(super) optimiser: Optimiser,
    pub(super) epochs: Vec<Epoch>,
    /// The parameters with the best validation so far, and its NDCG.
    pub(super) best: Option<(f64, Parameters)>,
    pub(super) seconds: f64,
}

/// What came of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Which, from 1.
    pub epoch: usize,
    /// Mean loss of the steps.
    pub loss: f64,
    /// Share of users whose validation item is among the first 10.
    pub hit_rate: f64,
    /// NDCG of the first 10 there.
    pub ndcg: f64,
    /// Sequences learnt from in a second.
    pub sequences_per_second: f64,
}

/// What an epoch needs.
pub(super) struct Fit<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) network: &'a Network,
    /// The table of the items.
    pub(super) table: ParameterId,
    pub(super) items: usize,
    pub(super) width: usize,
    /// The most items that are looked back at.
    pub(super) length: usize,
    pub(super) windows: &'a [Window<'a>],
}

impl Fit<'_> {
    /// One epoch over the training part. What is drawn depends on the seed and the epoch alone, so that a run
    /// that was cut off goes on the same. `step` is told after how many of how many steps. Gives the mean
    /// loss.
    pub(super) fn epoch(&self, state: &mut State, step: &mut dyn FnMut(usize, usize)) -> f64 {
        let config = &self.recipe.train;
        let seed = mix(self.recipe.seed, state.epochs.len() as u64);
        let mut order = self.windows.to_vec();
        order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
        let batches: Vec<&[Window<'_>]> = order.chunks(config.batch).collect();
        let mut sum = 0.0;
        for (number, batch) in batches.iter().enumerate() {
            let tape = Tape::training(&state.parameters, mix(seed, number as u64 + 1));
            let loss = self.loss(&tape, batch, mix(seed, !(number as u64)));
            sum += values(loss.clone()).first().copied().map_or(f64::NAN, f64::from);
            let (mut gradients, _) = tape.gradients(&loss);
            if config.clip > 0.0 {
                clip(&mut gradients, config.clip);
            }
            let done = state.epochs.len() * batches.len() + number;
            let factor = config.schedule.factor(done, config.epochs * batches.len());
            state.optimiser.step(&mut state.parameters, &gradients, config.rate * factor as f32);
            step(number + 1, batches.len());
        }
        sum / batches.len().max(1) as f64
    }

    /// The mean loss over all positions of a batch.
    fn loss(&self, tape: &Tape<'_>, batch: &[Window<'_>], seed: u64) -> Tensor<1> {
        let competition = match self.recipe.train.negatives {
            0 => None,
            negatives => Some(self.drawn(tape, batch, negatives, seed)),
        };
        let (mut queries, mut targets) = (Vec::new(), Vec::new());
        for block in blocks(batch.iter().map(|window| window.inputs())) {
            let mut positions = Vec::new();
            for (place, &number) in block.numbers.iter().enumerate() {
                let found = batch[number].targets();
                let end = (place + 1) * block.length;
                positions.extend(end - found.len()..end);
                targets.extend_from_slice(found);
            }
            let rows = self.network.forward_tokens(tape, block.tokens, block.length);
            queries.push(pick(rows, &positions));
        }
        let queries = join(queries);
        let width = self.width;
        match competition {
            None => {
                let table = tape.parameter(self.table, [self.items, width]);
                let like = Competition { width, candidates: self.items, correction: 0.0, targets };
                compete(queries, table, like)
            }
            Some(drawn) => {
                let place = |item: &u32| drawn.places.binary_search_by_key(item, |&(item, _)| item);
                let place = |item: &u32| place(item).map_or(0, |at| drawn.places[at].1);
                let targets = targets.iter().map(place).collect();
                let (candidates, correction) = (drawn.candidates, drawn.correction);
                compete(queries, drawn.table, Competition { width, candidates, correction, targets })
            }
        }
    }

    /// Draws items that compete, and limits the table to them and to the items of the batch.
    fn drawn(&self, tape: &Tape<'_>, batch: &[Window<'_>], negatives: usize, seed: u64) -> Drawn {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut candidates: Vec<u32> =
            (0..negatives).map(|_| random.random_range(0..self.items.max(1) as u32)).collect();
        candidates.sort_unstable();
        candidates.dedup();
        let mut targets: Vec<u32> = batch.iter().flat_map(|window| window.targets()).copied().collect();
        targets.sort_unstable();
        targets.dedup();
        targets.retain(|target| candidates.binary_search(target).is_err());
        let inputs = batch.iter().flat_map(|window| window.inputs()).copied();
        let mut rows: Vec<u32> = candidates.iter().chain(&targets).copied().chain(inputs).collect();
        rows.sort_unstable();
        rows.dedup();
        let competing = [&candidates[..], &targets].concat();
        let positions: Vec<usize> =
            competing.iter().map(|item| rows.binary_search(item).unwrap_or(0)).collect();
        let mut places: Vec<(u32, u32)> = competing.into_iter().zip(0..).collect();
        places.sort_unstable();
        let table = pick(tape.rows(self.table, rows), &positions);
        let correction = (self.items as f32 / candidates.len().max(1) as f32).ln();
        Drawn { table, places, candidates: candidates.len(), correction }
    }

    /// The rank of an item after each history among all that are not in the history; items of equal score
    /// stand before it. The histories are cut to what is looked back at.
    pub(super) fn ranks(&self, parameters: &Parameters, cases: &[(&[u32], u32)]) -> Vec<usize> {
        let mut ranks = vec![self.items.max(1); cases.len()];
        // Histories of like length together have little padding.
        let mut order: Vec<usize> = (0..cases.len()).collect();
        order.sort_by_key(|&number| cases[number].0.len());
        let table = &parameters.get(self.table).values;
        for batch in order.chunks(ANSWERED) {
            let histories = batch.iter().map(|&number| {
                let history = cases[number].0;
                &history[history.len().saturating_sub(self.length)..]
            });
            for block in blocks(histories) {
                let tape = Tape::answering(parameters);
                let rows = self.network.forward_tokens(&tape, block.tokens, block.length);
                let last: Vec<usize> = (1..=block.numbers.len()).map(|end| end * block.length - 1).collect();
                let queries = values(pick(rows, &last));
                let found = scores(&queries, table, self.width, |row, scores| {
                    let (history, item) = cases[batch[block.numbers[row]]];
                    rank(scores, history, item)
                });
                for (&number, rank) in block.numbers.iter().zip(found) {
                    ranks[batch[number]] = rank;
                }
            }
        }
        ranks
    }
}

/// What a step's items compete against.
struct Drawn {
    /// The competing rows: candidates, and then the targets that are none.
    table: Tensor<2>,
    /// Items, which ascend, and their places in the table.
    places: Vec<(u32, u32)>,
    candidates: usize,
    correction: f32,
}

fn rank(scores: &mut [f32], history: &[u32], item: u32) -> usize {
    let own = scores[item as usize];
    if !own.is_finite() {
        return scores.len();
    }
    for &past in history.iter().chain([&item]) {
        scores[past as usize] = f32::NEG_INFINITY;
    }
    1 + scores.iter().filter(|&&score| score >= own).count()
}

impl State {
    pub(super) fn new(recipe: &Recipe, parameters: Parameters) -> Self {
        let optimiser = Optimiser::new(recipe.train.optimiser);
        Self { parameters, optimiser, epochs: Vec::new(), best: None, seconds: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_by_hand() {
        fn check(scores: &[f32], history: &[u32], item: u32, expected: usize) {
            assert_eq!(rank(&mut scores.to_vec(), history, item), expected, "{scores:?} {history:?} {item}");
        }
        check(&[3.0, 1.0, 2.0, 0.0], &[], 1, 3);
        check(&[3.0, 1.0, 2.0, 0.0], &[0], 1, 2);
        check(&[3.0, 1.0, 2.0, 0.0], &[0, 1], 1, 2);
        check(&[1.0; 4], &[0], 1, 3);
        check(&[1.0, f32::NAN, 2.0, 0.0], &[], 1, 4);
    }
}
