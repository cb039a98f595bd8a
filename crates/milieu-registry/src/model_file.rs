//! The one look at a model file before it is published or loaded.

use crate::{Dimension, ElementType, Signature, TensorSpec};
use milieu_onnx::proto::{DimensionValue, ValueInfo};
use milieu_onnx::{Element, Limits, Model};

/// Reads an ONNX file within the default limits, checks it, and gives what it reads and gives.
///
/// # Errors
/// In words, why it cannot be used.
pub fn check_model(bytes: &[u8]) -> Result<Signature, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    let model = Model::read(bytes, &Limits::default()).map_err(|error| error.to_string())?;
    signature_of(&model)
}

/// What a model reads and gives. Inputs and outputs that do not even say how many dimensions they have are left
/// out, for nothing can be promised about them.
///
/// # Errors
/// In words, which of them is no tensor, or one of elements that no model here reads or gives.
pub fn signature_of(model: &Model) -> Result<Signature, String> {
    let graph = model.graph();
    // Files of early versions list every weight among the inputs as well.
    let fed = |input: &&ValueInfo| !graph.initializer.iter().any(|weight| weight.name() == input.name());
    let inputs = graph.input.iter().filter(fed).filter_map(|input| tensor(input).transpose());
    let outputs = graph.output.iter().filter_map(|output| tensor(output).transpose());
    Ok(Signature { inputs: inputs.collect::<Result<_, _>>()?, outputs: outputs.collect::<Result<_, _>>()? })
}

fn tensor(value: &ValueInfo) -> Result<Option<TensorSpec>, String> {
    let name = value.name().to_owned();
    let found = value.tensor_type().ok_or_else(|| format!("{name} is no tensor"))?;
    let element = match Element::from_code(found.elem_type()) {
        Some(Element::F32) => ElementType::F32,
        Some(Element::F16) => ElementType::F16,
        Some(Element::F64) => ElementType::F64,
        Some(Element::I64) => ElementType::I64,
        Some(Element::I32) => ElementType::I32,
        Some(Element::I8) => ElementType::I8,
        Some(Element::U8) => ElementType::U8,
        Some(Element::Bool) => ElementType::Bool,
        Some(Element::Text) => ElementType::String,
        _ => return Err(format!("{name} has elements of ONNX's type {}", found.elem_type())),
    };
    let Some(shape) = &found.shape else { return Ok(None) };
    let dimension = |dimension: &milieu_onnx::proto::Dimension| match &dimension.value {
        // Some exporters write a free dimension as 0 or -1.
        Some(DimensionValue::Value(length)) if *length > 0 => Dimension::Fixed(length.unsigned_abs()),
        Some(DimensionValue::Parameter(name)) => Dimension::Free(name.clone()),
        _ => Dimension::Free(String::new()),
    };
    Ok(Some(TensorSpec { name, element, shape: shape.dim.iter().map(dimension).collect() }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use milieu_onnx::Builder;

    #[test]
    fn signatures() {
        let mut graph = Builder::new("test");
        let input = graph.input("x", Element::F32, &["batch".into(), 3.into()]);
        graph.node_named("Relu", &[&input], "y", vec![]);
        graph.output("y", Element::F32, &["batch".into(), 3.into()]);
        let bytes = graph.finish().unwrap().write();
        let tensor = |name| TensorSpec::new(name, ElementType::F32, &[0, 3]);
        let expected = Signature { inputs: vec![tensor("x")], outputs: vec![tensor("y")] };
        assert_eq!(check_model(&bytes).unwrap(), expected);
        for cut in 1..bytes.len() {
            assert!(check_model(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_model() {
        for bytes in [&b""[..], &[0x08, 0x0a], b"<html>not found</html>", b"version https://git-lfs"] {
            assert!(check_model(bytes).is_err());
        }
    }
}
