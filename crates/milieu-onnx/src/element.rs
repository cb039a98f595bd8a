//! Types of the values of tensors.

/// The type of a value in a tensor. The numbers are those of ONNX (`TensorProto.DataType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Element {
    F32 = 1,
    U8 = 2,
    I8 = 3,
    U16 = 4,
    I16 = 5,
    I32 = 6,
    I64 = 7,
    Text = 8,
    Bool = 9,
    F16 = 10,
    F64 = 11,
    U32 = 12,
    U64 = 13,
    Complex64 = 14,
    Complex128 = 15,
    Bf16 = 16,
    F8E4M3Fn = 17,
    F8E4M3FnUz = 18,
    F8E5M2 = 19,
    F8E5M2FnUz = 20,
    U4 = 21,
    I4 = 22,
    F4E2M1 = 23,
    F8E8M0 = 24,
    U2 = 25,
    I2 = 26,
}

impl Element {
    const ALL: [Self; 26] = [
        Self::F32,
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::Text,
        Self::Bool,
        Self::F16,
        Self::F64,
        Self::U32,
        Self::U64,
        Self::Complex64,
        Self::Complex128,
        Self::Bf16,
        Self::F8E4M3Fn,
        Self::F8E4M3FnUz,
        Self::F8E5M2,
        Self::F8E5M2FnUz,
        Self::U4,
        Self::I4,
        Self::F4E2M1,
        Self::F8E8M0,
        Self::U2,
        Self::I2,
    ];

    /// The type of this number.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.get(usize::try_from(code).ok()?.checked_sub(1)?).copied()
    }

    /// Its number.
    #[must_use]
    pub fn code(self) -> i32 {
        self as i32
    }

    /// Bits of a value in `raw_data`; 0 for texts, which have no fixed length.
    #[must_use]
    pub fn bits(self) -> u64 {
        match self {
            Self::Text => 0,
            Self::U2 | Self::I2 => 2,
            Self::U4 | Self::I4 | Self::F4E2M1 => 4,
            Self::U8
            | Self::I8
            | Self::Bool
            | Self::F8E4M3Fn
            | Self::F8E4M3FnUz
            | Self::F8E5M2
            | Self::F8E5M2FnUz
            | Self::F8E8M0 => 8,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 16,
            Self::F32 | Self::I32 | Self::U32 => 32,
            Self::I64 | Self::F64 | Self::U64 | Self::Complex64 => 64,
            Self::Complex128 => 128,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_onnx() {
        for element in Element::ALL {
            assert_eq!(Element::from_code(element.code()), Some(element));
        }
        for code in [i32::MIN, -1, 0, 27, i32::MAX] {
            assert_eq!(Element::from_code(code), None);
        }
    }
}
