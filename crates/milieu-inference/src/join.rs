//! Several requests' tensors as one, and one run's outputs as several.

use crate::tensor::each;
use crate::{Data, Tensor};
use std::ops::Range;

/// Whether two requests can share a run: the same shapes but for the first dimension. Their types and
/// number are the model's.
pub(crate) fn same_shapes(one: &[Tensor], other: &[Tensor]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.shape().get(1..) == other.shape().get(1..))
}

/// Joins tensors of one type along the first dimension. `None` where they do not go together.
#[must_use]
pub fn join<'a>(tensors: impl Iterator<Item = &'a Tensor> + Clone) -> Option<Tensor> {
    let first = tensors.clone().next()?;
    let rows = tensors.clone().map(|tensor| tensor.shape().first()).sum::<Option<usize>>()?;
    let size = tensors.clone().map(|tensor| tensor.data().len()).sum();
    let mut shape = first.shape().to_vec();
    *shape.first_mut()? = rows;
    macro_rules! joined {
        ($($variant:ident),*) => {
            match first.data() {
                $(Data::$variant(_) => {
                    let mut all = Vec::with_capacity(size);
                    for tensor in tensors {
                        let Data::$variant(values) = tensor.data() else { return None };
                        all.extend_from_slice(values);
                    }
                    Data::$variant(all)
                })*
            }
        };
    }
    let data = joined!(Bool, U8, I8, I32, I64, F16, F32, F64);
    Tensor::new(shape, data).ok()
}

/// Takes some of the rows. `None` where there are not so many.
pub(crate) fn rows(tensor: &Tensor, range: Range<usize>) -> Option<Tensor> {
    let (first, rest) = tensor.shape().split_first()?;
    if range.end > *first {
        return None;
    }
    let row: usize = rest.iter().product();
    let mut shape = tensor.shape().to_vec();
    *shape.first_mut()? = range.len();
    macro_rules! cut {
        ($($variant:ident),*) => {
            match tensor.data() {
                $(Data::$variant(values) => {
                    Data::$variant(values.get(range.start * row..range.end * row)?.to_vec())
                })*
            }
        };
    }
    Tensor::new(shape, cut!(Bool, U8, I8, I32, I64, F16, F32, F64)).ok()
}

/// Whether every tensor has so many rows.
pub(crate) fn have_rows(tensors: &[Tensor], rows: usize) -> bool {
    tensors.iter().all(|tensor| tensor.shape().first() == Some(&rows))
}

/// Bytes of the values.
pub(crate) fn bytes(tensors: &[Tensor]) -> usize {
    tensors.iter().map(|tensor| each!(tensor.data(), values => size_of_val(values.as_slice()))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tensor(shape: &[usize], start: i64) -> Tensor {
        let size = shape.iter().product::<usize>() as i64;
        Tensor::new(shape.to_vec(), Data::I64((start..start + size).collect())).unwrap()
    }

    #[test]
    fn what_does_not_go_together_is_not_joined() {
        let one = tensor(&[2, 3], 0);
        assert!(join(std::iter::empty()).is_none());
        assert!(join([&tensor(&[], 0)].into_iter()).is_none());
        assert!(join([&one, &tensor(&[2, 4], 0)].into_iter()).is_none());
        assert!(join([&one, &Tensor::new(vec![1, 3], Data::U8(vec![0; 3])).unwrap()].into_iter()).is_none());
        assert!(rows(&one, 1..3).is_none());
        assert!(rows(&tensor(&[], 0), 0..1).is_none());
        assert!(!same_shapes(&[tensor(&[2, 3], 0)], &[tensor(&[2, 4], 0)]));
        assert!(!same_shapes(&[tensor(&[2], 0)], &[tensor(&[2, 1], 0)]));
        assert!(same_shapes(&[tensor(&[2, 3], 0)], &[tensor(&[5, 3], 0)]));
        assert_eq!(bytes(&[one]), 48);
    }

    proptest! {
        #[test]
        fn rows_of_a_join_are_what_was_joined(
            counts in proptest::collection::vec(1_usize..5, 1..6),
            rest in proptest::collection::vec(0_usize..4, 0..3),
        ) {
            let mut parts = Vec::new();
            for count in &counts {
                let shape = [&[*count][..], &rest].concat();
                let start = 100 * parts.len() as i64;
                parts.push(tensor(&shape, start));
            }
            let joined = join(parts.iter()).unwrap();
            let mut start = 0;
            for (part, count) in parts.iter().zip(counts) {
                prop_assert_eq!(&rows(&joined, start..start + count).unwrap(), part);
                start += count;
            }
            prop_assert!(have_rows(&[joined], start));
        }
    }
}
