//! Nodes, attributes and types, made and read.

use crate::Element;
use crate::proto::{
    Attribute, AttributeType, Dimension, DimensionValue, Node, Shape, Tensor, TensorType, Type, TypeValue,
    ValueInfo,
};
use bytes::Bytes;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// A number.
    Float(f32),
    /// Numbers.
    Floats(Vec<f32>),
    /// A text.
    Text(String),
    /// A tensor.
    Tensor(Box<Tensor>),
}

/// One dimension of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Length {
    /// So long.
    Fixed(usize),
    /// As long as all of this name; found out when the model runs.
    Named(String),
}

impl From<usize> for Length {
    fn from(length: usize) -> Self {
        Self::Fixed(length)
    }
}

impl From<&str> for Length {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl Attribute {
    /// An attribute of a name.
    #[must_use]
    pub fn new(name: &str, value: Value) -> Self {
        let mut attribute = Self { name: Some(name.to_owned()), ..Self::default() };
        let kind = match value {
            Value::Int(value) => {
                attribute.i = Some(value);
                AttributeType::Int
            }
            Value::Ints(values) => {
                attribute.ints = values;
                AttributeType::Ints
            }
            Value::Float(value) => {
                attribute.f = Some(value);
                AttributeType::Float
            }
            Value::Floats(values) => {
                attribute.floats = values;
                AttributeType::Floats
            }
            Value::Text(text) => {
                attribute.s = Some(Bytes::from(text));
                AttributeType::String
            }
            Value::Tensor(tensor) => {
                attribute.t = Some(tensor);
                AttributeType::Tensor
            }
        };
        attribute.set_type(kind);
        attribute
    }
}

impl Node {
    /// A node of ONNX's own operators, with the name of its first output.
    #[must_use]
    pub fn new(operator: &str, inputs: &[&str], outputs: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            input: owned(inputs),
            output: owned(outputs),
            name: outputs.first().map(|name| (*name).to_owned()),
            op_type: Some(operator.to_owned()),
            ..Self::default()
        }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.attribute.push(Attribute::new(name, value));
        self
    }

    /// Whether it is this operator of ONNX.
    #[must_use]
    pub fn is(&self, operator: &str) -> bool {
        self.op_type() == operator && matches!(self.domain(), "" | "ai.onnx")
    }

    /// An input's name; empty where there is none.
    #[must_use]
    pub fn input_name(&self, place: usize) -> &str {
        self.input.get(place).map_or("", String::as_str)
    }

    /// An output's name; empty where there is none.
    #[must_use]
    pub fn output_name(&self, place: usize) -> &str {
        self.output.get(place).map_or("", String::as_str)
    }

    /// An attribute by its name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attribute.iter().find(|attribute| attribute.name() == name)
    }

    /// A whole number by its name.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.i
    }

    /// Whole numbers by their name.
    #[must_use]
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    /// A number by its name.
    #[must_use]
    pub fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.f
    }

    /// A text by its name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.attribute(name)?.s.as_deref()?).ok()
    }

    /// What to call it in a message: operator and name.
    #[must_use]
    pub fn describe(&self) -> String {
        let name = if self.name().is_empty() { self.output_name(0) } else { self.name() };
        format!("{} {name:?}", self.op_type())
    }
}

impl ValueInfo {
    /// A tensor of a name.
    #[must_use]
    pub fn tensor(name: &str, element: Element, lengths: &[Length]) -> Self {
        let dim = |length: &Length| Dimension {
            value: Some(match length {
                Length::Fixed(length) => DimensionValue::Value(*length as i64),
                Length::Named(name) => DimensionValue::Parameter(name.clone()),
            }),
            ..Dimension::default()
        };
        let shape = Shape { dim: lengths.iter().map(dim).collect() };
        let tensor = TensorType { elem_type: Some(element.code()), shape: Some(shape) };
        let kind = Type { value: Some(TypeValue::Tensor(tensor)), ..Type::default() };
        Self { name: Some(name.to_owned()), r#type: Some(kind), ..Self::default() }
    }

    /// Its type as a tensor, if it is one.
    #[must_use]
    pub fn tensor_type(&self) -> Option<&TensorType> {
        match &self.r#type.as_ref()?.value {
            Some(TypeValue::Tensor(tensor)) => Some(tensor),
            _ => None,
        }
    }

    /// Its shape: for each dimension its length, or `None` where that is only known when the model runs.
    #[must_use]
    pub fn lengths(&self) -> Option<Vec<Option<usize>>> {
        let shape = self.tensor_type()?.shape.as_ref()?;
        let length = |dim: &Dimension| match dim.value {
            Some(DimensionValue::Value(length)) => usize::try_from(length).ok(),
            _ => None,
        };
        Some(shape.dim.iter().map(length).collect())
    }
}
