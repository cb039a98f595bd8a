//! The graph of a network of characters.

use super::drawing::Drawing;
use crate::ModelError;
use crate::text::CharacterShape;
use milieu_nn::Parameters;
use milieu_onnx::{Builder, Element, Length, Model, Value};

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
    let mut draw = Drawing::new(graph, parameters);
    let mask = draw.masks("characters");
    let characters = draw.look_up("characters", shape.characters, shape.width)?;
    let pairs = draw.look_up("pairs", shape.pairs, shape.width)?;
    let rows = draw.node("Concat", &[&characters, &pairs], vec![("axis", Value::Int(2))]);
    let mut pooled = draw.largest(&rows, [shape.embedded(), shape.filters], &shape.windows)?;
    pooled.push(mean(&mut draw, &rows, &mask));
    draw.logits(&pooled, [classes, shape.pooled()])?;
    let mut graph = draw.graph;
    graph.output("logits", Element::F32, &["N".into(), Length::Fixed(classes)]);
    Ok(graph.finish()?)
}

/// The mean over the positions of a text, `N x W`; what fills up is 0.
fn mean(draw: &mut Drawing<'_>, rows: &str, mask: &str) -> String {
    let axis = draw.integers("positions", &[1]);
    let keep = || vec![("keepdims", Value::Int(0))];
    let sum = draw.node("ReduceSum", &[rows, &axis], keep());
    let count = draw.node("ReduceSum", &[mask, &axis], keep());
    let count = draw.node("Max", &[&count, "one"], vec![]);
    draw.node("Div", &[&sum, &count], vec![])
}
