//! A bag of n-grams beside windows over the words in their order: what a sum of n-grams cannot say, a window of a few words
//! in a row can (Kim 2014, "Convolutional Neural Networks for Sentence Classification"; Joulin et al. 2017).

use super::windows::{DEVIATION, Making, Windows};
use milieu_nn::kernels::Spans;
use milieu_nn::ops::packed::{bag, linear};
use milieu_nn::ops::{join_columns, rectify};
use milieu_nn::{Initialiser, ParameterId, Parameters, Tape, Tensor};
use serde::{Deserialize, Serialize};

/// The deviation of the first vectors of n-grams: what one says that was never seen is little.
const OF_GRAMS: f32 = 0.01;

/// How large such a network is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordShape {
    /// Rows of the table of n-grams.
    pub grams: usize,
    /// Values of a row of it.
    pub bag: usize,
    /// Whether what is negative in the sum of n-grams counts as nothing.
    pub rectified: bool,
    /// Rows of the table of words; the first is that of what fills texts up.
    pub words: usize,
    /// Values of a row of it.
    pub width: usize,
    /// Channels of each width of window.
    pub filters: usize,
    /// Words of a window, odd, for each of the convolutions.
    pub windows: Vec<usize>,
}

impl WordShape {
    /// Values of a text: the largest over its positions, and the bag.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.filters * self.windows.len() + self.bag
    }
}

/// Texts as such a network reads them, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordBatch {
    /// The row of each n-gram.
    pub grams: Vec<u32>,
    /// Which n-grams are a text.
    pub bags: Spans,
    /// The row of each word, in order.
    pub words: Vec<u32>,
    /// Which words are a text.
    pub spans: Spans,
}

/// What is left out by chance while learning.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WordDropout {
    /// The share of the values of words.
    pub embedded: f32,
    /// The share of what windows show in texts.
    pub pooled: f32,
}

/// The network, with a matrix over the values of a text that gives logits.
#[derive(Debug, Clone, PartialEq)]
pub struct WordNetwork {
    shape: WordShape,
    classes: usize,
    grams: ParameterId,
    words: ParameterId,
    windows: Windows,
    head: [ParameterId; 2],
}

impl WordNetwork {
    /// A network that knows nothing; a seed decides its parameters. They are `grams` and `words`, tables of which the first
    /// row of the second is 0; for each convolution `windows.I.weight` (`F x (taps * W)`) and `windows.I.bias`; `head.weight`
    /// (`classes x pooled`) and `head.bias`.
    #[must_use]
    pub fn new(shape: WordShape, classes: usize, seed: u64) -> (Self, Parameters) {
        let mut making = Making::new(seed);
        let grams = making.table("grams", [shape.grams, shape.bag], OF_GRAMS);
        let words = making.table("words", [shape.words, shape.width], DEVIATION);
        let windows = Windows::new(&mut making, shape.width, shape.filters, &shape.windows);
        let weight = vec![classes, shape.pooled()];
        let head = [
            making.add("head.weight", weight, Some(Initialiser::Xavier)),
            making.add("head.bias", vec![classes], None),
        ];
        (Self { shape, classes, grams, words, windows, head }, making.made(&["words"]))
    }

    /// How large it is.
    #[must_use]
    pub fn shape(&self) -> &WordShape {
        &self.shape
    }

    /// Texts to logits, `N x C`.
    #[must_use]
    pub fn logits(&self, tape: &Tape<'_>, batch: &WordBatch, dropout: WordDropout) -> Tensor<2> {
        let embedded = tape.drop_out(tape.embed(self.words, &batch.words), dropout.embedded);
        let pooled = join_columns(self.windows.largest(tape, &embedded, &batch.spans));
        let bag = bag(tape, self.grams, &batch.grams, &batch.bags);
        let bag = if self.shape.rectified { rectify(bag) } else { bag };
        let pooled = join_columns(vec![tape.drop_out(pooled, dropout.pooled), bag]);
        let weight = tape.parameter(self.head[0], [self.classes, self.shape.pooled()]);
        linear(pooled, weight, tape.parameter(self.head[1], [self.classes]))
    }
}
