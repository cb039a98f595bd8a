//! Finding 64-bit codes that differ in few bits (multi-index hashing, Norouzi, Punjani and Fleet, CVPR 2012).

use rustc_hash::FxHashMap;

/// The largest distance that is looked for.
pub(crate) const MOST_DISTANCE: u32 = 10;
/// Bands of a code. Two codes within a distance agree in some band up to a quarter of it, so that only codes
/// whose band is that near are compared.
const BANDS: usize = 4;
const BAND_BITS: u32 = 16;

/// Codes, and which of them are within a distance of another.
pub(crate) struct HammingIndex {
    distance: u32,
    /// What a band may differ by.
    masks: Vec<u16>,
    bands: [FxHashMap<u16, Vec<u32>>; BANDS],
    codes: Vec<(u64, usize)>,
}

impl HammingIndex {
    /// An empty index for distances up to `distance`, which is at most [`MOST_DISTANCE`].
    pub(crate) fn new(distance: u32) -> Self {
        let distance = distance.min(MOST_DISTANCE);
        let masks = (0..=u16::MAX).filter(|mask| mask.count_ones() <= distance / BANDS as u32).collect();
        Self { distance, masks, bands: Default::default(), codes: Vec::new() }
    }

    /// Adds a code under a number.
    pub(crate) fn insert(&mut self, code: u64, number: usize) {
        let place = self.codes.len() as u32;
        self.codes.push((code, number));
        for (band, bits) in self.bands.iter_mut().zip(bands(code)) {
            band.entry(bits).or_default().push(place);
        }
    }

    /// The number of the nearest code within the distance, of equals the first added, and how far it is.
    pub(crate) fn nearest(&self, code: u64) -> Option<(usize, u32)> {
        let mut best: Option<(u32, u32)> = None;
        for (band, bits) in self.bands.iter().zip(bands(code)) {
            for places in self.masks.iter().filter_map(|mask| band.get(&(bits ^ mask))) {
                for &place in places {
                    let distance = (self.codes[place as usize].0 ^ code).count_ones();
                    if distance <= self.distance && best.is_none_or(|best| (distance, place) < best) {
                        best = Some((distance, place));
                    }
                }
            }
        }
        best.map(|(distance, place)| (self.codes[place as usize].1, distance))
    }
}

fn bands(code: u64) -> [u16; BANDS] {
    std::array::from_fn(|band| (code >> (BAND_BITS * band as u32)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_comparing_all_finds(
            codes in proptest::collection::vec(any::<u64>(), 1..60),
            changes in proptest::collection::vec(0u32..64, 0..12),
            distance in 0..=MOST_DISTANCE,
        ) {
            let mut index = HammingIndex::new(distance);
            for (number, &code) in codes.iter().enumerate() {
                index.insert(code, number);
            }
            let sought = changes.iter().fold(codes[codes.len() / 2], |code, bit| code ^ (1 << bit));
            let all = codes.iter().enumerate().map(|(number, code)| ((code ^ sought).count_ones(), number));
            let expected = all.filter(|found| found.0 <= distance).min().map(|(far, number)| (number, far));
            prop_assert_eq!(index.nearest(sought), expected);
        }
    }
}
