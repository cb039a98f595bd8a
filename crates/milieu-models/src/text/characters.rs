//! Characters and pairs of them to vectors, windows over these, and the largest of each channel over a text: a classifier
//! that needs no words (Kim 2014; Zhang et al. 2015, "Character-level Convolutional Networks").

use super::windows::{DEVIATION, Making, Windows};
use milieu_nn::kernels::Spans;
use milieu_nn::ops::packed::{linear, mean};
use milieu_nn::ops::{join_columns, rectify};
use milieu_nn::{Initialiser, ParameterId, Parameters, Tape, Tensor};
use serde::{Deserialize, Serialize};

/// How large a network of characters is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharacterShape {
    /// Rows of the table of characters; the first is that of what fills texts up.
    pub characters: usize,
    /// Rows of the table of pairs; the first is that of what fills texts up.
    pub pairs: usize,
    /// Values of a row of either table.
    pub width: usize,
    /// Channels of each width of window.
    pub filters: usize,
    /// Rows of a window, odd, for each of the convolutions.
    pub windows: Vec<usize>,
}

impl CharacterShape {
    /// Values of a position: of a character and of its pair.
    #[must_use]
    pub fn embedded(&self) -> usize {
        2 * self.width
    }

    /// Values of a position after the convolutions.
    #[must_use]
    pub fn convolved(&self) -> usize {
        self.filters * self.windows.len()
    }

    /// Values of a text: the largest over its positions, and the mean of what goes into the convolutions.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.convolved() + self.embedded()
    }
}

/// Texts as such a network reads them, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharacterBatch {
    /// The row of each character.
    pub characters: Vec<u32>,
    /// The row of each pair of a character and the next.
    pub pairs: Vec<u32>,
    /// Which positions are a text.
    pub spans: Spans,
}

/// What is left out by chance while learning.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CharacterDropout {
    /// The share of the values of positions.
    pub embedded: f32,
    /// The share of the values of texts.
    pub pooled: f32,
}

/// The network, with a matrix over the values of a text that gives logits.
#[derive(Debug, Clone, PartialEq)]
pub struct CharacterNetwork {
    shape: CharacterShape,
    classes: usize,
    characters: ParameterId,
    pairs: ParameterId,
    windows: Windows,
    head: [ParameterId; 2],
}

impl CharacterNetwork {
    /// A network that knows nothing; a seed decides its parameters. They are `characters` and `pairs`, tables whose first
    /// row is 0; for each convolution `windows.I.weight` (`F x (taps * 2W)`) and `windows.I.bias`; `head.weight`
    /// (`classes x pooled`) and `head.bias`.
    #[must_use]
    pub fn new(shape: CharacterShape, classes: usize, seed: u64) -> (Self, Parameters) {
        let mut making = Making::new(seed);
        let characters = making.table("characters", [shape.characters, shape.width], DEVIATION);
        let pairs = making.table("pairs", [shape.pairs, shape.width], DEVIATION);
        let windows = Windows::new(&mut making, shape.embedded(), shape.filters, &shape.windows);
        let weight = vec![classes, shape.pooled()];
        let head = [
            making.add("head.weight", weight, Some(Initialiser::Xavier)),
            making.add("head.bias", vec![classes], None),
        ];
        let parameters = making.made(&["characters", "pairs"]);
        (Self { shape, classes, characters, pairs, windows, head }, parameters)
    }

    /// How large it is.
    #[must_use]
    pub fn shape(&self) -> &CharacterShape {
        &self.shape
    }

    /// A vector for each position of texts, `T x filters * windows`: what windows around it show.
    #[must_use]
    pub fn positions(&self, tape: &Tape<'_>, batch: &CharacterBatch, dropout: f32) -> Tensor<2> {
        let embedded = self.embedded(tape, batch, dropout);
        rectify(join_columns(self.windows.positions(tape, &embedded, &batch.spans)))
    }

    /// Texts to logits, `N x C`.
    #[must_use]
    pub fn logits(&self, tape: &Tape<'_>, batch: &CharacterBatch, dropout: CharacterDropout) -> Tensor<2> {
        let embedded = self.embedded(tape, batch, dropout.embedded);
        let mut pooled = self.windows.largest(tape, &embedded, &batch.spans);
        pooled.push(mean(embedded, &batch.spans));
        let pooled = tape.drop_out(join_columns(pooled), dropout.pooled);
        let weight = tape.parameter(self.head[0], [self.classes, self.shape.pooled()]);
        linear(pooled, weight, tape.parameter(self.head[1], [self.classes]))
    }

    fn embedded(&self, tape: &Tape<'_>, batch: &CharacterBatch, dropout: f32) -> Tensor<2> {
        let tables = [(self.characters, &batch.characters), (self.pairs, &batch.pairs)];
        let rows = tables.map(|(table, numbers)| tape.embed(table, numbers));
        tape.drop_out(join_columns(rows.to_vec()), dropout)
    }
}
