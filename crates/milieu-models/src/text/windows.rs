//! Convolutions of several widths over the rows of texts, and the largest of each channel over a text (Kim 2014).

use milieu_nn::kernels::Spans;
use milieu_nn::ops::rectify;
use milieu_nn::ops::windows::{convolve, largest};
use milieu_nn::{Initialiser, Parameter, ParameterId, ParameterKind, Parameters, Tape, Tensor};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// The deviation of the first vectors that windows see.
pub(super) const DEVIATION: f32 = 0.1;

/// Parameters that are being made; a seed decides their first values.
pub(super) struct Making {
    random: Pcg64Mcg,
    pub(super) parameters: Parameters,
}

impl Making {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Pcg64Mcg::seed_from_u64(seed), parameters: Parameters::default() }
    }

    /// A weight by a rule, or an offset of zeros where there is none.
    pub(super) fn add(&mut self, name: &str, size: Vec<usize>, rule: Option<Initialiser>) -> ParameterId {
        let count = size.iter().product();
        let kind = if rule.is_some() { ParameterKind::Weight } else { ParameterKind::Offset };
        let [outputs, inputs] = [size.first(), size.last()].map(|length| length.copied().unwrap_or(1));
        let draw = |rule: Initialiser| rule.draw(count, inputs, outputs, &mut self.random);
        let values = rule.map_or_else(|| vec![0.0; count], draw);
        self.parameters.add(Parameter { name: name.to_owned(), shape: size, kind, values })
    }

    /// A table of `R x W`, first values of this deviation.
    pub(super) fn table(&mut self, name: &str, size: [usize; 2], deviation: f32) -> ParameterId {
        self.add(name, size.to_vec(), Some(Initialiser::TruncatedNormal { deviation }))
    }

    /// The parameters, in which the first row of the tables of these names is 0.
    pub(super) fn made(mut self, tables: &[&str]) -> Parameters {
        for table in self.parameters.iter_mut().filter(|table| tables.contains(&&*table.name)) {
            let width = table.shape.last().copied().unwrap_or(0);
            table.values.iter_mut().take(width).for_each(|value| *value = 0.0);
        }
        self.parameters
    }
}

/// The convolutions of a network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Windows {
    inputs: usize,
    filters: usize,
    /// The weights and the bias of each, and how many rows it sees at once.
    each: Vec<([ParameterId; 2], usize)>,
}

impl Windows {
    /// Parameters `windows.I.weight` (`F x (taps * inputs)`) and `windows.I.bias` for each.
    pub(super) fn new(making: &mut Making, inputs: usize, filters: usize, taps: &[usize]) -> Self {
        let convolution = |(number, &taps): (usize, &usize)| {
            let size = vec![filters, taps * inputs];
            let weight = making.add(&format!("windows.{number}.weight"), size, Some(Initialiser::He));
            ([weight, making.add(&format!("windows.{number}.bias"), vec![filters], None)], taps)
        };
        Self { inputs, filters, each: taps.iter().enumerate().map(convolution).collect() }
    }

    /// What each shows at each position, `T x F`.
    pub(super) fn positions(&self, tape: &Tape<'_>, rows: &Tensor<2>, spans: &Spans) -> Vec<Tensor<2>> {
        let Self { inputs, filters, ref each } = *self;
        let of = |&([weight, bias], taps): &([ParameterId; 2], usize)| {
            let weight = tape.parameter(weight, [filters, taps * inputs]);
            convolve(rows.clone(), weight, tape.parameter(bias, [filters]), taps, spans)
        };
        each.iter().map(of).collect()
    }

    /// The largest that each shows in a text, or 0 where that is more, `N x F`.
    pub(super) fn largest(&self, tape: &Tape<'_>, rows: &Tensor<2>, spans: &Spans) -> Vec<Tensor<2>> {
        // The largest of what is made 0 below 0 is the largest, made 0 below 0.
        self.positions(tape, rows, spans).into_iter().map(|rows| rectify(largest(rows, spans))).collect()
    }
}
