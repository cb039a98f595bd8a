//! An encoder of texts: tokens to a vector each, every token having seen all others (Devlin et al. 2019, "BERT").

use crate::kernels::Spans;
use crate::ops::packed::{attend, attend_near, gelu, layer_norm, linear};
use crate::{Initialiser, Parameter, ParameterId, ParameterKind, Parameters, Tape, Tensor};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// The deviation of first weights, as in the paper.
const DEVIATION: f32 = 0.02;

/// How large an encoder is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EncoderShape {
    /// Tokens it knows.
    pub vocabulary: usize,
    /// The longest sequence.
    pub positions: usize,
    /// Values of a token; a multiple of `heads`.
    pub width: usize,
    /// Parts that attention splits the width into.
    pub heads: usize,
    /// Values of a token between the two matrices of a block.
    pub hidden: usize,
    /// Blocks.
    pub blocks: usize,
    /// Kinds of distances that add to scores of attention, the same in all blocks (Song et al. 2020, "MPNet"): 0, or an
    /// even number of at least 4.
    pub distances: usize,
    /// What normalisation adds to variances.
    pub epsilon: f32,
}

/// An encoder whose parameters are [`Parameters`] with the names of [`Encoder::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    shape: EncoderShape,
    tokens: ParameterId,
    positions: ParameterId,
    /// `distances x heads`.
    distances: Option<ParameterId>,
    norm: Norm,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Norm {
    scale: ParameterId,
    shift: ParameterId,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Dense {
    weight: ParameterId,
    bias: ParameterId,
    size: [usize; 2],
}

#[derive(Debug, Clone, PartialEq)]
struct Block {
    projection: Dense,
    mixing: Dense,
    attention_norm: Norm,
    widening: Dense,
    narrowing: Dense,
    norm: Norm,
}

impl Encoder {
    /// An encoder that knows nothing; a seed decides its parameters. They are `embedding.tokens`
    /// (`vocabulary x width`), `embedding.positions` (`positions x width`), `embedding.distances` (`distances x heads`,
    /// where there are distances), `embedding.norm.{scale,shift}`, and for each block `B.projection.{weight,bias}` (queries, keys and answers, `3W x W`), `B.mixing` (`W x W`),
    /// `B.attention_norm`, `B.widening` (`H x W`), `B.narrowing` (`W x H`) and `B.norm`.
    #[must_use]
    pub fn new(shape: EncoderShape, seed: u64) -> (Self, Parameters) {
        let mut adding = Adding { parameters: Parameters::default(), random: Pcg64Mcg::seed_from_u64(seed) };
        let EncoderShape { vocabulary, positions, width, heads, hidden, .. } = shape;
        let tokens = adding.weight("embedding.tokens".to_owned(), [vocabulary, width]);
        let places = adding.weight("embedding.positions".to_owned(), [positions, width]);
        let distances = (shape.distances > 0)
            .then(|| adding.weight("embedding.distances".to_owned(), [shape.distances, heads]));
        let norm = adding.norm("embedding.norm", width);
        let block = |number: usize, adding: &mut Adding| Block {
            projection: adding.dense(&format!("{number}.projection"), [3 * width, width]),
            mixing: adding.dense(&format!("{number}.mixing"), [width, width]),
            attention_norm: adding.norm(&format!("{number}.attention_norm"), width),
            widening: adding.dense(&format!("{number}.widening"), [hidden, width]),
            narrowing: adding.dense(&format!("{number}.narrowing"), [width, hidden]),
            norm: adding.norm(&format!("{number}.norm"), width),
        };
        let blocks = (0..shape.blocks).map(|number| block(number, &mut adding)).collect();
        (Self { shape, tokens, positions: places, distances, norm, blocks }, adding.parameters)
    }

    /// How large it is.
    #[must_use]
    pub fn shape(&self) -> EncoderShape {
        self.shape
    }

    /// Tokens of sequences that stand one after the other, to a vector each, `T x W`. Positions beyond the last one that
    /// there is count as the last, and tokens that are not known as the first that is. While learning, `dropout` is the
    /// share of values that is left out after the embedding and of what each half of a block adds.
    #[must_use]
    pub fn forward(&self, tape: &Tape<'_>, tokens: &[u32], spans: &Spans, dropout: f32) -> Tensor<2> {
        let EncoderShape { width, heads, epsilon, .. } = self.shape;
        let last = self.shape.positions.saturating_sub(1);
        let places: Vec<u32> =
            spans.iter().flat_map(|span| (0..span.len()).map(|place| place.min(last) as u32)).collect();
        let rows = tape.embed(self.tokens, tokens) + tape.look_up(self.positions, &places);
        let mut rows = tape.drop_out(self.norm.run(tape, rows, width, epsilon), dropout);
        let distances = self.distances.map(|id| tape.parameter(id, [self.shape.distances, heads]));
        for block in &self.blocks {
            let projected = block.projection.run(tape, rows.clone());
            let seen = match &distances {
                Some(table) => attend_near(projected, table.clone(), spans.clone()),
                None => attend(projected, heads, spans.clone()),
            };
            let seen = block.mixing.run(tape, seen);
            rows = block.attention_norm.run(tape, rows + tape.drop_out(seen, dropout), width, epsilon);
            let wide = gelu(block.widening.run(tape, rows.clone()));
            let thought = tape.drop_out(block.narrowing.run(tape, wide), dropout);
            rows = block.norm.run(tape, rows + thought, width, epsilon);
        }
        rows
    }
}

impl Norm {
    fn run(self, tape: &Tape<'_>, rows: Tensor<2>, width: usize, epsilon: f32) -> Tensor<2> {
        layer_norm(rows, tape.parameter(self.scale, [width]), tape.parameter(self.shift, [width]), epsilon)
    }
}

impl Dense {
    fn run(self, tape: &Tape<'_>, rows: Tensor<2>) -> Tensor<2> {
        linear(rows, tape.parameter(self.weight, self.size), tape.parameter(self.bias, [self.size[0]]))
    }
}

struct Adding {
    parameters: Parameters,
    random: Pcg64Mcg,
}

impl Adding {
    fn weight(&mut self, name: String, shape: [usize; 2]) -> ParameterId {
        let rule = Initialiser::TruncatedNormal { deviation: DEVIATION };
        let values = rule.draw(shape[0] * shape[1], shape[1], shape[0], &mut self.random);
        let shape = shape.to_vec();
        self.parameters.add(Parameter { name, shape, kind: ParameterKind::Weight, values })
    }

    fn offset(&mut self, name: String, count: usize, value: f32) -> ParameterId {
        let values = vec![value; count];
        self.parameters.add(Parameter { name, shape: vec![count], kind: ParameterKind::Offset, values })
    }

    fn dense(&mut self, name: &str, size: [usize; 2]) -> Dense {
        let weight = self.weight(format!("{name}.weight"), size);
        Dense { weight, bias: self.offset(format!("{name}.bias"), size[0], 0.0), size }
    }

    fn norm(&mut self, name: &str, width: usize) -> Norm {
        let scale = self.offset(format!("{name}.scale"), width, 1.0);
        Norm { scale, shift: self.offset(format!("{name}.shift"), width, 0.0) }
    }
}
