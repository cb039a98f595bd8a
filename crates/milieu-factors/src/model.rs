//! The models behind one door: a configuration, training, scores for users of the training matrix, and
//! the form that serving needs.

use crate::ease::{Ease, EaseConfig};
use crate::graph_filter::{FilterConfig, GraphFilter};
use crate::ials::{Ials, IalsConfig};
use crate::item_knn::{ItemKnn, KnnConfig};
use crate::popularity::Popularity;
use crate::served::Served;
use crate::{FactorsError, Interactions};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use serde::{Deserialize, Serialize};

/// Which model, with its settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case")]
pub enum ModelConfig {
    /// See [`Popularity`].
    Popularity,
    /// See [`ItemKnn`].
    ItemKnn(KnnConfig),
    /// See [`GraphFilter`].
    GraphFilter(FilterConfig),
    /// See [`Ease`].
    Ease(EaseConfig),
    /// See [`Ials`].
    Ials(IalsConfig),
}

/// What training, scoring every user once and preparing the served form need: an estimate, to keep out
/// what would never end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Multiply-adds.
    pub operations: f64,
    /// Bytes at the peak.
    pub bytes: f64,
}

/// A trained model.
#[derive(Debug, Clone)]
pub enum Model {
    /// See [`Popularity`].
    Popularity(Popularity),
    /// See [`ItemKnn`].
    ItemKnn(ItemKnn),
    /// See [`GraphFilter`].
    GraphFilter(GraphFilter),
    /// See [`Ease`].
    Ease(Ease),
    /// See [`Ials`].
    Ials(Ials),
}

impl ModelConfig {
    /// The model's name on the command line and in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::ItemKnn(_) => "item-knn",
            Self::GraphFilter(_) => "graph-filter",
            Self::Ease(_) => "ease",
            Self::Ials(_) => "ials",
        }
    }

    /// What it takes on this matrix.
    #[must_use]
    pub fn work(&self, data: &Interactions) -> Work {
        let (users, items) = (data.users() as f64, data.items() as f64);
        let sparse = 16.0 * data.len() as f64;
        match self {
            Self::Popularity => Work { operations: data.len() as f64, bytes: sparse },
            Self::ItemKnn(config) => Work {
                operations: ItemKnn::work(data),
                bytes: sparse + 8.0 * items * config.neighbours as f64,
            },
            Self::GraphFilter(config) => {
                Work { operations: (users + items) * GraphFilter::work_per_row(data, config), bytes: sparse }
            }
            Self::Ease(_) => {
                let (operations, bytes) = Ease::work(data);
                let rows = (users + items) * data.len() as f64;
                Work { operations: operations + rows, bytes: bytes + sparse }
            }
            Self::Ials(config) => {
                let factors = config.factors as f64;
                let gather = data.len() as f64 * factors.powi(2);
                let solve = (users + items) * factors.powi(3) / 3.0;
                let training = config.iterations as f64 * (2.0 * gather + solve);
                Work {
                    operations: training + users * items * factors,
                    bytes: sparse + 8.0 * (users + items) * factors,
                }
            }
        }
    }
}

impl Model {
    /// Trains on a matrix.
    ///
    /// # Errors
    /// [`FactorsError`] where a linear system cannot be solved.
    pub fn train(config: &ModelConfig, data: &Interactions) -> Result<Self, FactorsError> {
        Ok(match config {
            ModelConfig::Popularity => Self::Popularity(Popularity::train(data)),
            ModelConfig::ItemKnn(config) => Self::ItemKnn(ItemKnn::train(data, config)),
            ModelConfig::GraphFilter(config) => Self::GraphFilter(GraphFilter::train(data, config)),
            ModelConfig::Ease(config) => Self::Ease(Ease::train(data, config)?),
            ModelConfig::Ials(config) => Self::Ials(Ials::train(data, config)?),
        })
    }

    /// Scores all items for some users of the training matrix: `out` holds a row of `items` scores for
    /// each of `users`, to be compared within a row only. Where `mix` (users x users) is given, a user's
    /// history is the mixture of histories that its row says; see [`crate::friends_mix`].
    ///
    /// Meant for 32 users or so a call, from many threads. Panics where `out` has another length or a
    /// user is unknown, as slices do.
    pub fn score(&self, mix: Option<&Interactions>, users: &[u32], out: &mut [f32]) {
        if users.is_empty() {
            return;
        }
        match self {
            Self::Popularity(popularity) => {
                let scores = popularity.scores();
                out.chunks_exact_mut(scores.len().max(1)).for_each(|row| row.copy_from_slice(scores));
            }
            Self::ItemKnn(knn) => knn.score(mix, users, out),
            Self::GraphFilter(filter) => filter.score(mix, users, out),
            Self::Ease(ease) => ease.score(mix, users, out),
            Self::Ials(ials) => score_factors(ials, mix, users, out),
        }
    }

    /// What serving needs. Item-item models keep the strongest `neighbours` weights of every item.
    #[must_use]
    pub fn served(&self, neighbours: usize) -> Served {
        match self {
            Self::Popularity(popularity) => Served::Popularity(popularity.clone()),
            Self::ItemKnn(knn) => Served::Neighbours(knn.neighbours(neighbours)),
            Self::GraphFilter(filter) => Served::Neighbours(filter.neighbours(neighbours)),
            Self::Ease(ease) => Served::Neighbours(ease.neighbours(neighbours)),
            Self::Ials(ials) => Served::Factors(Box::new(ials.clone())),
        }
    }
}

/// Products of user and item vectors; a mixture of histories is taken for the mixture of vectors.
fn score_factors(ials: &Ials, mix: Option<&Interactions>, users: &[u32], out: &mut [f32]) {
    let factors = ials.config().factors;
    let mut vectors = vec![0.0; users.len() * factors];
    for (vector, &user) in vectors.chunks_exact_mut(factors).zip(users) {
        let mut add = |other: u32, share: f32| {
            vector.iter_mut().zip(ials.user(other as usize)).for_each(|(sum, x)| *sum += share * x);
        };
        match mix {
            None => add(user, 1.0),
            Some(mix) => {
                let row = mix.row(user as usize).iter().zip(mix.row_weights(user as usize));
                row.for_each(|(&other, &share)| add(other, share));
            }
        }
    }
    let items = ials.item_factors().len() / factors;
    let vectors = MatRef::from_row_major_slice(&vectors, users.len(), factors);
    let factors = MatRef::from_row_major_slice(ials.item_factors(), items, factors);
    let out = MatMut::from_row_major_slice_mut(out, users.len(), items);
    matmul(out, Accum::Replace, vectors, factors.transpose(), 1.0, Par::Seq);
}
