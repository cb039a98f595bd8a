//! The gradient of every layer and loss against finite differences.

#![allow(clippy::unwrap_used)]

use milieu_nn::kernels::{Crf, CrfScores, Spans, Succession};
use milieu_nn::losses::{cross_entropy, known_logistic, logistic, mean_squared, smooth};
use milieu_nn::ops::packed::{crf, pick};
use milieu_nn::{
    Activation, Gradient, Layer, Network, Parameter, ParameterKind, Parameters, Size, Tape, Tensor, values,
};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const IMAGES: Size = Size::Images { channels: 2, height: 6, width: 5 };
const ROWS: Size = Size::Rows { width: 7 };
const EXAMPLES: usize = 3;

/// Compares the gradient of each parameter, and of the input by way of a dense layer before, with finite
/// differences of the loss.
fn check(layers: &[Layer], input: Size, loss: impl Fn(&Tape<'_>, Tensor<2>) -> Tensor<1>) {
    let (network, mut parameters) = Network::new(layers, input, 3).unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(9);
    let mut example = || match input {
        // Padding stands in front.
        Size::Tokens { length } => {
            let padding = random.random_range(0..length);
            (0..length).map(|at| if at < padding { 0.0 } else { random.random_range(1..6) as f32 }).collect()
        }
        _ => (0..input.count()).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f32>>(),
    };
    let examples: Vec<f32> = (0..EXAMPLES).flat_map(|_| example()).collect();
    for parameter in parameters.iter_mut() {
        if parameter.kind == ParameterKind::Offset {
            parameter.values.iter_mut().for_each(|value| *value += random.random_range(-0.3..0.3));
        }
        if parameter.name.ends_with("table") {
            // So small at first that a step of the differences would be large beside them.
            parameter.values.iter_mut().for_each(|value| *value *= 30.0);
        }
    }
    let of = |parameters: &Parameters| -> f64 {
        let tape = Tape::training(parameters, 5);
        f64::from(loss(&tape, network.forward(&tape, examples.clone())).into_scalar::<f32>())
    };
    let tape = Tape::training(&parameters, 5);
    let value = loss(&tape, network.forward(&tape, examples.clone()));
    let (gradients, _) = tape.gradients(&value);
    assert_eq!(gradients.len(), parameters.len());
    for (number, gradient) in gradients.iter().enumerate() {
        let parameter = parameters.iter().nth(number).unwrap().clone();
        let Some(gradient) = gradient.as_ref().map(Gradient::values) else {
            assert_eq!(parameter.kind, ParameterKind::Statistic, "{} has no gradient", parameter.name);
            continue;
        };
        for place in (0..gradient.len()).step_by(gradient.len().div_ceil(12)) {
            let at = |by: f32| {
                let mut nudged = parameters.clone();
                nudged.iter_mut().nth(number).unwrap().values[place] += by;
                of(&nudged)
            };
            let step = 4e-3;
            let expected = (at(step) - at(-step)) / (2.0 * f64::from(step));
            let off = (f64::from(gradient[place]) - expected).abs();
            let name = &parameter.name;
            assert!(
                off < 5e-3 * (0.2 + expected.abs()),
                "{layers:?} {name}[{place}]: {} {expected}",
                gradient[place]
            );
        }
    }
}

/// A smooth loss that treats no two outputs alike.
fn any(tape: &Tape<'_>, output: Tensor<2>) -> Tensor<1> {
    let shape = output.dims();
    let wanted = (0..shape[0] * shape[1]).map(|place| ((place * 7 % 11) as f32 - 5.0) / 5.0).collect();
    mean_squared(output, tape.tensor(wanted, shape))
}

fn convolution(outputs: usize, stride: usize, bias: bool) -> Layer {
    Layer::Convolution { outputs, kernel: 3, stride, padding: 1, bias }
}

#[test]
fn layers() {
    let dense = |outputs| Layer::Dense { outputs, bias: true };
    let first = || convolution(4, 1, true);
    check(&[first(), convolution(3, 2, false), Layer::Flatten], IMAGES, any);
    check(&[first(), Layer::Depthwise { kernel: 3, stride: 2, padding: 1 }, Layer::Flatten], IMAGES, any);
    check(
        &[first(), Layer::BatchNorm { scale: true, rectify: false }, Layer::Flatten, dense(3)],
        IMAGES,
        any,
    );
    let unscaled = Layer::BatchNorm { scale: false, rectify: false };
    check(&[Layer::Whiten { kernel: 2 }, unscaled, Layer::Flatten, dense(3)], IMAGES, any);
    check(&[first(), Layer::GlobalAveragePool, dense(3)], IMAGES, any);
    check(
        &[first(), Layer::MaxPool { window: 2 }, Layer::Flatten, Layer::Scale { factor: 0.5 }],
        IMAGES,
        any,
    );
    check(&[first(), Layer::GlobalMaxPool, dense(2)], IMAGES, any);
    check(&[dense(5), Layer::LayerNorm, dense(3)], ROWS, any);
    check(&[dense(5), Layer::Dropout { share: 0.4 }, dense(3)], ROWS, any);
    let residual = |shortcut| Layer::Residual { body: vec![convolution(4, 1, false)], shortcut };
    check(&[first(), residual(vec![]), Layer::Flatten], IMAGES, any);
    check(&[first(), residual(vec![convolution(4, 1, true)]), Layer::Flatten], IMAGES, any);
    for function in [Activation::Sigmoid, Activation::Tanh, Activation::Gelu, Activation::Silu] {
        check(&[dense(5), Layer::Activation { function }, dense(3)], ROWS, any);
    }
    // The rectifier has no derivative at 0, so nothing may come near: few values, and none is close to it.
    check(&[dense(3), Layer::Activation { function: Activation::Relu }, dense(3)], ROWS, any);
}

#[test]
fn layers_of_sequences() {
    let dense = |outputs| Layer::Dense { outputs, bias: true };
    let embedding = || Layer::Embedding { count: 5, width: 4 };
    let tokens = Size::Tokens { length: 4 };
    check(&[embedding(), Layer::Positions, Layer::Last, dense(2)], tokens, any);
    check(&[embedding(), Layer::LayerNorm, dense(3), Layer::Flatten], tokens, any);
    for (heads, causal) in [(2, true), (1, false)] {
        let attention = || Layer::Attention { heads, causal };
        check(&[embedding(), attention(), Layer::Last], tokens, any);
        let residual = Layer::Residual { body: vec![attention()], shortcut: vec![] };
        check(&[residual, dense(2)], Size::Sequence { length: 3, width: 4 }, any);
    }
    for layer in [Layer::Lstm { outputs: 3 }, Layer::Gru { outputs: 3 }] {
        check(&[embedding(), layer.clone(), Layer::Last], tokens, any);
        check(&[layer.clone(), layer], Size::Sequence { length: 3, width: 4 }, any);
    }
}

#[test]
fn gradients_of_rows_are_those_of_the_table() {
    let layers = [Layer::Embedding { count: 9, width: 4 }, Layer::Gru { outputs: 3 }, Layer::Last];
    let (network, parameters) = Network::new(&layers, Size::Tokens { length: 3 }, 3).unwrap();
    let table = network.embedding().unwrap();
    let tokens = vec![5, 2, 9, 0, 5, 5];
    let of = |rows: Option<Vec<u32>>| {
        let tape = Tape::training(&parameters, 5);
        if let Some(rows) = rows {
            tape.rows(table, rows);
        }
        let loss = any(&tape, network.forward_tokens(&tape, tokens.clone(), 3));
        tape.gradients(&loss).0
    };
    let (whole, some) = (of(None), of(Some(vec![1, 4, 7, 8])));
    assert_eq!(whole[1..], some[1..]);
    let Some(Gradient::Rows { rows, values }) = &some[0] else { panic!("{:?}", some[0]) };
    assert_eq!(rows, &[1, 4, 7, 8]);
    let whole = whole[0].as_ref().unwrap().values();
    for (row, gradient) in whole.chunks(4).enumerate() {
        match rows.iter().position(|&at| at as usize == row) {
            Some(place) => assert_eq!(gradient, &values[place * 4..][..4], "{row}"),
            None => assert_eq!(gradient, [0.0; 4], "{row}"),
        }
    }
}

#[test]
fn losses() {
    let dense = [Layer::Dense { outputs: 4, bias: true }];
    check(&dense, ROWS, |tape, output| {
        cross_entropy(output, tape.tensor(smooth(&[0, 3, 1], 4, 0.1), [EXAMPLES, 4]), None)
    });
    check(&dense, ROWS, |tape, output| {
        let weights = tape.tensor(vec![0.5, 1.0, 2.0, 0.1], [4]);
        cross_entropy(output, tape.tensor(smooth(&[0, 3, 1], 4, 0.0), [EXAMPLES, 4]), Some(weights))
    });
    check(&dense, ROWS, |tape, output| {
        let targets = (0..EXAMPLES * 4).map(|place| (place % 3) as f32 / 2.0).collect();
        logistic(output, tape.tensor(targets, [EXAMPLES, 4]))
    });
    check(&dense, ROWS, |tape, output| {
        let targets = (0..EXAMPLES * 4).map(|place| (place % 3) as f32 / 2.0).collect();
        let known = (0..EXAMPLES * 4).map(|place| (place % 5 % 2) as f32).collect();
        let [targets, known] = [targets, known].map(|values| tape.tensor(values, [EXAMPLES, 4]));
        known_logistic(output, targets, known)
    });
}

#[test]
fn the_step_passes_gradients_straight_through() {
    let function = Activation::Step;
    let (network, mut parameters) =
        Network::new(&[Layer::Dense { outputs: 3, bias: true }, Layer::Activation { function }], ROWS, 1)
            .unwrap();
    for (parameter, values) in parameters.iter_mut().zip([vec![0.0; 21], vec![0.5, -0.5, 4.0]]) {
        parameter.values = values;
    }
    let tape = Tape::training(&parameters, 1);
    let output = network.forward(&tape, vec![1.0; 7]);
    let found = values(output.clone());
    let (gradients, _) = tape.gradients(&output.sum());
    assert_eq!(found, [1.0, 0.0, 1.0]);
    assert_eq!(gradients[1].as_ref().unwrap().values(), [1.0, 1.0, 0.0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    fn refuse(layers: &[Layer], input: Size, path: &str) {
        assert_eq!(Network::new(layers, input, 1).unwrap_err().path, path, "{layers:?}");
    }
    refuse(&[Layer::Dense { outputs: 2, bias: true }], IMAGES, "0");
    refuse(&[Layer::Flatten, Layer::MaxPool { window: 2 }], IMAGES, "1");
    refuse(&[Layer::MaxPool { window: 7 }], IMAGES, "0");
    refuse(&[Layer::Convolution { outputs: 2, kernel: 9, stride: 1, padding: 0, bias: true }], IMAGES, "0");
    refuse(&[Layer::Convolution { outputs: 2, kernel: 3, stride: 0, padding: 1, bias: true }], IMAGES, "0");
    refuse(&[Layer::Attention { heads: 3, causal: true }], Size::Sequence { length: 3, width: 4 }, "0");
    refuse(&[Layer::Embedding { count: 0, width: 4 }], Size::Tokens { length: 3 }, "0");
    refuse(&[Layer::Dense { outputs: 2, bias: true }], Size::Tokens { length: 3 }, "0");
    refuse(&[Layer::Lstm { outputs: 2 }], ROWS, "0");
    let narrow = Layer::Residual { body: vec![convolution(3, 1, true)], shortcut: vec![] };
    refuse(&[Layer::Residual { body: vec![narrow], shortcut: vec![] }], IMAGES, "0.body.0");
}

#[test]
fn a_chain_of_tags() {
    let succession = Succession::new(3, |tag| tag != 2, |from, to| to != 2 || from != 0);
    let like = Crf { succession, spans: Spans::new([2, 3]), right: vec![1, 2, 0, 1, 0] };
    let mut random = Pcg64Mcg::seed_from_u64(4);
    let mut parameters = Parameters::default();
    let ids = [[5, 3], [3, 3], [2, 3]].map(|shape: [usize; 2]| {
        let values = (0..shape[0] * shape[1]).map(|_| random.random_range(-1.0..1.0)).collect();
        let (name, shape) = (String::new(), shape.to_vec());
        parameters.add(Parameter { name, shape, kind: ParameterKind::Weight, values })
    });
    let of = ids.map(|id| parameters.get(id).values.as_slice());
    let expected = like.loss(CrfScores { emissions: of[0], transitions: of[1], ends: of[2] });
    let tape = Tape::training(&parameters, 1);
    let rows = pick(&tape, tape.parameter(ids[0], [5, 3]), &[0, 1, 2, 3, 4]);
    let loss = crf(rows, tape.parameter(ids[1], [3, 3]), tape.parameter(ids[2], [2, 3]), like);
    assert!((values(loss.clone())[0] - expected.loss).abs() < 1e-6);
    // The gradient of what is made of the loss goes through it.
    let (gradients, _) = tape.gradients(&(loss * 2.0));
    let expected = [expected.emissions, expected.transitions, expected.ends];
    for (found, expected) in gradients.iter().zip(expected) {
        let found = found.as_ref().unwrap().values();
        assert!(found.iter().zip(expected).all(|(x, y)| (x - 2.0 * y).abs() < 1e-6), "{found:?}");
    }
}
