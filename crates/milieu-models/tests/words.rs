//! A bag of n-grams beside windows over words, on the tape and as a graph.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_models::text::{WordBatch, WordDropout, WordNetwork, WordShape};
use milieu_models::{ModelError, onnx_words};
use milieu_nn::kernels::Spans;
use milieu_nn::losses::{cross_entropy, smooth};
use milieu_nn::{Optimiser, OptimiserConfig, Parameters, Tape, values};
use rten::{Model, Value};

const BAGS: [usize; 4] = [9, 1, 0, 14];
const WORDS: [usize; 4] = [7, 1, 2, 12];

fn shape(rectified: bool) -> WordShape {
    WordShape { grams: 21, bag: 4, rectified, words: 9, width: 3, filters: 5, windows: vec![1, 3, 5] }
}

fn batch() -> WordBatch {
    WordBatch {
        grams: (0..BAGS.iter().sum()).map(|at: usize| (at * 5 % 21) as u32).collect(),
        bags: Spans::new(BAGS),
        words: (0..WORDS.iter().sum()).map(|at: usize| 1 + (at * 5 % 8) as u32).collect(),
        spans: Spans::new(WORDS),
    }
}

fn logits(network: &WordNetwork, parameters: &Parameters, batch: &WordBatch) -> Vec<f32> {
    let tape = Tape::answering(parameters);
    values(network.logits(&tape, batch, WordDropout { embedded: 0.5, pooled: 0.5 }))
}

fn close(one: &[f32], other: &[f32]) {
    assert_eq!(one.len(), other.len());
    assert!(one.iter().zip(other).all(|(x, y)| (x - y).abs() < 1e-5), "{one:?} {other:?}");
}

/// Sequences of these numbers with others behind them, up to a length.
fn filled(numbers: &[u32], spans: &Spans, length: usize, with: i32) -> Value {
    let one = |span: std::ops::Range<usize>| {
        let mut row: Vec<i32> = numbers[span].iter().map(|&number| number as i32).collect();
        row.resize(length, with);
        row
    };
    let all: Vec<i32> = spans.iter().flat_map(one).collect();
    Value::from_shape([spans.len(), length].as_slice(), all).unwrap()
}

#[test]
fn the_graph_is_the_network() {
    for rectified in [false, true] {
        let shape = shape(rectified);
        let (network, mut parameters) = WordNetwork::new(shape.clone(), 2, 7);
        for parameter in parameters.iter_mut().filter(|parameter| parameter.name.ends_with("bias")) {
            parameter.values.iter_mut().enumerate().for_each(|(at, value)| *value = at as f32 / 9.0 - 0.2);
        }
        let batch = batch();
        let expected = logits(&network, &parameters, &batch);
        let model = Model::load(onnx_words(&shape, 2, &parameters).unwrap().write()).unwrap();
        let shares: Vec<f32> = BAGS.iter().map(|&count| 1.0 / (count.max(1) as f32).sqrt()).collect();
        // Whatever fills a text up, its answer is the same.
        for length in [14, 15, 40] {
            let named = |name: &str| model.node_id(name).unwrap();
            let inputs = vec![
                (named("rows"), filled(&batch.grams, &batch.bags, length, 21).into()),
                (named("share"), Value::from_shape([4, 1].as_slice(), shares.clone()).unwrap().into()),
                (named("words"), filled(&batch.words, &batch.spans, length - 2, 0).into()),
            ];
            let outputs = model.run(inputs, model.output_ids(), None).unwrap();
            let found: Vec<f32> = outputs[0].as_tensor_view::<f32>().unwrap().iter().copied().collect();
            close(&found, &expected);
        }
        let other = WordShape { filters: 6, ..shape };
        assert!(matches!(onnx_words(&other, 2, &parameters), Err(ModelError::Parameter { .. })));
    }
}

#[test]
fn texts_do_not_see_each_other() {
    let (network, parameters) = WordNetwork::new(shape(true), 2, 7);
    let batch = batch();
    let together = logits(&network, &parameters, &batch);
    for (number, (bag, span)) in batch.bags.iter().zip(batch.spans.iter()).enumerate() {
        let one = WordBatch {
            bags: Spans::new([bag.len()]),
            spans: Spans::new([span.len()]),
            grams: batch.grams[bag].to_vec(),
            words: batch.words[span].to_vec(),
        };
        close(&logits(&network, &parameters, &one), &together[2 * number..2 * number + 2]);
    }
}

#[test]
fn it_learns_the_order_of_two() {
    let (network, mut parameters) = WordNetwork::new(shape(true), 2, 3);
    let texts = [[2, 3, 4, 5], [3, 2, 4, 5], [4, 5, 2, 3], [5, 4, 3, 2]];
    let (words, spans) = (texts.concat(), Spans::new([4; 4]));
    // The bags of all are the same.
    let batch = WordBatch { grams: [1, 2, 3, 4].repeat(4), bags: spans.clone(), words, spans };
    let mut optimiser = Optimiser::new(OptimiserConfig::ADAM);
    let mut last = f32::INFINITY;
    for step in 0..120 {
        let tape = Tape::training(&parameters, step);
        let found = network.logits(&tape, &batch, WordDropout { embedded: 0.1, pooled: 0.2 });
        let loss = cross_entropy(found, tape.tensor(smooth(&[0, 1, 0, 1], 2, 0.0), [4, 2]), None);
        last = values(loss.clone())[0];
        let (gradients, _) = tape.gradients(&loss);
        optimiser.step(&mut parameters, &gradients, 0.02);
    }
    assert!(last < 0.1, "{last}");
    let table = parameters.named("words").unwrap();
    assert_eq!(table.values[..3], [0.0; 3]);
}
