//! Curves that a compiler can work out for many values at once: it cannot look into the library's.

/// Adding this leaves the nearest whole number in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// Beyond this the exponential is not finite.
const MOST: f32 = 88.0;
/// Below this it is too small to have full precision.
const LEAST: f32 = -87.0;

/// The exponential, with a relative error below 3e-7; held at its ends outside -87 to 88.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(LEAST, MOST);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    // The logarithm of 2 in two parts, so that their products with whole numbers are exact.
    let rest = whole.mul_add(-0.693_359_4, x);
    let rest = whole.mul_add(2.121_944_4e-4, rest);
    // Cephes, expf.
    let mut power = 1.987_569_1e-4_f32;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        power = power.mul_add(rest, coefficient);
    }
    let power = (power * rest).mul_add(rest, rest) + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    power * f32::from_bits(exponent)
}

/// The share of a standard normal distribution below `x`, and its density there; the error of the share is below
/// 1e-7 (Abramowitz and Stegun 1964, 7.1.26).
#[inline(always)]
pub(super) fn normal(x: f32) -> (f32, f32) {
    let size = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / size.mul_add(0.327_591_1, 1.0);
    let mut sum = 1.061_405_4_f32;
    for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        sum = sum.mul_add(t, coefficient);
    }
    let fall = exp(-size * size);
    let beyond = 0.5 * sum * t * fall;
    let share = if x < 0.0 { beyond } else { 1.0 - beyond };
    (share, fall * 0.398_942_3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_those_of_the_textbook() {
        for step in -870..=880 {
            let x = step as f32 / 10.0;
            let (found, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / expected - 1.0).abs() < 3e-7, "{x}: {found} {expected}");
        }
        // Shares from a table of the normal distribution.
        for (x, expected) in
            [(0.0, 0.5), (1.0, 0.841_344_8), (-1.0, 0.158_655_25), (2.5, 0.993_790_3), (-6.0, 0.0)]
        {
            assert!((normal(x).0 - expected).abs() < 2e-7, "{x}: {}", normal(x).0);
        }
        assert!((normal(1.5).1 - 0.129_517_6).abs() < 1e-6);
        assert_eq!((exp(f32::NEG_INFINITY), exp(1000.0)), (exp(LEAST), exp(MOST)));
    }
}
