//! P(action) before anything was learnt: a logistic model with hand-set coefficients.
//!
//! It orders a new community's feed by the few signs that hold everywhere (who is followed, what is
//! fresh, what is liked, what matches the taste) until a model trained on the community's own log
//! takes over.

use crate::inputs::INPUTS;
use milieu_types::Action;
use milieu_world::{FEATURES, Feature};

/// The actions whose probability is predicted, in order.
pub const PREDICTED: [Action; 8] = [
    Action::Click,
    Action::Dwell,
    Action::Like,
    Action::Reply,
    Action::Share,
    Action::Save,
    Action::Hide,
    Action::Report,
];

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorModel {
    /// Odds against an action with all features 0.
    base_odds: [f32; PREDICTED.len()],
    /// Coefficients by feature, shared by the actions that speak for an item.
    positive: [f32; FEATURES],
    /// Coefficients by feature of those that speak against it.
    negative: [f32; FEATURES],
    /// Coefficient of the collaborative score.
    collaborative: f32,
    /// Coefficient of the score of what comes next.
    next: f32,
}

impl Default for PriorModel {
    fn default() -> Self {
        // Base rates of the order that public social data show: a few clicks in a hundred views, a like
        // in a hundred, an answer or a share in several hundred, a hide in a thousand.
        let rates = [0.05_f32, 0.05, 0.02, 0.004, 0.004, 0.004, 0.002, 0.0002];
        let mut positive = [0.0; FEATURES];
        let mut negative = [0.0; FEATURES];
        let coefficients: [(Feature, f32); 17] = [
            (Feature::LogAge, -0.15),
            (Feature::Freshness, 0.8),
            (Feature::LogPositives, 0.25),
            (Feature::PositiveRate, 2.0),
            (Feature::HeatNow, 0.2),
            (Feature::Burst, 0.05),
            (Feature::FollowsAuthor, 0.9),
            (Feature::FollowedByAuthor, 0.2),
            (Feature::AuthorAffinity, 2.5),
            (Feature::TagAffinityMost, 2.5),
            (Feature::TagAffinityMean, 1.0),
            (Feature::DeclaredTag, 0.8),
            (Feature::SameLanguage, 0.8),
            (Feature::AuthorPositiveRate, 1.0),
            (Feature::LogMessages, 0.2),
            (Feature::SharedGroup, 0.3),
            (Feature::LogFriends, 0.5),
        ];
        for (feature, coefficient) in coefficients {
            positive[feature as usize] = coefficient;
        }
        negative[Feature::NegativeRate as usize] = 8.0;
        negative[Feature::AuthorAffinity as usize] = -2.0;
        negative[Feature::TagAffinityMost as usize] = -1.5;
        negative[Feature::FollowsAuthor as usize] = -0.7;
        Self { base_odds: rates.map(|p| (1.0 - p) / p), positive, negative, collaborative: 1.5, next: 1.5 }
    }
}

impl PriorModel {
    /// The probabilities of [`PREDICTED`] for one row of inputs.
    #[must_use]
    pub fn predict(&self, inputs: &[f32; INPUTS]) -> [f32; PREDICTED.len()] {
        let (features, collaborative, next) = (&inputs[..FEATURES], inputs[FEATURES], inputs[FEATURES + 2]);
        let of_models = self.collaborative * collaborative + self.next * next;
        let speaks_for = dot(features, &self.positive) + of_models;
        let speaks_against = dot(features, &self.negative);
        // exp(-(bias + x)) is the product of two, one of which is known and the other shared by the tasks.
        let (against_odds, for_odds) = ((-speaks_against).exp(), (-speaks_for).exp());
        std::array::from_fn(|task| {
            let odds = if PREDICTED[task].is_negative() { against_odds } else { for_odds };
            1.0 / (1.0 + self.base_odds[task] * odds)
        })
    }
}

/// The sum of products, in lanes that need not wait for each other.
fn dot(features: &[f32], coefficients: &[f32; FEATURES]) -> f32 {
    let (features, rest) = features.as_chunks::<8>();
    let (coefficients, others) = coefficients.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (features, coefficients) in features.iter().zip(coefficients) {
        for (lane, (feature, coefficient)) in lanes.iter_mut().zip(features.iter().zip(coefficients)) {
            *lane += feature * coefficient;
        }
    }
    let rest: f32 = rest.iter().zip(others).map(|(feature, coefficient)| feature * coefficient).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        let model = PriorModel::default();
        let base = model.predict(&[0.0; INPUTS]);
        assert!(base.iter().all(|p| (0.0..1.0).contains(p)));
        let mut followed = [0.0; INPUTS];
        followed[Feature::FollowsAuthor as usize] = 1.0;
        let better = model.predict(&followed);
        assert!(better[2] > base[2] && better[6] < base[6]);
        let mut chosen = [0.0; INPUTS];
        chosen[FEATURES] = 1.0;
        assert!(model.predict(&chosen)[2] > base[2]);
    }
}
