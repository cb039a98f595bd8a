//! A trained classifier as a version of the registry.

use super::network as network_file;
use super::report::html;
use super::run::{Report, Trained};
use crate::version::{MODEL_FILE, PublishError, Run, named};
use milieu_dataset::pictures::{Fit, Preparation};
use milieu_onnx::rewrite;
use milieu_registry::{
    Draft, ElementType, ModelCard, PictureFit, PicturePreparation, Preprocessing, TensorSpec,
};
use milieu_types::Timestamp;

/// The task that cards of classifiers of pictures name.
pub const TASK: &str = "image_classification";
/// The layers and what they learnt, to be trained on.
pub const NETWORK_FILE: &str = "network.bin";

/// The version to publish under `name`: the graph, the network to train on, the report, and a card by which a
/// server does to pictures what training did.
///
/// # Errors
/// [`PublishError`].
pub fn draft(name: &str, trained: &Trained, created_at: Timestamp) -> Result<Draft, PublishError> {
    let Trained { report, layers, input, encoder, parameters, mistakes } = trained;
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
    let mut files = vec![
        (MODEL_FILE.to_owned(), graph.write()),
        ("report.html".to_owned(), html(name, report, mistakes).into_bytes()),
    ];
    // A head without its encoder is no network to train on.
    if encoder.is_none() {
        files.push((NETWORK_FILE.to_owned(), learnt));
    }
    let more = [("parameters", report.parameters as f64), ("seconds", report.seconds)];
    let metrics = named(report.test.metrics().into_iter().chain(more));
    let Report { parts, data_hash, recipe, .. } = report;
    Run { name, created_at, recipe: &recipe.named(), parts: *parts, data_hash }.draft(&card, files, metrics)
}

fn prepared(preparation: &Preparation) -> PicturePreparation {
    let &Preparation { side, fit, mean, deviation } = preparation;
    let fit = match fit {
        Fit::Crop => PictureFit::Crop,
        Fit::Squash => PictureFit::Squash,
    };
    PicturePreparation { side, fit, mean, deviation }
}
