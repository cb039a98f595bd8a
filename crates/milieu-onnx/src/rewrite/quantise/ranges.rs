//! Ranges of values, and the whole numbers that stand for them.

use crate::OnnxError;
use std::collections::BTreeMap;

/// The least and the largest of some values, with 0 always within.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least.
    pub min: f32,
    /// The largest.
    pub max: f32,
}

/// Ranges of values by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranges(BTreeMap<String, Range>);

impl Range {
    /// The range of these values without the share `outliers` of them at each end; values that are no numbers
    /// are left out.
    #[must_use]
    pub fn of(values: &[f32], outliers: f32) -> Self {
        let mut sorted: Vec<f32> = values.iter().copied().filter(|x| x.is_finite()).collect();
        let cut = (sorted.len() as f32 * outliers.clamp(0.0, 0.5)) as usize;
        let cut = cut.min(sorted.len().saturating_sub(1) / 2);
        if sorted.is_empty() {
            return Self { min: 0.0, max: 0.0 };
        }
        let last = sorted.len() - 1;
        let min = *sorted.select_nth_unstable_by(cut, f32::total_cmp).1;
        let max = *sorted.select_nth_unstable_by(last - cut, f32::total_cmp).1;
        Self { min: min.min(0.0), max: max.max(0.0) }
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// The scale and the zero point, from 0 to 255, of whole numbers that cover it.
    pub(super) fn scale(self) -> (f32, u8) {
        let scale = ((self.max - self.min) / 255.0).max(f32::MIN_POSITIVE * 256.0);
        (scale, (-self.min / scale).round_ties_even().clamp(0.0, 255.0) as u8)
    }
}

impl Ranges {
    /// Widens the range of a value by what came out for some examples; `outliers` as in [`Range::of`].
    pub fn observe(&mut self, name: &str, values: &[f32], outliers: f32) {
        let range = Range::of(values, outliers);
        let known = self.0.entry(name.to_owned()).or_insert(range);
        *known = known.union(range);
    }

    /// Puts a range in the place of what was known.
    pub fn insert(&mut self, name: &str, range: Range) {
        self.0.insert(name.to_owned(), range);
    }

    /// The range of a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Range> {
        self.0.get(name).copied()
    }

    pub(super) fn need(&self, name: &str) -> Result<Range, OnnxError> {
        self.get(name)
            .filter(|range| {
                range.min.is_finite() && range.max.is_finite() && range.min <= 0.0 && range.max >= 0.0
            })
            .ok_or_else(|| OnnxError::Argument(format!("the range of {name:?} is needed, with 0 within")))
    }
}

/// Weights of 8 bits with a scale for each channel.
pub(super) struct Quantised {
    pub(super) values: Vec<i8>,
    pub(super) scales: Vec<f32>,
}

impl Quantised {
    /// Of weights whose channels lie along `axis` of `shape`; whole numbers from -127 to 127.
    pub(super) fn of(weights: &[f32], shape: &[usize], axis: usize) -> Self {
        Self::coarser(weights, shape, axis, &[])
    }

    /// The same with scales that are at least those of `floors`, where there are any.
    pub(super) fn coarser(weights: &[f32], shape: &[usize], axis: usize, floors: &[f32]) -> Self {
        let channels = shape.get(axis).copied().unwrap_or(1).max(1);
        let inner = shape.iter().skip(axis + 1).product::<usize>().max(1);
        let channel = |place: usize| place / inner % channels;
        let mut largest = vec![0.0f32; channels];
        for (place, weight) in weights.iter().enumerate() {
            let largest = &mut largest[channel(place)];
            *largest = largest.max(weight.abs());
        }
        for (largest, floor) in largest.iter_mut().zip(floors) {
            *largest = largest.max(floor * 127.0);
        }
        let scale = |largest: &f32| if *largest > 0.0 && largest.is_finite() { largest / 127.0 } else { 1.0 };
        let scales: Vec<f32> = largest.iter().map(scale).collect();
        let whole =
            |(place, weight): (usize, &f32)| (weight / scales[channel(place)]).round_ties_even() as i8;
        let values = weights.iter().enumerate().map(whole).collect();
        Self { values, scales }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_cover_the_range() {
        fn check(min: f32, max: f32, scale: f32, zero: u8) {
            let (found, at) = Range { min, max }.scale();
            assert!((found - scale).abs() < 1e-6, "{found}");
            assert_eq!(at, zero);
        }
        check(0.0, 255.0, 1.0, 0);
        check(-128.0, 127.0, 1.0, 128);
        check(-51.0, 0.0, 0.2, 255);
        check(0.0, 0.0, 0.0, 0);
    }

    #[test]
    fn outliers_are_left_out() {
        let values: Vec<f32> = (-100..=100).map(|x| x as f32).chain([1e9, f32::NAN]).collect();
        assert_eq!(Range::of(&values, 0.0), Range { min: -100.0, max: 1e9 });
        assert_eq!(Range::of(&values, 0.05), Range { min: -90.0, max: 91.0 });
        assert_eq!(Range::of(&[3.0], 0.4), Range { min: 0.0, max: 3.0 });
        assert_eq!(Range::of(&[], 0.0), Range { min: 0.0, max: 0.0 });
    }

    #[test]
    fn weights_keep_their_channels_apart() {
        let found = Quantised::of(&[1.0, -0.5, 100.0, 200.0], &[2, 2], 0);
        assert_eq!(found.values, [127, -64, 64, 127]);
        let found = Quantised::of(&[1.0, 100.0, -0.5, 200.0], &[2, 2], 1);
        assert_eq!(found.values, [127, 64, -64, 127]);
        assert_eq!(Quantised::of(&[0.0, 0.0], &[2], 0).values, [0, 0]);
    }
}
