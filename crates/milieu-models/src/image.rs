//! Networks that tell classes of pictures apart.

use milieu_nn::{Activation, Layer, Size};
use serde::{Deserialize, Serialize};

/// An architecture by name and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "snake_case", deny_unknown_fields)]
pub enum Image {
    /// Four convolutions, two poolings and a matrix: the smallest that is worth it.
    Small {
        /// Channels of the first convolution.
        width: usize,
    },
    /// Nine layers with two residuals, after the ResNet-9 of the DAWNBench entries (Page 2018): widths
    /// `w, 2w, 4w, 8w`.
    Residual {
        /// Channels of the first convolution.
        width: usize,
    },
    /// A fixed whitening convolution, then three blocks of convolution, pooling, convolution of `w`, `4w` and `4w`
    /// channels, after Jordan 2024 (arXiv 2404.00498): pooling early makes it cheap for what it learns.
    Pooled {
        /// Channels of the first block.
        width: usize,
    },
    /// A matrix, on features that an encoder makes of pictures.
    Linear {},
    /// Depthwise and pointwise convolutions in turn, after MobileNet (Howard et al. 2017).
    Mobile {
        /// Channels of the first convolution.
        width: usize,
    },
}

impl Image {
    /// Channels of the first learnt convolution.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::Small { width }
            | Self::Residual { width }
            | Self::Pooled { width }
            | Self::Mobile { width } => width,
            Self::Linear {} => 1,
        }
    }

    /// The size of a picture of three colours.
    #[must_use]
    pub fn input(side: usize) -> Size {
        Size::Images { channels: 3, height: side, width: side }
    }

    /// The layers, from `3 x side x side` to a logit for each class.
    #[must_use]
    pub fn layers(self, classes: usize) -> Vec<Layer> {
        let pool = || Layer::MaxPool { window: 2 };
        match self {
            Self::Small { width } => {
                let convolution = |outputs| {
                    let layer = Layer::Convolution { outputs, kernel: 3, stride: 1, padding: 1, bias: true };
                    [layer, Layer::Activation { function: Activation::Relu }]
                };
                let mut layers = Vec::new();
                for outputs in [width, 2 * width] {
                    layers.extend(convolution(outputs));
                    layers.extend(convolution(outputs));
                    layers.push(pool());
                }
                layers.extend([Layer::Flatten, Layer::Dense { outputs: classes, bias: true }]);
                layers
            }
            Self::Residual { width } => {
                let residual = |outputs| Layer::Residual {
                    body: [normalised(outputs, 3, 1), normalised(outputs, 3, 1)].concat(),
                    shortcut: vec![],
                };
                let mut layers = normalised(width, 3, 1);
                layers.extend(normalised(2 * width, 3, 1));
                layers.extend([pool(), residual(2 * width)]);
                layers.extend(normalised(4 * width, 3, 1));
                layers.push(pool());
                layers.extend(normalised(8 * width, 3, 1));
                layers.extend([pool(), residual(8 * width), Layer::GlobalMaxPool]);
                // Small logits at first: large ones would be sure of what is not learnt yet.
                layers
                    .extend([Layer::Dense { outputs: classes, bias: false }, Layer::Scale { factor: 0.125 }]);
                layers
            }
            Self::Linear {} => vec![Layer::Dense { outputs: classes, bias: true }],
            Self::Pooled { width } => {
                let norm = || Layer::BatchNorm { scale: false, rectify: true };
                let mut layers = vec![Layer::Whiten { kernel: 2 }];
                layers.push(Layer::Activation { function: Activation::Relu });
                for outputs in [width, 4 * width, 4 * width] {
                    let convolution =
                        || Layer::Convolution { outputs, kernel: 3, stride: 1, padding: 1, bias: false };
                    layers.extend([convolution(), pool(), norm(), convolution(), norm()]);
                }
                layers.push(Layer::GlobalMaxPool);
                layers
                    .extend([Layer::Dense { outputs: classes, bias: false }, Layer::Scale { factor: 0.111 }]);
                layers
            }
            Self::Mobile { width } => {
                let mut layers = normalised(width, 3, 1);
                for (outputs, stride) in [(2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), (16, 1)] {
                    layers.push(Layer::Depthwise { kernel: 3, stride, padding: 1 });
                    layers.push(Layer::BatchNorm { scale: true, rectify: true });
                    layers.extend(normalised(outputs * width, 1, 1));
                }
                layers.extend([Layer::GlobalAveragePool, Layer::Dense { outputs: classes, bias: true }]);
                layers
            }
        }
    }
}

/// A convolution, normalised and rectified.
fn normalised(outputs: usize, kernel: usize, stride: usize) -> Vec<Layer> {
    vec![
        Layer::Convolution { outputs, kernel, stride, padding: kernel / 2, bias: false },
        Layer::BatchNorm { scale: true, rectify: true },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_nn::Network;

    #[test]
    fn every_architecture_fits() {
        fn check(architecture: Image, parameters: usize) {
            for side in [16, 32, 45] {
                let (network, _) = Network::new(&architecture.layers(7), Image::input(side), 1).unwrap();
                assert_eq!(network.output(), Size::Rows { width: 7 }, "{architecture:?} {side}");
            }
            let (_, found) = Network::new(&architecture.layers(10), Image::input(32), 1).unwrap();
            assert_eq!(found.count(), parameters, "{architecture:?}");
        }
        // 3*16*9+16 + 16*16*9+16 + 16*32*9+32 + 32*32*9+32 + 8*8*32*10+10.
        check(Image::Small { width: 16 }, 432 + 16 + 2304 + 16 + 4608 + 32 + 9216 + 32 + 20480 + 10);
        // Counted by PyTorch for the same layers, running moments included.
        check(Image::Residual { width: 24 }, 928_680);
        // 24*12 + 24*4*9*w and so on, and three vectors and a fixed one for each of six normalisations.
        let convolutions = 9 * (24 * 8 + 8 * 8 + 8 * 32 + 3 * 32 * 32);
        check(Image::Pooled { width: 8 }, 24 * 12 + convolutions + 4 * 2 * (8 + 32 + 32) + 10 * 32);
        let mobile = Network::new(&Image::Mobile { width: 8 }.layers(10), Image::input(32), 1).unwrap().1;
        assert!(mobile.count() < 60_000, "{}", mobile.count());
    }
}
