//! A trained classifier as a version of the registry.

use super::network as network_file;
use super::report::html;
use super::run::Trained;
use milieu_dataset::pictures::{Fit, Preparation};
use milieu_models::ModelError;
use milieu_onnx::{OnnxError, rewrite};
use milieu_registry::{
    DataDescription, Draft, ElementType, ModelCard, PictureFit, PicturePreparation, Preprocessing,
    RegistryError, TensorSpec,
};
use milieu_types::Timestamp;
use std::collections::BTreeMap;

/// The task that cards of classifiers of pictures name.
pub const TASK: &str = "image_classification";
/// The graph.
pub const MODEL_FILE: &str = "model.onnx";
/// The layers and what they learnt, to be trained on.
pub const NETWORK_FILE: &str = "network.bin";

/// Why a model cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has no graph.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Its graph cannot be joined to that of the encoder.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The registry refuses it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A part of it cannot be written down.
    #[error("{0}")]
    Unwritable(String),
}

/// The version to publish under `name`: the graph, the network to train on, the report, and a card by which a
/// server does to pictures what training did.
///
/// # Errors
/// [`PublishError`].
pub fn draft(name: &str, trained: &Trained, created_at: Timestamp) -> Result<Draft, PublishError> {
    let Trained { report, layers, input, encoder, parameters, mistakes } = trained;
    let unwritable = |error: &dyn std::fmt::Display| PublishError::Unwritable(error.to_string());
    let network = milieu_models::onnx(layers, *input, parameters)?;
    let (graph, input_name) = match encoder {
        Some(encoder) => (rewrite::join(&encoder.graph, &encoder.value, &network)?, encoder.input.as_str()),
        None => (network, "input"),
    };
    let graph = if report.recipe.answer.mirrored { rewrite::mirrored(&graph)? } else { graph };
    let learnt = network_file::write(layers, parameters).map_err(PublishError::Unwritable)?;
    let side = u64::from(report.preparation.side);
    let card = ModelCard {
        task: TASK.to_owned(),
        model_file: MODEL_FILE.to_owned(),
        inputs: vec![TensorSpec::new(input_name, ElementType::F32, &[0, 3, side, side])],
        outputs: vec![TensorSpec::new("logits", ElementType::F32, &[0, report.classes.len() as u64])],
        preprocessing: Some(Preprocessing::Picture(prepared(&report.preparation))),
        labels: report.classes.clone(),
        temperature: Some(report.test.temperature),
        ..ModelCard::default()
    };
    let mut attributes = BTreeMap::new();
    card.write(&mut attributes)?;
    let mut files = vec![
        (MODEL_FILE.to_owned(), graph.write()),
        ("report.html".to_owned(), html(name, report, mistakes).into_bytes()),
    ];
    // A head without its encoder is no network to train on.
    if encoder.is_none() {
        files.push((NETWORK_FILE.to_owned(), learnt));
    }
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
    Ok(Draft {
        kind: name.to_owned(),
        created_at,
        files,
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

fn prepared(preparation: &Preparation) -> PicturePreparation {
    let &Preparation { side, fit, mean, deviation } = preparation;
    let fit = match fit {
        Fit::Crop => PictureFit::Crop,
        Fit::Squash => PictureFit::Squash,
    };
    PicturePreparation { side, fit, mean, deviation }
}
