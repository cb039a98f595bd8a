//! Convolution over sequences, their largest values, rows of tables, and how far answers are apart: the gradients against
//! finite differences.

#![allow(clippy::unwrap_used)]

use milieu_nn::kernels::Spans;
use milieu_nn::losses::{divergence, mean_squared};
use milieu_nn::ops::packed::{bag, mean};
use milieu_nn::ops::windows::{convolve, largest};
use milieu_nn::{Gradient, Parameter, ParameterKind, Parameters, Tape, Tensor, values};

const LENGTHS: [usize; 4] = [5, 1, 0, 80];
const TOKENS: usize = 86;

fn add(parameters: &mut Parameters, name: &str, shape: &[usize]) -> milieu_nn::ParameterId {
    let count: usize = shape.iter().product();
    let seed = name.len() * 31;
    let values = (0..count).map(|at| (((at + seed) * 7919 % 1013) as f32 - 506.0) / 700.0).collect();
    parameters.add(Parameter {
        name: name.to_owned(),
        shape: shape.to_vec(),
        kind: ParameterKind::Weight,
        values,
    })
}

/// Compares gradients with finite differences of the loss.
fn check(parameters: &Parameters, loss: impl Fn(&Tape<'_>) -> Tensor<1>) {
    let tape = Tape::training(parameters, 1);
    let value = loss(&tape);
    let (gradients, _) = tape.gradients(&value);
    for (number, gradient) in gradients.iter().enumerate() {
        let parameter = parameters.iter().nth(number).unwrap();
        let width = parameter.values.len() / parameter.shape[0];
        let mut whole = vec![0.0; parameter.values.len()];
        match gradient.as_ref().unwrap() {
            Gradient::Dense(values) => whole.clone_from(values),
            Gradient::Rows { rows, values } => {
                for (&row, values) in rows.iter().zip(values.chunks_exact(width)) {
                    whole[row as usize * width..][..width].copy_from_slice(values);
                }
            }
        }
        for place in (0..whole.len()).step_by(whole.len().div_ceil(25)) {
            let at = |by: f32| {
                let mut nudged = parameters.clone();
                nudged.iter_mut().nth(number).unwrap().values[place] += by;
                f64::from(values(loss(&Tape::training(&nudged, 1)))[0])
            };
            let expected = (at(2e-3) - at(-2e-3)) / 4e-3;
            let found = f64::from(whole[place]);
            let name = &parameter.name;
            assert!(
                (found - expected).abs() < 4e-3 * (0.2 + expected.abs()),
                "{name}[{place}]: {found} {expected}"
            );
        }
    }
}

#[test]
fn sequences_of_a_table() {
    for taps in [1, 3, 5] {
        let mut parameters = Parameters::default();
        let table = add(&mut parameters, "table", &[11, 3]);
        let weight = add(&mut parameters, "weight", &[4, 3 * taps]);
        let bias = add(&mut parameters, "bias", &[4]);
        let tokens: Vec<u32> = (0..TOKENS).map(|at| (at * 5 % 9) as u32).collect();
        let spans = Spans::new(LENGTHS);
        let rows = |tape: &Tape<'_>| {
            let input = tape.embed(table, &tokens);
            let weight = tape.parameter(weight, [4, 3 * taps]);
            convolve(input, weight, tape.parameter(bias, [4]), taps, &spans)
        };
        let wanted = |tape: &Tape<'_>, shape: [usize; 2]| {
            let values =
                (0..shape[0] * shape[1]).map(|place| ((place * 7 % 11) as f32 - 5.0) / 5.0).collect();
            tape.tensor(values, shape)
        };
        check(&parameters, |tape| mean_squared(rows(tape), wanted(tape, [TOKENS, 4])));
        // Of a channel of the last sequence one gradient in eighty is not 0: the way of few.
        check(&parameters, |tape| mean_squared(largest(rows(tape), &spans), wanted(tape, [4, 4])));
        let tape = Tape::training(&parameters, 1);
        let loss = mean(rows(&tape), &spans).sum();
        let Some(Gradient::Rows { rows, .. }) = &tape.gradients(&loss).0[0] else { panic!("not of rows") };
        assert_eq!(rows.len(), 9);
    }
}

#[test]
fn bags_of_a_table() {
    let mut parameters = Parameters::default();
    let table = add(&mut parameters, "table", &[11, 3]);
    let spans = Spans::new([4, 0, 1, 2]);
    // A number that comes twice counts twice, and one that the table does not have counts for nothing but itself.
    let numbers = [2, 7, 2, 40, 9, 7, 1];
    let rows = |tape: &Tape<'_>| bag(tape, table, &numbers, &spans);
    let wanted = |tape: &Tape<'_>| tape.tensor((0..12).map(|at| at as f32 / 9.0 - 0.5).collect(), [4, 3]);
    check(&parameters, |tape| mean_squared(rows(tape), wanted(tape)));
    let found = values(rows(&Tape::answering(&parameters)));
    let row = |number: usize| parameters.get(table).values[3 * number..][..3].to_vec();
    for place in 0..3 {
        let sums = [2.0 * row(2)[place] + row(7)[place], 0.0, row(9)[place], row(7)[place] + row(1)[place]];
        let expected = sums.iter().zip([4f32, 1.0, 1.0, 2.0]).map(|(sum, count)| sum / count.sqrt());
        assert!((0..4).zip(expected).all(|(at, x)| (found[3 * at + place] - x).abs() < 1e-6), "{found:?}");
    }
    let none = |numbers: &[u32]| {
        values(bag(&Tape::answering(&parameters), table, numbers, &Spans::new([numbers.len()])))
    };
    assert_eq!([none(&[]), none(&[11, 12])], [[0.0; 3]; 2]);
}

#[test]
fn answers_that_are_apart() {
    let mut parameters = Parameters::default();
    let (one, other) = (add(&mut parameters, "one", &[5, 3]), add(&mut parameters, "another", &[5, 3]));
    for many in [false, true] {
        let apart = |tape: &Tape<'_>| {
            divergence(tape.parameter(one, [5, 3]), tape.parameter(other, [5, 3]), many) * 10.0
        };
        check(&parameters, apart);
        let tape = Tape::answering(&parameters);
        assert_eq!(values(divergence(tape.parameter(one, [5, 3]), tape.parameter(one, [5, 3]), many)), [0.0]);
    }
    // Shares of (.75, .25) and (.25, .75): both divergences are .5 ln 3.
    let tape = Tape::answering(&parameters);
    let three = 3f32.ln();
    let found =
        divergence(tape.tensor(vec![three, 0.0], [1, 2]), tape.tensor(vec![0.0, three], [1, 2]), false);
    assert!((values(found)[0] - 0.5 * three).abs() < 1e-6);
}
