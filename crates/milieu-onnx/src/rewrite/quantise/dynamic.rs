//! Matrices in 8 bits with ranges that are measured at each run.

use super::ranges::Quantised;
use super::region::{Heavy, Region};
use crate::proto::{Node, Tensor};
use crate::rewrite::view::{View, sweep};
use crate::{Element, Model, OnnxError, Value};

/// Smaller tables stay as they are.
const FEWEST_ROWS: usize = 256;
/// Rows whose largest value is smaller than this are taken for nothing.
const LEAST: f32 = 1e-30;

/// The model with each `MatMul` and `Gemm` of constant weights in whole numbers of 8 bits: `MatMulInteger` and a factor;
/// fast in ONNX Runtime and in rten. Each row that goes in has a scale of its own, its largest value over 127, so that a
/// row's answer does not hang on what else is in the batch, and a few large values in one token do not coarsen all others
/// (Yao et al. 2022, "ZeroQuant", token-wise quantisation). `DynamicQuantizeLinear` has one scale for a whole batch.
/// Tables that rows are looked up in have 8 bits and a scale for each row. Convolutions stay as they are.
///
/// # Errors
/// [`OnnxError::Unsupported`] where there is no such matrix.
pub fn quantise_dynamic(model: &Model) -> Result<Model, OnnxError> {
    super::need(model, 11)?;
    let region = Region::new(model);
    let view = View::new(model.graph());
    let mut graph = model.graph().clone();
    let mut nodes = Vec::new();
    let mut done = 0;
    // A value that several matrices take (query, key and value) is quantised once.
    let mut narrowed = std::collections::HashMap::new();
    let constants = Constants::new(&view, &mut graph.initializer);
    for (place, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        if let Some(table) = looked_up(&node, &view) {
            done += 1;
            lookup(table, &node, &view, &mut graph.initializer, &mut nodes)?;
            continue;
        }
        let heavy = region.heavy.get(&place).filter(|_| !node.is("Conv"));
        let (Some(heavy), Some(weight)) = (heavy, view.constant(node.input_name(1))) else {
            nodes.push(node);
            continue;
        };
        done += 1;
        let from = node.input_name(0).to_owned();
        let [values, scale] = narrowed
            .entry(from.clone())
            .or_insert_with(|| rows(&from, &view, &constants, &mut nodes))
            .clone();
        let base = view.fresh(&format!("{}_narrow", node.output_name(0)));
        let matrix = Matrix::of(weight, heavy, &base)?;
        let (scales, zeros) = (format!("{base}_scales"), format!("{base}_zeros"));
        graph.initializer.push(Tensor::of_f32(&scales, &[matrix.scales.len()], &matrix.scales));
        graph.initializer.push(Tensor::of_i8(&zeros, &[matrix.scales.len()], &vec![0; matrix.scales.len()]));
        let factors = &[scales.as_str(), &scale];
        let sides = Sides { values: &values, zero: &constants.zero, zeros: &zeros, factors };
        matrix.nodes(&sides, &node, &base, &mut nodes);
        graph.initializer.push(matrix.weight);
    }
    if done == 0 {
        return Err(OnnxError::unsupported("model", "it has no matrix and no table with constant weights"));
    }
    graph.node = nodes;
    sweep(&mut graph);
    model.with_graph(graph)
}

/// The table, `R x W` of constants, whose rows a node looks up, if it does and there are enough of them to matter.
fn looked_up<'v>(node: &Node, view: &View<'v>) -> Option<&'v Tensor> {
    let axis = node.int("axis").unwrap_or(0);
    let table = view.constant(node.input_name(0)).filter(|_| node.is("Gather") && axis == 0)?;
    let large = table.shape().len() == 2 && table.shape()[0] >= FEWEST_ROWS;
    (large && table.element() == Some(Element::F32)).then_some(table)
}

/// The nodes that stand for a look into a table.
fn lookup(
    table: &Tensor,
    node: &Node,
    view: &View<'_>,
    initializers: &mut Vec<Tensor>,
    nodes: &mut Vec<Node>,
) -> Result<(), OnnxError> {
    let shape = table.shape();
    let narrow = Quantised::of(&table.f32s()?, &shape, 0);
    let names = ["table", "scales", "rows", "factors", "wide"];
    let names = names.map(|part| view.fresh(&format!("{}_narrow_{part}", node.output_name(0))));
    let [values, scales, rows, factors, wide] = names.each_ref().map(String::as_str);
    initializers.push(Tensor::of_i8(values, &shape, &narrow.values));
    initializers.push(Tensor::of_f32(scales, &[shape[0], 1], &narrow.scales));
    nodes.push(Node::new("Gather", &[values, node.input_name(1)], &[rows]));
    nodes.push(Node::new("Gather", &[scales, node.input_name(1)], &[factors]));
    let to = Value::Int(i64::from(Element::F32.code()));
    nodes.push(Node::new("Cast", &[rows], &[wide]).with("to", to));
    nodes.push(Node::new("Mul", &[wide, factors], &[node.output_name(0)]));
    Ok(())
}

/// The names of numbers that all matrices share.
struct Constants {
    most: String,
    least: String,
    middle: String,
    zero: String,
}

impl Constants {
    fn new(view: &View<'_>, initializers: &mut Vec<Tensor>) -> Self {
        let [most, least, middle, zero] =
            ["most", "least", "middle", "zero"].map(|part| view.fresh(&format!("narrow_{part}")));
        // Whole numbers go from 1 to 255 around 128; a half more, since a cast cuts off.
        for (name, value) in [(&most, 127.0), (&least, LEAST), (&middle, 128.5)] {
            initializers.push(Tensor::of_f32(name, &[], &[value]));
        }
        initializers.push(Tensor::of_u8(&zero, &[], &[128]));
        Self { most, least, middle, zero }
    }
}

/// The nodes that make rows whole numbers; gives the names of these and of the scales of the rows.
fn rows(from: &str, view: &View<'_>, constants: &Constants, nodes: &mut Vec<Node>) -> [String; 2] {
    let names = ["sizes", "largest", "bounded", "finer", "scaled", "shifted", "values", "scales"];
    let names = names.map(|part| view.fresh(&format!("{from}_narrow_{part}")));
    let [sizes, largest, bounded, finer, scaled, shifted, values, scales] =
        names.each_ref().map(String::as_str);
    nodes.push(Node::new("Abs", &[from], &[sizes]));
    let reduce = Node::new("ReduceMax", &[sizes], &[largest]);
    nodes.push(reduce.with("axes", Value::Ints(vec![-1])).with("keepdims", Value::Int(1)));
    nodes.push(Node::new("Max", &[largest, &constants.least], &[bounded]));
    nodes.push(Node::new("Div", &[&constants.most, bounded], &[finer]));
    nodes.push(Node::new("Div", &[bounded, &constants.most], &[scales]));
    nodes.push(Node::new("Mul", &[from, finer], &[scaled]));
    nodes.push(Node::new("Add", &[scaled, &constants.middle], &[shifted]));
    let to = Value::Int(i64::from(Element::U8.code()));
    nodes.push(Node::new("Cast", &[shifted], &[values]).with("to", to));
    [values.to_owned(), scales.to_owned()]
}

/// What stands beside a matrix.
pub(super) struct Sides<'a> {
    /// The values that go in, and their zero point.
    pub(super) values: &'a str,
    pub(super) zero: &'a str,
    /// The zero points of the weights.
    pub(super) zeros: &'a str,
    /// What the product is multiplied by.
    pub(super) factors: &'a [&'a str],
}

/// A matrix of 8 bits, rows of what goes in.
pub(super) struct Matrix {
    pub(super) weight: Tensor,
    pub(super) scales: Vec<f32>,
}

impl Matrix {
    /// Of a matrix of `f32`, turned where its rows are what comes out.
    pub(super) fn of(weight: &Tensor, heavy: &Heavy, base: &str) -> Result<Self, OnnxError> {
        let shape = weight.shape();
        let values = weight.f32s()?;
        let (rows, columns) = match (shape.as_slice(), heavy.transposed) {
            (&[columns, rows], true) | (&[rows, columns], false) => (rows, columns),
            _ => return Err(OnnxError::invalid(weight.name(), "it is no matrix")),
        };
        let values = if heavy.transposed {
            (0..rows * columns).map(|at| values[at % columns * rows + at / columns]).collect()
        } else {
            values
        };
        let narrow = Quantised::of(&values, &[rows, columns], 1);
        let weight = Tensor::of_i8(&format!("{base}_weight"), &[rows, columns], &narrow.values);
        Ok(Self { weight, scales: narrow.scales })
    }

    /// The nodes that stand for `node`.
    pub(super) fn nodes(&self, sides: &Sides<'_>, node: &Node, base: &str, nodes: &mut Vec<Node>) {
        let [whole, wide] = ["whole", "wide"].map(|part| format!("{base}_{part}"));
        let inputs = [sides.values, self.weight.name(), sides.zero, sides.zeros];
        nodes.push(Node::new("MatMulInteger", &inputs, &[&whole]));
        let to = Value::Int(i64::from(Element::F32.code()));
        nodes.push(Node::new("Cast", &[&whole], &[&wide]).with("to", to));
        let output = node.output_name(0);
        let bias = Some(node.input_name(2)).filter(|bias| !bias.is_empty());
        let steps = sides.factors.iter().map(|factor| ("Mul", *factor)).chain(bias.map(|bias| ("Add", bias)));
        let steps: Vec<(&str, &str)> = steps.collect();
        let mut from = wide;
        for (number, (operator, by)) in steps.iter().enumerate() {
            let last = number + 1 == steps.len();
            let to = if last { output.to_owned() } else { format!("{base}_step_{number}") };
            nodes.push(Node::new(operator, &[&from, by], &[&to]));
            from = to;
        }
    }
}
