//! The values of tensors in JSON: numbers or truth values, flat or in lists within lists.

use milieu_inference::{Data, DataType};
use serde::de::{DeserializeSeed, Error, SeqAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// What the protocol says of them.
const HALVES: &str = "FP16 has no form in JSON; binary tensor data does for it";

/// Reads the values of a tensor in row-major order.
pub(super) fn from_json(data_type: DataType, text: &str) -> Result<Data, String> {
    fn read<T: Element>(text: &str, data: impl FnOnce(Vec<T>) -> Data) -> Result<Data, String> {
        let mut values = Vec::new();
        let mut reader = serde_json::Deserializer::from_str(text);
        Values(&mut values).deserialize(&mut reader).map_err(|error| error.to_string())?;
        Ok(data(values))
    }
    match data_type {
        DataType::Bool => read(text, Data::Bool),
        DataType::U8 => read(text, Data::U8),
        DataType::I8 => read(text, Data::I8),
        DataType::I32 => read(text, Data::I32),
        DataType::I64 => read(text, Data::I64),
        DataType::F32 => read(text, Data::F32),
        DataType::F64 => read(text, Data::F64),
        DataType::F16 => Err(HALVES.into()),
    }
}

/// Values as a flat list; a number that is none becomes `null`.
pub(super) struct Flat<'a>(pub(super) &'a Data);

impl Serialize for Flat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Data::Bool(values) => values.serialize(serializer),
            Data::U8(values) => values.serialize(serializer),
            Data::I8(values) => values.serialize(serializer),
            Data::I32(values) => values.serialize(serializer),
            Data::I64(values) => values.serialize(serializer),
            Data::F32(values) => values.serialize(serializer),
            Data::F64(values) => values.serialize(serializer),
            Data::F16(_) => Err(serde::ser::Error::custom(HALVES)),
        }
    }
}

/// A type of values that JSON has a form for.
trait Element: Sized {
    fn of_unsigned(number: u64) -> Option<Self>;
    fn of_signed(number: i64) -> Option<Self>;
    fn of_float(number: f64) -> Option<Self>;
    fn of_bool(truth: bool) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Element for $type {
            fn of_unsigned(number: u64) -> Option<Self> {
                Self::try_from(number).ok()
            }
            fn of_signed(number: i64) -> Option<Self> {
                Self::try_from(number).ok()
            }
            fn of_float(_: f64) -> Option<Self> {
                None
            }
            fn of_bool(_: bool) -> Option<Self> {
                None
            }
        }
    )*};
}

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl Element for $type {
            fn of_unsigned(number: u64) -> Option<Self> {
                Some(number as Self)
            }
            fn of_signed(number: i64) -> Option<Self> {
                Some(number as Self)
            }
            fn of_float(number: f64) -> Option<Self> {
                let number = number as Self;
                number.is_finite().then_some(number)
            }
            fn of_bool(_: bool) -> Option<Self> {
                None
            }
        }
    )*};
}

integers!(u8, i8, i32, i64);
floats!(f32, f64);

impl Element for bool {
    fn of_unsigned(number: u64) -> Option<Self> {
        match number {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
    fn of_signed(_: i64) -> Option<Self> {
        None
    }
    fn of_float(_: f64) -> Option<Self> {
        None
    }
    fn of_bool(truth: bool) -> Option<Self> {
        Some(truth)
    }
}

/// Puts what it reads behind what is there. Lists within lists are as deep as the reader of JSON allows.
struct Values<'v, T>(&'v mut Vec<T>);

impl<'de, T: Element> DeserializeSeed<'de> for Values<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(Reader(self.0, PhantomData))
    }
}

struct Reader<'v, T>(&'v mut Vec<T>, PhantomData<T>);

impl<T> Reader<'_, T> {
    fn push<E: Error>(self, value: Option<T>) -> Result<(), E> {
        self.0.push(value.ok_or_else(|| E::custom("a value is not of the tensor's datatype"))?);
        Ok(())
    }
}

impl<'de, T: Element> Visitor<'de> for Reader<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("values of the tensor's datatype, or lists of them")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.push(T::of_unsigned(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.push(T::of_signed(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.push(T::of_float(number))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.push(T::of_bool(truth))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Values(self.0))?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_written() {
        fn check(text: &str, data: Data) {
            assert_eq!(from_json(data.data_type(), text).unwrap(), data);
            let flat: String = text.chars().filter(|letter| !"[]".contains(*letter)).collect();
            assert_eq!(serde_json::to_string(&Flat(&data)).unwrap(), format!("[{flat}]"));
        }
        check("[[1.5,-2.0],[3.0,4.0]]", Data::F32(vec![1.5, -2.0, 3.0, 4.0]));
        check("[[[7]],[[8]]]", Data::I64(vec![7, 8]));
        check("[-128,127]", Data::I8(vec![-128, 127]));
        check("[true,false]", Data::Bool(vec![true, false]));
        check("[]", Data::F64(vec![]));
        assert_eq!(from_json(DataType::F32, "[1, 2]").unwrap(), Data::F32(vec![1.0, 2.0]));
        assert_eq!(from_json(DataType::Bool, "[0, 1]").unwrap(), Data::Bool(vec![false, true]));
        assert_eq!(serde_json::to_string(&Flat(&Data::F32(vec![f32::NAN]))).unwrap(), "[null]");
    }

    #[test]
    fn others_are_refused() {
        fn check(data_type: DataType, text: &str) {
            assert!(from_json(data_type, text).is_err(), "{data_type} {text}");
        }
        check(DataType::U8, "[256]");
        check(DataType::U8, "[-1]");
        check(DataType::I32, "[1.5]");
        check(DataType::F32, "[1e39]");
        check(DataType::F32, "[null]");
        check(DataType::F32, r#"["1"]"#);
        check(DataType::F32, r#"{"a":1}"#);
        check(DataType::F16, "[1]");
        check(DataType::Bool, "[2]");
        check(DataType::I64, &"[".repeat(100_000));
    }
}
