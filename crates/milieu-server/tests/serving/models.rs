//! Models small enough to be understood: they look at the mean colour of a picture.

use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Value};
use milieu_registry::{
    DataDescription, Draft, ModelCard, PictureFit, PicturePreparation, Preprocessing, Registry, check_model,
};
use milieu_types::Timestamp;
use std::collections::BTreeMap;

pub(crate) const AT: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const NAME: &str = "colours";
pub(crate) const SIDE: usize = 8;

/// `logits = gain x the mean of red, green and blue`, turned on by so many classes.
pub(crate) fn colours(gain: f32, turn: usize) -> Vec<u8> {
    let mut graph = Builder::new("colours");
    let batch = || Length::from("batch");
    let sides = [batch(), 3.into(), SIDE.into(), SIDE.into()];
    let pixels = graph.input("pixels", Element::F32, &sides);
    let axes = vec![("axes", Value::Ints(vec![2, 3])), ("keepdims", Value::Int(0))];
    let means = graph.node("ReduceMean", &[&pixels], axes);
    let mut weights = [0.0; 9];
    for from in 0..3 {
        weights[from * 3 + (from + turn) % 3] = gain;
    }
    let weights = graph.constant(Tensor::of_f32("weights", &[3, 3], &weights));
    graph.node_named("MatMul", &[&means, &weights], "logits", vec![]);
    graph.output("logits", Element::F32, &[batch(), 3.into()]);
    graph.finish().unwrap().write()
}

/// The same with as many weights that do nothing.
pub(crate) fn heavy(weights: usize) -> Vec<u8> {
    let mut graph = Builder::new("heavy");
    let sides = [Length::from("batch"), 3.into(), SIDE.into(), SIDE.into()];
    let pixels = graph.input("pixels", Element::F32, &sides);
    let means = graph.node(
        "ReduceMean",
        &[&pixels],
        vec![("axes", Value::Ints(vec![2, 3])), ("keepdims", Value::Int(0))],
    );
    let ballast = graph.constant(Tensor::of_f32("ballast", &[weights], &vec![0.0; weights]));
    let sum = graph.node("ReduceSum", &[&ballast], vec![("keepdims", Value::Int(0))]);
    graph.node_named("Add", &[&means, &sum], "logits", vec![]);
    graph.output("logits", Element::F32, &["batch".into(), 3.into()]);
    graph.finish().unwrap().write()
}

pub(crate) fn card(model: &[u8]) -> ModelCard {
    let signature = check_model(model).unwrap();
    let picture = PicturePreparation {
        side: SIDE as u32,
        fit: PictureFit::Squash,
        mean: [0.0; 3],
        deviation: [1.0; 3],
    };
    ModelCard {
        task: "image_classification".into(),
        model_file: "model.onnx".into(),
        inputs: signature.inputs,
        outputs: signature.outputs,
        preprocessing: Some(Preprocessing::Picture(picture)),
        labels: ["red", "green", "blue"].map(String::from).to_vec(),
        ..ModelCard::default()
    }
}

/// Publishes under a name; gives the version.
pub(crate) fn publish(registry: &Registry, name: &str, model: &[u8], card: &ModelCard) -> u32 {
    publish_beside(registry, name, model, card, [])
}

/// The same with other files.
pub(crate) fn publish_beside<'a>(
    registry: &Registry,
    name: &str,
    model: &[u8],
    card: &ModelCard,
    beside: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
) -> u32 {
    let mut attributes = BTreeMap::new();
    card.write(&mut attributes).unwrap();
    let draft = Draft {
        kind: name.into(),
        created_at: AT,
        files: std::iter::once(("model.onnx".into(), model.to_vec()))
            .chain(beside.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)))
            .collect(),
        metrics: BTreeMap::new(),
        data: DataDescription::default(),
        parent: None,
        recipe: String::new(),
        code_version: String::new(),
        attributes,
    };
    registry.publish(&draft).unwrap().version
}

/// Publishes a model of colours and makes the first one live.
pub(crate) fn publish_colours(registry: &Registry, gain: f32, turn: usize) -> u32 {
    let model = colours(gain, turn);
    let version = publish(registry, NAME, &model, &card(&model));
    if version == 1 {
        registry.promote(NAME, 1, AT).unwrap();
    }
    version
}

/// A picture of one colour, in PNG.
pub(crate) fn plain(colour: [u8; 3]) -> Vec<u8> {
    milieu_media::png(&colour.repeat(SIDE * SIDE), SIDE as u32, SIDE as u32).unwrap()
}
