//! Networks over texts: an encoder of tokens, and heads on what it gives; and windows over characters and words.

mod characters;
mod head;
mod published;
mod tagger;
mod windows;
mod words;

pub use characters::{CharacterBatch, CharacterDropout, CharacterNetwork, CharacterShape};
pub use published::{Published, PublishedError, published};
pub(crate) use tagger::TAGS;
pub use tagger::{ChainScores, Tagged, TaggerBatch, TextTagger};
pub use words::{WordBatch, WordDropout, WordNetwork, WordShape};

use head::Head;
use milieu_nn::kernels::Spans;
use milieu_nn::ops::packed::mean;
use milieu_nn::{Encoder, EncoderShape, Parameters, Tape, Tensor};

/// The name of the head over a whole text.
pub(crate) const HEAD: &str = "head";

/// An encoder with a matrix over the mean of a text's tokens that gives logits.
#[derive(Debug, Clone, PartialEq)]
pub struct TextClassifier {
    encoder: Encoder,
    head: Head,
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
        let head = Head::new(&mut parameters, HEAD, [classes, encoder.shape().width], seed);
        (Self { encoder, head }, parameters)
    }

    /// How large the encoder is.
    #[must_use]
    pub fn shape(&self) -> EncoderShape {
        self.encoder.shape()
    }

    /// Tokens of texts that stand one after the other, to logits, `N x C`. `dropout` is the encoder's.
    #[must_use]
    pub fn logits(&self, tape: &Tape<'_>, tokens: &[u32], spans: &Spans, dropout: f32) -> Tensor<2> {
        self.head.run(tape, mean(self.encoder.forward(tape, tokens, spans, dropout), spans))
    }
}

/// What gives a vector for each token of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum TextBody {
    /// An encoder of tokens.
    Encoder(Encoder),
}

impl TextBody {
    /// Values of a token.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Encoder(encoder) => encoder.shape().width,
        }
    }

    fn rows(&self, tape: &Tape<'_>, tokens: &[u32], spans: &Spans, dropout: f32) -> Tensor<2> {
        match self {
            Self::Encoder(encoder) => encoder.forward(tape, tokens, spans, dropout),
        }
    }
}
