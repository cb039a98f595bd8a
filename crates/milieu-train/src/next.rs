//! The next-item model of a community, from its log.

use crate::collaborative::Gathered;
use crate::eval;
use crate::sequences::{self, DataConfig, FitConfig, GateConfig, Parameters, Recipe, Report, TrainError};
use crate::{Progress, TrainConfig};
use milieu_dataset::ItemSequences;
use milieu_feed::NextItems;
use milieu_inference::{EngineChoice, EngineError, Engines, LoadError, LoadOptions, SequenceModel};
use milieu_models::sequence::Sequence;
use milieu_models::{ModelError, onnx_next};
use milieu_nn::Schedule;
use milieu_world::World;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Length of the lists that models are compared on.
const LIST: usize = 10;
/// The most epochs; more of a community's log are seldom better.
const EPOCHS: f64 = 40.0;
/// The fewest epochs that a training is worth.
const FEWEST_EPOCHS: f64 = 3.0;
/// The most items that a card can name.
const MOST_ITEMS: usize = 200_000;
/// Items that compete where the whole catalogue is too much.
const NEGATIVES: usize = 2048;
const WIDTH: usize = 64;
const BLOCKS: usize = 2;
/// Items that are looked back at.
const LENGTH: usize = 50;
/// The fewest and the most sequences of a step, and how many steps an epoch has between the two.
const BATCH: [usize; 2] = [16, 128];
const STEPS: usize = 64;

/// Why no next-item model can be made or used.
#[derive(Debug, thiserror::Error)]
pub enum NextError {
    /// It cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// It has no graph.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is nothing that runs it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It cannot be run.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A trained next-item model.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedNext {
    /// How it came about, with its figures on each user's last item.
    pub report: Report,
    /// What was learnt.
    pub parameters: Parameters,
    /// NDCG on each user's last item: its own, that of popularity (`/bar`), and the gain over it with its
    /// confidence interval.
    pub metrics: [(&'static str, f64); 5],
    /// Whether it beats popularity, which needs no model, by more than luck.
    pub beats_popularity: bool,
}

impl Gathered {
    /// Trains on what each user took in the order of time, as far as the budget allows. The last item of each
    /// user measures it and the one before chooses the epoch. `Err` says why there is nothing to learn from.
    ///
    /// # Errors
    /// [`NextError`].
    pub fn train_next(
        &self,
        config: &TrainConfig,
        mut progress: impl FnMut(Progress),
    ) -> Result<Result<TrainedNext, String>, NextError> {
        if !config.next.enabled {
            return Ok(Err("it is switched off".to_owned()));
        }
        let data = self.sequences();
        let interactions: usize = data.sequences.iter().map(Vec::len).sum();
        let least = config.next.min_interactions;
        if interactions < least {
            return Ok(Err(format!("{interactions} positive interactions are too few; {least} are needed")));
        }
        if data.items.len() > MOST_ITEMS {
            return Ok(Err(format!("{} items are more than the limit of {MOST_ITEMS}", data.items.len())));
        }
        let Some((epochs, negatives)) = affordable(&data, interactions, config.next.tera_operations * 1e12)
        else {
            return Ok(Err(format!("{interactions} positive interactions are too many for the budget")));
        };
        progress(Progress::Stage { name: "training the next-item model".into() });
        let popularity = popularity_gains(&data);
        let recipe = recipe(config.seed, epochs, negatives, batch(&data));
        let (report, parameters) = match sequences::train_on(&recipe, data, None, &mut |_| ()) {
            Err(TrainError::TooFew { count }) => {
                return Ok(Err(format!("only {count} users took three items or more")));
            }
            // What else is learnt from the log does not fail with it.
            Err(error @ TrainError::Diverged { .. }) => return Ok(Err(error.to_string())),
            trained => trained?,
        };
        let gains: Vec<f64> = report.ranks.iter().map(|&rank| sequences::gain(rank, LIST)).collect();
        let gain = eval::choose(Some(&popularity), &gains, config.seed);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let metrics = [
            ("ndcg", mean(&gains)),
            ("ndcg/bar", mean(&popularity)),
            ("gain", gain.difference.mean),
            ("gain/low", gain.difference.low),
            ("gain/high", gain.difference.high),
        ];
        Ok(Ok(TrainedNext { report, parameters, metrics, beats_popularity: gain.promote }))
    }
}

impl TrainedNext {
    /// The model as the feed uses it, run by the same engine on every machine.
    ///
    /// # Errors
    /// [`NextError`].
    pub fn bind(&self, version: &str, world: &World) -> Result<NextItems, NextError> {
        let Report { recipe, items, .. } = &self.report;
        let graph = onnx_next(&recipe.model.layers(items.len()), recipe.model.input(), &self.parameters)?;
        let engines = Engines::find(EngineChoice::Rten, None, NonZeroUsize::MIN)?;
        let model = SequenceModel::new(engines.load(&graph.write(), LoadOptions::default())?)?;
        let length = model.length();
        let scores = Arc::new(move |tokens: &[i64]| model.scores(tokens).ok());
        Ok(NextItems::bind(version.to_owned(), scores, length, items, world))
    }
}

/// How many epochs a budget of operations pays for, and how many items compete in them, 0 for all.
fn affordable(data: &ItemSequences, interactions: usize, budget: f64) -> Option<(usize, usize)> {
    let (width, items, users) = (WIDTH as f64, data.items.len() as f64, data.sequences.len() as f64);
    // Forward and twice that backward; a multiplication and an addition each.
    let layers = BLOCKS as f64 * 12.0 * width * width;
    let epoch = |candidates: f64| {
        interactions as f64 * 6.0 * (layers + candidates * width) + users * items * 2.0 * width
    };
    let whole = budget / epoch(items);
    if whole >= EPOCHS / 4.0 {
        return Some((whole.min(EPOCHS) as usize, 0));
    }
    let drawn = budget / epoch(items.min(NEGATIVES as f64));
    (drawn >= FEWEST_EPOCHS).then(|| (drawn.min(EPOCHS) as usize, NEGATIVES))
}

/// A small community gets small steps, or they are too few to learn from.
fn batch(data: &ItemSequences) -> usize {
    let windows: usize = data.sequences.iter().map(|sequence| sequence.len().div_ceil(LENGTH)).sum();
    (windows / STEPS).clamp(BATCH[0], BATCH[1])
}

fn recipe(seed: u64, epochs: usize, negatives: usize, batch: usize) -> Recipe {
    Recipe {
        task: sequences::Task::NextItem,
        seed,
        data: DataConfig { path: "log".into() },
        model: Sequence::SelfAttentive {
            width: WIDTH,
            heads: 2,
            blocks: BLOCKS,
            length: LENGTH,
            dropout: 0.3,
        },
        train: FitConfig {
            epochs,
            batch,
            rate: 2e-3,
            schedule: Schedule::OneCycle { warm_up: 0.15 },
            negatives,
            patience: 3,
            ..FitConfig::default()
        },
        gate: GateConfig::default(),
    }
}

/// NDCG of popularity for the last item of each user with three or more: what most took of what that user did
/// not have. The last two items of each are not counted.
fn popularity_gains(data: &ItemSequences) -> Vec<f64> {
    let mut counts = vec![0_usize; data.items.len()];
    let measured = || data.sequences.iter().filter(|sequence| sequence.len() >= 3);
    for sequence in &data.sequences {
        let end = sequence.len() - if sequence.len() < 3 { 0 } else { 2 };
        sequence[..end].iter().for_each(|&item| counts[item as usize] += 1);
    }
    let mut sorted = counts.clone();
    sorted.sort_unstable();
    let rank = |sequence: &Vec<u32>| {
        let (history, item) = sequence.split_at(sequence.len() - 1);
        let own = counts[item[0] as usize];
        let as_many = sorted.len() - sorted.partition_point(|&count| count < own);
        let mut had: Vec<u32> = history.iter().copied().filter(|&h| counts[h as usize] >= own).collect();
        had.sort_unstable();
        had.dedup();
        // The item itself is among those with as many, whether or not it was had before.
        had.retain(|&h| h != item[0]);
        as_many - had.len()
    };
    measured().map(|sequence| sequences::gain(rank(sequence).max(1), LIST)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn popularity_by_hand() {
        let data = ItemSequences {
            items: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            users: vec![String::new(); 4],
            // Counted: a three times, b twice, c once, d never.
            sequences: vec![vec![0, 1, 2, 3], vec![0, 1, 0, 2], vec![0, 2], vec![3, 3, 1]],
        };
        let mut data = data;
        data.sequences[3] = vec![0, 3, 1];
        // After a, b and c only d is left; after a and b comes c before d; after a and d comes b.
        assert_eq!(popularity_gains(&data), [1.0, 1.0, 1.0]);
        data.sequences[3] = vec![3, 0, 2];
        // Counted: a twice, b twice, c and d once: c stands behind b and beside d, which was had.
        let second = 1.0 / 3f64.log2();
        assert_eq!(popularity_gains(&data)[2], second);
    }

    #[test]
    fn budgets() {
        fn check(items: usize, interactions: usize, expected: Option<(usize, usize)>) {
            let data = ItemSequences {
                items: vec![String::new(); items],
                users: Vec::new(),
                sequences: vec![Vec::new(); interactions / 10],
            };
            assert_eq!(affordable(&data, interactions, 2e12), expected, "{items} {interactions}");
        }
        check(1000, 10_000, Some((40, 0)));
        check(6000, 50_000, Some((13, 0)));
        check(12_000, 150_000, Some((8, NEGATIVES)));
        check(100_000, 10_000_000, None);
    }
}
