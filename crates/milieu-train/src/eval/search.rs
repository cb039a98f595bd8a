//! The choice of hyperparameters, and of the model, on a validation part.
//!
//! First a grid over what depends on each other (popularity scaling and frequency response), by successive
//! halving (Jamieson & Talwalkar 2016): all on few users, the better ones on more, the best on all. Then,
//! from the best, one further setting after the other. The lists of values are the same for every data
//! set.

use super::candidate::{Candidate, Family, Values};
use super::metrics::Accuracy;
use super::trial::Trial;
use milieu_factors::{
    EaseConfig, FactorsError, FilterConfig, IalsConfig, KnnConfig, LowPassConfig, ModelConfig, Response,
    Scaling,
};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// Each rung of the halving: the share of the users that is asked, and of the candidates that goes on.
const RUNGS: [(f64, f64); 2] = [(0.125, 0.2), (0.5, 0.2)];

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
        Self { users: 2000, operations: 1e12, bytes: 8e9 }
    }
}

/// Searches the families and picks the candidate with the highest NDCG at `k` on the validation part of
/// `trial`, over at most [`Budget::users`] users drawn by `seed`. With one family its cost does not
/// matter.
///
/// EASE is searched on its cheap likeness, the graph filter with the ridge response, which differs by the
/// diagonal alone; the settings found are then EASE's.
///
/// # Errors
/// [`FactorsError`] where a model cannot be trained.
pub fn search(
    trial: &Trial<'_>,
    families: &[Family],
    k: usize,
    budget: Budget,
    seed: u64,
) -> Result<Outcome, FactorsError> {
    let mut users = trial.users();
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
        let ndcg = bench.ndcg(if families.len() > 1 { &best } else { &found }, 1.0)?;
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
    /// In random order: a share of them is a prefix.
    users: Vec<u32>,
    k: usize,
    /// What was measured: candidate, number of users, NDCG.
    known: Vec<(Candidate, usize, f64)>,
}

impl Bench<'_> {
    /// The mean NDCG of a candidate over a share of the users.
    fn ndcg(&mut self, candidate: &Candidate, share: f64) -> Result<f64, FactorsError> {
        let count = ((share * self.users.len() as f64).ceil() as usize).min(self.users.len());
        if let Some((.., ndcg)) = self.known.iter().find(|(c, n, _)| (c, *n) == (candidate, count)) {
            return Ok(*ndcg);
        }
        let users = &self.users[..count];
        let trained = self.trial.train(candidate, None)?;
        let lists = self.trial.lists(&trained, candidate.values, users, self.k);
        let measured = self.trial.measure(users, &lists, self.k);
        let sum: f64 = measured.iter().map(|accuracy: &Accuracy| accuracy.ndcg).sum();
        let ndcg = sum / count.max(1) as f64;
        self.known.push((*candidate, count, ndcg));
        Ok(ndcg)
    }

    fn best(&mut self, family: Family) -> Result<Candidate, FactorsError> {
        let values = if self.trial.has_values() { Values::Log } else { Values::Binary };
        let mut running: Vec<Candidate> =
            grid(family).into_iter().map(|model| Candidate { values, friends: 0.0, model }).collect();
        for (users, keep) in RUNGS {
            if running.len() > 1 {
                let kept = (keep * running.len() as f64).ceil() as usize;
                running = self.ranked(running, users)?;
                running.truncate(kept);
            }
        }
        let mut best = self.ranked(running, 1.0)?[0];
        for axis in [values_axis, detail_axis, friends_axis] {
            let mut alternatives = vec![best];
            alternatives.extend(axis(best, family, self.trial));
            best = self.ranked(alternatives, 1.0)?[0];
        }
        Ok(best)
    }

    /// Sorts candidates by descending NDCG over a share of the users; equals stay in order.
    fn ranked(&mut self, candidates: Vec<Candidate>, share: f64) -> Result<Vec<Candidate>, FactorsError> {
        let mut measured = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            measured.push((self.ndcg(&candidate, share)?, candidate));
        }
        measured.sort_by(|a, b| b.0.total_cmp(&a.0));
        Ok(measured.into_iter().map(|(_, candidate)| candidate).collect())
    }
}

/// Every combination of the settings of a family that depend on each other. EASE is searched on its
/// likeness.
fn grid(family: Family) -> Vec<ModelConfig> {
    let ridges = [0.3, 0.1, 0.05].map(|ridge| Response::Ridge { ridge });
    let sharpened = [0.5, 1.0, 1.5, 2.0].map(|sharpness| Response::Sharpened { sharpness });
    let responses = match family {
        Family::Popularity => return vec![ModelConfig::Popularity],
        Family::ItemKnn => vec![Response::Linear],
        Family::GraphFilter => [&ridges[..], &sharpened].concat(),
        Family::Ease => ridges.to_vec(),
        Family::Ials => return ials_grid(),
    };
    let mut models = Vec::new();
    for item in [0.2, 0.3, 0.4, 0.5] {
        for target in [0.0, 0.1, 0.2, 0.3, 0.4] {
            let scaling = Scaling { user: 0.5, item, target };
            for &response in &responses {
                models.push(match family {
                    Family::ItemKnn => ModelConfig::ItemKnn(KnnConfig { scaling, neighbours: 200 }),
                    _ => ModelConfig::GraphFilter(FilterConfig { scaling, response, low_pass: None }),
                });
            }
        }
    }
    models
}

/// Confidence of what was not taken, and regularisation; short vectors and few passes find the region.
fn ials_grid() -> Vec<ModelConfig> {
    let mut models = Vec::new();
    for unobserved_weight in [0.03, 0.1, 0.3] {
        for regularization in [0.001, 0.003, 0.01] {
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
            [(64, 0.2), (128, 0.2), (256, 0.1), (256, 0.2), (256, 0.4), (512, 0.2)].map(with).to_vec()
        }
        (Family::Ials, ModelConfig::Ials(config)) => {
            let with = |factors| ModelConfig::Ials(IalsConfig { factors, iterations: 16, ..config });
            [64, 128, 256].map(with).to_vec()
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
