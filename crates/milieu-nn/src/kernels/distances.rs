//! How far apart two positions are, in kinds that grow coarser with the distance.

/// Distances from which on all are of one kind (Song et al. 2020, "MPNet"; Raffel et al. 2020, "T5", section 2.1).
const FAR: f32 = 128.0;

/// What distances add to scores.
#[derive(Debug, Clone, Copy)]
pub struct Distances<'a> {
    /// `buckets x heads`.
    pub table: &'a [f32],
    /// Kinds of distances, an even number of at least 4.
    pub buckets: usize,
}

impl Distances<'_> {
    /// The bucket of a place among the `2 length - 1` distances of a sequence, that from the last position to the first
    /// one first.
    #[inline]
    pub(super) fn bucket(self, place: usize, length: usize) -> usize {
        distance_bucket(place as i64 + 1 - length as i64, self.buckets)
    }
}

/// The kind, of an even number of at least 4, of the distance to a position that stands so many behind (or before, where
/// it is negative): the first half is for what stands before. Half of each half is one distance each; the others grow
/// with the logarithm.
#[must_use]
pub fn distance_bucket(behind: i64, buckets: usize) -> usize {
    let half = buckets / 2;
    let exact = half / 2;
    let distance = behind.unsigned_abs();
    let kind = if distance < exact as u64 {
        distance as usize
    } else {
        let share = (distance as f32 / exact as f32).ln() / (FAR / exact as f32).ln();
        (exact + (share * (half - exact) as f32) as usize).min(half - 1)
    };
    kind + if behind > 0 { half } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ones_are_told_apart() {
        let check = |behind: &[i64], expected: &[usize]| {
            let found: Vec<usize> = behind.iter().map(|&behind| distance_bucket(behind, 32)).collect();
            assert_eq!(found, expected);
        };
        // As `transformers.models.mpnet.MPNetEncoder.relative_position_bucket` has it.
        check(&[0, -1, -7, -8, -11, -12, -15, -16], &[0, 1, 7, 8, 8, 9, 9, 10]);
        check(&[-22, -23, -31, -32, -45, -46, -64, -90, -91, -127, -128, -999], EXPECTED);
        check(&[1, 7, 8, 16, 500], &[17, 23, 24, 26, 31]);
    }

    const EXPECTED: &[usize] = &[10, 11, 11, 12, 12, 13, 14, 14, 15, 15, 15, 15];
}
