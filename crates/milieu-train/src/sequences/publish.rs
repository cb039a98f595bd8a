//! A trained next-item network as a version of the registry.

use super::run::Report;
use crate::settings::name_only;
use crate::version::{MODEL_FILE, PublishError, Run};
use milieu_models::onnx_next;
use milieu_nn::Parameters;
use milieu_registry::{Draft, ElementType, ModelCard, TensorSpec};
use milieu_types::Timestamp;
use std::collections::BTreeMap;

/// The task that cards of next-item networks name.
pub const TASK: &str = "next_item";

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
    let files = vec![(MODEL_FILE.to_owned(), graph.write())];
    let (parts, data_hash) = (report.parts, report.data_hash.as_str());
    let run = Run { name, created_at, recipe: &recipe, parts, data_hash };
    let mut draft = run.draft(&card, files, metrics)?;
    draft.data.counts.insert("items".to_owned(), items as u64);
    Ok(draft)
}
