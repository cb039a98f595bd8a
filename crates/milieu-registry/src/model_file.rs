//! The one look at a model file before it is published or loaded.

use crate::{Dimension, ElementType, Signature, TensorSpec};
use milieu_onnx::proto::{self, DimensionValue, ValueInfo};
use milieu_onnx::{Element, Limits, Model};
use std::collections::HashSet;

/// Reads an ONNX file within limits, checks that it keeps the rules of ONNX, and gives what it reads and
/// gives. Constants that old files list among the inputs are left out.
///
/// # Errors
/// In words, why it cannot be used: damage, a limit, a broken rule, an input or output that is no tensor or of
/// elements that nothing here computes with.
pub fn check_model(bytes: &[u8]) -> Result<Signature, String> {
    let model = Model::read(bytes, &Limits::default()).map_err(|error| error.to_string())?;
    signature_of(&model)
}

/// What a model reads and gives.
///
/// # Errors
/// In words, which input or output is no tensor, or of elements that nothing here computes with.
pub fn signature_of(model: &Model) -> Result<Signature, String> {
    let graph = model.graph();
    let constants: HashSet<&str> = graph.initializer.iter().map(proto::Tensor::name).collect();
    let inputs = graph.input.iter().filter(|input| !constants.contains(input.name()));
    let signature = Signature {
        inputs: inputs.map(tensor).collect::<Result<_, _>>()?,
        outputs: graph.output.iter().map(tensor).collect::<Result<_, _>>()?,
    };
    signature.fault().map_or(Ok(signature), Err)
}

fn tensor(value: &ValueInfo) -> Result<TensorSpec, String> {
    let name = value.name();
    let kind = value.tensor_type().ok_or_else(|| format!("{name} is no tensor"))?;
    let element = kind
        .elem_type
        .and_then(Element::from_code)
        .and_then(element)
        .ok_or_else(|| format!("{name} has elements that nothing here computes with"))?;
    let shape = kind.shape.as_ref().map(|shape| shape.dim.iter().map(dimension).collect());
    Ok(TensorSpec { name: name.to_owned(), element, shape })
}

fn dimension(dimension: &proto::Dimension) -> Dimension {
    match &dimension.value {
        // Some exporters write -1, or 0, for a length that is only known when the model runs.
        Some(DimensionValue::Value(length)) => match u64::try_from(*length) {
            Ok(length @ 1..) => Dimension::Fixed(length),
            _ => Dimension::Free(String::new()),
        },
        Some(DimensionValue::Parameter(name)) => Dimension::Free(name.clone()),
        None => Dimension::Free(String::new()),
    }
}

fn element(element: Element) -> Option<ElementType> {
    match element {
        Element::F32 => Some(ElementType::F32),
        Element::F16 => Some(ElementType::F16),
        Element::F64 => Some(ElementType::F64),
        Element::I64 => Some(ElementType::I64),
        Element::I32 => Some(ElementType::I32),
        Element::I8 => Some(ElementType::I8),
        Element::U8 => Some(ElementType::U8),
        Element::Bool => Some(ElementType::Bool),
        Element::Text => Some(ElementType::String),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    const MINI: &[u8] = include_bytes!("../../../testdata/models/mini.onnx");

    #[test]
    fn what_a_file_reads_and_gives() {
        let expected = Signature {
            inputs: vec![TensorSpec::new("numbers", ElementType::F32, &[0, 4])],
            outputs: vec![TensorSpec::new("logits", ElementType::F32, &[0, 2])],
        };
        assert_eq!(check_model(MINI).unwrap(), expected);
    }

    #[test]
    fn what_is_no_model() {
        for bytes in
            [&b""[..], b"<html>log in</html>", b"version https://git-lfs.github.com/spec/v1", &[0x08, 1]]
        {
            assert!(check_model(bytes).is_err(), "{bytes:?}");
        }
        for length in 0..MINI.len() {
            // Cut short it may still be a model by chance of the format, but never panics.
            let _ = check_model(&MINI[..length]);
        }
        let damaged: Vec<u8> = MINI.iter().rev().copied().collect();
        assert!(check_model(&damaged).is_err());
    }

    #[test]
    fn constants_are_no_inputs_and_lists_no_tensors() {
        let edit = |edit: fn(&mut proto::Graph)| {
            let mut proto = Model::read(MINI, &Limits::default()).unwrap().into_proto();
            edit(proto.graph.as_mut().unwrap());
            Model::new(proto).map(|model| check_model(&model.write()))
        };
        let with_constant = edit(|graph| {
            graph.input.push(ValueInfo::tensor("weight", Element::F32, &[4.into(), 2.into()]));
        });
        assert_eq!(with_constant.unwrap().unwrap(), check_model(MINI).unwrap());
        let without_shape = edit(|graph| {
            let mut output = ValueInfo::tensor("logits", Element::F32, &[]);
            if let Some(proto::TypeValue::Tensor(tensor)) = output.r#type.as_mut().unwrap().value.as_mut() {
                tensor.shape = None;
            }
            graph.output = vec![output];
        });
        assert_eq!(without_shape.unwrap().unwrap().outputs[0].shape, None);
    }
}
