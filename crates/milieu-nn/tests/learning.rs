//! A whole network learns, the same way each time.

#![allow(clippy::unwrap_used)]

use milieu_nn::losses::{cross_entropy, smooth};
use milieu_nn::{
    Activation, Average, Layer, Network, Optimiser, OptimiserConfig, Parameters, Schedule, Size, Tape, values,
};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Pictures of 8 x 8 with a bar that lies or stands, anywhere, in noise.
fn bars(count: usize, seed: u64) -> (Vec<f32>, Vec<usize>) {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (class, place) = (random.random_range(0..2), random.random_range(0..8));
        for pixel in 0..64 {
            let at = if class == 0 { pixel / 8 } else { pixel % 8 };
            images.push(f32::from(u8::from(at == place)) + random.random_range(-0.5..0.5));
        }
        classes.push(class);
    }
    (images, classes)
}

fn train(config: OptimiserConfig, rate: f32) -> (Network, Parameters, Average) {
    let layers = [
        Layer::Convolution { outputs: 8, kernel: 3, stride: 1, padding: 1, bias: false },
        Layer::BatchNorm { scale: true, rectify: true },
        Layer::MaxPool { window: 2 },
        Layer::Residual {
            body: vec![
                Layer::Convolution { outputs: 8, kernel: 3, stride: 1, padding: 1, bias: false },
                Layer::BatchNorm { scale: true, rectify: true },
            ],
            shortcut: vec![],
        },
        Layer::GlobalMaxPool,
        Layer::Dense { outputs: 8, bias: true },
        Layer::Activation { function: Activation::Silu },
        Layer::Dropout { share: 0.1 },
        Layer::Dense { outputs: 2, bias: true },
    ];
    let size = Size::Images { channels: 1, height: 8, width: 8 };
    let (network, mut parameters) = Network::new(&layers, size, 1).unwrap();
    let mut optimiser = Optimiser::new(config);
    let mut average = Average::new(&parameters, 0.9);
    let schedule = Schedule::OneCycle { warm_up: 0.2 };
    for step in 0..60 {
        let (images, classes) = bars(32, step);
        let tape = Tape::training(&parameters, step);
        let targets = tape.tensor(smooth(&classes, 2, 0.1), [32, 2]);
        let loss = cross_entropy(network.forward(&tape, images), targets, None);
        let (gradients, statistics) = tape.gradients(&loss);
        optimiser.step(&mut parameters, &gradients, rate * schedule.factor(step as usize, 60) as f32);
        parameters.assign(statistics);
        average.update(&parameters);
    }
    (network, parameters, average)
}

fn accuracy(network: &Network, parameters: &Parameters) -> f64 {
    let (images, classes) = bars(400, 1000);
    let logits = values(network.forward(&Tape::answering(parameters), images));
    let right =
        logits.chunks_exact(2).zip(&classes).filter(|(row, class)| usize::from(row[1] > row[0]) == **class);
    right.count() as f64 / classes.len() as f64
}

#[test]
fn learns_and_repeats_itself() {
    for (config, rate) in [
        (OptimiserConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 }, 0.05),
        (OptimiserConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }, 0.01),
    ] {
        let (network, parameters, average) = train(config, rate);
        assert!(accuracy(&network, &parameters) > 0.95, "{config:?} {}", accuracy(&network, &parameters));
        assert!(accuracy(&network, average.parameters()) > 0.95, "{config:?}");
        assert_eq!(train(config, rate).1, parameters);
    }
}
