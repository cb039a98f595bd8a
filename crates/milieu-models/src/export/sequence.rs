//! The graph of a network that says what comes next.

use super::{Batch, Export};
use crate::ModelError;
use crate::parts::{EPSILON, Parts, within};
use milieu_nn::{Layer, Parameter, Parameters, Size};
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, Value};

/// What is added to the score of a position that must not be seen; the same as in the forward pass.
const UNSEEN: f32 = -1e9;

/// The ONNX graph of layers from tokens to a query at each position, followed by the products of the last
/// query with the rows of the embedding. It takes `items`, `N x L` of `i64`, in which item `i` is `i + 1` and 0
/// stands in front of shorter sequences, and gives `scores`, `N x` the items, `f32`.
///
/// # Errors
/// [`ModelError`] for layers that do not fit each other or do not begin with an embedding, for recurrent
/// layers, and for parameters that do not fit the layers.
pub fn onnx_next(layers: &[Layer], input: Size, parameters: &Parameters) -> Result<Model, ModelError> {
    let (Size::Tokens { length }, Some(Layer::Embedding { count, width })) = (input, layers.first()) else {
        return Err(ModelError::Graph("networks without an embedding in front"));
    };
    let parts = Parts::new(layers, input, parameters)?;
    if parts.output != (Size::Sequence { length, width: *width }) {
        return Err(ModelError::Graph("queries that are not as wide as an embedding"));
    }
    if layers.iter().any(recurs) {
        return Err(ModelError::Graph("recurrent layers"));
    }
    let mut graph = Builder::new("next");
    graph.input("items", Element::I64, &["N".into(), Length::Fixed(length)]);
    let mut next = Next { export: Export { graph, parts }, length, width: *width };
    next.masks();
    let table = next.table(*count);
    let embedded = next.export.node("Gather", &table, &["items".to_owned()], vec![("axis", Value::Int(0))]);
    let hidden = next.layers(&layers[1..], 1, "", embedded);
    let at = next.integers("last", &[], &[length as i64 - 1]);
    let query = next.export.node("Gather", &hidden, &[at], vec![("axis", Value::Int(1))]);
    let scores = next.export.node("Gemm", &query, &[table], vec![("transB", Value::Int(1))]);
    let bounds = [("starts", 1), ("ends", *count as i64 + 1), ("axes", 1)]
        .map(|(name, value)| next.integers(name, &[1], &[value]));
    let scores = next.export.node("Slice", &scores, &bounds, vec![]);
    let mut graph = next.export.graph;
    graph.rename(&scores, "scores");
    graph.output("scores", Element::F32, &["N".into(), Length::Fixed(*count)]);
    Ok(graph.finish()?)
}

fn recurs(layer: &Layer) -> bool {
    match layer {
        Layer::Lstm { .. } | Layer::Gru { .. } => true,
        Layer::Residual { body, shortcut } => body.iter().chain(shortcut).any(recurs),
        _ => false,
    }
}

/// Values are `N x L x W` between all layers.
struct Next<'a> {
    export: Export<'a>,
    length: usize,
    width: usize,
}

impl Next<'_> {
    /// What is added to scores, `N x 1 x 1 x L`, by the name `padding`: no position sees padding; and
    /// `1 x 1 x L x L`, by the name `causal`: no position sees a later one.
    fn masks(&mut self) {
        let zero = self.integers("zero", &[], &[0]);
        let is = self.export.node("Equal", "items", &[zero], vec![]);
        let to = Value::Int(i64::from(Element::F32.code()));
        let is = self.export.node("Cast", &is, &[], vec![("to", to)]);
        let unseen = self.export.scalar("mask", "unseen", UNSEEN);
        let mask = self.export.node("Mul", &is, &[unseen], vec![]);
        let axes = self.integers("mask_axes", &[2], &[1, 2]);
        self.export.graph.node_named("Unsqueeze", &[&mask, &axes], "padding", vec![]);
        let length = self.length;
        let hidden = |place: usize| if place % length > place / length { UNSEEN } else { 0.0 };
        let causal: Vec<f32> = (0..length * length).map(hidden).collect();
        self.export.graph.constant(Tensor::of_f32("causal", &[1, 1, length, length], &causal));
    }

    /// The embedding with a row of zeros for padding in front.
    fn table(&mut self, count: usize) -> String {
        let mut values = vec![0.0; self.width];
        values.extend(self.export.parts.of("0", "table").map_or(&[][..], |table| &table.values));
        self.export.graph.constant(Tensor::of_f32("0.table", &[count + 1, self.width], &values))
    }

    /// Layers of which the first stands at `first`.
    fn layers(&mut self, layers: &[Layer], first: usize, path: &str, name: String) -> String {
        let layers = layers.iter().enumerate();
        layers.fold(name, |name, (place, layer)| self.layer(layer, &within(path, first + place), name))
    }

    fn layer(&mut self, layer: &Layer, path: &str, name: String) -> String {
        match layer {
            Layer::Positions => {
                let table = self.export.constants(path, &["table"]);
                self.export.node("Add", &name, &table, vec![])
            }
            Layer::LayerNorm => {
                let parameters = self.export.constants(path, &["scale", "shift"]);
                let attributes = vec![("axis", Value::Int(-1)), ("epsilon", Value::Float(EPSILON))];
                self.export.node("LayerNormalization", &name, &parameters, attributes)
            }
            Layer::Dense { .. } => self.dense(path, ["weight", "bias"], 0, None, &name),
            Layer::Attention { heads, causal } => self.attention(path, *heads, *causal, &name),
            Layer::Residual { body, shortcut } => {
                let one = self.layers(body, 0, &format!("{path}.body"), name.clone());
                let other = self.layers(shortcut, 0, &format!("{path}.shortcut"), name);
                self.export.node("Add", &one, &[other], vec![])
            }
            // The others work on each value, or are none that fit between sequences.
            layer => self.export.layer(layer, path, Batch { name, images: false }).name,
        }
    }

    /// A matrix over the last dimension: `count` rows of a parameter from `first` on, or all of them.
    fn dense(
        &mut self,
        path: &str,
        [weight, bias]: [&str; 2],
        first: usize,
        count: Option<usize>,
        name: &str,
    ) -> String {
        let Some(weight) = self.export.parts.of(path, weight) else { return name.to_owned() };
        let (rows, columns) = (weight.shape[0], weight.shape[1]);
        let outputs = count.unwrap_or(rows);
        let value = |place: usize| weight.values[(first + place % outputs) * columns + place / outputs];
        let turned: Vec<f32> = (0..outputs * columns).map(value).collect();
        let called = |of: &Parameter| format!("{}.{first}", of.name);
        let bias = self.export.parts.of(path, bias);
        let matrix =
            self.export.graph.constant(Tensor::of_f32(&called(weight), &[columns, outputs], &turned));
        let product = self.export.node("MatMul", name, &[matrix], vec![]);
        match bias {
            Some(bias) => {
                let values = &bias.values[first..first + outputs];
                let bias = self.export.graph.constant(Tensor::of_f32(&called(bias), &[outputs], values));
                self.export.node("Add", &product, &[bias], vec![])
            }
            None => product,
        }
    }

    fn attention(&mut self, path: &str, heads: usize, causal: bool, name: &str) -> String {
        let (width, length) = (self.width, self.length as i64);
        let part = width / heads;
        let apart = [0, length, heads as i64, part as i64];
        let apart = self.integers(&format!("{path}.apart"), &[4], &apart);
        let together = self.integers(&format!("{path}.together"), &[3], &[0, length, width as i64]);
        let [queries, keys, answers] =
            [(0, [0, 2, 1, 3]), (1, [0, 2, 3, 1]), (2, [0, 2, 1, 3])].map(|(which, order)| {
                let names = ["input", "input_bias"];
                let rows = self.dense(path, names, which * width, Some(width), name);
                let rows = self.export.node("Reshape", &rows, std::slice::from_ref(&apart), vec![]);
                self.export.node("Transpose", &rows, &[], vec![("perm", Value::Ints(order.to_vec()))])
            });
        let scale = self.export.scalar(path, "scale", (part as f32).sqrt().recip());
        let scores = self.export.node("MatMul", &queries, &[keys], vec![]);
        let mut scores = self.export.node("Mul", &scores, &[scale], vec![]);
        if causal {
            scores = self.export.node("Add", &scores, &["causal".to_owned()], vec![]);
        }
        let scores = self.export.node("Add", &scores, &["padding".to_owned()], vec![]);
        let shares = self.export.node("Softmax", &scores, &[], vec![("axis", Value::Int(-1))]);
        let mixed = self.export.node("MatMul", &shares, &[answers], vec![]);
        let order = Value::Ints(vec![0, 2, 1, 3]);
        let mixed = self.export.node("Transpose", &mixed, &[], vec![("perm", order)]);
        let mixed = self.export.node("Reshape", &mixed, &[together], vec![]);
        self.dense(path, ["output", "output_bias"], 0, None, &mixed)
    }

    fn integers(&mut self, name: &str, shape: &[usize], values: &[i64]) -> String {
        self.export.graph.constant(Tensor::of_i64(name, shape, values))
    }
}
