//! `milieu eval feed` for single models: read, split, choose on validation, measure on test.

use super::bootstrap::{Interval, bootstrap};
use super::candidate::Family;
use super::memory::peak_megabytes;
use super::metrics::{Accuracy, Breadth};
use super::search::{Budget, Outcome, search};
use super::trial::{Parts, Trial};
use milieu_dataset::ratings::{
    Rating, Ratings, RatingsError, Split, SplitError, SplitRule, lastfm_hetrec, lightgcn, movielens,
};
use milieu_factors::FactorsError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// Share of the training part that is set aside for validation where a data set comes with a test part
/// only. It is given back before the final training.
const CARVED: f64 = 0.1;

/// The public formats that can be evaluated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataset {
    /// `train.txt` and `test.txt` as the LightGCN repository distributes them.
    Lightgcn,
    /// `user_artists.dat` and `user_friends.dat` of HetRec 2011.
    LastfmHetrec,
    /// `ratings.csv`.
    Movielens,
}

/// How the data is parted where it does not come parted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitChoice {
    /// At random by user, by shares of validation and test.
    Random {
        /// Share of validation.
        valid: f64,
        /// Share of test.
        test: f64,
    },
    /// By the timeline, by shares of validation and test.
    Time {
        /// Share of validation.
        valid: f64,
        /// Share of test.
        test: f64,
    },
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEval {
    /// The format.
    pub dataset: Dataset,
    /// The directory of the data.
    pub path: PathBuf,
    /// How it is parted; ignored where it comes parted.
    pub split: SplitChoice,
    /// The families to choose among; one for a single model.
    pub families: Vec<Family>,
    /// Random splits: how many, seeded 0, 1, 2...
    pub seeds: u64,
    /// List lengths; the first is the one that is chosen by.
    pub ks: Vec<usize>,
    /// Measure the served form with that many weights an item, in place of the whole model.
    pub neighbours: Option<usize>,
    /// What the search may cost.
    pub budget: Budget,
}

/// Why an evaluation stopped.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The data cannot be read.
    #[error(transparent)]
    Read(#[from] RatingsError),
    /// The data cannot be parted as asked.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A model cannot be trained.
    #[error(transparent)]
    Train(#[from] FactorsError),
    /// Nothing to measure with.
    #[error("no list length was given, or one of 0")]
    NoLength,
    /// Nothing to measure on.
    #[error("no user has anything in the test part")]
    NothingHeldOut,
}

/// One split's choice and measures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// The split's seed.
    pub seed: u64,
    /// What the validation part chose.
    pub search: Outcome,
    /// Users measured.
    pub users: usize,
    /// Of these, users without anything in the training part.
    pub cold_users: usize,
    /// Means over users, by measure and length, such as `recall@20`.
    pub metrics: BTreeMap<String, f64>,
    /// Seconds of the search.
    pub search_seconds: f64,
    /// Seconds of the final training.
    pub train_seconds: f64,
    /// Seconds of ranking all items for all users.
    pub test_seconds: f64,
}

/// Everything an evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The format.
    pub dataset: Dataset,
    /// Users in the data.
    pub users: usize,
    /// Items in the data.
    pub items: usize,
    /// Ratings outside a given test part.
    pub ratings: usize,
    /// Ties between users.
    pub ties: usize,
    /// How it was parted; `None` where it came parted.
    pub split: Option<SplitChoice>,
    /// Means over splits with 95% intervals from resampling users, by measure and length.
    pub metrics: BTreeMap<String, Interval>,
    /// The single splits.
    pub runs: Vec<Run>,
    /// Seconds in all, reading included.
    pub seconds: f64,
    /// Peak of resident memory in megabytes, where the system tells.
    pub peak_megabytes: Option<f64>,
}

const MEASURES: [&str; 4] = ["recall", "ndcg", "hit_rate", "mrr"];

/// Evaluates. `note` hears in words what is being done.
///
/// A validation part that the split defines stays out of training altogether, as in the published
/// figures for ratio splits; one that is carved out of a given training part is given back for the final
/// training.
///
/// # Errors
/// [`EvalError`].
pub fn evaluate_feed(eval: &FeedEval, mut note: impl FnMut(&str)) -> Result<Report, EvalError> {
    let begun = Instant::now();
    if eval.ks.is_empty() || eval.ks.contains(&0) {
        return Err(EvalError::NoLength);
    }
    let data = match eval.dataset {
        Dataset::Lightgcn => lightgcn(&eval.path)?,
        Dataset::LastfmHetrec => lastfm_hetrec(&eval.path)?,
        Dataset::Movielens => movielens(&eval.path)?,
    };
    note(&format!("{} users, {} items, {} ratings", data.users, data.items, data.ratings.len()));
    let fixed = data.test.is_some();
    let repeats = fixed || matches!(eval.split, SplitChoice::Time { .. });
    let seeds = if repeats { 1 } else { eval.seeds.max(1) };
    let mut runs = Vec::new();
    let mut by_user: BTreeMap<String, Vec<(f64, u32)>> = BTreeMap::new();
    for seed in 0..seeds {
        note(&format!("split {} of {seeds}", seed + 1));
        let (run, users, measured) = run(eval, &data, seed, &mut note)?;
        for (name, values) in measured {
            let sums = by_user.entry(name).or_insert_with(|| vec![(0.0, 0); data.users]);
            for (&user, value) in users.iter().zip(values) {
                let sum = &mut sums[user as usize];
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
        runs.push(run);
    }
    let mut metrics = BTreeMap::new();
    for (name, sums) in by_user {
        let means: Vec<f64> =
            sums.iter().filter(|(_, n)| *n > 0).map(|(sum, n)| sum / f64::from(*n)).collect();
        metrics.insert(name, bootstrap(&means, 0));
    }
    // Every split counts the same, and has its own coverage and novelty.
    for name in runs.iter().flat_map(|run| run.metrics.keys()).cloned().collect::<Vec<_>>() {
        let mean = runs.iter().filter_map(|run| run.metrics.get(&name)).sum::<f64>() / runs.len() as f64;
        let interval = metrics.entry(name).or_insert(Interval { mean, low: mean, high: mean });
        interval.mean = mean;
    }
    Ok(Report {
        dataset: eval.dataset,
        users: data.users,
        items: data.items,
        ratings: data.ratings.len(),
        ties: data.ties.len(),
        split: (!fixed).then_some(eval.split),
        metrics,
        runs,
        seconds: begun.elapsed().as_secs_f64(),
        peak_megabytes: peak_megabytes(),
    })
}

type Measured = BTreeMap<String, Vec<f64>>;

fn run(
    eval: &FeedEval,
    data: &Ratings,
    seed: u64,
    note: &mut impl FnMut(&str),
) -> Result<(Run, Vec<u32>, Measured), EvalError> {
    let split = part(eval.split, data, seed)?;
    let of = |train, masked, held_out| Parts {
        users: data.users,
        items: data.items,
        train,
        masked,
        held_out,
        ties: &data.ties,
    };
    let begun = Instant::now();
    let validation = Trial::new(of(&split.train, &[], &split.valid))?;
    let outcome = search(&validation, validation.users(), &eval.families, eval.ks[0], eval.budget, seed)?;
    let search_seconds = begun.elapsed().as_secs_f64();
    let chosen = outcome.chosen;
    note(&format!("chose {} of {} tried, in {search_seconds:.1} s", chosen.model.name(), outcome.tried));
    let given_back: Vec<Rating>;
    let parts = if data.test.is_some() {
        given_back = [split.train.as_slice(), &split.valid].concat();
        of(&given_back, &[], &split.test)
    } else {
        of(&split.train, &split.valid, &split.test)
    };
    let begun = Instant::now();
    let trial = Trial::new(parts)?;
    let trained = trial.train(&chosen, eval.neighbours)?;
    let train_seconds = begun.elapsed().as_secs_f64();
    note(&format!("trained in {train_seconds:.1} s"));
    let begun = Instant::now();
    let users = trial.users();
    if users.is_empty() {
        return Err(EvalError::NothingHeldOut);
    }
    let longest = eval.ks.iter().copied().max().unwrap_or(0);
    let lists = trial.lists(&trained, chosen.values, &users, longest);
    let test_seconds = begun.elapsed().as_secs_f64();
    let data = trial.data(chosen.values);
    let mut metrics = BTreeMap::new();
    let mut measured = Measured::new();
    for &k in &eval.ks {
        let accuracies = trial.measure(&users, &lists, k);
        for (place, name) in MEASURES.iter().enumerate() {
            let values: Vec<f64> = accuracies.iter().map(|a: &Accuracy| a.to_array()[place]).collect();
            metrics.insert(format!("{name}@{k}"), values.iter().sum::<f64>() / users.len() as f64);
            measured.insert(format!("{name}@{k}"), values);
        }
        let breadth = Breadth::of(&lists, data, k);
        metrics.insert(format!("coverage@{k}"), breadth.coverage);
        metrics.insert(format!("novelty@{k}"), breadth.novelty);
    }
    let cold_users = users.iter().filter(|&&user| data.row(user as usize).is_empty()).count();
    let run = Run {
        seed,
        search: outcome,
        users: users.len(),
        cold_users,
        metrics,
        search_seconds,
        train_seconds,
        test_seconds,
    };
    Ok((run, users, measured))
}

fn part(choice: SplitChoice, data: &Ratings, seed: u64) -> Result<Split, SplitError> {
    match &data.test {
        Some(test) => {
            let rule = SplitRule::Random { valid: CARVED, test: 0.0, seed };
            Ok(Split { test: test.clone(), ..rule.split(&data.ratings)? })
        }
        None => match choice {
            SplitChoice::Random { valid, test } => SplitRule::Random { valid, test, seed },
            SplitChoice::Time { valid, test } => SplitRule::Time { valid, test },
        }
        .split(&data.ratings),
    }
}
