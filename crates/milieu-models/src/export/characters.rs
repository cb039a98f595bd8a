//! The graph of a network of characters.

use super::drawing::Drawing;
use crate::ModelError;
use crate::text::CharacterShape;
use milieu_nn::Parameters;
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, Value};

/// What is added to the values of what fills texts up, so that none is the largest.
const UNSEEN: f32 = -1e9;

/// The ONNX graph of a network of characters with these parameters. It takes `characters` and `pairs`, `N x L` of `i64`, in
/// which 0 stands after shorter texts, and gives `logits`, `N x C` of so many classes.
///
/// # Errors
/// [`ModelError`] for parameters that do not fit the shape.
pub fn onnx_characters(
    shape: &CharacterShape,
    classes: usize,
    parameters: &Parameters,
) -> Result<Model, ModelError> {
    let lengths: [Length; 2] = ["N".into(), "L".into()];
    let mut graph = Builder::new("characters");
    graph.input("characters", Element::I64, &lengths);
    graph.input("pairs", Element::I64, &lengths);
    let mut text = Characters { draw: Drawing::new(graph, parameters), shape };
    let mask = text.masks();
    let characters = text.look_up("characters", shape.characters)?;
    let pairs = text.look_up("pairs", shape.pairs)?;
    let rows = text.draw.node("Concat", &[&characters, &pairs], vec![("axis", Value::Int(2))]);
    let columns = text.draw.node("Transpose", &[&rows], vec![("perm", Value::Ints(vec![0, 2, 1]))]);
    let mut pooled = Vec::with_capacity(shape.windows.len() + 1);
    for (number, &taps) in shape.windows.iter().enumerate() {
        pooled.push(text.largest(number, taps, &columns)?);
    }
    pooled.push(text.mean(&rows, &mask));
    let pooled: Vec<&str> = pooled.iter().map(String::as_str).collect();
    let pooled = text.draw.node("Concat", &pooled, vec![("axis", Value::Int(1))]);
    let weight = text.draw.parameter("head.weight", &[classes, shape.pooled()])?;
    let turned = turned(&weight.values, classes);
    let weight = text.draw.graph.constant(Tensor::of_f32("head.weight", &[shape.pooled(), classes], &turned));
    let bias = text.draw.constant("head.bias", &[classes])?;
    let product = text.draw.node("MatMul", &[&pooled, &weight], vec![]);
    let mut graph = text.draw.graph;
    graph.node_named("Add", &[&product, &bias], "logits", vec![]);
    graph.output("logits", Element::F32, &["N".into(), Length::Fixed(classes)]);
    Ok(graph.finish()?)
}

/// A matrix of so many rows with its columns as rows.
fn turned(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows.max(1);
    (0..values.len()).map(|at| values[at % rows * columns + at / rows]).collect()
}

struct Characters<'a> {
    draw: Drawing<'a>,
    shape: &'a CharacterShape,
}

impl Characters<'_> {
    /// What is added to the values of positions, `N x 1 x L`, by the name `unseen`; gives the mask, `N x L x 1`.
    fn masks(&mut self) -> String {
        let to = Value::Int(i64::from(Element::F32.code()));
        let numbers = self.draw.node("Cast", &["characters"], vec![("to", to)]);
        let (one, unseen) = (self.draw.scalar("one", 1.0), self.draw.scalar("least", UNSEEN));
        let mask = self.draw.node("Min", &[&numbers, &one], vec![]);
        let hidden = self.draw.node("Sub", &[&one, &mask], vec![]);
        let hidden = self.draw.node("Mul", &[&hidden, &unseen], vec![]);
        let axes = self.draw.integers("channel_axis", &[1]);
        self.draw.graph.node_named("Unsqueeze", &[&hidden, &axes], "unseen", vec![]);
        let axes = self.draw.integers("row_axis", &[2]);
        self.draw.node("Unsqueeze", &[&mask, &axes], vec![])
    }

    /// The rows of a table by the numbers of the input that is called as it, with 0 for what fills up.
    fn look_up(&mut self, name: &str, count: usize) -> Result<String, ModelError> {
        let width = self.shape.width;
        let mut values = self.draw.parameter(name, &[count, width])?.values.clone();
        values.iter_mut().take(width).for_each(|value| *value = 0.0);
        let table =
            self.draw.graph.constant(Tensor::of_f32(&format!("{name}.table"), &[count, width], &values));
        Ok(self.draw.node("Gather", &[&table, name], vec![]))
    }

    /// The largest of each channel of a convolution over the positions of a text, `N x F`.
    fn largest(&mut self, number: usize, taps: usize, columns: &str) -> Result<String, ModelError> {
        let (filters, inputs) = (self.shape.filters, self.shape.embedded());
        let name = format!("windows.{number}.weight");
        let found = &self.draw.parameter(&name, &[filters, taps * inputs])?.values;
        // The taps of a channel come last there.
        let kernels: Vec<f32> =
            found.chunks_exact(taps * inputs).flat_map(|kernel| turned(kernel, taps)).collect();
        let weight = self.draw.graph.constant(Tensor::of_f32(&name, &[filters, inputs, taps], &kernels));
        let bias = self.draw.constant(&format!("windows.{number}.bias"), &[filters])?;
        let half = (taps / 2) as i64;
        let attributes =
            vec![("kernel_shape", Value::Ints(vec![taps as i64])), ("pads", Value::Ints(vec![half, half]))];
        let seen = self.draw.node("Conv", &[columns, &weight, &bias], attributes);
        let seen = self.draw.node("Add", &[&seen, "unseen"], vec![]);
        let attributes = vec![("axes", Value::Ints(vec![2])), ("keepdims", Value::Int(0))];
        let most = self.draw.node("ReduceMax", &[&seen], attributes);
        Ok(self.draw.node("Relu", &[&most], vec![]))
    }

    /// The mean over the positions of a text, `N x W`; what fills up is 0.
    fn mean(&mut self, rows: &str, mask: &str) -> String {
        let axis = self.draw.integers("positions", &[1]);
        let keep = || vec![("keepdims", Value::Int(0))];
        let sum = self.draw.node("ReduceSum", &[rows, &axis], keep());
        let count = self.draw.node("ReduceSum", &[mask, &axis], keep());
        let count = self.draw.node("Max", &[&count, "one"], vec![]);
        self.draw.node("Div", &[&sum, &count], vec![])
    }
}
