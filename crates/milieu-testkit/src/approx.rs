//! Comparing numbers with a tolerance.

/// Whether two numbers are equal but for `tolerance`, relative to the larger one and absolute below 1.
/// NaN is near nothing.
#[must_use]
pub fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

/// The first place where two slices are not [`near`], in words; `None` where there is none.
#[must_use]
pub fn difference(found: &[f32], expected: &[f32], tolerance: f64) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} values, expected {}", found.len(), expected.len()));
    }
    let mut pairs = found.iter().zip(expected).enumerate();
    pairs
        .find(|(_, (a, b))| !near(f64::from(**a), f64::from(**b), tolerance))
        .map(|(at, (a, b))| format!("at {at}: {a}, expected {b}"))
}

/// The cosine of the angle between two vectors; 0 where one of them has no length.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |x: &[f32], y: &[f32]| -> f64 { x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum() };
    let length = (dot(a, a) * dot(b, b)).sqrt();
    if length > 0.0 { dot(a, b) / length } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances() {
        assert!(near(1.0, 1.0005, 1e-3));
        assert!(near(1e6, 1e6 + 500.0, 1e-3));
        assert!(!near(1.0, 1.1, 1e-3));
        assert!(!near(f64::NAN, f64::NAN, 1.0));
        assert_eq!(difference(&[1.0, 2.0], &[1.0, 2.0], 1e-6), None);
        assert_eq!(difference(&[1.0, 2.0], &[1.0, 3.0], 1e-6).as_deref(), Some("at 1: 2, expected 3"));
        assert_eq!(difference(&[1.0], &[], 1e-6).as_deref(), Some("1 values, expected 0"));
        assert!(near(cosine(&[1.0, 1.0], &[2.0, 2.0]), 1.0, 1e-12));
        assert!(near(cosine(&[0.0], &[2.0]), 0.0, 1e-12));
    }
}
