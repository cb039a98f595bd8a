//! The graph of an encoder of texts.

use super::drawing::Drawing;
use crate::ModelError;
use crate::text::{HEAD, TAGS};
use milieu_nn::kernels::distance_bucket;
use milieu_nn::{EncoderShape, Parameters};
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, Value};

/// What is added to the score of padding.
const UNSEEN: f32 = -1e9;
/// The name of what is added to scores.
const ADDED: &str = "added";
/// The least length of a vector, so that none is divided by nothing.
const LEAST: f32 = 1e-12;

/// What a graph of texts gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOutput {
    /// `embedding`, `N x W`: the mean over tokens, brought to length 1.
    Embedding,
    /// `logits`, `N x C`, of so many classes.
    Logits(usize),
    /// `logits`, `N x C`, of so many classes, where there are any, and `emissions`, `N x L x K`: the scores of each token's
    /// tags.
    Tags {
        /// How many classes.
        classes: usize,
        /// How many tags.
        tags: usize,
    },
}

/// The ONNX graph of an encoder with these parameters. It takes `input_ids` and `attention_mask`, `N x L` of `i64`, of
/// which the mask is 1 for tokens and 0 for padding after them, as published encoders do.
///
/// # Errors
/// [`ModelError`] for parameters that do not fit the shape.
pub fn onnx_text(
    shape: &EncoderShape,
    parameters: &Parameters,
    output: TextOutput,
) -> Result<Model, ModelError> {
    let lengths: [Length; 2] = ["N".into(), "L".into()];
    let mut graph = Builder::new("text");
    graph.input("input_ids", Element::I64, &lengths);
    graph.input("attention_mask", Element::I64, &lengths);
    let mut text = Text { draw: Drawing::new(graph, parameters), shape: *shape };
    let mask = text.masks();
    text.added()?;
    let mut rows = text.embedded()?;
    for block in 0..shape.blocks {
        rows = text.block(block, &rows)?;
    }
    text.outputs(&rows, &mask, output)?;
    Ok(text.draw.graph.finish()?)
}

struct Text<'a> {
    draw: Drawing<'a>,
    shape: EncoderShape,
}

impl Text<'_> {
    fn outputs(&mut self, rows: &str, mask: &str, output: TextOutput) -> Result<(), ModelError> {
        let width = self.shape.width;
        let (classes, tags) = match output {
            TextOutput::Embedding => {
                let pooled = self.mean(rows, mask);
                let vector = self.unit(&pooled);
                self.output(&vector, "embedding", &["N".into(), Length::Fixed(width)]);
                return Ok(());
            }
            TextOutput::Logits(classes) => (classes, 0),
            TextOutput::Tags { classes, tags } => (classes, tags),
        };
        if classes > 0 {
            let pooled = self.mean(rows, mask);
            let logits = self.dense(HEAD, 0..classes, width, &pooled)?;
            self.output(&logits, "logits", &["N".into(), Length::Fixed(classes)]);
        }
        if tags > 0 {
            let emissions = self.dense(TAGS, 0..tags, width, rows)?;
            self.output(&emissions, "emissions", &["N".into(), "L".into(), Length::Fixed(tags)]);
        }
        Ok(())
    }

    fn output(&mut self, name: &str, called: &str, lengths: &[Length]) {
        self.draw.graph.rename(name, called);
        self.draw.graph.output(called, Element::F32, lengths);
    }

    /// What is added to scores, `N x 1 x 1 x L`, by the name `unseen`; gives the mask as `N x L x 1` numbers.
    fn masks(&mut self) -> String {
        let to = Value::Int(i64::from(Element::F32.code()));
        let mask = self.draw.node("Cast", &["attention_mask"], vec![("to", to)]);
        let (one, unseen) = (self.draw.scalar("one", 1.0), self.draw.scalar("least_score", UNSEEN));
        let hidden = self.draw.node("Sub", &[&one, &mask], vec![]);
        let hidden = self.draw.node("Mul", &[&hidden, &unseen], vec![]);
        let axes = self.draw.integers("score_axes", &[1, 2]);
        self.draw.graph.node_named("Unsqueeze", &[&hidden, &axes], "unseen", vec![]);
        let axes = self.draw.integers("row_axes", &[2]);
        self.draw.node("Unsqueeze", &[&mask, &axes], vec![])
    }

    /// What is added to scores by the name [`ADDED`]: what hides padding, and what distances say, `N x H x L x L`.
    fn added(&mut self) -> Result<(), ModelError> {
        let EncoderShape { positions, heads, distances, .. } = self.shape;
        if distances == 0 {
            self.draw.graph.rename("unseen", ADDED);
            return Ok(());
        }
        let table = self.draw.constant("embedding.distances", &[distances, heads])?;
        let side = positions as i64;
        let kinds = (0..side).flat_map(|row| (0..side).map(move |column| column - row));
        let kinds: Vec<i64> = kinds.map(|behind| distance_bucket(behind, distances) as i64).collect();
        let kinds = self.draw.graph.constant(Tensor::of_i64("kinds", &[positions, positions], &kinds));
        let length = self.draw.node("Shape", &["input_ids"], vec![("start", Value::Int(1))]);
        let lengths = self.draw.node("Concat", &[&length, &length], vec![("axis", Value::Int(0))]);
        let (first, axes) = (self.draw.integers("corner", &[0, 0]), self.draw.integers("sides", &[0, 1]));
        let kinds = self.draw.node("Slice", &[&kinds, &first, &lengths, &axes], vec![]);
        let near = self.draw.node("Gather", &[&table, &kinds], vec![]);
        let near = self.draw.node("Transpose", &[&near], vec![("perm", Value::Ints(vec![2, 0, 1]))]);
        self.draw.graph.node_named("Add", &[&near, "unseen"], ADDED, vec![]);
        Ok(())
    }

    fn embedded(&mut self) -> Result<String, ModelError> {
        let EncoderShape { vocabulary, positions, width, .. } = self.shape;
        let table = self.draw.constant("embedding.tokens", &[vocabulary, width])?;
        let places = self.draw.constant("embedding.positions", &[positions, width])?;
        let tokens = self.draw.node("Gather", &[&table, "input_ids"], vec![]);
        let lengths = self.draw.node("Shape", &["input_ids"], vec![("start", Value::Int(1))]);
        let (zero, axis) = (self.draw.integers("first", &[0]), self.draw.integers("rows", &[0]));
        let places = self.draw.node("Slice", &[&places, &zero, &lengths, &axis], vec![]);
        let rows = self.draw.node("Add", &[&tokens, &places], vec![]);
        self.norm("embedding.norm", &rows)
    }

    fn block(&mut self, block: usize, rows: &str) -> Result<String, ModelError> {
        let EncoderShape { width, heads, hidden, .. } = self.shape;
        let part = width / heads;
        let apart = self.draw.integers(&format!("{block}.apart"), &[0, 0, heads as i64, part as i64]);
        let mut head = |which: usize, order: [i64; 4]| -> Result<String, ModelError> {
            let name = format!("{block}.projection");
            let made = self.dense_of(&name, 3 * width, which * width..(which + 1) * width, width, rows)?;
            let made = self.draw.node("Reshape", &[&made, &apart], vec![]);
            Ok(self.draw.node("Transpose", &[&made], vec![("perm", Value::Ints(order.to_vec()))]))
        };
        let queries = head(0, [0, 2, 1, 3])?;
        let keys = head(1, [0, 2, 3, 1])?;
        let answers = head(2, [0, 2, 1, 3])?;
        let scale = self.draw.scalar(&format!("{block}.scale"), (part as f32).sqrt());
        let scores = self.draw.node("MatMul", &[&queries, &keys], vec![]);
        let scores = self.draw.node("Div", &[&scores, &scale], vec![]);
        let scores = self.draw.node("Add", &[&scores, ADDED], vec![]);
        let shares = self.draw.node("Softmax", &[&scores], vec![("axis", Value::Int(-1))]);
        let seen = self.draw.node("MatMul", &[&shares, &answers], vec![]);
        let order = Value::Ints(vec![0, 2, 1, 3]);
        let seen = self.draw.node("Transpose", &[&seen], vec![("perm", order)]);
        let together = self.draw.integers(&format!("{block}.together"), &[0, 0, width as i64]);
        let seen = self.draw.node("Reshape", &[&seen, &together], vec![]);
        let seen = self.dense(&format!("{block}.mixing"), 0..width, width, &seen)?;
        let rows = self.draw.node("Add", &[&seen, rows], vec![]);
        let rows = self.norm(&format!("{block}.attention_norm"), &rows)?;
        let wide = self.dense(&format!("{block}.widening"), 0..hidden, width, &rows)?;
        let wide = self.gelu(block, &wide);
        let thought = self.dense(&format!("{block}.narrowing"), 0..width, hidden, &wide)?;
        let rows = self.draw.node("Add", &[&thought, &rows], vec![]);
        self.norm(&format!("{block}.norm"), &rows)
    }

    /// In the operators that every engine knows, in the form that engines put together again.
    fn gelu(&mut self, block: usize, name: &str) -> String {
        let root = self.draw.scalar(&format!("{block}.root"), std::f32::consts::SQRT_2);
        let one = self.draw.scalar(&format!("{block}.one"), 1.0);
        let half = self.draw.scalar(&format!("{block}.half"), 0.5);
        let share = self.draw.node("Div", &[name, &root], vec![]);
        let share = self.draw.node("Erf", &[&share], vec![]);
        let share = self.draw.node("Add", &[&share, &one], vec![]);
        let product = self.draw.node("Mul", &[name, &share], vec![]);
        self.draw.node("Mul", &[&product, &half], vec![])
    }

    fn norm(&mut self, path: &str, name: &str) -> Result<String, ModelError> {
        let width = self.shape.width;
        let scale = self.draw.constant(&format!("{path}.scale"), &[width])?;
        let shift = self.draw.constant(&format!("{path}.shift"), &[width])?;
        let epsilon = Value::Float(self.shape.epsilon);
        let attributes = vec![("axis", Value::Int(-1)), ("epsilon", epsilon)];
        Ok(self.draw.node("LayerNormalization", &[name, &scale, &shift], attributes))
    }

    fn dense(
        &mut self,
        path: &str,
        outputs: std::ops::Range<usize>,
        inputs: usize,
        name: &str,
    ) -> Result<String, ModelError> {
        self.dense_of(path, outputs.end, outputs, inputs, name)
    }

    /// Some of the `all` outputs of a matrix.
    fn dense_of(
        &mut self,
        path: &str,
        all: usize,
        outputs: std::ops::Range<usize>,
        inputs: usize,
        name: &str,
    ) -> Result<String, ModelError> {
        let (first, count) = (outputs.start, outputs.len());
        let weight = &self.draw.parameter(&format!("{path}.weight"), &[all, inputs])?.values;
        let turned: Vec<f32> =
            (0..inputs * count).map(|at| weight[(first + at % count) * inputs + at / count]).collect();
        let bias = self.draw.parameter(&format!("{path}.bias"), &[all])?.values[outputs].to_vec();
        let called = |what: &str| format!("{path}.{what}.{first}");
        let matrix = self.draw.graph.constant(Tensor::of_f32(&called("weight"), &[inputs, count], &turned));
        let bias = self.draw.graph.constant(Tensor::of_f32(&called("bias"), &[count], &bias));
        let product = self.draw.node("MatMul", &[name, &matrix], vec![]);
        Ok(self.draw.node("Add", &[&product, &bias], vec![]))
    }

    fn mean(&mut self, rows: &str, mask: &str) -> String {
        let axis = self.draw.integers("tokens", &[1]);
        let seen = self.draw.node("Mul", &[rows, mask], vec![]);
        let keep = || vec![("keepdims", Value::Int(0))];
        let sum = self.draw.node("ReduceSum", &[&seen, &axis], keep());
        let count = self.draw.node("ReduceSum", &[mask, &axis], keep());
        let one = self.draw.scalar("fewest", 1.0);
        let count = self.draw.node("Max", &[&count, &one], vec![]);
        self.draw.node("Div", &[&sum, &count], vec![])
    }

    /// Brought to length 1.
    fn unit(&mut self, name: &str) -> String {
        let axis = self.draw.integers("values", &[1]);
        let squares = self.draw.node("Mul", &[name, name], vec![]);
        let sum = self.draw.node("ReduceSum", &[&squares, &axis], vec![("keepdims", Value::Int(1))]);
        let length = self.draw.node("Sqrt", &[&sum], vec![]);
        let least = self.draw.scalar("least_length", LEAST);
        let length = self.draw.node("Max", &[&length, &least], vec![]);
        self.draw.node("Div", &[name, &length], vec![])
    }
}
