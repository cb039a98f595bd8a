//! Tensors as plain data: a shape and the values in row-major order.

use half::f16;

/// The types of values that models take and give, as the Open Inference Protocol names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `BOOL`
    Bool,
    /// `UINT8`
    U8,
    /// `INT8`
    I8,
    /// `INT32`
    I32,
    /// `INT64`
    I64,
    /// `FP16`
    F16,
    /// `FP32`
    F32,
    /// `FP64`
    F64,
}

impl DataType {
    /// Every type.
    pub const ALL: [Self; 8] =
        [Self::Bool, Self::U8, Self::I8, Self::I32, Self::I64, Self::F16, Self::F32, Self::F64];

    /// The name in the Open Inference Protocol, version 2.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::U8 => "UINT8",
            Self::I8 => "INT8",
            Self::I32 => "INT32",
            Self::I64 => "INT64",
            Self::F16 => "FP16",
            Self::F32 => "FP32",
            Self::F64 => "FP64",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// Bytes of one value.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::F16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

impl std::fmt::Display for DataType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The values of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Truth values.
    Bool(Vec<bool>),
    /// Bytes.
    U8(Vec<u8>),
    /// Signed bytes.
    I8(Vec<i8>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// 16-bit floats.
    F16(Vec<f16>),
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
}

/// Runs the same expression on the vector within a [`Data`].
macro_rules! each {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::Data::Bool($values) => $body,
            $crate::Data::U8($values) => $body,
            $crate::Data::I8($values) => $body,
            $crate::Data::I32($values) => $body,
            $crate::Data::I64($values) => $body,
            $crate::Data::F16($values) => $body,
            $crate::Data::F32($values) => $body,
            $crate::Data::F64($values) => $body,
        }
    };
}
pub(crate) use each;

impl Data {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Bool(_) => DataType::Bool,
            Self::U8(_) => DataType::U8,
            Self::I8(_) => DataType::I8,
            Self::I32(_) => DataType::I32,
            Self::I64(_) => DataType::I64,
            Self::F16(_) => DataType::F16,
            Self::F32(_) => DataType::F32,
            Self::F64(_) => DataType::F64,
        }
    }
}

impl Data {
    /// Values that follow each other as bytes, the least significant first; a truth value is one byte, 0 or 1.
    /// `None` where the bytes are no whole number of such values.
    #[must_use]
    pub fn from_bytes(data_type: DataType, bytes: &[u8]) -> Option<Self> {
        macro_rules! values {
            ($number:ty) => {{
                let (values, rest) = bytes.as_chunks();
                rest.is_empty().then(|| values.iter().map(|value| <$number>::from_le_bytes(*value)).collect())
            }};
        }
        Some(match data_type {
            DataType::Bool if bytes.iter().any(|byte| *byte > 1) => return None,
            DataType::Bool => Self::Bool(bytes.iter().map(|byte| *byte == 1).collect()),
            DataType::U8 => Self::U8(bytes.to_vec()),
            DataType::I8 => Self::I8(values!(i8)?),
            DataType::I32 => Self::I32(values!(i32)?),
            DataType::I64 => Self::I64(values!(i64)?),
            DataType::F16 => Self::F16(values!(f16)?),
            DataType::F32 => Self::F32(values!(f32)?),
            DataType::F64 => Self::F64(values!(f64)?),
        })
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        fn all<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
            values.iter().flat_map(|value| bytes(*value)).collect()
        }
        match self {
            Self::Bool(values) => all(values, |value| [u8::from(value)]),
            Self::U8(values) => values.clone(),
            Self::I8(values) => all(values, i8::to_le_bytes),
            Self::I32(values) => all(values, i32::to_le_bytes),
            Self::I64(values) => all(values, i64::to_le_bytes),
            Self::F16(values) => all(values, f16::to_le_bytes),
            Self::F32(values) => all(values, f32::to_le_bytes),
            Self::F64(values) => all(values, f64::to_le_bytes),
        }
    }
}

/// A shape does not go with its values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the shape {shape:?} does not go with {values} values")]
pub struct ShapeError {
    /// The shape.
    pub shape: Vec<usize>,
    /// How many values there are.
    pub values: usize,
}

/// Values in row-major order, and as many dimensions as the shape has entries; a scalar has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

impl Tensor {
    /// A tensor of that shape.
    ///
    /// # Errors
    /// [`ShapeError`] unless the product of the shape is the number of values.
    pub fn new(shape: Vec<usize>, data: Data) -> Result<Self, ShapeError> {
        let size = shape.iter().try_fold(1_usize, |size, dimension| size.checked_mul(*dimension));
        if size != Some(data.len()) {
            return Err(ShapeError { values: data.len(), shape });
        }
        Ok(Self { shape, data })
    }

    /// The length of each dimension.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The type of the values.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        self.data.data_type()
    }

    /// The values, if they are 32-bit floats.
    #[must_use]
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.data {
            Data::F32(values) => Some(values),
            _ => None,
        }
    }

    /// Shape and values.
    #[must_use]
    pub fn into_parts(self) -> (Vec<usize>, Data) {
        (self.shape, self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_goes_with_its_values() {
        fn check(shape: &[usize], values: usize, expected: bool) {
            let made = Tensor::new(shape.to_vec(), Data::U8(vec![0; values]));
            assert_eq!(made.is_ok(), expected, "{shape:?} of {values}");
        }
        check(&[], 1, true);
        check(&[], 0, false);
        check(&[2, 3], 6, true);
        check(&[2, 3], 5, false);
        check(&[0, 3], 0, true);
        check(&[usize::MAX, 2], 0, false);
        check(&[usize::MAX, usize::MAX], 1, false);
    }

    #[test]
    fn bytes_are_values() {
        fn check(data: &Data, bytes: &[u8]) {
            assert_eq!(data.to_bytes(), bytes);
            assert_eq!(Data::from_bytes(data.data_type(), bytes).as_ref(), Some(data));
        }
        check(&Data::Bool(vec![true, false]), &[1, 0]);
        check(&Data::U8(vec![7, 255]), &[7, 255]);
        check(&Data::I8(vec![7, -1]), &[7, 255]);
        check(&Data::I32(vec![-2]), &[254, 255, 255, 255]);
        check(&Data::I64(vec![1]), &[1, 0, 0, 0, 0, 0, 0, 0]);
        check(&Data::F16(vec![f16::from_f32(1.0)]), &[0, 0x3c]);
        check(&Data::F32(vec![1.0]), &[0, 0, 0x80, 0x3f]);
        check(&Data::F64(vec![1.0]), &[0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        assert_eq!(Data::from_bytes(DataType::F32, &[0; 7]), None);
        assert_eq!(Data::from_bytes(DataType::Bool, &[2]), None);
        assert_eq!(Data::from_bytes(DataType::I64, &[]), Some(Data::I64(vec![])));
    }

    #[test]
    fn types_have_names() {
        for data_type in DataType::ALL {
            assert_eq!(DataType::from_name(data_type.name()), Some(data_type));
        }
        assert_eq!(DataType::from_name("BYTES"), None);
    }
}
