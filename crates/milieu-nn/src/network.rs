//! A network: layers bound to parameters.

mod sequence;

use crate::kernels::{Moments, Normalisation};
use crate::layer::{Activation, Layer, ShapeError, Size};
use crate::ops::{Walk, convolve, max_pool, normalise, normalise_like, rectify};
use crate::{Initialiser, Parameter, ParameterId, ParameterKind, Parameters, Tape, Tensor};
use burn::tensor::activation;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use sequence::{SequenceLayer, Sequences};

/// Added to variances.
const EPSILON: f32 = 1e-5;

/// Layers with their parameters' places. It holds no values: those are in [`Parameters`].
#[derive(Debug, Clone)]
pub struct Network {
    layers: Vec<Bound>,
    input: Size,
    output: Size,
}

/// A layer and where its parameters are.
#[derive(Debug, Clone)]
enum Bound {
    Convolution {
        weight: ParameterId,
        shape: [usize; 4],
        bias: Option<ParameterId>,
        walk: Walk,
    },
    Depthwise {
        weight: ParameterId,
        shape: [usize; 4],
        walk: Walk,
    },
    Dense {
        weight: ParameterId,
        shape: [usize; 2],
        bias: Option<ParameterId>,
    },
    BatchNorm {
        scale: ParameterId,
        shift: ParameterId,
        mean: ParameterId,
        variance: ParameterId,
        rectify: bool,
    },
    LayerNorm {
        scale: ParameterId,
        shift: ParameterId,
    },
    Residual {
        body: Vec<Bound>,
        shortcut: Vec<Bound>,
    },
    Sequence(SequenceLayer),
    Plain(Layer),
}

/// A batch between two layers.
#[derive(Clone)]
enum Batch {
    Images(Tensor<4>),
    Rows(Tensor<2>),
    Tokens { tokens: Vec<u32>, length: usize },
    Sequence(Sequences),
}

impl Network {
    /// Binds layers to parameters with first values that `seed` decides.
    ///
    /// # Errors
    /// [`ShapeError`] for the first layer that does not fit.
    pub fn new(layers: &[Layer], input: Size, seed: u64) -> Result<(Self, Parameters), ShapeError> {
        let mut binder = Binder { parameters: Parameters::default(), random: Pcg64Mcg::seed_from_u64(seed) };
        let (layers, output) = binder.bind(layers, input, "")?;
        Ok((Self { layers, input, output }, binder.parameters))
    }

    /// The size of an example that goes in.
    #[must_use]
    pub fn input(&self) -> Size {
        self.input
    }

    /// The size of what comes out of an example.
    #[must_use]
    pub fn output(&self) -> Size {
        self.output
    }

    /// Passes a batch, one example after the other, through the layers; an incomplete example at the end is
    /// left out. `N x output`. Tokens are whole numbers; see [`Network::forward_tokens`].
    #[must_use]
    pub fn forward(&self, tape: &Tape<'_>, mut examples: Vec<f32>) -> Tensor<2> {
        let count = examples.len() / self.input.count().max(1);
        examples.truncate(count * self.input.count());
        let batch = match self.input {
            Size::Images { channels, height, width } => {
                Batch::Images(tape.tensor(examples, [count, channels, height, width]))
            }
            Size::Rows { width } => Batch::Rows(tape.tensor(examples, [count, width])),
            Size::Tokens { length } => {
                Batch::Tokens { tokens: examples.into_iter().map(|token| token as u32).collect(), length }
            }
            Size::Sequence { length, width } => {
                let values = tape.tensor(examples, [count, length, width]);
                Batch::Sequence(Sequences { values, padding: Vec::new() })
            }
        };
        match run(&self.layers, tape, batch) {
            Batch::Rows(rows) => rows,
            Batch::Images(images) => images.flatten(1, 3),
            Batch::Sequence(Sequences { values, .. }) => values.flatten(1, 2),
            Batch::Tokens { tokens, length } => {
                let shape = [tokens.len() / length.max(1), length];
                tape.tensor(tokens.into_iter().map(|token| token as f32).collect(), shape)
            }
        }
    }

    /// Passes sequences of `length` tokens each, at most as many as the network takes, through the layers;
    /// shorter sequences have padding, 0, in front. Gives a row of each position, `N * length x width`, or
    /// of each sequence where the layers end in one. For layers that work on images: nothing, `0 x 0`.
    #[must_use]
    pub fn forward_tokens(&self, tape: &Tape<'_>, mut tokens: Vec<u32>, length: usize) -> Tensor<2> {
        tokens.truncate(tokens.len() / length.max(1) * length);
        match run(&self.layers, tape, Batch::Tokens { tokens, length }) {
            Batch::Rows(rows) => rows,
            Batch::Sequence(Sequences { values, .. }) => values.flatten(0, 1),
            Batch::Images(_) | Batch::Tokens { .. } => tape.tensor(Vec::new(), [0, 0]),
        }
    }

    /// The table of the first embedding.
    #[must_use]
    pub fn embedding(&self) -> Option<ParameterId> {
        self.layers.iter().find_map(|layer| match layer {
            &Bound::Sequence(SequenceLayer::Embedding { table, .. }) => Some(table),
            _ => None,
        })
    }
}

struct Binder {
    parameters: Parameters,
    random: Pcg64Mcg,
}

impl Binder {
    fn bind(
        &mut self,
        layers: &[Layer],
        mut size: Size,
        path: &str,
    ) -> Result<(Vec<Bound>, Size), ShapeError> {
        let mut bound = Vec::with_capacity(layers.len());
        for (place, layer) in layers.iter().enumerate() {
            let path = if path.is_empty() { place.to_string() } else { format!("{path}.{place}") };
            let (layer, next) = self.one(layer, size, &path)?;
            bound.push(layer);
            size = next;
        }
        Ok((bound, size))
    }

    fn one(&mut self, layer: &Layer, size: Size, path: &str) -> Result<(Bound, Size), ShapeError> {
        let fault = |message: &str| ShapeError { path: path.to_owned(), message: message.to_owned() };
        if let Some((bound, size)) = SequenceLayer::bind(layer, size, path, self)? {
            return Ok((Bound::Sequence(bound), size));
        }
        Ok(match (layer, size) {
            (Layer::Dense { .. } | Layer::LayerNorm, Size::Sequence { length, width }) => {
                let (bound, each) = self.one(layer, Size::Rows { width }, path)?;
                (bound, Size::Sequence { length, width: each.count() })
            }
            (
                &Layer::Convolution { outputs, kernel, stride, padding, bias },
                Size::Images { channels, height, width },
            ) => {
                let shape = [outputs, channels, kernel, kernel];
                let size = walked([height, width], kernel, stride, padding)
                    .filter(|_| outputs > 0)
                    .ok_or_else(|| fault("the kernel does not fit into the image"))?;
                let weight = self.weight(path, &shape, channels * kernel * kernel, outputs * kernel * kernel);
                let bias = bias.then(|| self.offset(path, "bias", outputs, 0.0));
                let bound = Bound::Convolution { weight, shape, bias, walk: walk(stride, padding) };
                (bound, Size::Images { channels: outputs, height: size[0], width: size[1] })
            }
            (&Layer::Whiten { kernel }, Size::Images { channels, height, width }) => {
                let shape = [2 * channels * kernel * kernel, channels, kernel, kernel];
                let size = walked([height, width], kernel, 1, 0)
                    .ok_or_else(|| fault("the kernel does not fit into the image"))?;
                let weight = self.weight(path, &shape, channels * kernel * kernel, shape[0]);
                self.parameters.fix(weight);
                let bound = Bound::Convolution { weight, shape, bias: None, walk: walk(1, 0) };
                (bound, Size::Images { channels: shape[0], height: size[0], width: size[1] })
            }
            (&Layer::Depthwise { kernel, stride, padding }, Size::Images { channels, height, width }) => {
                let shape = [channels, 1, kernel, kernel];
                let size = walked([height, width], kernel, stride, padding)
                    .ok_or_else(|| fault("the kernel does not fit into the image"))?;
                let weight = self.weight(path, &shape, kernel * kernel, kernel * kernel);
                let bound = Bound::Depthwise { weight, shape, walk: walk(stride, padding) };
                (bound, Size::Images { channels, height: size[0], width: size[1] })
            }
            (&Layer::Dense { outputs, bias }, Size::Rows { width }) => {
                let shape = [outputs, width];
                let values = Initialiser::Xavier.draw(outputs * width, width, outputs, &mut self.random);
                let weight = self.add(path, "weight", &shape, ParameterKind::Weight, values);
                let bias = bias.then(|| self.offset(path, "bias", outputs, 0.0));
                (Bound::Dense { weight, shape, bias }, Size::Rows { width: outputs })
            }
            (&Layer::BatchNorm { scale: learnt, rectify }, Size::Images { channels, .. }) => {
                let scale = self.offset(path, "scale", channels, 1.0);
                if !learnt {
                    self.parameters.fix(scale);
                }
                let shift = self.offset(path, "shift", channels, 0.0);
                let mean = self.statistic(path, "mean", channels, 0.0);
                let variance = self.statistic(path, "variance", channels, 1.0);
                (Bound::BatchNorm { scale, shift, mean, variance, rectify }, size)
            }
            (Layer::LayerNorm, Size::Rows { width }) => {
                let (scale, shift) =
                    (self.offset(path, "scale", width, 1.0), self.offset(path, "shift", width, 0.0));
                (Bound::LayerNorm { scale, shift }, size)
            }
            (&Layer::MaxPool { window }, Size::Images { channels, height, width }) => {
                if !(1..=16).contains(&window) || window > height.min(width) {
                    return Err(fault("the window does not fit into the image"));
                }
                (
                    Bound::Plain(layer.clone()),
                    Size::Images { channels, height: height / window, width: width / window },
                )
            }
            (Layer::GlobalAveragePool | Layer::GlobalMaxPool, Size::Images { channels, .. }) => {
                (Bound::Plain(layer.clone()), Size::Rows { width: channels })
            }
            (Layer::Flatten, _) => (Bound::Plain(layer.clone()), Size::Rows { width: size.count() }),
            (Layer::Residual { body, shortcut }, _) => {
                let (body, to) = self.bind(body, size, &format!("{path}.body"))?;
                let (shortcut, beside) = self.bind(shortcut, size, &format!("{path}.shortcut"))?;
                if to != beside {
                    return Err(fault(&format!("the body gives {to:?}, the shortcut {beside:?}")));
                }
                (Bound::Residual { body, shortcut }, to)
            }
            (Layer::Activation { .. } | Layer::Dropout { .. } | Layer::Scale { .. }, _) => {
                (Bound::Plain(layer.clone()), size)
            }
            (_, Size::Rows { .. }) => return Err(fault("rows come in, which it does not take")),
            (_, Size::Images { .. }) => return Err(fault("images come in, which it does not take")),
            (_, Size::Tokens { .. }) => return Err(fault("tokens come in, which it does not take")),
            (_, Size::Sequence { .. }) => return Err(fault("sequences come in, which it does not take")),
        })
    }

    fn add(
        &mut self,
        path: &str,
        name: &str,
        shape: &[usize],
        kind: ParameterKind,
        values: Vec<f32>,
    ) -> ParameterId {
        self.parameters.add(Parameter { name: format!("{path}.{name}"), shape: shape.to_vec(), kind, values })
    }

    fn weight(&mut self, path: &str, shape: &[usize], inputs: usize, outputs: usize) -> ParameterId {
        let values = Initialiser::He.draw(shape.iter().product(), inputs, outputs, &mut self.random);
        self.add(path, "weight", shape, ParameterKind::Weight, values)
    }

    fn offset(&mut self, path: &str, name: &str, count: usize, value: f32) -> ParameterId {
        self.add(path, name, &[count], ParameterKind::Offset, vec![value; count])
    }

    fn statistic(&mut self, path: &str, name: &str, count: usize, value: f32) -> ParameterId {
        self.add(path, name, &[count], ParameterKind::Statistic, vec![value; count])
    }
}

fn walk(stride: usize, padding: usize) -> Walk {
    Walk { stride: [stride; 2], padding: [padding; 2], ..Walk::default() }
}

/// Height and width after a kernel went over an image.
fn walked(size: [usize; 2], kernel: usize, stride: usize, padding: usize) -> Option<[usize; 2]> {
    let along = |length: usize| Some((length + 2 * padding).checked_sub(kernel)? / stride + 1);
    if kernel == 0 || stride == 0 { None } else { Some([along(size[0])?, along(size[1])?]) }
}

fn run(layers: &[Bound], tape: &Tape<'_>, batch: Batch) -> Batch {
    layers.iter().fold(batch, |batch, layer| layer.run(tape, batch))
}

impl Bound {
    fn run(&self, tape: &Tape<'_>, batch: Batch) -> Batch {
        match (self, batch) {
            (&Self::Convolution { weight, shape, bias, walk }, Batch::Images(images)) => {
                let images = convolve(images, tape.parameter(weight, shape), walk);
                Batch::Images(match bias {
                    Some(bias) => images + tape.parameter(bias, [1, shape[0], 1, 1]),
                    None => images,
                })
            }
            (&Self::Depthwise { weight, shape, walk }, Batch::Images(images)) => {
                let options = ConvOptions::new(walk.stride, walk.padding, walk.dilation, shape[0]);
                Batch::Images(conv2d(images, tape.parameter(weight, shape), None, options))
            }
            (&Self::Dense { weight, shape, bias }, Batch::Rows(rows)) => {
                let rows = rows.matmul(tape.parameter(weight, shape).transpose());
                Batch::Rows(match bias {
                    Some(bias) => rows + tape.parameter(bias, [1, shape[0]]),
                    None => rows,
                })
            }
            (&Self::BatchNorm { scale, shift, mean, variance, rectify }, Batch::Images(images)) => {
                let [count, channels, height, width] = images.dims();
                let (by, to) = (tape.parameter(scale, [channels]), tape.parameter(shift, [channels]));
                Batch::Images(if tape.is_training() {
                    let (images, moments) = normalise(images, by, to, EPSILON, rectify);
                    tape.note(mean, variance, &moments, count * height * width);
                    images
                } else {
                    let moments = Moments {
                        mean: tape.values(mean).to_vec(),
                        variance: tape.values(variance).to_vec(),
                    };
                    let pixels = height * width;
                    let like = Normalisation {
                        channels,
                        pixels,
                        epsilon: EPSILON,
                        rectify,
                        moments,
                        of_batch: false,
                    };
                    normalise_like(images, by, to, like)
                })
            }
            (&Self::LayerNorm { scale, shift }, Batch::Rows(rows)) => {
                let [_, width] = rows.dims();
                let centred = rows.clone() - rows.mean_dim(1);
                let variance = (centred.clone() * centred.clone()).mean_dim(1);
                let rows = centred / (variance + EPSILON).sqrt();
                Batch::Rows(rows * tape.parameter(scale, [1, width]) + tape.parameter(shift, [1, width]))
            }
            (Self::Residual { body, shortcut }, batch) => {
                match (run(body, tape, batch.clone()), run(shortcut, tape, batch)) {
                    (Batch::Images(one), Batch::Images(other)) => Batch::Images(one + other),
                    (Batch::Rows(one), Batch::Rows(other)) => Batch::Rows(one + other),
                    (Batch::Sequence(one), Batch::Sequence(other)) => {
                        Batch::Sequence(Sequences { values: one.values + other.values, padding: one.padding })
                    }
                    (one, _) => one,
                }
            }
            (Self::Sequence(layer), batch) => layer.run(tape, batch),
            (Self::Dense { .. } | Self::LayerNorm { .. }, Batch::Sequence(Sequences { values, padding })) => {
                let [count, length, width] = values.dims();
                match self.run(tape, Batch::Rows(values.reshape([count * length, width]))) {
                    Batch::Rows(rows) => {
                        let width = rows.dims()[1];
                        Batch::Sequence(Sequences { values: rows.reshape([count, length, width]), padding })
                    }
                    other => other,
                }
            }
            (Self::Plain(layer), batch) => plain(layer, tape, batch),
            // Sizes were checked when the layers were bound.
            (_, batch) => batch,
        }
    }
}

/// A layer without parameters.
fn plain(layer: &Layer, tape: &Tape<'_>, batch: Batch) -> Batch {
    match (layer, batch) {
        (Layer::MaxPool { window }, Batch::Images(images)) => Batch::Images(max_pool(images, *window)),
        (Layer::GlobalAveragePool, Batch::Images(images)) => {
            Batch::Rows(images.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2))
        }
        (Layer::GlobalMaxPool, Batch::Images(images)) => {
            Batch::Rows(images.flatten::<3>(2, 3).max_dim(2).squeeze_dim(2))
        }
        (Layer::Flatten, Batch::Images(images)) => Batch::Rows(images.flatten(1, 3)),
        (Layer::Flatten, Batch::Sequence(Sequences { values, .. })) => Batch::Rows(values.flatten(1, 2)),
        (layer, Batch::Images(images)) => Batch::Images(each(layer, tape, images)),
        (layer, Batch::Rows(rows)) => Batch::Rows(each(layer, tape, rows)),
        (layer, Batch::Sequence(Sequences { values, padding })) => {
            Batch::Sequence(Sequences { values: each(layer, tape, values), padding })
        }
        (_, batch @ Batch::Tokens { .. }) => batch,
    }
}

/// A layer that works on each value.
fn each<const D: usize>(layer: &Layer, tape: &Tape<'_>, values: Tensor<D>) -> Tensor<D> {
    match layer {
        Layer::Activation { function } => activate(*function, values),
        Layer::Dropout { share } if tape.is_training() && *share > 0.0 => {
            let shape = values.dims();
            let mask = tape.mask(shape.iter().product(), *share);
            values * tape.tensor(mask, shape)
        }
        Layer::Scale { factor } => values * *factor,
        _ => values,
    }
}

fn activate<const D: usize>(function: Activation, values: Tensor<D>) -> Tensor<D> {
    match function {
        Activation::Step => {
            // The value of the step with the gradient of a line.
            let line = values.clone().clamp(-1.0, 1.0);
            let step = values.greater_elem(0.0).float();
            line.clone() + (step - line).detach()
        }
        Activation::Sigmoid => activation::sigmoid(values),
        Activation::Tanh => activation::tanh(values),
        Activation::Relu => rectify(values),
        Activation::Gelu => activation::gelu(values),
        Activation::Silu => activation::silu(values),
    }
}
