//! Batches whose pictures are mixed with each other, and their targets with them.

use super::augment::Augmentation;
use crate::random::beta;
use rand::Rng;

/// Pictures as a network reads them, and what it should say of them.
#[derive(Debug)]
pub struct Batch<'a> {
    /// `N x 3 x side x side` numbers.
    pub pixels: &'a mut [f32],
    /// `N x C` numbers, those of a picture 1 together.
    pub targets: &'a mut [f32],
    /// Pixels across and down.
    pub side: usize,
    /// `N`.
    pub count: usize,
}

/// What happened to a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Blend {
    /// Nothing.
    Nothing,
    /// Each picture keeps this share, and gets the rest of its partner (mixup).
    Mixed {
        /// What it keeps, 0 to 1.
        share: f64,
    },
    /// A rectangle of each picture is replaced by that of its partner (CutMix).
    Cut {
        /// Its rows.
        rows: (usize, usize),
        /// Its columns.
        columns: (usize, usize),
    },
}

/// Mixes a batch as the configuration says: mixup (Zhang et al., ICLR 2018) or CutMix (Yun et al., ICCV 2019),
/// one of the two drawn where both are on. One share is drawn for all of a batch, as both reference
/// implementations do. The partner of the first picture is the last, of the second the last but one: a batch is
/// in an order drawn by chance already, and so nothing has to be copied. Targets are mixed by the share of
/// pixels that each picture really has.
pub fn blend(batch: &mut Batch<'_>, config: &Augmentation, random: &mut impl Rng) -> Blend {
    let (mixup, cutmix) = (config.mixup > 0.0, config.cutmix > 0.0);
    let (pixels, classes) = (lengths(batch.pixels, batch.count), lengths(batch.targets, batch.count));
    if !(mixup || cutmix) || pixels == 0 || random.random::<f32>() >= config.mixed {
        return Blend::Nothing;
    }
    if mixup && (!cutmix || random.random::<bool>()) {
        let share = beta(f64::from(config.mixup), random);
        for_pairs(batch.pixels, pixels, &mut |one, other| mix_values(one, other, share));
        for_pairs(batch.targets, classes, &mut |one, other| mix_values(one, other, share));
        return Blend::Mixed { share };
    }
    let side = batch.side;
    if side == 0 || !pixels.is_multiple_of(side * side) {
        return Blend::Nothing;
    }
    let length = (1.0 - beta(f64::from(config.cutmix), random)).sqrt() * side as f64;
    let mut stretch = || {
        let middle = random.random_range(0.0..1.0) * side as f64;
        let end = |at: f64| at.round().clamp(0.0, side as f64) as usize;
        (end(middle - length / 2.0), end(middle + length / 2.0))
    };
    let (rows, columns) = (stretch(), stretch());
    let swap = &mut |one: &mut [f32], other: &mut [f32]| {
        let lines = one.chunks_exact_mut(side).zip(other.chunks_exact_mut(side)).enumerate();
        for (_, (one, other)) in lines.filter(|(line, _)| (rows.0..rows.1).contains(&(line % side))) {
            one[columns.0..columns.1].swap_with_slice(&mut other[columns.0..columns.1]);
        }
    };
    for_pairs(batch.pixels, pixels, swap);
    let taken = ((rows.1 - rows.0) * (columns.1 - columns.0)) as f64 / (side * side) as f64;
    for_pairs(batch.targets, classes, &mut |one, other| mix_values(one, other, 1.0 - taken));
    Blend::Cut { rows, columns }
}

/// How many numbers one of `count` has; 0 where they do not come out even.
fn lengths(numbers: &[f32], count: usize) -> usize {
    if count > 0 && numbers.len().is_multiple_of(count) { numbers.len() / count } else { 0 }
}

/// Calls `each` with the first and the last stretch of `length`, the second and the last but one, and so on. The
/// middle one of an odd number is its own partner, and stays.
fn for_pairs(numbers: &mut [f32], length: usize, each: &mut dyn FnMut(&mut [f32], &mut [f32])) {
    if length == 0 {
        return;
    }
    let half = numbers.len() / length / 2 * length;
    let (firsts, rest) = numbers.split_at_mut(half);
    for (one, other) in firsts.chunks_exact_mut(length).zip(rest.chunks_exact_mut(length).rev()) {
        each(one, other);
    }
}

fn mix_values(one: &mut [f32], other: &mut [f32], share: f64) {
    let (keep, give) = (share as f32, (1.0 - share) as f32);
    for (one, other) in one.iter_mut().zip(other) {
        (*one, *other) = (*one * keep + *other * give, *other * keep + *one * give);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    const SIDE: usize = 6;

    /// Picture `n` is full of `n`, and of class `n`.
    fn batch(count: usize) -> (Vec<f32>, Vec<f32>) {
        let pixels = (0..count).flat_map(|n| vec![n as f32; 3 * SIDE * SIDE]).collect();
        let targets = (0..count * count).map(|at| f32::from(u8::from(at / count == at % count))).collect();
        (pixels, targets)
    }

    fn blended(count: usize, config: &Augmentation, seed: u64) -> (Vec<f32>, Vec<f32>, Blend) {
        let (mut pixels, mut targets) = batch(count);
        let mut batch = Batch { pixels: &mut pixels, targets: &mut targets, side: SIDE, count };
        let blend = blend(&mut batch, config, &mut Pcg64Mcg::seed_from_u64(seed));
        (pixels, targets, blend)
    }

    proptest! {
        /// Targets say exactly how much of each picture is in the pixels.
        #[test]
        fn targets_follow_the_pixels(count in 1usize..8, seed: u64, mixup in 0.05f32..3.0, cutmix in 0.05f32..3.0) {
            let config = Augmentation { mixup, cutmix, ..Augmentation::default() };
            let (pixels, targets, blend) = blended(count, &config, seed);
            prop_assert!(blend != Blend::Nothing);
            prop_assert_eq!(blended(count, &config, seed), (pixels.clone(), targets.clone(), blend));
            for (picture, targets) in pixels.chunks(3 * SIDE * SIDE).zip(targets.chunks(count)) {
                let sum: f32 = targets.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-4);
                // The mean of a picture full of its number is the mean of its numbers.
                let mean: f32 = picture.iter().sum::<f32>() / picture.len() as f32;
                let expected: f32 = targets.iter().enumerate().map(|(n, share)| n as f32 * share).sum();
                prop_assert!((mean - expected).abs() < 1e-3, "{} {}", mean, expected);
            }
        }
    }

    #[test]
    fn each_does_its_own() {
        let none = Augmentation::none();
        let (pixels, targets) = batch(4);
        assert_eq!(blended(4, &none, 1), (pixels.clone(), targets.clone(), Blend::Nothing));
        let never = Augmentation { mixup: 1.0, mixed: 0.0, ..none };
        assert_eq!(blended(4, &never, 1), (pixels, targets, Blend::Nothing));
        for seed in 0..20 {
            let (pixels, _, blend) = blended(4, &Augmentation { cutmix: 1.0, ..none }, seed);
            assert!(matches!(blend, Blend::Cut { .. }));
            assert!(pixels[..108].iter().all(|value| [0.0, 3.0].contains(value)));
            let (pixels, _, blend) = blended(4, &Augmentation { mixup: 1.0, ..none }, seed);
            let Blend::Mixed { share } = blend else { panic!("{blend:?}") };
            assert!(pixels[..108].iter().all(|value| (f64::from(*value) - 3.0 * (1.0 - share)).abs() < 1e-5));
        }
    }

    #[test]
    fn what_does_not_fit_stays() {
        let config = Augmentation { mixup: 1.0, cutmix: 1.0, ..Augmentation::default() };
        for (length, count, side) in [(10, 3, 2), (0, 0, 0), (12, 2, 0), (12, 2, 5)] {
            for seed in 0..8 {
                let (mut pixels, mut targets) = (vec![1.0; length], vec![1.0; count]);
                let mut batch = Batch { pixels: &mut pixels, targets: &mut targets, side, count };
                blend(&mut batch, &config, &mut Pcg64Mcg::seed_from_u64(seed));
                assert!(pixels.iter().all(|value| (value - 1.0).abs() < 1e-5));
            }
        }
    }
}
