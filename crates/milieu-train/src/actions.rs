//! Training the action model, and whether it may serve.

use crate::{ActionsConfig, TrainConfig};
use milieu_feed::{ActionScorer, INPUTS, PREDICTED, input_names};
use milieu_ranker::{ActionModel, Examples, HeadMetrics, RankerError, measure_heads, train};
use std::collections::BTreeMap;

/// The fewest positive and negative test examples from which a head's AUC is trusted.
const TRUSTED: usize = 20;

/// A trained action model with its test figures.
#[derive(Debug, Clone)]
pub struct TrainedActions {
    /// The model.
    pub model: ActionModel,
    /// How many examples it was trained on.
    pub examples: usize,
    /// AUC and log loss by action on the latest examples, which it was not trained on; `auc` is the mean
    /// over the actions, `auc/prior` and `auc/incumbent` those of what it is compared with.
    pub metrics: BTreeMap<String, f64>,
    /// Whether it is better than the prior and the incumbent.
    pub is_better: bool,
}

/// Trains on all but the latest examples and measures on those. `None`, with the reason, where there is
/// too little to learn from.
///
/// # Errors
/// [`RankerError`] for a configuration out of range.
pub fn train_actions(
    inputs: &[[f32; INPUTS]],
    labels: &[[u8; PREDICTED.len()]],
    incumbent: Option<&ActionScorer>,
    config: &TrainConfig,
) -> Result<Result<TrainedActions, String>, RankerError> {
    let ActionsConfig { min_examples, validation_share, .. } = config.actions;
    if inputs.len() < min_examples {
        return Ok(Err(format!("{} examples are too few; {min_examples} are needed", inputs.len())));
    }
    let held_out = (inputs.len() as f64 * validation_share.clamp(0.05, 0.5)) as usize;
    let training = inputs.len() - held_out;
    let test_labels = labels[training..].as_flattened();
    let measured = |scorer: &ActionScorer| {
        let predicted = scorer.predict(&inputs[training..]);
        measure_heads(&task_names(), predicted.as_flattened(), test_labels)
    };
    let (prior, _) = mean_auc(&measured(&ActionScorer::default()));
    let Some(prior) = prior else {
        return Ok(Err("the latest examples hold too few actions to compare models on".into()));
    };
    let mut metrics = BTreeMap::from([("auc/prior".to_owned(), prior)]);
    let incumbent = incumbent.and_then(|scorer| mean_auc(&measured(scorer)).0);
    metrics.extend(incumbent.map(|auc| ("auc/incumbent".to_owned(), auc)));

    let examples = Examples {
        features: inputs[..training].as_flattened().to_vec(),
        labels: labels[..training].as_flattened().to_vec(),
        ..Examples::new(input_names().map(Into::into).to_vec(), task_names())
    };
    let ranker = milieu_ranker::TrainConfig { seed: config.seed, ..Default::default() };
    let (model, _) = train(&examples, &ranker)?;
    let scorer = ActionScorer::learnt("candidate", model.clone())?;
    let (auc, by_task) = mean_auc(&measured(&scorer));
    metrics.extend(by_task);
    metrics.extend(auc.map(|auc| ("auc".to_owned(), auc)));
    let is_better = auc.is_some_and(|auc| auc > prior.max(incumbent.unwrap_or(0.0)));
    Ok(Ok(TrainedActions { model, examples: training, metrics, is_better }))
}

fn task_names() -> Vec<String> {
    PREDICTED.map(|action| action.name().to_owned()).to_vec()
}

/// The mean AUC over the heads with enough examples of both kinds, and the figures of each.
fn mean_auc(heads: &[HeadMetrics]) -> (Option<f64>, BTreeMap<String, f64>) {
    let mut metrics = BTreeMap::new();
    let (mut sum, mut count) = (0.0, 0);
    for head in heads.iter().filter(|h| h.positives >= TRUSTED && h.examples - h.positives >= TRUSTED) {
        if let Some(auc) = head.auc {
            metrics.insert(format!("auc/{}", head.task), auc);
            sum += auc;
            count += 1;
        }
        metrics.extend(head.log_loss.map(|loss| (format!("log_loss/{}", head.task), loss)));
        metrics.extend(head.calibration_error.map(|e| (format!("calibration_error/{}", head.task), e)));
    }
    ((count > 0).then(|| sum / f64::from(count)), metrics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn beats_the_prior_where_the_community_differs_from_it() {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut inputs = Vec::new();
        let mut labels = Vec::new();
        for _ in 0..6000 {
            let row: [f32; INPUTS] = std::array::from_fn(|_| random.random());
            // This community likes long texts, which the prior does not know.
            let place = milieu_world::Feature::TextLength as usize;
            let like = random.random::<f32>() < row[place] * 0.5;
            let mut label = [0; PREDICTED.len()];
            label[2] = u8::from(like);
            inputs.push(row);
            labels.push(label);
        }
        let config = TrainConfig::default();
        let trained = train_actions(&inputs, &labels, None, &config).unwrap().unwrap();
        assert!(trained.is_better && trained.metrics["auc/like"] > 0.65, "{:?}", trained.metrics);
        let same = ActionScorer::learnt("incumbent", trained.model).unwrap();
        let again = train_actions(&inputs, &labels, Some(&same), &config).unwrap().unwrap();
        assert!(!again.is_better, "what equals the incumbent does not replace it");
        assert!(train_actions(&inputs[..10], &labels[..10], None, &config).unwrap().is_err());
    }
}
