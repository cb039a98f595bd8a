//! What the versions of every recipe have in common.

use milieu_models::ModelError;
use milieu_onnx::OnnxError;
use milieu_registry::{DataDescription, Draft, ModelCard, RegistryError};
use milieu_types::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The graph.
pub const MODEL_FILE: &str = "model.onnx";

/// Why a model cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has no graph.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Its graph cannot be made, or not be joined to another.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The registry refuses it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A part of it cannot be written down.
    #[error("{0}")]
    Unwritable(String),
}

/// A run of a recipe, as its version tells of it.
pub(crate) struct Run<'a, R> {
    pub(crate) name: &'a str,
    pub(crate) created_at: Timestamp,
    /// The recipe, without the folders that its files lie in.
    pub(crate) recipe: &'a R,
    /// Examples of the training, validation and test part.
    pub(crate) parts: [usize; 3],
    pub(crate) data_hash: &'a str,
}

impl<R: Serialize> Run<'_, R> {
    /// The version to publish.
    pub(crate) fn draft(
        &self,
        card: &ModelCard,
        files: Vec<(String, Vec<u8>)>,
        metrics: BTreeMap<String, f64>,
    ) -> Result<Draft, PublishError> {
        let mut attributes = BTreeMap::new();
        card.write(&mut attributes)?;
        let recipe = toml::to_string(self.recipe);
        let names = ["train", "validation", "test"].into_iter().map(str::to_owned);
        Ok(Draft {
            kind: self.name.to_owned(),
            created_at: self.created_at,
            files,
            metrics,
            data: DataDescription {
                last_seq: 0,
                counts: names.zip(self.parts.map(|count| count as u64)).collect(),
                hash: self.data_hash.to_owned(),
            },
            parent: None,
            recipe: recipe.map_err(|error| PublishError::Unwritable(error.to_string()))?,
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            attributes,
        })
    }
}

/// Metrics under their names.
pub(crate) fn named<'a>(metrics: impl IntoIterator<Item = (&'a str, f64)>) -> BTreeMap<String, f64> {
    metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
