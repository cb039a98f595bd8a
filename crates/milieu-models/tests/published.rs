//! An encoder that others have published computes what its reference implementation computes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_models::text::published;
use milieu_models::{TextOutput, onnx_text};
use milieu_nn::kernels::Spans;
use milieu_nn::ops::packed::mean;
use milieu_nn::{Tape, values};
use rten::{Model, Value};
use serde_json::Value as Json;
use std::path::PathBuf;

#[test]
fn mpnet_is_what_its_reference_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/mpnet");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let found = published(&read("config.json"), &read("model.safetensors")).unwrap();
    let golden: Json = serde_json::from_slice(&read("golden.json")).unwrap();
    let texts: Vec<Vec<u32>> = serde_json::from_value(golden["texts"].clone()).unwrap();
    let expected: Vec<Vec<f32>> = serde_json::from_value(golden["means"].clone()).unwrap();

    let spans = Spans::new(texts.iter().map(Vec::len));
    let tape = Tape::answering(&found.parameters);
    let means = values(mean(found.encoder.forward(&tape, &texts.concat(), &spans, 0.0), &spans));
    for (mean, expected) in means.chunks_exact(8).zip(&expected) {
        assert!(mean.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-4), "{mean:?} {expected:?}");
    }

    let graph = onnx_text(&found.encoder.shape(), &found.parameters, TextOutput::Embedding).unwrap();
    let model = Model::load(graph.write()).unwrap();
    let length = texts.iter().map(Vec::len).max().unwrap();
    let filled = |of: &dyn Fn(&Vec<u32>, usize) -> i32| {
        let values: Vec<i32> = texts.iter().flat_map(|text| (0..length).map(|at| of(text, at))).collect();
        Value::from_shape([texts.len(), length].as_slice(), values).unwrap()
    };
    let tokens = filled(&|text, at| text.get(at).map_or(1, |&token| token as i32));
    let mask = filled(&|text, at| i32::from(at < text.len()));
    let named = |name: &str| model.node_id(name).unwrap();
    let inputs = vec![(named("input_ids"), tokens.into()), (named("attention_mask"), mask.into())];
    let outputs = model.run(inputs, model.output_ids(), None).unwrap();
    let vectors: Vec<f32> = outputs[0].as_tensor_view::<f32>().unwrap().iter().copied().collect();
    for (number, expected) in expected.iter().enumerate() {
        let length = expected.iter().map(|x| x * x).sum::<f32>().sqrt();
        for (place, expected) in expected.iter().enumerate() {
            let found = vectors[number * 8 + place];
            assert!(
                (found - expected / length).abs() < 1e-4,
                "{number} {place}: {found} {}",
                expected / length
            );
        }
    }
}
