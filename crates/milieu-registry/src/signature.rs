//! What goes into a model and what comes out of it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The most inputs, the most outputs and the most dimensions of each.
const MOST: usize = 64;
/// The longest name of an input, an output or a dimension, in bytes.
const NAME_BYTES: usize = 256;

/// What a number of a tensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementType {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    F16,
    /// 64-bit floating point.
    F64,
    /// 64-bit integer.
    I64,
    /// 32-bit integer.
    I32,
    /// 8-bit integer.
    I8,
    /// 8-bit unsigned integer.
    U8,
    /// Truth value.
    Bool,
    /// Text.
    String,
}

/// One dimension of a tensor: a number in JSON where it is fixed, else its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dimension {
    /// It has this length always.
    Fixed(u64),
    /// It has any length; its name, such as `batch`, may be empty.
    Free(String),
}

/// An input or an output.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TensorSpec {
    /// The name in the graph.
    pub name: String,
    /// Its elements.
    pub element: ElementType,
    /// Its dimensions, the outermost first; absent where not even their number is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<Dimension>>,
}

/// The inputs and outputs of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signature {
    /// What it reads, in the order of the graph.
    pub inputs: Vec<TensorSpec>,
    /// What it gives, in the order of the graph.
    pub outputs: Vec<TensorSpec>,
}

impl TensorSpec {
    /// A tensor of this name and shape; a dimension of 0 is free and called `batch`.
    #[must_use]
    pub fn new(name: &str, element: ElementType, shape: &[u64]) -> Self {
        let dimension = |&length: &u64| match length {
            0 => Dimension::Free("batch".to_owned()),
            length => Dimension::Fixed(length),
        };
        Self { name: name.to_owned(), element, shape: Some(shape.iter().map(dimension).collect()) }
    }

    /// Whether a tensor as `found` in a graph does what this one promises. A dimension that is promised to be
    /// free must be free; one that is promised to be fixed may be free. A shape that is not said fits all.
    fn is_met_by(&self, found: &Self) -> bool {
        let fits = |(promised, found): (&Dimension, &Dimension)| match (promised, found) {
            (Dimension::Fixed(promised), Dimension::Fixed(found)) => promised == found,
            (_, Dimension::Free(_)) => true,
            (Dimension::Free(_), Dimension::Fixed(_)) => false,
        };
        let all = |(promised, found): (&Vec<Dimension>, &Vec<Dimension>)| {
            promised.len() == found.len() && promised.iter().zip(found).all(fits)
        };
        self.element == found.element && self.shape.as_ref().zip(found.shape.as_ref()).is_none_or(all)
    }
}

impl Signature {
    /// Compares this promise with what was found in the model file. Every promised tensor must be there and
    /// fit; the file may give more outputs, but must not need more inputs.
    ///
    /// # Errors
    /// In words, what differs.
    pub fn met_by(&self, found: &Self) -> Result<(), String> {
        let all = |what: &str, promised: &[TensorSpec], found: &[TensorSpec]| {
            promised.iter().try_for_each(|promised| {
                match found.iter().find(|found| found.name == promised.name) {
                    None => Err(format!("it has no {what} {}", promised.name)),
                    Some(found) if promised.is_met_by(found) => Ok(()),
                    Some(found) => Err(format!("the {what} is {found}, the manifest says {promised}")),
                }
            })
        };
        all("input", &self.inputs, &found.inputs)?;
        all("output", &self.outputs, &found.outputs)?;
        match found.inputs.iter().find(|found| self.inputs.iter().all(|known| known.name != found.name)) {
            Some(more) => Err(format!("it needs an input {} that the manifest does not know", more.name)),
            None => Ok(()),
        }
    }

    /// What breaks the limits on counts and names, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        for (what, tensors) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            if tensors.len() > MOST {
                return Some(format!("{} {what}, the limit is {MOST}", tensors.len()));
            }
            for (at, tensor) in tensors.iter().enumerate() {
                let long = |dimension: &Dimension| matches!(dimension, Dimension::Free(name) if name.len() > NAME_BYTES);
                if tensor.name.is_empty() || tensor.name.len() > NAME_BYTES {
                    return Some(format!("the name of one of the {what} has {} bytes", tensor.name.len()));
                }
                let shape = tensor.shape.as_deref().unwrap_or_default();
                if shape.len() > MOST || shape.iter().any(long) {
                    return Some(format!(
                        "{} has too many dimensions or too long a name of one",
                        tensor.name
                    ));
                }
                if tensors[..at].iter().any(|other| other.name == tensor.name) {
                    return Some(format!("two {what} are called {}", tensor.name));
                }
            }
        }
        None
    }
}

impl ElementType {
    /// The name in JSON and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::F64 => "f64",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bool => "bool",
            Self::String => "string",
        }
    }
}

/// As `pixels: f32[batch, 3, 32, 32]`; `f32[..]` and `f32[?]` for a shape and a dimension without a word.
impl fmt::Display for TensorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}[", self.name, self.element.name())?;
        let Some(shape) = &self.shape else { return f.write_str("..]") };
        for (at, dimension) in shape.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match dimension {
                Dimension::Fixed(length) => write!(f, "{comma}{length}")?,
                Dimension::Free(name) if name.is_empty() => write!(f, "{comma}?")?,
                Dimension::Free(name) => write!(f, "{comma}{name}")?,
            }
        }
        f.write_str("]")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    fn pixels(shape: &[u64]) -> TensorSpec {
        TensorSpec::new("pixels", ElementType::F32, shape)
    }

    fn logits(name: &str) -> TensorSpec {
        TensorSpec::new(name, ElementType::F32, &[0, 10])
    }

    fn signature(inputs: Vec<TensorSpec>, outputs: Vec<TensorSpec>) -> Signature {
        Signature { inputs, outputs }
    }

    #[test]
    fn promises_are_held_to() {
        fn check(found: Signature, expected: &str) {
            let promise = signature(vec![pixels(&[0, 3, 32, 32])], vec![logits("logits")]);
            let said = promise.met_by(&found).err().unwrap_or_default();
            assert!(said == expected, "{said}");
        }
        let good = vec![pixels(&[0, 3, 32, 32])];
        check(signature(good.clone(), vec![logits("logits")]), "");
        check(signature(good.clone(), vec![logits("more"), logits("logits")]), "");
        check(signature(vec![pixels(&[0, 3, 0, 0])], vec![logits("logits")]), "");
        let unsaid = TensorSpec { shape: None, ..pixels(&[]) };
        assert_eq!(unsaid.to_string(), "pixels: f32[..]");
        check(signature(vec![unsaid], vec![logits("logits")]), "");
        check(
            signature(vec![pixels(&[1, 3, 32, 32])], vec![logits("logits")]),
            "the input is pixels: f32[1, 3, 32, 32], the manifest says pixels: f32[batch, 3, 32, 32]",
        );
        check(
            signature(vec![pixels(&[0, 32, 32, 3])], vec![logits("logits")]),
            "the input is pixels: f32[batch, 32, 32, 3], the manifest says pixels: f32[batch, 3, 32, 32]",
        );
        check(
            signature(
                vec![TensorSpec::new("pixels", ElementType::U8, &[0, 3, 32, 32])],
                vec![logits("logits")],
            ),
            "the input is pixels: u8[batch, 3, 32, 32], the manifest says pixels: f32[batch, 3, 32, 32]",
        );
        check(signature(good.clone(), vec![logits("other")]), "it has no output logits");
        check(signature(vec![], vec![logits("logits")]), "it has no input pixels");
        let more = vec![good[0].clone(), TensorSpec::new("mask", ElementType::I64, &[0])];
        check(
            signature(more, vec![logits("logits")]),
            "it needs an input mask that the manifest does not know",
        );
    }

    #[test]
    fn limits() {
        fn check(inputs: Vec<TensorSpec>, expected: &str) {
            let found = signature(inputs, vec![]).fault().unwrap_or_default();
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{found}");
        }
        check(vec![pixels(&[0, 3])], "");
        check(
            (0..65).map(|at| TensorSpec::new(&at.to_string(), ElementType::F32, &[])).collect(),
            "65 inputs",
        );
        check(vec![TensorSpec::new("", ElementType::F32, &[])], "0 bytes");
        check(vec![TensorSpec::new(&"n".repeat(257), ElementType::F32, &[])], "257 bytes");
        check(vec![pixels(&[1; 65])], "too many dimensions");
        check(vec![pixels(&[0]), pixels(&[0])], "two inputs");
    }

    #[test]
    fn json_is_short() {
        let text = r#"{"name":"pixels","element":"f32","shape":["batch",3,32,32]}"#;
        assert_eq!(serde_json::to_string(&pixels(&[0, 3, 32, 32])).unwrap(), text);
        assert_eq!(serde_json::from_str::<TensorSpec>(text).unwrap(), pixels(&[0, 3, 32, 32]));
    }
}
