//! The graph of a network, as an engine runs it.

mod characters;
mod drawing;
mod sequence;
mod text;
mod words;

pub use characters::onnx_characters;
pub use sequence::onnx_next;
pub use text::{TextOutput, onnx_text};
pub use words::onnx_words;

use crate::ModelError;
use crate::parts::{EPSILON, Parts, within};
use milieu_nn::{Activation, Layer, Parameters, Size};
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, Value, rewrite};

/// The ONNX graph of layers with these parameters, in the form for inference: no dropout, normalisation by the
/// running moments, folded into the convolution before it. It takes `input`, `N x` the size of an example,
/// and gives `logits`, `N x` the size of what comes out, both `f32`.
///
/// # Errors
/// [`ModelError`] for layers that do not fit each other, parameters that do not fit the layers, and sequences,
/// which [`onnx_next`] is for.
pub fn onnx(layers: &[Layer], input: Size, parameters: &Parameters) -> Result<Model, ModelError> {
    let parts = Parts::new(layers, input, parameters)?;
    let mut graph = Builder::new("network");
    let mut lengths: Vec<Length> = vec!["N".into()];
    match input {
        Size::Images { channels, height, width } => {
            lengths.extend([channels, height, width].map(Length::Fixed));
        }
        Size::Rows { width } => lengths.push(Length::Fixed(width)),
        Size::Tokens { .. } | Size::Sequence { .. } => {
            return Err(ModelError::Graph("sequences"));
        }
    }
    let name = graph.input("input", Element::F32, &lengths);
    let mut export = Export { graph, parts };
    let images = matches!(input, Size::Images { .. });
    let mut value = export.layers(layers, "", Batch { name, images });
    if value.images {
        value = export.rows(&value);
    }
    let Export { mut graph, parts } = export;
    graph.rename(&value.name, "logits");
    graph.output("logits", Element::F32, &["N".into(), Length::Fixed(parts.output.count())]);
    Ok(rewrite::fold_batch_norm(&graph.finish()?)?)
}

/// A value between two layers.
#[derive(Clone)]
struct Batch {
    name: String,
    /// Whether it is `N x C x H x W`, and not `N x C`.
    images: bool,
}

struct Export<'a> {
    graph: Builder,
    parts: Parts<'a>,
}

impl Export<'_> {
    fn layers(&mut self, layers: &[Layer], path: &str, batch: Batch) -> Batch {
        layers
            .iter()
            .enumerate()
            .fold(batch, |batch, (place, layer)| self.layer(layer, &within(path, place), batch))
    }

    fn layer(&mut self, layer: &Layer, path: &str, batch: Batch) -> Batch {
        let name = batch.name.as_str();
        let images = batch.images;
        let next = match layer {
            Layer::Convolution { kernel, stride, padding, .. } => {
                self.convolution(path, name, [*kernel, *stride, *padding], false)
            }
            Layer::Whiten { kernel } => self.convolution(path, name, [*kernel, 1, 0], false),
            Layer::Depthwise { kernel, stride, padding } => {
                self.convolution(path, name, [*kernel, *stride, *padding], true)
            }
            Layer::Dense { .. } => {
                let parameters = self.constants(path, &["weight", "bias"]);
                self.node("Gemm", name, &parameters, vec![("transB", Value::Int(1))])
            }
            Layer::BatchNorm { rectify, .. } => {
                let parameters = self.constants(path, &["scale", "shift", "mean", "variance"]);
                let epsilon = vec![("epsilon", Value::Float(EPSILON))];
                let normalised = self.node("BatchNormalization", name, &parameters, epsilon);
                if *rectify { self.node("Relu", &normalised, &[], vec![]) } else { normalised }
            }
            Layer::LayerNorm => {
                let parameters = self.constants(path, &["scale", "shift"]);
                let attributes = vec![("axis", Value::Int(-1)), ("epsilon", Value::Float(EPSILON))];
                self.node("LayerNormalization", name, &parameters, attributes)
            }
            Layer::Activation { function } => self.activation(*function, path, name),
            Layer::MaxPool { window } => {
                let sides = || Value::Ints(vec![*window as i64; 2]);
                self.node("MaxPool", name, &[], vec![("kernel_shape", sides()), ("strides", sides())])
            }
            Layer::GlobalAveragePool => {
                let name = self.node("GlobalAveragePool", name, &[], vec![]);
                return self.rows(&Batch { name, images });
            }
            Layer::GlobalMaxPool => {
                let name = self.node("GlobalMaxPool", name, &[], vec![]);
                return self.rows(&Batch { name, images });
            }
            Layer::Flatten => return if images { self.rows(&batch) } else { batch },
            Layer::Dropout { .. } => return batch,
            Layer::Scale { factor } => {
                let factor = self.scalar(path, "factor", *factor);
                self.node("Mul", name, &[factor], vec![])
            }
            // What comes in are pictures or rows, which the binding of layers has made sure of.
            Layer::Embedding { .. }
            | Layer::Positions
            | Layer::Attention { .. }
            | Layer::Lstm { .. }
            | Layer::Gru { .. }
            | Layer::Last => return batch,
            Layer::Residual { body, shortcut } => {
                let one = self.layers(body, &format!("{path}.body"), batch.clone());
                let other = self.layers(shortcut, &format!("{path}.shortcut"), batch);
                let name = self.node("Add", &one.name, &[other.name], vec![]);
                return Batch { name, images: one.images };
            }
        };
        Batch { name: next, images }
    }

    fn convolution(&mut self, path: &str, name: &str, walk: [usize; 3], depthwise: bool) -> String {
        let [kernel, stride, padding] = walk.map(|length| length as i64);
        let channels = self.parts.of(path, "weight").and_then(|weight| weight.shape.first().copied());
        let parameters = self.constants(path, &["weight", "bias"]);
        let mut attributes = vec![
            ("kernel_shape", Value::Ints(vec![kernel; 2])),
            ("strides", Value::Ints(vec![stride; 2])),
            ("pads", Value::Ints(vec![padding; 4])),
        ];
        if depthwise {
            attributes.push(("group", Value::Int(channels.unwrap_or(1) as i64)));
        }
        self.node("Conv", name, &parameters, attributes)
    }

    fn activation(&mut self, function: Activation, path: &str, name: &str) -> String {
        match function {
            Activation::Step => {
                let zero = self.scalar(path, "zero", 0.0);
                let above = self.node("Greater", name, &[zero], vec![]);
                let to = Value::Int(i64::from(Element::F32.code()));
                self.node("Cast", &above, &[], vec![("to", to)])
            }
            Activation::Sigmoid => self.node("Sigmoid", name, &[], vec![]),
            Activation::Tanh => self.node("Tanh", name, &[], vec![]),
            Activation::Relu => self.node("Relu", name, &[], vec![]),
            // Engines know these shapes of GELU and SiLU and compute each in one pass.
            Activation::Gelu => {
                let root = self.scalar(path, "root", std::f32::consts::SQRT_2);
                let one = self.scalar(path, "one", 1.0);
                let half = self.scalar(path, "half", 0.5);
                let divided = self.node("Div", name, &[root], vec![]);
                let error = self.node("Erf", &divided, &[], vec![]);
                let above = self.node("Add", &error, &[one], vec![]);
                let product = self.node("Mul", name, &[above], vec![]);
                self.node("Mul", &product, &[half], vec![])
            }
            Activation::Silu => {
                let sigmoid = self.node("Sigmoid", name, &[], vec![]);
                self.node("Mul", name, &[sigmoid], vec![])
            }
        }
    }

    fn rows(&mut self, batch: &Batch) -> Batch {
        Batch { name: self.node("Flatten", &batch.name, &[], vec![("axis", Value::Int(1))]), images: false }
    }

    fn node(
        &mut self,
        operator: &str,
        input: &str,
        more: &[String],
        attributes: Vec<(&str, Value)>,
    ) -> String {
        let inputs: Vec<&str> = std::iter::once(input).chain(more.iter().map(String::as_str)).collect();
        self.graph.node(operator, &inputs, attributes)
    }

    /// Adds the parameters of a layer that it has of these.
    fn constants(&mut self, path: &str, names: &[&str]) -> Vec<String> {
        let found = names.iter().filter_map(|name| self.parts.of(path, name));
        found
            .map(|found| self.graph.constant(Tensor::of_f32(&found.name, &found.shape, &found.values)))
            .collect()
    }

    fn scalar(&mut self, path: &str, name: &str, value: f32) -> String {
        self.graph.constant(Tensor::of_f32(&format!("{path}.{name}"), &[], &[value]))
    }
}
