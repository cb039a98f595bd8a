//! The graph of a network of characters.

use crate::ModelError;
use crate::text::CharacterShape;
use milieu_nn::{Parameter, Parameters};
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
    let mut text = Characters { graph, parameters, shape };
    let mask = text.masks();
    let characters = text.look_up("characters", shape.characters)?;
    let pairs = text.look_up("pairs", shape.pairs)?;
    let rows = text.node("Concat", &[&characters, &pairs], vec![("axis", Value::Int(2))]);
    let columns = text.node("Transpose", &[&rows], vec![("perm", Value::Ints(vec![0, 2, 1]))]);
    let mut pooled = Vec::with_capacity(shape.windows.len() + 1);
    for (number, &taps) in shape.windows.iter().enumerate() {
        pooled.push(text.largest(number, taps, &columns)?);
    }
    pooled.push(text.mean(&rows, &mask));
    let pooled: Vec<&str> = pooled.iter().map(String::as_str).collect();
    let pooled = text.node("Concat", &pooled, vec![("axis", Value::Int(1))]);
    let weight = text.parameter("head.weight", &[classes, shape.pooled()])?;
    let turned = turned(&weight.values, classes);
    let weight = text.graph.constant(Tensor::of_f32("head.weight", &[shape.pooled(), classes], &turned));
    let bias = text.constant("head.bias", &[classes])?;
    let product = text.node("MatMul", &[&pooled, &weight], vec![]);
    let mut graph = text.graph;
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
    graph: Builder,
    parameters: &'a Parameters,
    shape: &'a CharacterShape,
}

impl Characters<'_> {
    fn parameter(&self, name: &str, shape: &[usize]) -> Result<&Parameter, ModelError> {
        let fits = |found: &&Parameter| found.shape == shape;
        let found = self.parameters.named(name).filter(fits);
        found.ok_or_else(|| ModelError::Parameter { name: name.to_owned(), shape: shape.to_vec() })
    }

    fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<(&str, Value)>) -> String {
        self.graph.node(operator, inputs, attributes)
    }

    fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.graph.constant(Tensor::of_i64(name, &[values.len()], values))
    }

    fn scalar(&mut self, name: &str, value: f32) -> String {
        self.graph.constant(Tensor::of_f32(name, &[], &[value]))
    }

    /// A parameter as it is.
    fn constant(&mut self, name: &str, shape: &[usize]) -> Result<String, ModelError> {
        let tensor = Tensor::of_f32(name, shape, &self.parameter(name, shape)?.values);
        Ok(self.graph.constant(tensor))
    }

    /// What is added to the values of positions, `N x 1 x L`, by the name `unseen`; gives the mask, `N x L x 1`.
    fn masks(&mut self) -> String {
        let to = Value::Int(i64::from(Element::F32.code()));
        let numbers = self.node("Cast", &["characters"], vec![("to", to)]);
        let (one, unseen) = (self.scalar("one", 1.0), self.scalar("least", UNSEEN));
        let mask = self.node("Min", &[&numbers, &one], vec![]);
        let hidden = self.node("Sub", &[&one, &mask], vec![]);
        let hidden = self.node("Mul", &[&hidden, &unseen], vec![]);
        let axes = self.integers("channel_axis", &[1]);
        self.graph.node_named("Unsqueeze", &[&hidden, &axes], "unseen", vec![]);
        let axes = self.integers("row_axis", &[2]);
        self.node("Unsqueeze", &[&mask, &axes], vec![])
    }

    /// The rows of a table by the numbers of the input that is called as it, with 0 for what fills up.
    fn look_up(&mut self, name: &str, count: usize) -> Result<String, ModelError> {
        let width = self.shape.width;
        let mut values = self.parameter(name, &[count, width])?.values.clone();
        values.iter_mut().take(width).for_each(|value| *value = 0.0);
        let table = self.graph.constant(Tensor::of_f32(&format!("{name}.table"), &[count, width], &values));
        Ok(self.node("Gather", &[&table, name], vec![]))
    }

    /// The largest of each channel of a convolution over the positions of a text, `N x F`.
    fn largest(&mut self, number: usize, taps: usize, columns: &str) -> Result<String, ModelError> {
        let (filters, inputs) = (self.shape.filters, self.shape.embedded());
        let name = format!("windows.{number}.weight");
        let found = &self.parameter(&name, &[filters, taps * inputs])?.values;
        // The taps of a channel come last there.
        let kernels: Vec<f32> =
            found.chunks_exact(taps * inputs).flat_map(|kernel| turned(kernel, taps)).collect();
        let weight = self.graph.constant(Tensor::of_f32(&name, &[filters, inputs, taps], &kernels));
        let bias = self.constant(&format!("windows.{number}.bias"), &[filters])?;
        let half = (taps / 2) as i64;
        let attributes =
            vec![("kernel_shape", Value::Ints(vec![taps as i64])), ("pads", Value::Ints(vec![half, half]))];
        let seen = self.node("Conv", &[columns, &weight, &bias], attributes);
        let seen = self.node("Add", &[&seen, "unseen"], vec![]);
        let attributes = vec![("axes", Value::Ints(vec![2])), ("keepdims", Value::Int(0))];
        let most = self.node("ReduceMax", &[&seen], attributes);
        Ok(self.node("Relu", &[&most], vec![]))
    }

    /// The mean over the positions of a text, `N x W`; what fills up is 0.
    fn mean(&mut self, rows: &str, mask: &str) -> String {
        let axis = self.integers("positions", &[1]);
        let keep = || vec![("keepdims", Value::Int(0))];
        let sum = self.node("ReduceSum", &[rows, &axis], keep());
        let count = self.node("ReduceSum", &[mask, &axis], keep());
        let count = self.node("Max", &[&count, "one"], vec![]);
        self.node("Div", &[&sum, &count], vec![])
    }
}
