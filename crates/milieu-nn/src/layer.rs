//! Layers as data: an architecture is a list of them, which is kept, shown, pruned and exported as it is.

use serde::{Deserialize, Serialize};

/// One layer. Sizes of inputs follow from what comes before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layer {
    /// A convolution over images, a square kernel over all channels.
    Convolution {
        /// Channels that come out.
        outputs: usize,
        /// Side of the kernel.
        kernel: usize,
        /// Step between outputs.
        stride: usize,
        /// Zeros on each side.
        padding: usize,
        /// Whether each channel gets a value added.
        bias: bool,
    },
    /// A convolution whose kernels are not learnt but computed from the pictures before learning begins, see
    /// [`crate::whitening`]; `2 * channels * kernel * kernel` channels come out.
    Whiten {
        /// Side of the kernel.
        kernel: usize,
    },
    /// A convolution of each channel for itself.
    Depthwise {
        /// Side of the kernel.
        kernel: usize,
        /// Step between outputs.
        stride: usize,
        /// Zeros on each side.
        padding: usize,
    },
    /// A matrix, over rows and over each position of sequences.
    Dense {
        /// Values that come out.
        outputs: usize,
        /// Whether each gets a value added.
        bias: bool,
    },
    /// Normalisation of each channel over the batch, with a rectifier on top where it is wanted.
    BatchNorm {
        /// Whether each channel gets a factor that is learnt; else it is 1.
        scale: bool,
        /// Whether negative results become 0.
        rectify: bool,
    },
    /// Normalisation of each row, and of each position of sequences (Ba et al. 2016).
    LayerNorm,
    /// A function of each value.
    Activation {
        /// Which.
        function: Activation,
    },
    /// The largest of windows side by side.
    MaxPool {
        /// Side of a window.
        window: usize,
    },
    /// The mean of each channel; images become rows.
    GlobalAveragePool,
    /// The largest of each channel; images become rows.
    GlobalMaxPool,
    /// Images become rows, channel by channel; sequences become rows, position by position.
    Flatten,
    /// Tokens become sequences of the rows of a table: token 0 is padding, token `t` is row `t - 1`.
    Embedding {
        /// Rows of the table.
        count: usize,
        /// Values of a row.
        width: usize,
    },
    /// Each position gets values of its own added. The last position of a sequence is always the same one,
    /// however long the sequence is.
    Positions,
    /// Positions of sequences look at each other (Vaswani et al. 2017); padding is looked at by none.
    Attention {
        /// Parts that the width is split into, each with a look of its own.
        heads: usize,
        /// Whether a position looks at itself and earlier ones only.
        causal: bool,
    },
    /// A long short-term memory over sequences (Hochreiter and Schmidhuber 1997).
    Lstm {
        /// Values of each position that come out.
        outputs: usize,
    },
    /// A gated recurrent unit over sequences (Cho et al. 2014).
    Gru {
        /// Values of each position that come out.
        outputs: usize,
    },
    /// The last position of each sequence; sequences become rows.
    Last,
    /// Values are left out by chance while learning (Srivastava et al. 2014).
    Dropout {
        /// The share that is left out.
        share: f32,
    },
    /// All values times a constant.
    Scale {
        /// The constant.
        factor: f32,
    },
    /// What goes in, by way of `shortcut`, plus what `body` makes of it (He et al. 2016).
    Residual {
        /// What is added.
        body: Vec<Layer>,
        /// What the input passes on its own way; nothing where it is empty.
        shortcut: Vec<Layer>,
    },
}

/// A function of each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// 1 above 0, else 0; its gradient is taken for 1 between -1 and 1 (straight-through, Bengio et al. 2013).
    Step,
    /// Between 0 and 1.
    Sigmoid,
    /// Between -1 and 1.
    Tanh,
    /// Negative values become 0.
    Relu,
    /// `x` times the share of a normal distribution below `x` (Hendrycks and Gimpel 2016).
    Gelu,
    /// `x * sigmoid(x)` (Elfwing et al. 2018).
    Silu,
}

/// The size of one example between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Size {
    /// `channels x height x width`.
    Images {
        /// Channels.
        channels: usize,
        /// Rows of pixels.
        height: usize,
        /// Pixels of a row.
        width: usize,
    },
    /// So many values.
    Rows {
        /// How many.
        width: usize,
    },
    /// So many whole numbers, of which 0 is padding.
    Tokens {
        /// The most positions.
        length: usize,
    },
    /// So many positions with values each.
    Sequence {
        /// The most positions.
        length: usize,
        /// Values of each.
        width: usize,
    },
}

/// A layer that does not fit what comes before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer {path}: {message}")]
pub struct ShapeError {
    /// The layer: its place in the list, and within residuals.
    pub path: String,
    /// What does not fit.
    pub message: String,
}

impl Size {
    /// How many values an example has.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Images { channels, height, width } => channels * height * width,
            Self::Rows { width } => width,
            Self::Tokens { length } => length,
            Self::Sequence { length, width } => length * width,
        }
    }
}
