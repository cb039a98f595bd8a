//! A published encoder as a version that gives vectors of texts.

use super::encoder::{EncoderError, TOKENIZER, read_encoder};
use crate::version::{MODEL_FILE, PublishError};
use milieu_content::EMBEDDING_TASK;
use milieu_models::{TextOutput, onnx_text};
use milieu_registry::{
    DataDescription, Draft, ElementType, ModelCard, Preprocessing, TensorSpec, TextPreparation,
};
use milieu_types::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Tokens of a text that are read where the folder does not say how many.
const USUAL_TOKENS: usize = 512;

/// Why a published encoder is no version.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// It cannot be read.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// It cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The version to publish under `name` of an encoder in the format of Hugging Face: `config.json`, `model.safetensors` and
/// `tokenizer.json` in a folder. It gives the mean over a text's tokens, brought to length 1 (Reimers and Gurevych 2019).
///
/// # Errors
/// [`EmbeddingError`].
pub fn embedding_draft(folder: &Path, name: &str, created_at: Timestamp) -> Result<Draft, EmbeddingError> {
    let wanted = told(folder);
    let read = read_encoder(folder, wanted.unwrap_or(USUAL_TOKENS))?;
    let shape = read.found.encoder.shape();
    let tokens = read.tokenizer.most().min(shape.positions);
    let graph =
        onnx_text(&shape, &read.found.parameters, TextOutput::Embedding).map_err(PublishError::from)?;
    let card = ModelCard {
        task: EMBEDDING_TASK.to_owned(),
        model_file: MODEL_FILE.to_owned(),
        inputs: ["input_ids", "attention_mask"]
            .map(|name| TensorSpec::new(name, ElementType::I64, &[0, 0]))
            .to_vec(),
        outputs: vec![TensorSpec::new("embedding", ElementType::F32, &[0, shape.width as u64])],
        preprocessing: Some(Preprocessing::Text(TextPreparation {
            tokenizer: TOKENIZER.to_owned(),
            maximum_tokens: tokens as u32,
        })),
        ..ModelCard::default()
    };
    let mut attributes = BTreeMap::new();
    card.write(&mut attributes).map_err(PublishError::from)?;
    Ok(Draft {
        kind: name.to_owned(),
        created_at,
        files: vec![(MODEL_FILE.to_owned(), graph.write()), (TOKENIZER.to_owned(), read.json)],
        metrics: BTreeMap::from([("parameters".to_owned(), read.found.parameters.count() as f64)]),
        data: DataDescription { last_seq: 0, counts: BTreeMap::new(), hash: String::new() },
        parent: None,
        recipe: String::new(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        attributes,
    })
}

/// How many tokens sentence-transformers would read.
fn told(folder: &Path) -> Option<usize> {
    let bytes = std::fs::read(folder.join("sentence_bert_config.json")).ok()?;
    let config: Value = serde_json::from_slice(&bytes).ok()?;
    usize::try_from(config["max_seq_length"].as_u64()?).ok().filter(|&tokens| tokens >= 2)
}
