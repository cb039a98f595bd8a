//! A matrix on what an encoder gives.

use milieu_nn::ops::packed::linear;
use milieu_nn::{Initialiser, Parameter, ParameterId, ParameterKind, Parameters, Tape, Tensor};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// The deviation of first weights.
const DEVIATION: f32 = 0.02;

/// `NAME.weight` (`outputs x inputs`) and `NAME.bias`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    weight: ParameterId,
    bias: ParameterId,
    size: [usize; 2],
}

impl Head {
    /// Adds its parameters; a seed decides the weights.
    pub(super) fn new(parameters: &mut Parameters, name: &str, size: [usize; 2], seed: u64) -> Self {
        let [outputs, inputs] = size;
        let rule = Initialiser::TruncatedNormal { deviation: DEVIATION };
        let values = rule.draw(outputs * inputs, inputs, outputs, &mut Pcg64Mcg::seed_from_u64(seed));
        let mut add = |what: &str, shape: Vec<usize>, kind, values| {
            parameters.add(Parameter { name: format!("{name}.{what}"), shape, kind, values })
        };
        let weight = add("weight", vec![outputs, inputs], ParameterKind::Weight, values);
        let bias = add("bias", vec![outputs], ParameterKind::Offset, vec![0.0; outputs]);
        Self { weight, bias, size }
    }

    /// Rows, `T x inputs`, to `T x outputs`.
    pub(super) fn run(&self, tape: &Tape<'_>, rows: Tensor<2>) -> Tensor<2> {
        linear(rows, tape.parameter(self.weight, self.size), tape.parameter(self.bias, [self.size[0]]))
    }
}
