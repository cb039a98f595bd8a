//! Values in between as outputs, so that an engine shows them.

use super::view::View;
use crate::proto::{Type, TypeValue, ValueInfo};
use crate::{Element, Model, OnnxError};

/// The model with values of these names (`f32` tensors) as outputs behind its own. Those that are outputs
/// already are not added again, nor are inputs, which the caller has.
///
/// # Errors
/// [`OnnxError::Argument`] for a name that no node of the outer graph gives and no input has.
pub fn expose(model: &Model, names: &[String]) -> Result<Model, OnnxError> {
    let view = View::new(model.graph());
    let mut graph = model.graph().clone();
    for name in names {
        let known = |infos: &[ValueInfo]| infos.iter().find(|info| info.name() == name).cloned();
        if known(&graph.output).is_some() || known(&graph.input).is_some() {
            continue;
        }
        if view.producer(name).is_none() {
            return Err(OnnxError::Argument(format!("nothing gives {name:?}")));
        }
        let info = known(&graph.value_info).unwrap_or_else(|| unshaped(name));
        graph.output.push(info);
    }
    model.with_graph(graph)
}

/// A tensor of `f32` whose rank is not known.
fn unshaped(name: &str) -> ValueInfo {
    let mut info = ValueInfo::tensor(name, Element::F32, &[]);
    if let Some(Type { value: Some(TypeValue::Tensor(tensor)), .. }) = &mut info.r#type {
        tensor.shape = None;
    }
    info
}
