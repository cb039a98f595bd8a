//! Layers that read a sequence one position after the other.

use crate::Tensor;
use burn::tensor::activation::{sigmoid, tanh};

/// The matrices of a recurrent layer of `H` values whose cell has `G` gates, laid out as in PyTorch.
#[derive(Debug, Clone)]
pub struct RecurrentWeights {
    /// From the input, `GH x W`.
    pub input: Tensor<2>,
    /// From what the cell gave before, `GH x H`.
    pub hidden: Tensor<2>,
    /// Added to the first: `GH`.
    pub input_bias: Tensor<1>,
    /// Added to the second: `GH`.
    pub hidden_bias: Tensor<1>,
}

/// The states of a layer over a sequence: one of each position.
struct Walk<'a> {
    weights: &'a RecurrentWeights,
    values: Tensor<3>,
    /// `N x L x 1`: 1 where there is an input, 0 at padding. All are inputs where there is none.
    present: Option<Tensor<3>>,
}

impl Walk<'_> {
    /// What the input adds to the gates at each position, `N x L x GH`.
    fn inputs(&self) -> Tensor<3> {
        let [count, length, width] = self.values.dims();
        let rows = self.values.clone().reshape([count * length, width]);
        let gates =
            rows.matmul(self.weights.input.clone().transpose()) + self.weights.input_bias.clone().unsqueeze();
        let size = gates.dims()[1];
        gates.reshape([count, length, size])
    }

    /// What a state, `N x H`, adds to the gates.
    fn of_state(&self, state: &Tensor<2>) -> Tensor<2> {
        let gates = state.clone().matmul(self.weights.hidden.clone().transpose());
        gates + self.weights.hidden_bias.clone().unsqueeze()
    }

    /// The new state, or the old one where the position is padding.
    fn keep(&self, position: usize, old: &Tensor<2>, new: Tensor<2>) -> Tensor<2> {
        match &self.present {
            Some(present) => {
                let present: Tensor<2> = present.clone().narrow(1, position, 1).squeeze_dim(1);
                old.clone() + (new - old.clone()) * present
            }
            None => new,
        }
    }

    fn zeros(&self) -> Tensor<2> {
        let size = self.weights.hidden.dims()[1];
        Tensor::zeros([self.values.dims()[0], size], &self.values.device())
    }
}

fn at(gates: &Tensor<3>, position: usize) -> Tensor<2> {
    gates.clone().narrow(1, position, 1).squeeze_dim(1)
}

fn gate(gates: &Tensor<2>, which: usize, size: usize) -> Tensor<2> {
    gates.clone().narrow(1, which * size, size)
}

/// A long short-term memory over `N x L x W` to `N x L x H` (Hochreiter and Schmidhuber 1997, with the forget
/// gate of Gers et al. 2000). Gates: input, forget, cell, output. A position that `present` says is padding
/// changes nothing.
#[must_use]
pub fn lstm(values: Tensor<3>, weights: &RecurrentWeights, present: Option<Tensor<3>>) -> Tensor<3> {
    let walk = Walk { weights, values, present };
    let size = weights.hidden.dims()[1];
    let inputs = walk.inputs();
    let (mut state, mut cell) = (walk.zeros(), walk.zeros());
    let mut states = Vec::new();
    for position in 0..inputs.dims()[1] {
        let gates = at(&inputs, position) + walk.of_state(&state);
        let [input, forget, output] = [0, 1, 3].map(|which| sigmoid(gate(&gates, which, size)));
        let new = forget * cell.clone() + input * tanh(gate(&gates, 2, size));
        state = walk.keep(position, &state, output * tanh(new.clone()));
        cell = walk.keep(position, &cell, new);
        states.push(state.clone());
    }
    Tensor::stack(states, 1)
}

/// A gated recurrent unit over `N x L x W` to `N x L x H` (Cho et al. 2014). Gates: reset, update, new; the
/// reset gate works on what the state adds to the new one, as in PyTorch. A position that `present` says is
/// padding changes nothing.
#[must_use]
pub fn gru(values: Tensor<3>, weights: &RecurrentWeights, present: Option<Tensor<3>>) -> Tensor<3> {
    let walk = Walk { weights, values, present };
    let size = weights.hidden.dims()[1];
    let inputs = walk.inputs();
    let mut state = walk.zeros();
    let mut states = Vec::new();
    for position in 0..inputs.dims()[1] {
        let (ours, past) = (at(&inputs, position), walk.of_state(&state));
        let [reset, update] =
            [0, 1].map(|which| sigmoid(gate(&ours, which, size) + gate(&past, which, size)));
        let new = tanh(gate(&ours, 2, size) + reset * gate(&past, 2, size));
        let next = new.clone() + update * (state.clone() - new);
        state = walk.keep(position, &state, next);
        states.push(state.clone());
    }
    Tensor::stack(states, 1)
}
