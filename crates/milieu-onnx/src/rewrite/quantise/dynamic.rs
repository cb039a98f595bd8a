//! Matrices in 8 bits with ranges that are measured at each run.

use super::ranges::Quantised;
use super::region::{Heavy, Region};
use crate::proto::{Node, Tensor};
use crate::rewrite::view::{View, sweep};
use crate::{Element, Model, OnnxError, Value};

/// The model with each `MatMul` and `Gemm` of constant weights as `DynamicQuantizeLinear`, `MatMulInteger`
/// and a factor; fast in ONNX Runtime and in rten. Convolutions stay as they are.
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
    for (place, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        let heavy = region.heavy.get(&place).filter(|_| !node.is("Conv"));
        let (Some(heavy), Some(weight)) = (heavy, view.constant(node.input_name(1))) else {
            nodes.push(node);
            continue;
        };
        done += 1;
        let from = node.input_name(0).to_owned();
        let [values, scale, zero] = narrowed
            .entry(from.clone())
            .or_insert_with(|| {
                let names =
                    ["values", "scale", "zero"].map(|part| view.fresh(&format!("{from}_narrow_{part}")));
                let outputs: Vec<&str> = names.iter().map(String::as_str).collect();
                nodes.push(Node::new("DynamicQuantizeLinear", &[&from], &outputs));
                names
            })
            .clone();
        let base = view.fresh(&format!("{}_narrow", node.output_name(0)));
        let matrix = Matrix::of(weight, heavy, &base)?;
        let (scales, zeros) = (format!("{base}_scales"), format!("{base}_zeros"));
        graph.initializer.push(Tensor::of_f32(&scales, &[matrix.scales.len()], &matrix.scales));
        graph.initializer.push(Tensor::of_i8(&zeros, &[matrix.scales.len()], &vec![0; matrix.scales.len()]));
        let factor = format!("{base}_factor");
        nodes.push(Node::new("Mul", &[&scale, &scales], &[&factor]));
        matrix.nodes([&values, &zero, &zeros, &factor], &node, &base, &mut nodes);
        graph.initializer.push(matrix.weight);
    }
    if done == 0 {
        return Err(OnnxError::unsupported("model", "it has no matrix with constant weights"));
    }
    graph.node = nodes;
    sweep(&mut graph);
    model.with_graph(graph)
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

    /// The nodes that stand for `node`; `inputs` are the values, their zero point, the zero points of the
    /// weights and the factor.
    pub(super) fn nodes(&self, inputs: [&str; 4], node: &Node, base: &str, nodes: &mut Vec<Node>) {
        let [values, zero, zeros, factor] = inputs;
        let [whole, wide, scaled] = ["whole", "wide", "scaled"].map(|part| format!("{base}_{part}"));
        nodes.push(Node::new("MatMulInteger", &[values, self.weight.name(), zero, zeros], &[&whole]));
        let to = Value::Int(i64::from(Element::F32.code()));
        nodes.push(Node::new("Cast", &[&whole], &[&wide]).with("to", to));
        let output = node.output_name(0);
        match node.input_name(2) {
            "" => nodes.push(Node::new("Mul", &[&wide, factor], &[output])),
            bias => {
                nodes.push(Node::new("Mul", &[&wide, factor], &[&scaled]));
                nodes.push(Node::new("Add", &[&scaled, bias], &[output]));
            }
        }
    }
}
