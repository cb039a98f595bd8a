//! The graph of a bag of n-grams beside windows over words.

use super::drawing::Drawing;
use crate::ModelError;
use crate::text::WordShape;
use milieu_nn::Parameters;
use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, Value};

/// The ONNX graph of such a network with these parameters. It takes `rows`, `N x L` of `i64`, and `share`, `N x 1`, as a bag of
/// n-grams does: numbers of rows, of which those at the end may be one more than the last row and count for nothing, and one
/// over the root of how many each text has. And it takes `words`, `N x T` of `i64`, in which 0 stands after shorter texts. It
/// gives `logits`, `N x C` of so many classes.
///
/// # Errors
/// [`ModelError`] for parameters that do not fit the shape.
pub fn onnx_words(shape: &WordShape, classes: usize, parameters: &Parameters) -> Result<Model, ModelError> {
    let mut graph = Builder::new("words");
    graph.input("rows", Element::I64, &["N".into(), "L".into()]);
    graph.input("share", Element::F32, &["N".into(), Length::Fixed(1)]);
    graph.input("words", Element::I64, &["N".into(), "T".into()]);
    let mut draw = Drawing::new(graph, parameters);
    draw.masks("words");
    let words = draw.look_up("words", shape.words, shape.width)?;
    let mut pooled = draw.largest(&words, [shape.width, shape.filters], &shape.windows)?;
    pooled.push(bag(&mut draw, shape)?);
    draw.logits(&pooled, [classes, shape.pooled()])?;
    let mut graph = draw.graph;
    graph.output("logits", Element::F32, &["N".into(), Length::Fixed(classes)]);
    Ok(graph.finish()?)
}

/// The sum of the n-grams of a text over the root of their number, `N x bag`.
fn bag(draw: &mut Drawing<'_>, shape: &WordShape) -> Result<String, ModelError> {
    let WordShape { grams, bag, .. } = *shape;
    let mut table = draw.parameter("grams", &[grams, bag])?.values.clone();
    table.resize((grams + 1) * bag, 0.0);
    let table = draw.graph.constant(Tensor::of_f32("grams.table", &[grams + 1, bag], &table));
    let axis = draw.integers("axis", &[1]);
    let vectors = draw.node("Gather", &[&table, "rows"], vec![]);
    let sum = draw.node("ReduceSum", &[&vectors, &axis], vec![("keepdims", Value::Int(0))]);
    let sum = draw.node("Mul", &[&sum, "share"], vec![]);
    Ok(if shape.rectified { draw.node("Relu", &[&sum], vec![]) } else { sum })
}
