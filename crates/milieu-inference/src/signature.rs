//! What a model takes and gives.

use crate::{DataType, Tensor};

/// One dimension of an input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Always of this length.
    Fixed(usize),
    /// Of any length; dimensions of one name are equally long. Unnamed ones have an empty name.
    Dynamic(String),
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// Its dimensions, or `None` where the model does not say how many there are.
    pub shape: Option<Vec<Dimension>>,
}

/// The inputs and outputs of a model, in the model's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What it takes.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
}

/// Why tensors are no input of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// An input is missing.
    #[error("the input {name:?} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The model has no such input, or it is given twice.
    #[error("{name:?} is no input of the model, or given twice")]
    Unknown {
        /// The name given.
        name: String,
    },
    /// There are too many or too few.
    #[error("the model takes {expected} inputs, {given} were given")]
    Count {
        /// How many the model takes.
        expected: usize,
        /// How many there were.
        given: usize,
    },
    /// The values are of another type.
    #[error("the input {name:?} takes {expected}, {given} was given")]
    Type {
        /// The input.
        name: String,
        /// Its type.
        expected: DataType,
        /// The type given.
        given: DataType,
    },
    /// The shape is another one.
    #[error("the input {name:?} takes the shape {expected}, {given:?} was given")]
    Shape {
        /// The input.
        name: String,
        /// Its shape, dynamic dimensions as `-1`.
        expected: String,
        /// The shape given.
        given: Vec<usize>,
    },
    /// The tensors are larger than a request may be.
    #[error("the inputs have {given} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Their bytes.
        given: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The inputs have unequal numbers of rows, or none.
    #[error("the input {name:?} has {given} rows where {expected} are due")]
    Rows {
        /// The input.
        name: String,
        /// The rows of the first input, at least 1.
        expected: usize,
        /// The rows given.
        given: usize,
    },
}

impl Port {
    /// The shape as wire formats write it: `-1` for a dynamic dimension. Empty where it is unknown.
    #[must_use]
    pub fn wire_shape(&self) -> Vec<i64> {
        let dimensions = self.shape.as_deref().unwrap_or_default();
        dimensions
            .iter()
            .map(|dimension| match dimension {
                Dimension::Fixed(length) => i64::try_from(*length).unwrap_or(i64::MAX),
                Dimension::Dynamic(_) => -1,
            })
            .collect()
    }

    fn takes(&self, tensor: &Tensor) -> Result<(), InputError> {
        if tensor.data_type() != self.data_type {
            return Err(InputError::Type {
                name: self.name.clone(),
                expected: self.data_type,
                given: tensor.data_type(),
            });
        }
        let Some(shape) = &self.shape else { return Ok(()) };
        let fits = shape.len() == tensor.shape().len()
            && shape.iter().zip(tensor.shape()).all(|(dimension, length)| match dimension {
                Dimension::Fixed(fixed) => fixed == length,
                Dimension::Dynamic(_) => true,
            });
        if fits {
            return Ok(());
        }
        Err(InputError::Shape {
            name: self.name.clone(),
            expected: format!("{:?}", self.wire_shape()),
            given: tensor.shape().to_vec(),
        })
    }

    fn first_is_dynamic(&self) -> Option<&str> {
        match self.shape.as_ref()?.first()? {
            Dimension::Dynamic(name) => Some(name),
            Dimension::Fixed(_) => None,
        }
    }
}

impl Signature {
    /// Whether requests may share a run: the first dimension of every input is dynamic and of one name,
    /// and no output has a first dimension of a fixed length or none at all. An output of unknown shape is
    /// believed to have one.
    #[must_use]
    pub fn is_batched(&self) -> bool {
        let mut names = self.inputs.iter().map(Port::first_is_dynamic);
        let Some(Some(first)) = names.next() else { return false };
        names.all(|name| name == Some(first))
            && self.outputs.iter().all(|port| port.shape.is_none() || port.first_is_dynamic().is_some())
    }

    /// Puts named tensors into the order of the inputs.
    ///
    /// # Errors
    /// [`InputError::Missing`] and [`InputError::Unknown`].
    pub fn arrange(&self, mut named: Vec<(String, Tensor)>) -> Result<Vec<Tensor>, InputError> {
        let mut arranged = Vec::with_capacity(self.inputs.len());
        for port in &self.inputs {
            let at = named
                .iter()
                .position(|(name, _)| *name == port.name)
                .ok_or_else(|| InputError::Missing { name: port.name.clone() })?;
            arranged.push(named.swap_remove(at).1);
        }
        match named.pop() {
            Some((name, _)) => Err(InputError::Unknown { name }),
            None => Ok(arranged),
        }
    }

    /// Whether the model takes these tensors, in the order of its inputs; gives the rows, the length of
    /// the first dimension, which is 1 for a model that is not [batched](Self::is_batched).
    ///
    /// # Errors
    /// [`InputError`].
    pub fn check(&self, tensors: &[Tensor]) -> Result<usize, InputError> {
        if tensors.len() != self.inputs.len() {
            return Err(InputError::Count { expected: self.inputs.len(), given: tensors.len() });
        }
        for (port, tensor) in self.inputs.iter().zip(tensors) {
            port.takes(tensor)?;
        }
        if !self.is_batched() {
            return Ok(1);
        }
        let rows = |tensor: &Tensor| tensor.shape().first().copied().unwrap_or(0);
        let expected = tensors.first().map_or(0, rows).max(1);
        for (port, tensor) in self.inputs.iter().zip(tensors) {
            if rows(tensor) != expected {
                return Err(InputError::Rows { name: port.name.clone(), expected, given: rows(tensor) });
            }
        }
        Ok(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Data;

    /// A port written as `batch,3,` where a number is fixed, a word dynamic, and `*` an unknown shape.
    fn port(name: &str, shape: &str) -> Port {
        let dimensions = |shape: &str| {
            shape
                .split_terminator(',')
                .map(|word| word.parse().map_or_else(|_| Dimension::Dynamic(word.into()), Dimension::Fixed))
                .collect()
        };
        let shape = (shape != "*").then(|| dimensions(shape));
        Port { name: name.into(), data_type: DataType::F32, shape }
    }

    fn signature(inputs: &[&str], outputs: &[&str]) -> Signature {
        let ports = |shapes: &[&str]| {
            shapes.iter().enumerate().map(|(at, shape)| port(&format!("p{at}"), shape)).collect()
        };
        Signature { inputs: ports(inputs), outputs: ports(outputs) }
    }

    #[test]
    fn batched_models_are_told_from_others() {
        fn check(inputs: &[&str], outputs: &[&str], expected: bool) {
            assert_eq!(signature(inputs, outputs).is_batched(), expected, "{inputs:?} {outputs:?}");
        }
        check(&["n,3"], &["n,2"], true);
        check(&["n,3", "n,sequence"], &["n"], true);
        check(&["n,3"], &["m,2"], true);
        check(&["n,3"], &["*"], true);
        check(&["n,3"], &["*", "1"], false);
        check(&["n,3"], &[""], false);
        check(&["1,3"], &["1,2"], false);
        check(&["n,3", "2,n"], &["n"], false);
        check(&["n,3", "sequence,n"], &["n"], false);
        check(&["n,3", ""], &["n"], false);
        check(&["*"], &["n"], false);
        check(&[], &["n"], false);
    }

    #[test]
    fn inputs_are_checked() {
        fn check(inputs: &[&str], given: &[&[usize]], expected: Result<usize, &str>) {
            let tensors: Vec<Tensor> = given
                .iter()
                .map(|shape| {
                    let size = shape.iter().product();
                    Tensor::new(shape.to_vec(), Data::F32(vec![0.0; size])).unwrap()
                })
                .collect();
            let checked = signature(inputs, &["*"]).check(&tensors).map_err(|error| error.to_string());
            match (&checked, expected) {
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                _ => assert_eq!(checked, expected.map_err(str::to_owned)),
            }
        }
        check(&["n,3"], &[&[4, 3]], Ok(4));
        check(&["n,3"], &[&[0, 3]], Err("0 rows where 1"));
        check(&["n,3"], &[&[4, 2]], Err("[-1, 3], [4, 2] was given"));
        check(&["n,3"], &[&[4, 3, 1]], Err("[-1, 3]"));
        check(&["n,3"], &[], Err("1 inputs, 0"));
        check(&["n,a", "n,b"], &[&[4, 3], &[4, 5]], Ok(4));
        check(&["n,a", "n,b"], &[&[4, 3], &[3, 5]], Err("\"p1\" has 3 rows where 4"));
        check(&["2,3"], &[&[2, 3]], Ok(1));
        check(&["*"], &[&[7]], Ok(1));
    }

    #[test]
    fn named_inputs_are_arranged() {
        let scalar = |value| Tensor::new(vec![], Data::F32(vec![value])).unwrap();
        let signature = signature(&["", ""], &[""]);
        let arrange = |names: &[&str]| {
            let named = names.iter().enumerate().map(|(at, name)| (name.to_string(), scalar(at as f32)));
            signature.arrange(named.collect())
        };
        assert_eq!(arrange(&["p1", "p0"]).unwrap(), [scalar(1.0), scalar(0.0)]);
        assert_eq!(arrange(&["p1"]).unwrap_err(), InputError::Missing { name: "p0".into() });
        for extra in ["p0", "other"] {
            let expected = InputError::Unknown { name: extra.into() };
            assert_eq!(arrange(&["p0", "p1", extra]).unwrap_err(), expected);
        }
    }
}
