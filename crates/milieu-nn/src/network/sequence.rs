//! The layers of a network that know that one position comes after another.

use super::{Batch, Binder};
use crate::attention::{AttentionWeights, Sight, attention};
use crate::layer::{Layer, ShapeError, Size};
use crate::recurrent::{RecurrentWeights, gru, lstm};
use crate::{Initialiser, ParameterId, ParameterKind, Tape, Tensor};

/// First values of embeddings and positions, as in BERT (Devlin et al. 2019).
const EMBEDDED: Initialiser = Initialiser::TruncatedNormal { deviation: 0.02 };

/// A batch of sequences, `N x L x W`.
#[derive(Clone)]
pub(super) struct Sequences {
    pub(super) values: Tensor<3>,
    /// Which of the `N * L` positions are padding; none where it is empty.
    pub(super) padding: Vec<bool>,
}

/// A layer and where its parameters are.
#[derive(Debug, Clone)]
pub(super) enum SequenceLayer {
    Embedding { table: ParameterId, width: usize },
    Positions { table: ParameterId, length: usize, width: usize },
    Attention { parts: [ParameterId; 4], width: usize, sight: Sight },
    Recurrent { parts: [ParameterId; 4], width: usize, outputs: usize, cell: Cell },
    Last,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    Lstm,
    Gru,
}

impl Cell {
    fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

impl SequenceLayer {
    /// Binds a layer, if it is one of these and fits the size.
    pub(super) fn bind(
        layer: &Layer,
        size: Size,
        path: &str,
        binder: &mut Binder,
    ) -> Result<Option<(Self, Size)>, ShapeError> {
        let fault = |message: &str| ShapeError { path: path.to_owned(), message: message.to_owned() };
        Ok(Some(match (layer, size) {
            (&Layer::Embedding { count, width }, Size::Tokens { length }) => {
                if count == 0 || width == 0 {
                    return Err(fault("an embedding needs rows and columns"));
                }
                let table = binder.drawn(path, "table", &[count, width], EMBEDDED);
                (Self::Embedding { table, width }, Size::Sequence { length, width })
            }
            (Layer::Positions, Size::Sequence { length, width }) => {
                let table = binder.drawn(path, "table", &[length, width], EMBEDDED);
                (Self::Positions { table, length, width }, size)
            }
            (&Layer::Attention { heads, causal }, Size::Sequence { width, .. }) => {
                if heads == 0 || width % heads != 0 {
                    return Err(fault("the width is no multiple of the heads"));
                }
                let parts = [
                    binder.matrix(path, "input", 3 * width, width, width),
                    binder.offset(path, "input_bias", 3 * width, 0.0),
                    binder.matrix(path, "output", width, width, width),
                    binder.offset(path, "output_bias", width, 0.0),
                ];
                (Self::Attention { parts, width, sight: Sight { heads, causal } }, size)
            }
            (&Layer::Lstm { outputs } | &Layer::Gru { outputs }, Size::Sequence { length, width }) => {
                let cell = if matches!(layer, Layer::Lstm { .. }) { Cell::Lstm } else { Cell::Gru };
                if outputs == 0 {
                    return Err(fault("a recurrent layer needs outputs"));
                }
                let all = cell.gates() * outputs;
                let parts = [
                    binder.matrix(path, "input", all, width, outputs),
                    binder.offset(path, "input_bias", all, 0.0),
                    binder.matrix(path, "hidden", all, outputs, outputs),
                    binder.offset(path, "hidden_bias", all, 0.0),
                ];
                (Self::Recurrent { parts, width, outputs, cell }, Size::Sequence { length, width: outputs })
            }
            (Layer::Last, Size::Sequence { width, .. }) => (Self::Last, Size::Rows { width }),
            _ => return Ok(None),
        }))
    }

    pub(super) fn run(&self, tape: &Tape<'_>, batch: Batch) -> Batch {
        match (self, batch) {
            (&Self::Embedding { table, width }, Batch::Tokens { tokens, length }) => {
                embed(tape, table, &tokens, [tokens.len() / length.max(1), length, width])
            }
            (&Self::Positions { table, length, width }, Batch::Sequence(Sequences { values, padding })) => {
                let [_, present, _] = values.dims();
                let present = present.min(length);
                let table = tape.parameter(table, [1, length, width]).narrow(1, length - present, present);
                Batch::Sequence(Sequences { values: values + table, padding })
            }
            (&Self::Attention { parts, width, sight }, Batch::Sequence(Sequences { values, padding })) => {
                let weights = AttentionWeights {
                    input: tape.parameter(parts[0], [3 * width, width]),
                    input_bias: tape.parameter(parts[1], [3 * width]),
                    output: tape.parameter(parts[2], [width, width]),
                    output_bias: tape.parameter(parts[3], [width]),
                };
                let values = attention(values, &weights, sight, Some(&padding));
                Batch::Sequence(Sequences { values, padding })
            }
            (
                &Self::Recurrent { parts, width, outputs, cell },
                Batch::Sequence(Sequences { values, padding }),
            ) => {
                let all = cell.gates() * outputs;
                let weights = RecurrentWeights {
                    input: tape.parameter(parts[0], [all, width]),
                    input_bias: tape.parameter(parts[1], [all]),
                    hidden: tape.parameter(parts[2], [all, outputs]),
                    hidden_bias: tape.parameter(parts[3], [all]),
                };
                let [count, length, _] = values.dims();
                let present = present(tape, &padding, [count, length, 1]);
                let values = match cell {
                    Cell::Lstm => lstm(values, &weights, present),
                    Cell::Gru => gru(values, &weights, present),
                };
                Batch::Sequence(Sequences { values, padding })
            }
            (Self::Last, Batch::Sequence(Sequences { values, .. })) => {
                let length = values.dims()[1];
                Batch::Rows(values.narrow(1, length.saturating_sub(1), 1).squeeze_dim(1))
            }
            // Sizes were checked when the layers were bound.
            (_, batch) => batch,
        }
    }
}

/// The rows of tokens; token 0 is padding and gives zeros, token `t` row `t - 1`.
fn embed(tape: &Tape<'_>, table: ParameterId, tokens: &[u32], shape: [usize; 3]) -> Batch {
    let padding: Vec<bool> = tokens.iter().map(|&token| token == 0).collect();
    // Padding looks a row up that is looked up anyway: there may be no other.
    let any = tokens.iter().find(|&&token| token > 0).map_or(0, |token| token - 1);
    let rows: Vec<u32> = tokens.iter().map(|&token| token.checked_sub(1).unwrap_or(any)).collect();
    let values = tape.look_up(table, &rows).reshape(shape);
    let [count, length, _] = shape;
    let values = match present(tape, &padding, [count, length, 1]) {
        Some(present) => values * present,
        None => values,
    };
    Batch::Sequence(Sequences { values, padding })
}

/// 1 where there is a value, 0 at padding; nothing where there is no padding.
fn present(tape: &Tape<'_>, padding: &[bool], shape: [usize; 3]) -> Option<Tensor<3>> {
    let present = || padding.iter().map(|&padding| f32::from(u8::from(!padding))).collect();
    padding.contains(&true).then(|| tape.tensor(present(), shape))
}

impl Binder {
    /// A weight with first values of its own rule.
    fn drawn(&mut self, path: &str, name: &str, shape: &[usize], rule: Initialiser) -> ParameterId {
        let values = rule.draw(shape.iter().product(), 1, 1, &mut self.random);
        self.add(path, name, shape, ParameterKind::Weight, values)
    }

    /// A matrix of several that stand one below the other, each of `inputs` and `outputs`.
    fn matrix(&mut self, path: &str, name: &str, rows: usize, inputs: usize, outputs: usize) -> ParameterId {
        let values = Initialiser::Xavier.draw(rows * inputs, inputs, outputs, &mut self.random);
        self.add(path, name, &[rows, inputs], ParameterKind::Weight, values)
    }
}
