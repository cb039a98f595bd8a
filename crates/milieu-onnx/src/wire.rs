//! A walk over the bytes of a file before anything of it is decoded: it follows the protobuf wire format
//! (protobuf.dev, "Encoding"), counts what there is, and stops where a limit is passed.

use crate::limits::Limits;
use crate::proto;
use crate::{Element, OnnxError};

/// Decoded messages may take this many times the bytes of the file, for each empty message of two bytes is
/// a structure of some hundred. Files of many small nodes need 3 to 8 times.
const EXPANSION: u64 = 32;
/// What small files may take beyond that.
const ALLOWANCE: u64 = 1 << 20;
/// Messages within messages that prost follows are 100; a graph within a graph takes three.
const FRAMES: u32 = 96;

/// What a message is, as far as its fields matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    ValueInfo,
    Type,
    TensorType,
    ElementType,
    MapType,
    Shape,
    Dimension,
    Annotation,
    /// Key and value, a set of operators, or another message of texts.
    Texts,
}

/// What a field with a length holds.
enum Field {
    Message(Kind),
    Text,
    /// The bytes of tensors.
    Values,
    /// Numbers side by side, this many bytes each in memory.
    Numbers(u64),
    /// Not decoded.
    Unknown,
}

impl Kind {
    /// What the field of this number holds where it has a length.
    fn field(self, number: u64) -> Field {
        use Field::{Message, Numbers, Text, Unknown, Values};
        match (self, number) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Message(Self::Graph),
            (Self::Model, 8 | 14)
            | (Self::Training, 3 | 4)
            | (Self::Function, 9 | 14)
            | (Self::Graph | Self::Tensor, 16)
            | (Self::Node, 9)
            | (Self::Tensor, 13)
            | (Self::ValueInfo, 4)
            | (Self::Annotation, 2)
            | (Self::Type, 7) => Message(Self::Texts),
            (Self::Model, 20) => Message(Self::Training),
            (Self::Model, 25) => Message(Self::Function),
            (Self::Function, 7) | (Self::Graph, 1) => Message(Self::Node),
            (Self::Function, 11) | (Self::Node, 5) => Message(Self::Attribute),
            (Self::Function, 12) | (Self::Graph, 11..=13) => Message(Self::ValueInfo),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => {
                Message(Self::Tensor)
            }
            (Self::Graph, 14) => Message(Self::Annotation),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Message(Self::SparseTensor),
            (Self::Attribute, 14 | 15)
            | (Self::ValueInfo, 2)
            | (Self::ElementType, 1)
            | (Self::MapType, 2) => Message(Self::Type),
            (Self::Type, 1 | 8) => Message(Self::TensorType),
            (Self::Type, 4 | 9) => Message(Self::ElementType),
            (Self::Type, 5) => Message(Self::MapType),
            (Self::TensorType, 2) => Message(Self::Shape),
            (Self::Shape, 1) => Message(Self::Dimension),
            (Self::Attribute, 7) | (Self::Tensor, 4 | 5) => Numbers(4),
            (Self::Attribute, 8) | (Self::Tensor, 1 | 7 | 10 | 11) | (Self::SparseTensor, 3) => Numbers(8),
            (Self::Tensor, 6 | 9) => Values,
            (Self::Model, 2 | 3 | 4 | 6)
            | (Self::Function, 1 | 4..=6 | 8 | 10 | 13)
            | (Self::Graph, 2 | 10)
            | (Self::Node, 1..=4 | 6..=8)
            | (Self::Attribute, 1 | 4 | 9 | 13 | 21)
            | (Self::Tensor, 8 | 12)
            | (Self::ValueInfo, 1 | 3)
            | (Self::Type, 6)
            | (Self::Dimension, 2 | 3)
            | (Self::Annotation, 1)
            | (Self::Texts, 1 | 2) => Text,
            _ => Unknown,
        }
    }

    /// Bytes of the decoded structure, without what it points to.
    fn size(self) -> u64 {
        let size = match self {
            Self::Model => size_of::<proto::Model>(),
            Self::Training => size_of::<proto::TrainingInfo>(),
            Self::Function => size_of::<proto::Function>(),
            Self::Graph => size_of::<proto::Graph>(),
            Self::Node => size_of::<proto::Node>(),
            Self::Attribute => size_of::<proto::Attribute>(),
            Self::Tensor => size_of::<proto::Tensor>(),
            Self::SparseTensor => size_of::<proto::SparseTensor>(),
            Self::ValueInfo => size_of::<proto::ValueInfo>(),
            Self::Type | Self::TensorType | Self::ElementType => size_of::<proto::Type>(),
            Self::MapType => size_of::<proto::MapType>(),
            Self::Shape => size_of::<proto::Shape>(),
            Self::Dimension => size_of::<proto::Dimension>(),
            Self::Annotation => size_of::<proto::TensorAnnotation>(),
            Self::Texts => size_of::<proto::StringEntry>(),
        };
        size as u64
    }
}

/// Walks over all bytes.
///
/// # Errors
/// [`OnnxError::Limit`] and [`OnnxError::Damaged`].
pub(crate) fn walk(bytes: &[u8], limits: &Limits) -> Result<(), OnnxError> {
    within("bytes", bytes.len() as u64, limits.bytes)?;
    let most = (bytes.len() as u64).saturating_mul(EXPANSION).saturating_add(ALLOWANCE);
    let mut walk = Walk { bytes, at: 0, limits, nodes: 0, initializers: 0, values: 0, memory: 0, most };
    walk.message(Kind::Model, bytes.len(), 0, 0)
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<(), OnnxError> {
    if found <= limit { Ok(()) } else { Err(OnnxError::Limit { what, found, limit }) }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    nodes: u64,
    initializers: u64,
    /// Bytes of tensors.
    values: u64,
    /// Bytes of decoded messages, texts and lists.
    memory: u64,
    most: u64,
}

/// What one message has told so far.
#[derive(Default)]
struct Seen {
    /// The product of a tensor's dimensions.
    elements: u64,
    /// Bytes of a tensor's element; 1 where the type is not known.
    element: u64,
    /// Entries of lists.
    entries: u64,
}

impl Walk<'_> {
    fn message(&mut self, kind: Kind, end: usize, depth: u64, frames: u32) -> Result<(), OnnxError> {
        if frames > FRAMES {
            return Err(self.damaged("messages are nested too deep"));
        }
        let depth = depth + u64::from(kind == Kind::Graph);
        within("levels of graphs", depth, self.limits.depth)?;
        self.take(kind.size())?;
        match kind {
            Kind::Node => self.nodes += 1,
            Kind::Tensor => self.initializers += 1,
            _ => {}
        }
        within("nodes", self.nodes, self.limits.nodes)?;
        within("tensors", self.initializers, self.limits.initializers)?;
        let mut seen = Seen { elements: 1, element: 1, entries: 0 };
        while self.at < end {
            self.field(kind, end, depth, frames, &mut seen)?;
        }
        if matches!(kind, Kind::Tensor | Kind::SparseTensor) {
            within("values of a tensor", seen.elements, self.limits.elements)?;
            self.values = self.values.saturating_add(seen.elements.saturating_mul(seen.element));
            within("bytes of tensors", self.values, self.limits.tensor_bytes)?;
        }
        Ok(())
    }

    fn field(
        &mut self,
        kind: Kind,
        end: usize,
        depth: u64,
        frames: u32,
        seen: &mut Seen,
    ) -> Result<(), OnnxError> {
        let key = self.varint(end)?;
        let number = key >> 3;
        match key & 7 {
            0 => {
                let value = self.varint(end)?;
                match (kind, number) {
                    (Kind::Tensor, 1) | (Kind::SparseTensor, 3) => self.dimension(value, seen)?,
                    (Kind::Tensor, 2) => {
                        seen.element = Element::from_code(value as i32).map_or(1, |e| e.bits().div_ceil(8));
                    }
                    _ => {}
                }
                self.entry(kind, number, seen)
            }
            1 => self.skip(8, end).and_then(|()| self.entry(kind, number, seen)),
            5 => self.skip(4, end).and_then(|()| self.entry(kind, number, seen)),
            2 => {
                let length = usize::try_from(self.varint(end)?).unwrap_or(usize::MAX);
                let stop = self.at.checked_add(length).filter(|stop| *stop <= end);
                let stop = stop.ok_or_else(|| self.damaged("a field is longer than what is left"))?;
                match kind.field(number) {
                    Field::Message(inner) => self.message(inner, stop, depth, frames + 1)?,
                    Field::Text => {
                        within("bytes of a text", length as u64, self.limits.text)?;
                        self.take(length as u64 + 32)?;
                        self.entry(kind, number, seen)?;
                    }
                    Field::Values => self.take(32)?,
                    Field::Numbers(size) => self.numbers(kind, number, size, stop, seen)?,
                    Field::Unknown => {}
                }
                self.at = stop;
                Ok(())
            }
            _ => Err(self.damaged("a field has no known wire type")),
        }
    }

    /// Numbers that are packed into one field.
    fn numbers(
        &mut self,
        kind: Kind,
        number: u64,
        size: u64,
        stop: usize,
        seen: &mut Seen,
    ) -> Result<(), OnnxError> {
        let bytes = self.bytes.get(self.at..stop).unwrap_or_default();
        let count = match (kind, number) {
            (Kind::Attribute, 7) | (Kind::Tensor, 4) => bytes.len() / 4,
            (Kind::Tensor, 10) => bytes.len() / 8,
            // Each varint ends with a byte below 128.
            _ => bytes.iter().filter(|byte| **byte < 128).count(),
        } as u64;
        self.take(count.saturating_mul(size))?;
        if kind == Kind::Attribute {
            seen.entries += count;
            within("entries of a list", seen.entries, self.limits.list)?;
        }
        if matches!((kind, number), (Kind::Tensor, 1) | (Kind::SparseTensor, 3)) {
            while self.at < stop {
                let value = self.varint(stop)?;
                self.dimension(value, seen)?;
            }
        }
        Ok(())
    }

    /// An entry of a list that is not packed, or a single value.
    fn entry(&mut self, kind: Kind, number: u64, seen: &mut Seen) -> Result<(), OnnxError> {
        match (kind, number) {
            (Kind::Attribute, 7..=9) => {
                seen.entries += 1;
                within("entries of a list", seen.entries, self.limits.list)?;
                self.take(8)
            }
            (Kind::Tensor | Kind::SparseTensor, _) => self.take(8),
            _ => Ok(()),
        }
    }

    fn dimension(&self, value: u64, seen: &mut Seen) -> Result<(), OnnxError> {
        if value > i64::MAX as u64 {
            return Err(self.damaged("a dimension is negative"));
        }
        seen.elements = seen.elements.saturating_mul(value);
        Ok(())
    }

    /// Notes memory that decoding will take.
    fn take(&mut self, bytes: u64) -> Result<(), OnnxError> {
        self.memory = self.memory.saturating_add(bytes);
        within("bytes of decoded messages", self.memory, self.most)
    }

    fn skip(&mut self, count: usize, end: usize) -> Result<(), OnnxError> {
        if end - self.at < count {
            return Err(self.damaged("a number is cut short"));
        }
        self.at += count;
        Ok(())
    }

    fn varint(&mut self, end: usize) -> Result<u64, OnnxError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes.get(..end).and_then(|bytes| bytes.get(self.at)).copied();
            let byte = byte.ok_or_else(|| self.damaged("a number is cut short"))?;
            self.at += 1;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(value);
            }
        }
        Err(self.damaged("a number is longer than ten bytes"))
    }

    fn damaged(&self, reason: &'static str) -> OnnxError {
        OnnxError::Damaged { at: self.at, reason }
    }
}
