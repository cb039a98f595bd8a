//! A trained tagger as a version of the registry.

use super::network::TunedTagger;
use super::run::{Report, Trained};
use crate::texts::TOKENIZER;
use crate::version::{MODEL_FILE, PublishError, Run, named};
use milieu_content::SLOTS_TASK;
use milieu_models::{TextOutput, onnx_text};
use milieu_registry::{Draft, ElementType, ModelCard, Preprocessing, TensorSpec, TextPreparation};
use milieu_types::Timestamp;

/// What the chain has learnt, in the folder of a version.
const CHAIN: &str = "chain.json";

/// The version to publish under `name`: the graph, the chain, and a card by which a server does to texts what training
/// did.
///
/// # Errors
/// [`PublishError`].
pub fn draft(name: &str, trained: &Trained, created_at: Timestamp) -> Result<Draft, PublishError> {
    let Trained { report, model } = trained;
    let TunedTagger { shape, parameters, chain, tokenizer, tokens } = model;
    let (classes, tags) = (report.classes.len(), chain.tags());
    let graph = onnx_text(shape, parameters, TextOutput::Tags { classes, tags })?;
    let logits = TensorSpec::new("logits", ElementType::F32, &[0, classes as u64]);
    let emissions = TensorSpec::new("emissions", ElementType::F32, &[0, 0, tags as u64]);
    let temperature = report.test.intent.as_ref().map(|intent| intent.temperature);
    let card = ModelCard {
        task: SLOTS_TASK.to_owned(),
        model_file: MODEL_FILE.to_owned(),
        inputs: ["input_ids", "attention_mask"]
            .map(|name| TensorSpec::new(name, ElementType::I64, &[0, 0]))
            .to_vec(),
        outputs: if classes > 0 { vec![logits, emissions] } else { vec![emissions] },
        preprocessing: Some(Preprocessing::Text(TextPreparation {
            tokenizer: TOKENIZER.to_owned(),
            maximum_tokens: *tokens as u32,
        })),
        labels: report.classes.clone(),
        temperature,
        chain: Some(CHAIN.to_owned()),
        ..ModelCard::default()
    };
    let json = |value: Result<Vec<u8>, serde_json::Error>| {
        value.map_err(|error| PublishError::Unwritable(error.to_string()))
    };
    let files = vec![
        (MODEL_FILE.to_owned(), graph.write()),
        (TOKENIZER.to_owned(), tokenizer.clone()),
        (CHAIN.to_owned(), json(serde_json::to_vec(chain))?),
        ("report.json".to_owned(), json(serde_json::to_vec_pretty(report))?),
    ];
    let more = [("parameters", report.parameters as f64), ("seconds", report.seconds)];
    let metrics = named(report.test.metrics().into_iter().chain(more));
    let Report { parts, data_hash, recipe, .. } = report;
    Run { name, created_at, recipe: &recipe.named(), parts: *parts, data_hash }.draft(&card, files, metrics)
}
