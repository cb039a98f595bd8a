//! The exported graph computes what the network computes, and tools that know ONNX take it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_models::image::Image;
use milieu_models::{ModelError, onnx, prune};
use milieu_nn::{Activation, Layer, Network, Parameters, Size, Tape};
use std::process::Command;

/// Values between -1 and 1 that a seed decides (Knuth's linear congruence).
fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// A network whose offsets and moments are not what they are at first.
fn network(layers: &[Layer], input: Size) -> (Network, Parameters) {
    let (network, mut parameters) = Network::new(layers, input, 7).unwrap();
    for (place, parameter) in parameters.iter_mut().enumerate() {
        if parameter.shape.len() == 1 {
            let changes = values(parameter.values.len(), place as u64);
            parameter.values.iter_mut().zip(changes).for_each(|(value, change)| *value += 0.4 * change);
        }
    }
    (network, parameters)
}

fn forward(network: &Network, parameters: &Parameters, examples: &[f32]) -> Vec<f32> {
    let tape = Tape::answering(parameters);
    milieu_nn::values(network.forward(&tape, examples.to_vec()))
}

fn shape(input: Size, count: usize) -> Vec<usize> {
    match input {
        Size::Images { channels, height, width } => vec![count, channels, height, width],
        Size::Rows { width } => vec![count, width],
        Size::Tokens { length } => vec![count, length],
        Size::Sequence { length, width } => vec![count, length, width],
    }
}

fn difference(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).fold(0.0, |worst: f32, (a, b)| worst.max((a - b).abs()))
}

fn images(channels: usize, height: usize, width: usize) -> Size {
    Size::Images { channels, height, width }
}

/// Some layers of every kind.
fn kinds() -> Vec<(&'static str, Size, Vec<Layer>)> {
    let convolution = |outputs, kernel, stride, padding, bias| Layer::Convolution {
        outputs,
        kernel,
        stride,
        padding,
        bias,
    };
    let activation = |function| Layer::Activation { function };
    let mut kinds = vec![
        ("plain convolution", images(3, 9, 7), vec![convolution(5, 3, 2, 1, true)]),
        ("convolution without bias", images(2, 6, 6), vec![convolution(4, 1, 1, 0, false)]),
        (
            "folded",
            images(3, 6, 6),
            vec![convolution(5, 3, 1, 1, true), Layer::BatchNorm { scale: true, rectify: true }],
        ),
        ("not folded", images(3, 6, 6), vec![Layer::BatchNorm { scale: true, rectify: false }]),
        (
            "depthwise",
            images(4, 8, 8),
            vec![
                Layer::Depthwise { kernel: 3, stride: 2, padding: 1 },
                Layer::BatchNorm { scale: true, rectify: false },
            ],
        ),
        ("dense", Size::Rows { width: 6 }, vec![Layer::Dense { outputs: 4, bias: true }]),
        ("dense without bias", Size::Rows { width: 6 }, vec![Layer::Dense { outputs: 4, bias: false }]),
        ("row normalisation", Size::Rows { width: 6 }, vec![Layer::LayerNorm]),
        ("largest", images(3, 7, 5), vec![Layer::MaxPool { window: 2 }, Layer::Flatten]),
        ("mean of all", images(3, 7, 5), vec![Layer::GlobalAveragePool]),
        ("largest of all", images(3, 7, 5), vec![Layer::GlobalMaxPool]),
        (
            "left out",
            Size::Rows { width: 5 },
            vec![Layer::Dropout { share: 0.5 }, Layer::Flatten, Layer::Scale { factor: 0.125 }],
        ),
        ("nothing", Size::Rows { width: 5 }, vec![]),
        (
            "residual",
            images(4, 6, 6),
            vec![Layer::Residual {
                body: vec![convolution(6, 3, 2, 1, false), Layer::BatchNorm { scale: true, rectify: true }],
                shortcut: vec![convolution(6, 1, 2, 0, false)],
            }],
        ),
        (
            "residual of rows",
            Size::Rows { width: 6 },
            vec![Layer::Residual { body: vec![Layer::Dense { outputs: 6, bias: true }], shortcut: vec![] }],
        ),
    ];
    use Activation::{Gelu, Relu, Sigmoid, Silu, Step, Tanh};
    for function in [Step, Sigmoid, Tanh, Relu, Gelu, Silu] {
        kinds.push(("activation", images(2, 3, 3), vec![activation(function)]));
    }
    let small = [
        Image::Small { width: 4 },
        Image::Residual { width: 4 },
        Image::Pooled { width: 4 },
        Image::Mobile { width: 4 },
    ];
    for architecture in small {
        kinds.push(("architecture", Image::input(16), architecture.layers(5)));
    }
    kinds
}

#[test]
fn graphs_compute_what_networks_compute() {
    for (name, input, layers) in kinds() {
        let (network, parameters) = network(&layers, input);
        let model = onnx(&layers, input, &parameters).unwrap();
        let examples = values(3 * input.count(), 5);
        let engine = rten::Model::load(model.write()).unwrap();
        let batch = rten::Value::from_shape(shape(input, 3).as_slice(), examples.clone()).unwrap();
        let output = engine.run_one(batch.into(), None).unwrap();
        let found: Vec<f32> = output.as_tensor_view::<f32>().unwrap().iter().copied().collect();
        let far = difference(&found, &forward(&network, &parameters, &examples));
        assert!(far < 1e-4, "{name} {layers:?}: {far}");
    }
}

#[test]
fn normalisation_is_folded_where_a_convolution_is_before_it() {
    // With a pooling between the two it is, where all factors are positive.
    for (architecture, left) in [(Image::Pooled { width: 4 }, 0), (Image::Residual { width: 4 }, 0)] {
        let layers = architecture.layers(5);
        let (_, parameters) = network(&layers, Image::input(16));
        let model = onnx(&layers, Image::input(16), &parameters).unwrap();
        let normalised = model.graph().node.iter().filter(|node| node.is("BatchNormalization")).count();
        assert_eq!(normalised, left, "{architecture:?}");
    }
    let layers = Image::Residual { width: 4 }.layers(5);
    let (_, parameters) = network(&layers, Image::input(16));
    let model = onnx(&layers, Image::input(16), &parameters).unwrap();
    assert_eq!(model.graph().input[0].name(), "input");
    assert_eq!(model.graph().output[0].name(), "logits");
    assert_eq!(model.graph().output[0].lengths().unwrap(), [None, Some(5)]);
}

#[test]
fn parameters_of_another_network_are_refused() {
    let layers = Image::Small { width: 4 }.layers(5);
    let (_, other) = network(&Image::Small { width: 6 }.layers(5), Image::input(16));
    let found = onnx(&layers, Image::input(16), &other).unwrap_err();
    assert!(matches!(&found, ModelError::Parameter { name, .. } if name == "0.weight"), "{found}");
    assert!(matches!(prune(&layers, Image::input(16), &other, 0.5), Err(ModelError::Parameter { .. })));
    assert!(matches!(prune(&layers, Image::input(16), &other, 1.5), Err(ModelError::Share(_))));
    let found = onnx(&layers, Size::Rows { width: 3 }, &other).unwrap_err();
    assert!(matches!(found, ModelError::Shape(_)), "{found}");
}

/// Sets the last half of what each convolution makes to 0, by weights and by normalisation.
fn kill_half(layers: &[Layer], path: &str, parameters: &mut Parameters) {
    for (place, layer) in layers.iter().enumerate() {
        let path = if path.is_empty() { place.to_string() } else { format!("{path}.{place}") };
        let names: &[&str] = match layer {
            Layer::Convolution { .. } => &["weight", "bias"],
            Layer::BatchNorm { .. } => &["shift", "mean"],
            Layer::Residual { body, shortcut } => {
                kill_half(body, &format!("{path}.body"), parameters);
                kill_half(shortcut, &format!("{path}.shortcut"), parameters);
                continue;
            }
            _ => continue,
        };
        for name in names {
            let name = format!("{path}.{name}");
            for parameter in parameters.iter_mut().filter(|parameter| parameter.name == name) {
                let half = parameter.values.len() / 2;
                parameter.values[half..].fill(0.0);
            }
        }
    }
}

#[test]
fn dead_channels_are_removed_without_a_trace() {
    for architecture in [Image::Small { width: 8 }, Image::Residual { width: 8 }, Image::Mobile { width: 8 }]
    {
        let (layers, input) = (architecture.layers(5), Image::input(16));
        let (network, mut parameters) = network(&layers, input);
        kill_half(&layers, "", &mut parameters);
        let (thin, smaller) = prune(&layers, input, &parameters, 0.5).unwrap();
        assert!(smaller.count() * 2 < parameters.count(), "{architecture:?} {}", smaller.count());
        let examples = values(2 * input.count(), 3);
        let (thinner, wanted) = Network::new(&thin, input, 0).unwrap();
        assert!(smaller.iter().zip(wanted.iter()).all(|(a, b)| a.name == b.name && a.shape == b.shape));
        let far =
            difference(&forward(&thinner, &smaller, &examples), &forward(&network, &parameters, &examples));
        assert!(far < 1e-4, "{architecture:?}: {far}");
    }
}

#[test]
fn pruning_keeps_what_goes_in_and_out() {
    let layers = vec![
        Layer::Dense { outputs: 12, bias: true },
        Layer::LayerNorm,
        Layer::Dense { outputs: 8, bias: false },
        Layer::Activation { function: Activation::Relu },
        Layer::Dense { outputs: 3, bias: true },
    ];
    let input = Size::Rows { width: 5 };
    let (_, parameters) = network(&layers, input);
    let (thin, smaller) = prune(&layers, input, &parameters, 0.25).unwrap();
    let outputs = |layers: &[Layer]| -> Vec<usize> {
        let outputs = layers.iter().filter_map(|layer| match layer {
            Layer::Dense { outputs, .. } => Some(*outputs),
            _ => None,
        });
        outputs.collect()
    };
    assert_eq!(outputs(&thin), [12, 6, 3]);
    assert_eq!(smaller.named("4.weight").unwrap().shape, [3, 6]);
    let (same, all) = prune(&layers, input, &parameters, 0.0).unwrap();
    assert_eq!((same, all), (layers, parameters));
}

/// Python's checker and ONNX Runtime, where they are installed.
const PYTHON: &str = "
import sys, numpy, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
try:
    import onnxruntime
except ImportError:
    sys.exit()
for path in sys.argv[1:]:
    session = onnxruntime.InferenceSession(path)
    entry = session.get_inputs()[0]
    batch = numpy.fromfile(path + '.in', numpy.float32).reshape([-1] + entry.shape[1:])
    wanted = numpy.fromfile(path + '.out', numpy.float32)
    found = session.run(None, {entry.name: batch})[0].ravel()
    assert numpy.abs(found - wanted).max() < 1e-4, path
";

#[test]
fn python_takes_the_files() {
    let known = Command::new("python3").args(["-c", "import numpy, onnx"]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no python3 with numpy and onnx");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let bytes = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let mut paths = Vec::new();
    for (place, (_, input, layers)) in kinds().into_iter().enumerate() {
        let (network, parameters) = network(&layers, input);
        let examples = values(3 * input.count(), 5);
        let path = directory.path().join(format!("{place}.onnx"));
        let beside = |ending: &str| directory.path().join(format!("{place}.onnx.{ending}"));
        std::fs::write(&path, onnx(&layers, input, &parameters).unwrap().write()).unwrap();
        std::fs::write(beside("in"), bytes(&examples)).unwrap();
        std::fs::write(beside("out"), bytes(&forward(&network, &parameters, &examples))).unwrap();
        paths.push(path);
    }
    let output = Command::new("python3").args(["-c", PYTHON]).args(&paths).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
