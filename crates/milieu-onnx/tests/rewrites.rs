//! What is rewritten computes the same, or nearly, in rten.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{difference, picture, run, values};
use milieu_onnx::proto::{Graph, Tensor};
use milieu_onnx::rewrite::{
    Form, Ranges, expose, fold_batch_norm, half_weights, magnitude, mirrored, prune_channels,
    quantisable_tensors, quantise_dynamic, quantise_static, quantise_weights,
};
use milieu_onnx::{Limits, Model, Value};

fn pictures(count: usize) -> Vec<f32> {
    values(count * 432, 99)
}

fn count(graph: &Graph, operator: &str) -> usize {
    graph.node.iter().filter(|node| node.is(operator)).count()
}

/// Ranges of the quantisable values over some pictures.
fn ranges(model: &Model, pictures: &[f32]) -> Ranges {
    let names = quantisable_tensors(model);
    let exposed = expose(model, &names).unwrap();
    let outputs = run(&exposed, pictures);
    let mut ranges = Ranges::default();
    ranges.observe("input", pictures, 0.0);
    for (output, values) in exposed.graph().output.iter().zip(outputs) {
        ranges.observe(output.name(), &values, 0.0);
    }
    ranges
}

#[test]
fn each_rewrite_computes_nearly_the_same() {
    let model = picture(8);
    let folded = fold_batch_norm(&model).unwrap();
    let ranges = ranges(&folded, &pictures(8));
    let check = |changed: Model, most: f32, operators: &[(&str, usize)]| {
        let found = run(&changed, &pictures(4)).remove(0);
        let far = difference(&found, &run(&model, &pictures(4))[0]);
        assert!(far <= most, "{operators:?}: {far}");
        for (operator, wanted) in operators {
            assert_eq!(count(changed.graph(), operator), *wanted, "{operator}");
        }
        let bytes = changed.write();
        assert_eq!(Model::read(&bytes, &Limits::default()).unwrap().write(), bytes);
    };
    check(folded.clone(), 1e-5, &[("BatchNormalization", 0), ("Conv", 5)]);
    check(half_weights(&folded).unwrap(), 2e-3, &[("Cast", 7)]);
    check(quantise_weights(&folded).unwrap(), 0.03, &[("Cast", 7), ("Mul", 7)]);
    check(quantise_dynamic(&folded).unwrap(), 0.03, &[("MatMulInteger", 2), ("Gemm", 0), ("MatMul", 0)]);
    let pairs = quantise_static(&folded, &ranges, Form::Pairs).unwrap();
    check(pairs, 0.08, &[("Conv", 5), ("MatMulInteger", 0)]);
    let integer = quantise_static(&folded, &ranges, Form::Integer).unwrap();
    check(integer, 0.08, &[("ConvInteger", 2), ("MatMulInteger", 2), ("Conv", 3)]);
}

#[test]
fn files_get_smaller() {
    let model = fold_batch_norm(&picture(32)).unwrap();
    let size = |model: Model| model.write().len() as f32;
    let before = size(model.clone());
    assert!(size(half_weights(&model).unwrap()) < 0.55 * before);
    assert!(size(quantise_weights(&model).unwrap()) < 0.35 * before);
    assert!(size(prune_channels(&model, 0.5).unwrap()) < 0.35 * before);
}

#[test]
fn ranges_are_needed() {
    let model = picture(4);
    let names = quantisable_tensors(&model);
    assert!(names.contains(&"input".to_owned()) && !names.contains(&"logits".to_owned()), "{names:?}");
    let found = quantise_static(&model, &Ranges::default(), Form::Pairs).unwrap_err().to_string();
    assert!(found.contains("the range of"), "{found}");
    assert!(expose(&model, &["nowhere".to_owned()]).is_err());
}

#[test]
fn both_sides_are_looked_at() {
    let model = fold_batch_norm(&picture(8)).unwrap();
    let both = mirrored(&model).unwrap();
    let mut turned = pictures(3);
    turned.chunks_exact_mut(12).for_each(<[f32]>::reverse);
    let (plain, other) = (run(&model, &pictures(3)).remove(0), run(&model, &turned).remove(0));
    let mean: Vec<f32> = plain.iter().zip(&other).map(|(a, b)| 0.5 * (a + b)).collect();
    assert!(difference(&mean, &plain) > 0.01);
    let far = difference(&run(&both, &pictures(3))[0], &mean);
    assert!(far < 1e-5, "{far}");
    // It has no side of its own any more, also in 8 bits.
    let integer = quantise_static(&both, &ranges(&both, &pictures(8)), Form::Integer).unwrap();
    for model in [&both, &integer] {
        assert!(difference(&run(model, &turned)[0], &run(model, &pictures(3))[0]) < 1e-5);
    }
    let exposed = expose(&model, &quantisable_tensors(&model)).unwrap();
    assert!(mirrored(&exposed).unwrap_err().to_string().contains("does not give one N x K"));
}

/// The model with the last half of each convolution's channels set to 0.
fn half_dead(model: &Model) -> Model {
    let mut proto = model.clone().into_proto();
    let graph = proto.graph.as_mut().unwrap();
    let convolutions: Vec<(String, String)> = graph
        .node
        .iter()
        .filter(|node| node.is("Conv"))
        .map(|node| (node.input_name(1).to_owned(), node.input_name(2).to_owned()))
        .collect();
    for (weight, bias) in convolutions {
        for constant in &mut graph.initializer {
            if constant.name() == weight || constant.name() == bias {
                let mut values = constant.f32s().unwrap();
                let half = values.len() / 2;
                values[half..].fill(0.0);
                *constant = Tensor::of_f32(constant.name(), &constant.shape(), &values);
            }
        }
    }
    Model::new(proto).unwrap()
}

#[test]
fn dead_channels_are_removed_without_a_trace() {
    let model = half_dead(&fold_batch_norm(&picture(8)).unwrap());
    let pruned = prune_channels(&model, 0.5).unwrap();
    assert!(pruned.parameters() * 2 < model.parameters(), "{} {}", pruned.parameters(), model.parameters());
    let far = difference(&run(&pruned, &pictures(3))[0], &run(&model, &pictures(3))[0]);
    assert!(far < 1e-5, "{far}");
    let shapes = |operator: &str| {
        let node = pruned.graph().node.iter().find(|node| node.is(operator)).unwrap();
        let weight = pruned.graph().initializer.iter().find(|c| c.name() == node.input_name(1));
        weight.unwrap().shape()
    };
    assert_eq!(shapes("Conv"), [4, 3, 3, 3]);
    assert_eq!(shapes("Gemm"), [16, 72]);
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let mut proto = picture(8).into_proto();
    let graph = proto.graph.as_mut().unwrap();
    let pool = graph.node.iter_mut().find(|node| node.is("MaxPool")).unwrap();
    pool.op_type = Some("LRN".to_owned());
    pool.attribute = vec![milieu_onnx::proto::Attribute::new("size", Value::Int(3))];
    let found = prune_channels(&Model::new(proto).unwrap(), 0.5).unwrap_err().to_string();
    assert!(found.contains("LRN") && found.contains("cannot be followed"), "{found}");
    assert!(prune_channels(&picture(8), 1.5).is_err());
}

#[test]
fn the_smallest_weights_become_zero() {
    let model = magnitude(&fold_batch_norm(&picture(8)).unwrap(), 0.75).unwrap();
    let (mut zeros, mut all) = (0, 0);
    for constant in model.graph().initializer.iter().filter(|constant| constant.dims.len() > 1) {
        let values = constant.f32s().unwrap();
        zeros += values.iter().filter(|w| **w == 0.0).count();
        all += values.len();
    }
    assert!((zeros as f32 / all as f32 - 0.75).abs() < 0.01, "{zeros} of {all}");
}
