//! Networks over texts: an encoder of tokens, and heads on what it gives.

mod published;

pub use published::{Published, PublishedError, published};

use milieu_nn::kernels::Spans;
use milieu_nn::ops::packed::{linear, mean};
use milieu_nn::{
    Encoder, EncoderShape, Initialiser, Parameter, ParameterId, ParameterKind, Parameters, Tape, Tensor,
};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// The deviation of a head's first weights.
const DEVIATION: f32 = 0.02;
/// The name of the head over a whole text.
pub(crate) const HEAD: &str = "head";

/// An encoder with a matrix over the mean of a text's tokens that gives logits.
#[derive(Debug, Clone, PartialEq)]
pub struct TextClassifier {
    encoder: Encoder,
    weight: ParameterId,
    bias: ParameterId,
    classes: usize,
}

impl TextClassifier {
    /// A head for so many classes, whose weights a seed decides, on an encoder. Gives the parameters of both:
    /// those of the encoder as they are, and `head.weight` (`classes x width`) and `head.bias`.
    #[must_use]
    pub fn new(
        encoder: Encoder,
        mut parameters: Parameters,
        classes: usize,
        seed: u64,
    ) -> (Self, Parameters) {
        let width = encoder.shape().width;
        let rule = Initialiser::TruncatedNormal { deviation: DEVIATION };
        let values = rule.draw(classes * width, width, classes, &mut Pcg64Mcg::seed_from_u64(seed));
        let mut add = |name: &str, shape: Vec<usize>, kind, values| {
            parameters.add(Parameter { name: format!("{HEAD}.{name}"), shape, kind, values })
        };
        let weight = add("weight", vec![classes, width], ParameterKind::Weight, values);
        let bias = add("bias", vec![classes], ParameterKind::Offset, vec![0.0; classes]);
        (Self { encoder, weight, bias, classes }, parameters)
    }

    /// How large the encoder is.
    #[must_use]
    pub fn shape(&self) -> EncoderShape {
        self.encoder.shape()
    }

    /// Tokens of texts that stand one after the other, to logits, `N x C`. `dropout` is the encoder's.
    #[must_use]
    pub fn logits(&self, tape: &Tape<'_>, tokens: &[u32], spans: &Spans, dropout: f32) -> Tensor<2> {
        let pooled = mean(self.encoder.forward(tape, tokens, spans, dropout), spans);
        let weight = tape.parameter(self.weight, [self.classes, self.encoder.shape().width]);
        linear(pooled, weight, tape.parameter(self.bias, [self.classes]))
    }
}
