//! A trained classifier of texts as a version of the registry.

use super::run::Trained;
use milieu_onnx::OnnxError;
use milieu_registry::{
    DataDescription, Draft, ElementType, GramsPreparation, ModelCard, Preprocessing, RegistryError,
    TensorSpec,
};
use milieu_text::Grams;
use milieu_types::Timestamp;
use std::collections::BTreeMap;

/// The task that cards of classifiers of texts name.
pub const TASK: &str = "text_classification";
/// The graph.
const MODEL_FILE: &str = "model.onnx";

/// Why a model cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has no graph.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The registry refuses it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A part of it cannot be written down.
    #[error("{0}")]
    Unwritable(String),
}

/// The version to publish under `name`: the graph, and a card by which a server does to texts what training did.
///
/// # Errors
/// [`PublishError`].
pub fn draft(name: &str, trained: &Trained, created_at: Timestamp) -> Result<Draft, PublishError> {
    let Trained { report, bag } = trained;
    let unwritable = |error: &dyn std::fmt::Display| PublishError::Unwritable(error.to_string());
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
    let mut attributes = BTreeMap::new();
    card.write(&mut attributes)?;
    let test = &report.test;
    let metrics = [
        ("accuracy", test.accuracy.mean),
        ("accuracy_low", test.accuracy.low),
        ("accuracy_high", test.accuracy.high),
        ("macro_f1", test.macro_f1),
        ("log_loss", test.log_loss),
        ("calibration_error", test.calibration_error),
        ("parameters", report.parameters as f64),
        ("seconds", report.seconds),
    ];
    let [train, validation, of_test] = report.parts.map(|count| count as u64);
    let counts = [("train", train), ("validation", validation), ("test", of_test)];
    let json = serde_json::to_vec_pretty(report).map_err(|error| unwritable(&error))?;
    Ok(Draft {
        kind: name.to_owned(),
        created_at,
        files: vec![(MODEL_FILE.to_owned(), bag.onnx()?.write()), ("report.json".to_owned(), json)],
        metrics: metrics.map(|(name, value)| (name.to_owned(), value)).into(),
        data: DataDescription {
            last_seq: 0,
            counts: counts.map(|(name, count)| (name.to_owned(), count)).into(),
            hash: report.data_hash.clone(),
        },
        parent: None,
        recipe: toml::to_string(&report.recipe.named()).map_err(|error| unwritable(&error))?,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        attributes,
    })
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
