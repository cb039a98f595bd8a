//! Graphs as far as own code looks at them, to know those that it runs itself.

use crate::outline::{Value, children, fields, numbers, text};
use crate::{LoadError, Signature};

/// The most nodes of a graph that is read; larger ones are something else, and are not worth reading twice.
const MOST: usize = 64;

/// A graph that own code may know.
pub(super) struct Drawn<'a> {
    pub(super) nodes: Vec<Node>,
    constants: Vec<Constant<'a>>,
}

impl<'a> Drawn<'a> {
    /// The graph in an ONNX file; `None` for a large one.
    ///
    /// # Errors
    /// [`LoadError::Malformed`] for bytes that are no model.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Option<Self>, LoadError> {
        let (mut nodes, mut constants) = (Vec::new(), Vec::new());
        for graph in children(bytes, 7) {
            let graph = graph?;
            if children(graph, 1).take(MOST + 1).count() > MOST {
                return Ok(None);
            }
            for node in children(graph, 1) {
                nodes.push(node_of(node?)?);
            }
            for constant in children(graph, 5) {
                constants.push(constant_of(constant?)?);
            }
        }
        Ok(Some(Self { nodes, constants }))
    }

    /// The lengths and the values of a constant, where it is one of 32-bit floats.
    pub(super) fn floats(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        self.constants.iter().find(|constant| constant.name == name).and_then(Constant::floats)
    }

    /// Whether a constant is a row of these numbers.
    pub(super) fn are(&self, name: &str, numbers: &[i64]) -> bool {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let constant = self.constants.iter().find(|constant| constant.name == name);
        constant
            .is_some_and(|found| found.element == 7 && found.shape == [numbers.len()] && found.bytes == bytes)
    }

    /// Whether the first output of a model is that of this node.
    pub(super) fn gives(&self, signature: &Signature, node: &Node) -> bool {
        signature.outputs.first().is_some_and(|output| output.name == node.output)
    }
}

/// A node as far as it matters here.
pub(super) struct Node {
    operator: String,
    pub(super) inputs: Vec<String>,
    pub(super) output: String,
    /// The attributes that are numbers, those that are lists of numbers, and how many others there are.
    numbers: Vec<(String, u64)>,
    lists: Vec<(String, Vec<u64>)>,
    others: usize,
}

/// A constant of one type: its lengths and its bytes.
struct Constant<'a> {
    name: String,
    element: u64,
    shape: Vec<usize>,
    bytes: &'a [u8],
}

impl Node {
    /// Whether it is this operator.
    pub(super) fn is_called(&self, operator: &str) -> bool {
        self.operator == operator
    }

    /// Whether it is this operator with these inputs (by place, where it is not any) and attributes, and nothing else.
    pub(super) fn is(&self, operator: &str, inputs: &[Option<&str>], numbers: &[(&str, u64)]) -> bool {
        self.lists.is_empty() && self.is_beside_lists(operator, inputs, numbers)
    }

    /// The same with a list of numbers among its attributes.
    pub(super) fn is_with(
        &self,
        operator: &str,
        inputs: &[Option<&str>],
        numbers: &[(&str, u64)],
        (name, list): (&str, &[u64]),
    ) -> bool {
        let [(found, values)] = self.lists.as_slice() else { return false };
        found == name && values == list && self.is_beside_lists(operator, inputs, numbers)
    }

    fn is_beside_lists(&self, operator: &str, inputs: &[Option<&str>], numbers: &[(&str, u64)]) -> bool {
        let mut names = inputs.iter().zip(&self.inputs);
        self.operator == operator
            && self.others == 0
            && self.inputs.len() == inputs.len()
            && names.all(|(name, found)| name.is_none_or(|name| found == name))
            && self.numbers.len() == numbers.len()
            && numbers.iter().all(|&(name, value)| self.numbers.contains(&(name.to_owned(), value)))
    }
}

impl Constant<'_> {
    /// Its lengths and values, where they are 32-bit floats.
    fn floats(&self) -> Option<(Vec<usize>, Vec<f32>)> {
        let size = self.shape.iter().try_fold(1_usize, |size, &length| size.checked_mul(length))?;
        let (values, rest) = self.bytes.as_chunks();
        let fits = self.element == 1 && rest.is_empty() && values.len() == size;
        fits.then(|| (self.shape.clone(), values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
    }
}

fn node_of(bytes: &[u8]) -> Result<Node, LoadError> {
    let inputs = children(bytes, 1).map(|name| Ok(String::from_utf8_lossy(name?).into_owned()));
    let mut node = Node {
        operator: text(bytes, 4)?,
        inputs: inputs.collect::<Result<_, LoadError>>()?,
        output: text(bytes, 2)?,
        numbers: Vec::new(),
        lists: Vec::new(),
        others: 0,
    };
    for attribute in children(bytes, 5) {
        let attribute = attribute?;
        let name = text(attribute, 1)?;
        let (mut number, mut list, mut kind) = (None, Vec::new(), None);
        for field in fields(attribute) {
            match field? {
                (3, Value::Number(found)) => number = Some(found),
                (8, Value::Number(found)) => list.push(found),
                (8, Value::Bytes(packed)) => list.extend(numbers(packed)?),
                (20, Value::Number(found)) => kind = Some(found),
                _ => {}
            }
        }
        // The number 0 may be left out; the kind of a number is 2, and that of a list 7.
        match (number, kind) {
            (Some(number), Some(2) | None) => node.numbers.push((name, number)),
            (None, Some(2)) => node.numbers.push((name, 0)),
            (None, Some(7)) => node.lists.push((name, list)),
            _ => node.others += 1,
        }
    }
    Ok(node)
}

fn constant_of(bytes: &[u8]) -> Result<Constant<'_>, LoadError> {
    let mut constant = Constant { name: text(bytes, 8)?, element: 0, shape: Vec::new(), bytes: &[] };
    for field in fields(bytes) {
        match field? {
            (1, Value::Number(length)) => constant.shape.push(usize::try_from(length).unwrap_or(usize::MAX)),
            (1, Value::Bytes(packed)) => {
                let lengths = numbers(packed)?;
                constant
                    .shape
                    .extend(lengths.into_iter().map(|length| usize::try_from(length).unwrap_or(usize::MAX)));
            }
            (2, Value::Number(element)) => constant.element = element,
            (9, Value::Bytes(raw)) => constant.bytes = raw,
            _ => {}
        }
    }
    Ok(constant)
}
