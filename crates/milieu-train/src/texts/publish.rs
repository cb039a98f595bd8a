//! A trained classifier of texts as a version of the registry.

use super::run::{Report, Trained};
use crate::version::{MODEL_FILE, PublishError, Run, named};
use milieu_registry::{Draft, ElementType, GramsPreparation, ModelCard, Preprocessing, TensorSpec};
use milieu_text::Grams;
use milieu_types::Timestamp;

/// The task that cards of classifiers of texts name.
pub const TASK: &str = "text_classification";

/// The version to publish under `name`: the graph, and a card by which a server does to texts what training did.
///
/// # Errors
/// [`PublishError`].
pub fn draft(name: &str, trained: &Trained, created_at: Timestamp) -> Result<Draft, PublishError> {
    let Trained { report, bag } = trained;
    let card = ModelCard {
        task: TASK.to_owned(),
        model_file: MODEL_FILE.to_owned(),
        inputs: vec![
            TensorSpec::new("rows", ElementType::I64, &[0, 0]),
            TensorSpec::new("share", ElementType::F32, &[0, 1]),
        ],
        outputs: vec![TensorSpec::new("logits", ElementType::F32, &[0, report.classes.len() as u64])],
        preprocessing: Some(Preprocessing::Grams(prepared(&report.recipe.model.grams))),
        labels: report.classes.clone(),
        temperature: Some(report.test.temperature),
        ..ModelCard::default()
    };
    let more = [("parameters", report.parameters as f64), ("seconds", report.seconds)];
    let metrics = named(report.test.metrics().into_iter().chain(more));
    let json = serde_json::to_vec_pretty(report);
    let json = json.map_err(|error| PublishError::Unwritable(error.to_string()))?;
    let files = vec![(MODEL_FILE.to_owned(), bag.onnx()?.write()), ("report.json".to_owned(), json)];
    let Report { parts, data_hash, recipe, .. } = report;
    Run { name, created_at, recipe: &recipe.named(), parts: *parts, data_hash }.draft(&card, files, metrics)
}

fn prepared(grams: &Grams) -> GramsPreparation {
    let &Grams { words, shortest, longest, apart, disguise, rows } = grams;
    let of = |count: usize| count as u32;
    GramsPreparation {
        words: of(words),
        shortest: of(shortest),
        longest: of(longest),
        apart: of(apart),
        disguise,
        rows,
    }
}
