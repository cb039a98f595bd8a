//! A trained next-item network as a version of the registry.

use super::run::Report;
use crate::settings::name_only;
use milieu_models::{ModelError, onnx_next};
use milieu_nn::Parameters;
use milieu_registry::{DataDescription, Draft, ElementType, ModelCard, RegistryError, TensorSpec};
use milieu_types::Timestamp;
use std::collections::BTreeMap;

/// The task that cards of next-item networks name.
pub const TASK: &str = "next_item";
/// The graph.
const MODEL_FILE: &str = "model.onnx";

/// Why a network cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has no graph.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The registry refuses it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A part of it cannot be written down.
    #[error("{0}")]
    Unwritable(String),
}

/// The version to publish under `name`: the graph, and a card whose labels are the items in the order of the
/// scores.
///
/// # Errors
/// [`PublishError`].
pub fn draft(
    name: &str,
    report: &Report,
    parameters: &Parameters,
    created_at: Timestamp,
) -> Result<Draft, PublishError> {
    let items = report.items.len();
    let model = &report.recipe.model;
    let graph = onnx_next(&model.layers(items), model.input(), parameters)?;
    let length = model.input().count() as u64;
    let card = ModelCard {
        task: TASK.to_owned(),
        model_file: MODEL_FILE.to_owned(),
        inputs: vec![TensorSpec::new("items", ElementType::I64, &[0, length])],
        outputs: vec![TensorSpec::new("scores", ElementType::F32, &[0, items as u64])],
        labels: report.items.clone(),
        ..ModelCard::default()
    };
    let mut attributes = BTreeMap::new();
    card.write(&mut attributes)?;
    let mut metrics = BTreeMap::new();
    for (measure, figures) in [("hit_rate", &report.test.hit_rate), ("ndcg", &report.test.ndcg)] {
        metrics.extend(figures.iter().map(|(k, found)| (format!("{measure}_{k}"), found.mean)));
    }
    metrics.extend([
        ("mrr".to_owned(), report.test.mrr.mean),
        ("parameters".to_owned(), report.parameters as f64),
        ("seconds".to_owned(), report.seconds),
    ]);
    let mut recipe = report.recipe.clone();
    recipe.data.path = name_only(&recipe.data.path);
    let [train, validation, of_test] = report.parts.map(|count| count as u64);
    let counts = [("train", train), ("validation", validation), ("test", of_test), ("items", items as u64)];
    Ok(Draft {
        kind: name.to_owned(),
        created_at,
        files: vec![(MODEL_FILE.to_owned(), graph.write())],
        metrics,
        data: DataDescription {
            last_seq: 0,
            counts: counts.map(|(name, count)| (name.to_owned(), count)).into(),
            hash: report.data_hash.clone(),
        },
        parent: None,
        recipe: toml::to_string(&recipe).map_err(|error| PublishError::Unwritable(error.to_string()))?,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        attributes,
    })
}
