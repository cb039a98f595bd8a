//! The choice of hyperparameters, and of the model, on a validation part.
//!
//! First a grid over what depends on each other: popularity scaling and frequency response, or confidence
//! and regularisation. Then, from its best, one further setting after the other. The lists of values are
//! the same for every data set.

use super::candidate::{Candidate, Family, Values};
use super::trial::Trial;
use milieu_factors::{
    EaseConfig, FactorsError, FilterConfig, IalsConfig, KnnConfig, LowPassConfig, ModelConfig, Response,
    Scaling,
};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// Powers of the items' degrees that are tried: taken out of histories, and put back into predictions.
const ITEM_POWERS: [f32; 4] = [0.2, 0.3, 0.4, 0.5];
const TARGET_POWERS: [f32; 6] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5];
/// Responses that are tried.
const RIDGES: [f32; 3] = [0.3, 0.1, 0.05];
const SHARPNESSES: [f32; 6] = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5];

/// What a search may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Users that candidates are compared on; a sample where there are more.
    pub users: usize,
    /// Multiply-adds of one training; models above it are left out where there is a choice.
    pub operations: f64,
    /// Bytes of one training; likewise.
    pub bytes: f64,
}

/// What came out of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The best of all.
    pub chosen: Candidate,
    /// Its mean validation NDCG.
    pub ndcg: f64,
    /// The best of each family with its validation NDCG, in the order tried.
    pub families: Vec<(Candidate, f64)>,
    /// Families left out for their cost.
    pub left_out: Vec<Family>,
    /// How many candidates were trained and measured.
    pub tried: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { users: 4000, operations: 1e12, bytes: 8e9 }
    }
}

/// Searches the families and picks the candidate with the highest NDCG at `k` on the validation part of
/// `trial`, over at most [`Budget::users`] of `users` drawn by `seed`. With one family its cost does not
/// matter.
///
/// EASE is searched on its cheap likeness, the graph filter with the ridge response, which differs by the
/// diagonal alone; the settings found are then EASE's.
///
/// # Errors
/// [`FactorsError`] where a model cannot be trained.
pub fn search(
    trial: &Trial<'_>,
    mut users: Vec<u32>,
    families: &[Family],
    k: usize,
    budget: Budget,
    seed: u64,
) -> Result<Outcome, FactorsError> {
    users.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
    users.truncate(budget.users);
    let mut bench = Bench { trial, users, k, known: Vec::new() };
    let mut outcome = Outcome {
        chosen: Family::Popularity.start(),
        ndcg: -1.0,
        families: vec![],
        left_out: vec![],
        tried: 0,
    };
    for &family in families {
        let work = family.start().model.work(trial.data(Values::Binary));
        let affordable = work.operations <= budget.operations && work.bytes <= budget.bytes;
        if !affordable && families.len() > 1 {
            outcome.left_out.push(family);
            continue;
        }
        let found = bench.best(family)?;
        let best = original(found, family);
        // Alone, EASE needs no measure of its own.
        let ndcg = bench.ndcg(if families.len() > 1 { &best } else { &found })?;
        outcome.families.push((best, ndcg));
        if ndcg > outcome.ndcg {
            outcome.chosen = best;
            outcome.ndcg = ndcg;
        }
    }
    outcome.tried = bench.known.len();
    Ok(outcome)
}

/// The candidate of a family that what was found stands for.
fn original(found: Candidate, family: Family) -> Candidate {
    match (family, found.model) {
        (
            Family::Ease,
            ModelConfig::GraphFilter(FilterConfig { scaling, response: Response::Ridge { ridge }, .. }),
        ) => Candidate { model: ModelConfig::Ease(EaseConfig { scaling, ridge }), ..found },
        _ => found,
    }
}

struct Bench<'a> {
    trial: &'a Trial<'a>,
    users: Vec<u32>,
    k: usize,
    known: Vec<(Candidate, f64)>,
}

impl Bench<'_> {
    /// The mean NDCG of a candidate.
    fn ndcg(&mut self, candidate: &Candidate) -> Result<f64, FactorsError> {
        if let Some((_, ndcg)) = self.known.iter().find(|(known, _)| known == candidate) {
            return Ok(*ndcg);
        }
        let by_user = self.trial.ndcg_by_user(candidate, &self.users, self.k)?;
        let ndcg = by_user.iter().sum::<f64>() / by_user.len().max(1) as f64;
        self.known.push((*candidate, ndcg));
        Ok(ndcg)
    }

    fn best(&mut self, family: Family) -> Result<Candidate, FactorsError> {
        let values = if self.trial.has_values() { Values::Log } else { Values::Binary };
        let of = |model| Candidate { values, friends: 0.0, model };
        let grid = match family {
            Family::Popularity => vec![of(ModelConfig::Popularity)],
            Family::ItemKnn => scalings()
                .map(|scaling| of(ModelConfig::ItemKnn(KnnConfig { scaling, neighbours: 200 })))
                .collect(),
            Family::GraphFilter => {
                let sharpened = SHARPNESSES.map(|sharpness| Response::Sharpened { sharpness });
                let ridges = RIDGES.map(|ridge| Response::Ridge { ridge });
                self.filters(values, &[&sharpened[..], &ridges].concat())
            }
            Family::Ease => self.filters(values, &RIDGES.map(|ridge| Response::Ridge { ridge })),
            Family::Ials => ials_grid().into_iter().map(of).collect(),
        };
        let mut best = self.first(grid)?;
        for axis in [values_axis, detail_axis, friends_axis] {
            let mut alternatives = vec![best];
            alternatives.extend(axis(best, family, self.trial));
            best = self.first(alternatives)?;
        }
        Ok(best)
    }

    /// Measures the graph filters with these responses and all scalings, many at once.
    fn filters(&mut self, values: Values, responses: &[Response]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for item in ITEM_POWERS {
            let of = |target, response| {
                let scaling = Scaling { user: 0.5, item, target };
                let model = ModelConfig::GraphFilter(FilterConfig { scaling, response, low_pass: None });
                Candidate { values, friends: 0.0, model }
            };
            let known = |candidate: &Candidate| self.known.iter().any(|(known, _)| known == candidate);
            let missing: Vec<Response> = responses
                .iter()
                .copied()
                .filter(|response| !known(&of(TARGET_POWERS[0], *response)))
                .collect();
            let scaling = Scaling { user: 0.5, item, target: 0.0 };
            let lists = (missing.as_slice(), TARGET_POWERS.as_slice());
            let found = self.trial.filters_ndcg(values, scaling, lists, &self.users, self.k);
            for (&response, row) in missing.iter().zip(found) {
                let row = TARGET_POWERS.into_iter().zip(row);
                self.known.extend(row.map(|(target, ndcg)| (of(target, response), ndcg)));
            }
            for &response in responses {
                candidates.extend(TARGET_POWERS.map(|target| of(target, response)));
            }
        }
        candidates
    }

    /// The candidate with the highest NDCG, the first of equals.
    fn first(&mut self, candidates: Vec<Candidate>) -> Result<Candidate, FactorsError> {
        let mut best = Family::Popularity.start();
        let mut best_ndcg = f64::NEG_INFINITY;
        for candidate in candidates {
            let ndcg = self.ndcg(&candidate)?;
            if ndcg > best_ndcg {
                best = candidate;
                best_ndcg = ndcg;
            }
        }
        Ok(best)
    }
}

fn scalings() -> impl Iterator<Item = Scaling> {
    let with = |item| TARGET_POWERS.map(|target| Scaling { user: 0.5, item, target });
    ITEM_POWERS.into_iter().flat_map(with)
}

/// Confidence of what was not taken, and regularisation; short vectors and few passes find the region.
fn ials_grid() -> Vec<ModelConfig> {
    let mut models = Vec::new();
    for unobserved_weight in [0.01, 0.03, 0.1, 0.3] {
        for regularization in [0.0003, 0.001, 0.003, 0.01] {
            let config =
                IalsConfig { iterations: 8, unobserved_weight, regularization, ..IalsConfig::default() };
            models.push(ModelConfig::Ials(config));
        }
    }
    models
}

/// The other meaning of values, where they differ.
fn values_axis(from: Candidate, _: Family, trial: &Trial<'_>) -> Vec<Candidate> {
    if trial.has_values() && from.model != ModelConfig::Popularity {
        vec![Candidate { values: Values::Binary, ..from }]
    } else {
        Vec::new()
    }
}

/// The size of the neighbourhood, a low-pass beside the response, or the length of vectors. EASE has
/// none of them.
fn detail_axis(from: Candidate, family: Family, _: &Trial<'_>) -> Vec<Candidate> {
    let models = match (family, from.model) {
        (Family::ItemKnn, ModelConfig::ItemKnn(config)) => {
            let with = |neighbours| ModelConfig::ItemKnn(KnnConfig { neighbours, ..config });
            [50, 800].map(with).to_vec()
        }
        (Family::GraphFilter, ModelConfig::GraphFilter(config)) => {
            let with = |(rank, weight)| {
                let low_pass = Some(LowPassConfig { rank, weight, seed: 1 });
                ModelConfig::GraphFilter(FilterConfig { low_pass, ..config })
            };
            [(64, 0.2), (256, 0.1), (256, 0.2), (256, 0.4)].map(with).to_vec()
        }
        (Family::Ials, ModelConfig::Ials(config)) => {
            let with = |factors| ModelConfig::Ials(IalsConfig { factors, iterations: 16, ..config });
            [64, 128, 256, 512].map(with).to_vec()
        }
        _ => Vec::new(),
    };
    models.into_iter().map(|model| Candidate { model, ..from }).collect()
}

/// How much friends' histories count, where there are ties.
fn friends_axis(from: Candidate, _: Family, trial: &Trial<'_>) -> Vec<Candidate> {
    if trial.has_ties() && from.model != ModelConfig::Popularity {
        [1.0, 2.0, 4.0].map(|friends| Candidate { friends, ..from }).to_vec()
    } else {
        Vec::new()
    }
}
