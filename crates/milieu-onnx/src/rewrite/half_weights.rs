//! Weights kept in 16 bits.

use super::view::View;
use crate::proto::{Node, Tensor};
use crate::{Element, Model, OnnxError, Value};

/// Constants with fewer values stay as they are: a conversion would cost more than it saves.
const SMALLEST: usize = 64;

/// The model with its `f32` constants kept as halves (IEEE 754 binary16), each made `f32` again by a `Cast`
/// that engines compute once when they load it. The file is half as large; sums are in `f32` as before.
/// Constants with a value beyond 65504 stay as they are.
///
/// # Errors
/// [`OnnxError`] for a model that breaks a rule.
pub fn half_weights(model: &Model) -> Result<Model, OnnxError> {
    let view = View::new(model.graph());
    let mut graph = model.graph().clone();
    let mut casts = Vec::new();
    for constant in &mut graph.initializer {
        let fixed = view.constant(constant.name()).is_some() && !view.is_output(constant.name());
        if constant.element() != Some(Element::F32) || !fixed || constant.count().unwrap_or(0) < SMALLEST {
            continue;
        }
        let values = constant.f32s()?;
        if values.iter().any(|x| x.is_nan() || x.abs() > 65504.0) {
            continue;
        }
        let name = constant.name().to_owned();
        let halves = view.fresh(&format!("{name}_half"));
        *constant = Tensor::of_f16(&halves, &constant.shape(), &values);
        casts.push(
            Node::new("Cast", &[&halves], &[&name]).with("to", Value::Int(i64::from(Element::F32.code()))),
        );
    }
    casts.append(&mut graph.node);
    graph.node = casts;
    model.with_graph(graph)
}
