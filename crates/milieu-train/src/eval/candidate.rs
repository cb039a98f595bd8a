//! What can be tried: a model with settings, and how the data is prepared for it.

use milieu_dataset::ratings::Rating;
use milieu_factors::{
    EaseConfig, FactorsError, FilterConfig, IalsConfig, Interactions, KnnConfig, ModelConfig, Response,
    Scaling,
};
use serde::{Deserialize, Serialize};

/// What a rating's value is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    /// Every rating counts 1.
    Binary,
    /// The logarithm of 1 + value: play counts and dwell times, whose large values mean ever less.
    Log,
}

/// The families of models that can be asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Sums of weights.
    Popularity,
    /// Item nearest neighbours.
    ItemKnn,
    /// Filtering on the item graph.
    GraphFilter,
    /// The linear autoencoder in closed form.
    Ease,
    /// Matrix factorisation.
    Ials,
}

/// One thing to try.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What values count for.
    pub values: Values,
    /// Strength of friends' histories (see [`milieu_factors::friends_mix`]); 0 leaves them out.
    pub friends: f32,
    /// The model.
    #[serde(flatten)]
    pub model: ModelConfig,
}

impl Values {
    /// The matrix of some ratings.
    ///
    /// # Errors
    /// [`FactorsError`] for ratings outside the shape or without a positive value.
    pub fn matrix(
        self,
        users: usize,
        items: usize,
        ratings: &[Rating],
    ) -> Result<Interactions, FactorsError> {
        let weigh = |value: f32| match self {
            Self::Binary => 1.0,
            Self::Log => value.ln_1p(),
        };
        let triples = ratings.iter().map(|r| (r.user, r.item, weigh(r.value))).collect();
        Ok(Interactions::from_triples(users, items, triples)?)
    }
}

impl Family {
    /// All families, cheapest first.
    pub const ALL: [Self; 5] = [Self::Popularity, Self::ItemKnn, Self::GraphFilter, Self::Ials, Self::Ease];

    /// Where the search of this family starts: settings in the middle of what the literature uses.
    #[must_use]
    pub fn start(self) -> Candidate {
        let scaling = Scaling { user: 0.5, item: 0.4, target: 0.2 };
        let model = match self {
            Self::Popularity => ModelConfig::Popularity,
            Self::ItemKnn => ModelConfig::ItemKnn(KnnConfig { scaling, neighbours: 200 }),
            Self::GraphFilter => ModelConfig::GraphFilter(FilterConfig {
                scaling,
                response: Response::Sharpened { sharpness: 1.0 },
                low_pass: None,
            }),
            Self::Ease => ModelConfig::Ease(EaseConfig { scaling, ridge: 0.3 }),
            Self::Ials => ModelConfig::Ials(IalsConfig::default()),
        };
        Candidate { values: Values::Binary, friends: 0.0, model }
    }
}
