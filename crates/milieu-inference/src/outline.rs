//! Reads just enough of an ONNX file to say what the model takes and gives, without building anything.
//!
//! Both engines then agree on names, types and shapes: rten by itself tells no 64-bit integers from 32-bit
//! ones. What would make an engine read other files or recurse without end is refused here. Field numbers
//! are those of `onnx.proto3` (ONNX 1.17); the encoding is Protocol Buffers' wire format.

use crate::{DataType, Dimension, LoadError, Port, Signature};
use std::collections::HashSet;

/// Messages within messages, graphs within nodes included; a graph within a graph takes three levels.
const DEEPEST: usize = 64;

/// The most nodes of a model's graph. Engines recurse over them; see [`STACK`](crate::engine::STACK).
pub(crate) const MOST_NODES: usize = 20_000;

/// The most nodes of a graph within a node, or of a function: rten plans those on threads whose stacks are
/// of the usual two megabytes.
const MOST_NESTED_NODES: usize = 1_000;

/// The messages that can hold a graph, a type or a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Message {
    Model,
    Graph,
    Function,
    Training,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    ValueInfo,
    Type,
    Optional,
    Sequence,
    Map,
}

impl Message {
    /// The message in that field of this one, if it is of interest.
    fn child(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::SparseTensor,
            (Self::Graph, 11..=13) | (Self::Function, 12) => Self::ValueInfo,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::ValueInfo, 2) | (Self::Attribute, 14 | 15) => Self::Type,
            (Self::Optional | Self::Sequence, 1) | (Self::Map, 2) => Self::Type,
            (Self::Type, 4) => Self::Sequence,
            (Self::Type, 5) => Self::Map,
            (Self::Type, 9) => Self::Optional,
            _ => return None,
        })
    }
}

/// One field of a message.
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in the file's order. Ends after the first error.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for at in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => Value::Bytes(self.take(8)?),
            2 => {
                let length = self.number()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(|| malformed("it is cut short, or is no Protocol Buffers message")))
    }
}

/// The fields of a message, in the file's order.
pub(crate) fn fields(bytes: &[u8]) -> impl Iterator<Item = Result<(u64, Value<'_>), LoadError>> {
    Fields(bytes)
}

/// Numbers that stand one after the other.
pub(crate) fn numbers(bytes: &[u8]) -> Result<Vec<u64>, LoadError> {
    let (mut rest, mut found) = (Fields(bytes), Vec::new());
    while !rest.0.is_empty() {
        found.push(rest.number().ok_or_else(|| malformed("a list of numbers is cut short"))?);
    }
    Ok(found)
}

fn malformed(reason: impl Into<String>) -> LoadError {
    LoadError::Malformed { reason: reason.into() }
}

/// Reads the signature of the model in an ONNX file.
///
/// # Errors
/// [`LoadError::Malformed`] where the bytes are no model; [`LoadError::Unsupported`] where an input or
/// output is no tensor of a known type, or values lie in other files.
pub(crate) fn read(bytes: &[u8]) -> Result<Signature, LoadError> {
    walk(Message::Model, bytes, 0)?;
    let (mut inputs, mut outputs, mut weights) = (Vec::new(), Vec::new(), HashSet::new());
    for graph in children(bytes, 7) {
        for field in Fields(graph?) {
            match field? {
                (5, Value::Bytes(tensor)) => {
                    weights.insert(text(tensor, 8)?);
                }
                (11, Value::Bytes(port)) => inputs.push(port),
                (12, Value::Bytes(port)) => outputs.push(port),
                _ => {}
            }
        }
    }
    let mut signature = Signature { inputs: Vec::new(), outputs: Vec::new() };
    for input in inputs {
        // Files of early versions list every weight among the inputs as well.
        if !weights.contains(&text(input, 1)?) {
            signature.inputs.push(port(input)?);
        }
    }
    signature.outputs = outputs.into_iter().map(port).collect::<Result<_, _>>()?;
    if signature.outputs.is_empty() {
        return Err(malformed("it has no graph with outputs"));
    }
    Ok(signature)
}

/// Whether a node of the outer graph is this operator.
pub(crate) fn uses(bytes: &[u8], operator: &str) -> bool {
    let nodes = children(bytes, 7).flatten().flat_map(|graph| children(graph, 1)).flatten();
    nodes.into_iter().any(|node| text(node, 4).is_ok_and(|name| name == operator))
}

/// Looks at every message for what must not be there.
fn walk(message: Message, bytes: &[u8], depth: usize) -> Result<(), LoadError> {
    if depth > DEEPEST {
        return Err(malformed(format!("its graphs or types are nested more than {DEEPEST} messages deep")));
    }
    let (mut nodes, mut graphs) = (0, 0);
    let most = if depth <= 1 { MOST_NODES } else { MOST_NESTED_NODES };
    for field in Fields(bytes) {
        match field? {
            (14, Value::Number(1)) if message == Message::Tensor => {
                return Err(LoadError::Unsupported { what: "values that lie in another file".into() });
            }
            (number, Value::Bytes(bytes)) => {
                let Some(child) = message.child(number) else { continue };
                nodes += usize::from(child == Message::Node);
                // Readers merge the graphs where there should be one, and so would get past the limit.
                graphs +=
                    usize::from(matches!((message, number), (Message::Model, 7) | (Message::Attribute, 6)));
                if nodes > most {
                    return Err(malformed(format!("a graph of it has more than {most} nodes")));
                }
                if graphs > 1 {
                    return Err(malformed("it has two graphs where there should be one"));
                }
                walk(child, bytes, depth + 1)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The messages in one field.
pub(crate) fn children(bytes: &[u8], number: u64) -> impl Iterator<Item = Result<&[u8], LoadError>> {
    Fields(bytes).filter_map(move |field| match field {
        Ok((found, Value::Bytes(bytes))) if found == number => Some(Ok(bytes)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// The text in one field, empty where it is absent.
pub(crate) fn text(bytes: &[u8], number: u64) -> Result<String, LoadError> {
    let last = children(bytes, number).last().transpose()?.unwrap_or_default();
    String::from_utf8(last.to_vec()).map_err(|_| malformed("a name is no UTF-8"))
}

fn port(bytes: &[u8]) -> Result<Port, LoadError> {
    let name = text(bytes, 1)?;
    let (mut data_type, mut shape) = (None, None);
    for value_type in children(bytes, 2) {
        for tensor in children(value_type?, 1) {
            for field in Fields(tensor?) {
                match field? {
                    (1, Value::Number(code)) => data_type = Some(code),
                    (2, Value::Bytes(bytes)) => {
                        shape = Some(
                            children(bytes, 1)
                                .map(|bytes| dimension(bytes?))
                                .collect::<Result<Vec<_>, _>>()?,
                        );
                    }
                    _ => {}
                }
            }
        }
    }
    let data_type = match data_type {
        Some(1) => DataType::F32,
        Some(2) => DataType::U8,
        Some(3) => DataType::I8,
        Some(6) => DataType::I32,
        Some(7) => DataType::I64,
        Some(9) => DataType::Bool,
        Some(10) => DataType::F16,
        Some(11) => DataType::F64,
        Some(code) => {
            return Err(LoadError::Unsupported { what: format!("{name:?} of ONNX's element type {code}") });
        }
        None => return Err(LoadError::Unsupported { what: format!("{name:?}, which is no tensor") }),
    };
    Ok(Port { name, data_type, shape })
}

fn dimension(bytes: &[u8]) -> Result<Dimension, LoadError> {
    let mut dimension = Dimension::Dynamic(text(bytes, 2)?);
    for field in Fields(bytes) {
        if let (1, Value::Number(length)) = field? {
            // Some exporters write a dynamic dimension as 0 or -1.
            if let Ok(length @ 1..) = i64::try_from(length).map(|length| length as usize) {
                dimension = Dimension::Fixed(length);
            }
        }
    }
    Ok(dimension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message field: its number and what it holds.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut message = vec![number << 3 | 2];
        let mut length = bytes.len();
        while length > 0x7f {
            message.push(length as u8 | 0x80);
            length >>= 7;
        }
        message.push(length as u8);
        message.extend_from_slice(bytes);
        message
    }

    fn number(field: u8, value: u8) -> Vec<u8> {
        vec![field << 3, value]
    }

    fn tensor_port(name: &str, element: u8, dimensions: &[Vec<u8>]) -> Vec<u8> {
        let shape: Vec<u8> = dimensions.iter().flat_map(|dimension| field(1, dimension)).collect();
        let tensor = [number(1, element), field(2, &shape)].concat();
        [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
    }

    fn model(graph: &[Vec<u8>]) -> Vec<u8> {
        field(7, &graph.concat())
    }

    #[test]
    fn signatures_are_read() {
        let batch = field(2, b"batch");
        let bytes = model(&[
            field(11, &tensor_port("x", 7, &[batch.clone(), number(1, 3)])),
            field(11, &tensor_port("weight", 1, &[number(1, 3)])),
            field(12, &tensor_port("y", 1, &[batch, vec![]])),
            field(5, &field(8, b"weight")),
        ]);
        let dynamic = |name: &str| Dimension::Dynamic(name.into());
        let port = |name: &str, data_type, shape| Port { name: name.into(), data_type, shape: Some(shape) };
        let expected = Signature {
            inputs: vec![port("x", DataType::I64, vec![dynamic("batch"), Dimension::Fixed(3)])],
            outputs: vec![port("y", DataType::F32, vec![dynamic("batch"), dynamic("")])],
        };
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        fn check(bytes: &[u8], expected: &str) {
            let message = read(bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let output = field(12, &tensor_port("y", 1, &[]));
        check(b"", "no graph");
        check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "cut short");
        check(&field(7, b"\x0a"), "cut short");
        check(&model(&[]), "no graph");
        check(&model(&[field(12, &field(1, b"y"))]), "no tensor");
        check(&model(&[field(12, &tensor_port("y", 8, &[]))]), "element type 8");
        check(&model(&[field(12, &tensor_port("y", 1, &[])), field(5, &number(14, 1))]), "another file");
        let constant = field(1, &field(5, &field(5, &number(14, 1))));
        check(&model(&[output.clone(), constant]), "another file");

        let mut nested = Vec::new();
        for _ in 0..1_000 {
            nested = field(1, &field(5, &field(6, &nested)));
        }
        check(&model(&[output.clone(), nested]), "nested");
        let mut nested = Vec::new();
        for _ in 0..1_000 {
            nested = field(4, &field(1, &nested));
        }
        check(&model(&[output.clone(), field(13, &field(2, &nested))]), "nested");
        check(&model(&[output.clone(), field(1, b"").repeat(MOST_NODES + 1)]), "20000 nodes");
        let inner = field(6, &field(1, b"").repeat(MOST_NESTED_NODES + 1));
        check(&model(&[output.clone(), field(1, &field(5, &inner))]), "1000 nodes");
        check(&model(&[output.clone(), field(1, &field(5, &field(6, b"").repeat(2)))]), "two graphs");
        check(&model(&[output]).repeat(2), "two graphs");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
            let _ = read(&field(7, &bytes));
            let _ = read(&model(&[field(12, &bytes)]));
        }
    }
}
