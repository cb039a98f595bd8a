//! Values of tensors, in and out.

use crate::proto::Tensor;
use crate::{Element, OnnxError};
use bytes::Bytes;
use half::f16;

impl Tensor {
    /// A tensor of `f32`.
    #[must_use]
    pub fn of_f32(name: &str, dims: &[usize], values: &[f32]) -> Self {
        Self::raw(name, dims, Element::F32, values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    /// A tensor of halves, rounded to the nearest.
    #[must_use]
    pub fn of_f16(name: &str, dims: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
        Self::raw(name, dims, Element::F16, bytes)
    }

    /// A tensor of `i64`.
    #[must_use]
    pub fn of_i64(name: &str, dims: &[usize], values: &[i64]) -> Self {
        Self::raw(name, dims, Element::I64, values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    /// A tensor of `i32`.
    #[must_use]
    pub fn of_i32(name: &str, dims: &[usize], values: &[i32]) -> Self {
        Self::raw(name, dims, Element::I32, values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    /// A tensor of `i8`.
    #[must_use]
    pub fn of_i8(name: &str, dims: &[usize], values: &[i8]) -> Self {
        Self::raw(name, dims, Element::I8, values.iter().map(|x| x.to_le_bytes()[0]).collect())
    }

    /// A tensor of `u8`.
    #[must_use]
    pub fn of_u8(name: &str, dims: &[usize], values: &[u8]) -> Self {
        Self::raw(name, dims, Element::U8, values.to_vec())
    }

    fn raw(name: &str, dims: &[usize], element: Element, bytes: Vec<u8>) -> Self {
        Self {
            name: Some(name.to_owned()),
            dims: dims.iter().map(|d| *d as i64).collect(),
            data_type: Some(element.code()),
            raw_data: Some(Bytes::from(bytes)),
            ..Self::default()
        }
    }

    /// The type of its values, where it is known.
    #[must_use]
    pub fn element(&self) -> Option<Element> {
        self.data_type.and_then(Element::from_code)
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.dims.iter().map(|d| usize::try_from(*d).unwrap_or(0)).collect()
    }

    /// How many values its shape tells of; `None` for a shape that is too large to count or negative.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.dims.iter().try_fold(1usize, |count, d| count.checked_mul(usize::try_from(*d).ok()?))
    }

    /// Its values, where they are floating point numbers of 16, 32 or 64 bits.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] for values of another type.
    pub fn f32s(&self) -> Result<Vec<f32>, OnnxError> {
        let raw = self.raw_data.as_deref();
        let element = self.element();
        Ok(match (element, raw) {
            (Some(Element::F32), Some(raw)) => numbers(raw, f32::from_le_bytes),
            (Some(Element::F32), None) => self.float_data.clone(),
            (Some(Element::F16), Some(raw)) => numbers(raw, |b| f16::from_le_bytes(b).to_f32()),
            (Some(Element::F16), None) => {
                self.int32_data.iter().map(|bits| f16::from_bits(*bits as u16).to_f32()).collect()
            }
            (Some(Element::F64), Some(raw)) => numbers(raw, |b| f64::from_le_bytes(b) as f32),
            (Some(Element::F64), None) => self.double_data.iter().map(|x| *x as f32).collect(),
            _ => return Err(self.other("floating point numbers")),
        })
    }

    /// Its values, where they are whole numbers with a sign of at least 32 bits.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] for values of another type.
    pub fn i64s(&self) -> Result<Vec<i64>, OnnxError> {
        let raw = self.raw_data.as_deref();
        Ok(match (self.element(), raw) {
            (Some(Element::I64), Some(raw)) => numbers(raw, i64::from_le_bytes),
            (Some(Element::I64), None) => self.int64_data.clone(),
            (Some(Element::I32), Some(raw)) => numbers(raw, |b| i64::from(i32::from_le_bytes(b))),
            (Some(Element::I32), None) => self.int32_data.iter().map(|x| i64::from(*x)).collect(),
            _ => return Err(self.other("whole numbers")),
        })
    }

    fn other(&self, wanted: &str) -> OnnxError {
        let name = self.name.clone().unwrap_or_default();
        OnnxError::unsupported(name, format!("{wanted} are needed, and it holds {:?}", self.element()))
    }
}

/// Numbers of `N` bytes each; bytes that are left over belong to none.
fn numbers<const N: usize, T>(bytes: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| from(*chunk)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let floats = [0.0, -1.5, 65504.0, 0.25];
        assert_eq!(Tensor::of_f32("x", &[2, 2], &floats).f32s().unwrap(), floats);
        assert_eq!(Tensor::of_f16("x", &[4], &floats).f32s().unwrap(), floats);
        assert_eq!(Tensor::of_i64("x", &[2], &[i64::MIN, 7]).i64s().unwrap(), [i64::MIN, 7]);
        assert_eq!(Tensor::of_i32("x", &[2], &[i32::MIN, 7]).i64s().unwrap(), [i64::from(i32::MIN), 7]);
        assert!(Tensor::of_i8("x", &[1], &[-1]).f32s().is_err());
        assert!(Tensor::of_u8("x", &[1], &[1]).i64s().is_err());
        let listed = Tensor {
            data_type: Some(Element::F16.code()),
            int32_data: vec![0x3c00],
            dims: vec![1],
            ..Tensor::default()
        };
        assert_eq!(listed.f32s().unwrap(), [1.0]);
    }
}
