//! The smallest weights become zero (Han et al. 2015).

use crate::proto::Tensor;
use crate::rewrite::view::View;
use crate::{Element, Model, OnnxError};
use std::collections::HashSet;

/// The model with the share of the smallest weights of each convolution and matrix set to zero. The graph
/// stays as it is: the file compresses better, and engines are no faster.
///
/// # Errors
/// [`OnnxError::Argument`] for a share that is not between 0 and 1.
pub fn magnitude(model: &Model, share: f32) -> Result<Model, OnnxError> {
    if !(0.0..1.0).contains(&share) {
        return Err(OnnxError::Argument(format!("the share {share} is not between 0 and 1")));
    }
    let view = View::new(model.graph());
    let mut graph = model.graph().clone();
    let weighted = |operator: &str| matches!(operator, "Conv" | "Gemm" | "MatMul" | "ConvTranspose");
    let names: HashSet<&str> = view
        .graph
        .node
        .iter()
        .filter(|node| weighted(node.op_type()) && node.is(node.op_type()))
        .map(|node| node.input_name(1))
        .filter(|name| view.constant(name).is_some())
        .collect();
    for constant in &mut graph.initializer {
        if !names.contains(constant.name()) || constant.element() != Some(Element::F32) {
            continue;
        }
        let mut values = constant.f32s()?;
        let gone = (values.len() as f32 * share) as usize;
        if gone == 0 {
            continue;
        }
        let mut sizes: Vec<f32> = values.iter().map(|w| w.abs()).collect();
        let threshold = *sizes.select_nth_unstable_by(gone - 1, f32::total_cmp).1;
        values.iter_mut().filter(|w| w.abs() <= threshold).for_each(|w| *w = 0.0);
        *constant = Tensor::of_f32(constant.name(), &constant.shape(), &values);
    }
    model.with_graph(graph)
}
