//! Forward pass, gradients and optimiser steps as PyTorch computes them; see `testdata/torch`.

#![allow(clippy::unwrap_used)]

use milieu_nn::losses::{cross_entropy, logistic, mean_squared, smooth};
use milieu_nn::{
    Gradient, Layer, Network, Optimiser, OptimiserConfig, ParameterKind, Parameters, Size, Tape, Tensor,
    values,
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Golden {
    steps: usize,
    rate: f32,
    optimisers: BTreeMap<String, OptimiserConfig>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Size,
    layers: Vec<Layer>,
    loss: String,
    examples: Vec<f32>,
    targets: Vec<f32>,
    parameters: BTreeMap<String, Vec<f32>>,
    output: Vec<f32>,
    value: f32,
    gradients: BTreeMap<String, Vec<f32>>,
    after: BTreeMap<String, BTreeMap<String, Vec<f32>>>,
}

impl Case {
    fn loss(&self, tape: &Tape<'_>, output: Tensor<2>) -> Tensor<1> {
        let shape = output.dims();
        let classes: Vec<usize> = self.targets.iter().map(|&class| class as usize).collect();
        let targets = || tape.tensor(self.targets.clone(), shape);
        let smoothed = |smoothing| tape.tensor(smooth(&classes, shape[1], smoothing), shape);
        match self.loss.as_str() {
            "cross_entropy" => cross_entropy(output, smoothed(0.1), None),
            "weighted_cross_entropy" => {
                cross_entropy(output, smoothed(0.0), Some(tape.tensor(vec![0.5, 1.0, 2.0], [3])))
            }
            "mean_squared" => mean_squared(output, targets()),
            "logistic" => logistic(output, targets()),
            other => panic!("no loss {other}"),
        }
    }

    fn network(&self) -> (Network, Parameters) {
        let (network, mut parameters) = Network::new(&self.layers, self.input, 1).unwrap();
        assert_eq!(parameters.len(), self.parameters.len(), "{}", self.name);
        for parameter in parameters.iter_mut() {
            let values = &self.parameters[&parameter.name];
            assert_eq!(values.len(), parameter.values.len(), "{} {}", self.name, parameter.name);
            parameter.values.clone_from(values);
        }
        (network, parameters)
    }
}

/// How far each value may be off, in parts of what is expected and on its own.
const TOLERANCE: f32 = 2e-5;

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs();
        assert!(off <= TOLERANCE * (1.0 + expected.abs()), "{what}[{place}]: {found}, expected {expected}");
    }
}

fn golden() -> Golden {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/torch/golden.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn outputs_losses_and_gradients() {
    for case in golden().cases {
        let (network, parameters) = case.network();
        let tape = Tape::training(&parameters, 1);
        let output = network.forward(&tape, case.examples.clone());
        close(&values(output.clone()), &case.output, &case.name);
        let loss = case.loss(&tape, output);
        close(&values(loss.clone()), &[case.value], &case.name);
        let (gradients, _) = tape.gradients(&loss);
        for (parameter, gradient) in parameters.iter().zip(&gradients) {
            let what = format!("gradient of {} {}", case.name, parameter.name);
            match gradient.as_ref().map(Gradient::values) {
                Some(gradient) => close(gradient, &case.gradients[&parameter.name], &what),
                None => assert_eq!(parameter.kind, ParameterKind::Statistic, "{what}"),
            }
        }
    }
}

#[test]
fn five_steps_of_every_optimiser() {
    let golden = golden();
    for case in &golden.cases {
        for (name, &config) in &golden.optimisers {
            let (network, mut parameters) = case.network();
            let mut optimiser = Optimiser::new(config);
            for _ in 0..golden.steps {
                let tape = Tape::training(&parameters, 1);
                let loss = case.loss(&tape, network.forward(&tape, case.examples.clone()));
                let (gradients, statistics) = tape.gradients(&loss);
                optimiser.step(&mut parameters, &gradients, golden.rate);
                parameters.assign(statistics);
            }
            for parameter in parameters.iter() {
                let what = format!("{} {name} {}", case.name, parameter.name);
                close(&parameter.values, &case.after[name][&parameter.name], &what);
            }
        }
    }
}
