//! A network of characters on the tape and as a graph.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_models::text::{CharacterBatch, CharacterDropout, CharacterNetwork, CharacterShape};
use milieu_models::{ModelError, onnx_characters};
use milieu_nn::kernels::Spans;
use milieu_nn::losses::{cross_entropy, smooth};
use milieu_nn::{Optimiser, OptimiserConfig, Parameters, Tape, values};
use rten::{Model, Value};

const LENGTHS: [usize; 4] = [7, 1, 2, 12];

fn shape() -> CharacterShape {
    CharacterShape { characters: 9, pairs: 14, width: 3, filters: 5, windows: vec![1, 3, 5] }
}

fn batch() -> CharacterBatch {
    let count: usize = LENGTHS.iter().sum();
    CharacterBatch {
        characters: (0..count).map(|at| 1 + (at * 5 % 8) as u32).collect(),
        pairs: (0..count).map(|at| 1 + (at * 7 % 13) as u32).collect(),
        spans: Spans::new(LENGTHS),
    }
}

fn logits(network: &CharacterNetwork, parameters: &Parameters, batch: &CharacterBatch) -> Vec<f32> {
    let tape = Tape::answering(parameters);
    values(network.logits(&tape, batch, CharacterDropout { embedded: 0.5, pooled: 0.5 }))
}

#[test]
fn the_graph_is_the_network() {
    let (network, mut parameters) = CharacterNetwork::new(shape(), 2, 7);
    for parameter in parameters.iter_mut().filter(|parameter| parameter.name.ends_with("bias")) {
        parameter.values.iter_mut().enumerate().for_each(|(at, value)| *value = at as f32 / 9.0 - 0.2);
    }
    let batch = batch();
    let expected = logits(&network, &parameters, &batch);
    let model = Model::load(onnx_characters(&shape(), 2, &parameters).unwrap().write()).unwrap();
    // Whatever fills a text up, its answer is the same.
    for length in [12, 13, 40] {
        let filled = |numbers: &[u32]| {
            let one = |span: std::ops::Range<usize>| {
                let mut row: Vec<i32> = numbers[span].iter().map(|&number| number as i32).collect();
                row.resize(length, 0);
                row
            };
            let all: Vec<i32> = batch.spans.iter().flat_map(one).collect();
            Value::from_shape([LENGTHS.len(), length].as_slice(), all).unwrap()
        };
        let named = |name: &str| model.node_id(name).unwrap();
        let inputs = vec![
            (named("characters"), filled(&batch.characters).into()),
            (named("pairs"), filled(&batch.pairs).into()),
        ];
        let outputs = model.run(inputs, model.output_ids(), None).unwrap();
        let found: Vec<f32> = outputs[0].as_tensor_view::<f32>().unwrap().iter().copied().collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
    let other = CharacterShape { filters: 6, ..shape() };
    assert!(matches!(onnx_characters(&other, 2, &parameters), Err(ModelError::Parameter { .. })));
}

#[test]
fn texts_do_not_see_each_other_and_positions_see_their_neighbours() {
    let (network, parameters) = CharacterNetwork::new(shape(), 2, 7);
    let batch = batch();
    let together = logits(&network, &parameters, &batch);
    let tape = Tape::answering(&parameters);
    let positions = values(network.positions(&tape, &batch, 0.0));
    assert_eq!(positions.len(), 22 * 15);
    for (number, span) in batch.spans.iter().enumerate() {
        let one = |change: Option<usize>| {
            let mut characters = batch.characters[span.clone()].to_vec();
            if let Some(at) = change {
                characters[at] = 1 + characters[at] % 8;
            }
            let pairs = batch.pairs[span.clone()].to_vec();
            CharacterBatch { characters, pairs, spans: Spans::new([span.len()]) }
        };
        let alone = logits(&network, &parameters, &one(None));
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&alone, &together[2 * number..2 * number + 2]));
        let tape = Tape::answering(&parameters);
        let changed = values(network.positions(&tape, &one(Some(0)), 0.0));
        let kept = &positions[span.start * 15..span.end * 15];
        for (at, (changed, kept)) in changed.chunks_exact(15).zip(kept.chunks_exact(15)).enumerate() {
            assert_eq!(close(changed, kept), at > 2, "{number} {at}");
        }
    }
}

#[test]
fn it_learns_the_order_of_two() {
    let (network, mut parameters) = CharacterNetwork::new(shape(), 2, 3);
    let texts = [[2, 3, 4, 5], [3, 2, 4, 5], [4, 5, 2, 3], [5, 4, 3, 2]];
    let batch = CharacterBatch { characters: texts.concat(), pairs: vec![1; 16], spans: Spans::new([4; 4]) };
    let adam = OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
    let mut optimiser = Optimiser::new(adam);
    let mut last = f32::INFINITY;
    for step in 0..120 {
        let tape = Tape::training(&parameters, step);
        let found = network.logits(&tape, &batch, CharacterDropout { embedded: 0.1, pooled: 0.2 });
        let loss = cross_entropy(found, tape.tensor(smooth(&[0, 1, 0, 1], 2, 0.0), [4, 2]), None);
        last = values(loss.clone())[0];
        let (gradients, _) = tape.gradients(&loss);
        optimiser.step(&mut parameters, &gradients, 0.02);
    }
    assert!(last < 0.1, "{last}");
    let table = parameters.named("characters").unwrap();
    assert_eq!(table.values[..3], [0.0; 3]);
}
