//! Platt scaling: a head's logit `z` becomes `slope * z + offset` (Platt, "Probabilistic outputs for support vector
//! machines", 1999; targets and Newton's method as in Lin, Lin and Weng, Machine Learning 68, 2007).

/// How strongly slope 1 and offset 0 are preferred: as much as a few dozen examples say otherwise.
const PRIOR: f64 = 1.0;
/// Newton steps; the problem is convex with two unknowns and converges in a few.
const STEPS: usize = 30;
/// A slope outside this range says that the validation part cannot calibrate the head.
const SLOPES: std::ops::RangeInclusive<f64> = 0.2..=5.0;

/// Slope and offset for logits with labels. Identity where one class is missing or the fit is not believable.
pub(crate) fn fit(labelled: &[(f64, bool)]) -> (f32, f32) {
    let positives = labelled.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = labelled.len() as f64 - positives;
    if positives < 1.0 || negatives < 1.0 {
        return (1.0, 0.0);
    }
    let high = (positives + 1.0) / (positives + 2.0);
    let low = 1.0 / (negatives + 2.0);
    let objective = |slope: f64, offset: f64| {
        let likelihood: f64 = labelled
            .iter()
            .map(|(z, positive)| {
                let target = if *positive { high } else { low };
                let logit = slope * z + offset;
                logit.max(0.0) - target * logit + (-logit.abs()).exp().ln_1p()
            })
            .sum();
        likelihood + 0.5 * PRIOR * ((slope - 1.0).powi(2) + offset.powi(2))
    };
    let (mut slope, mut offset) = (1.0, 0.0);
    let mut value = objective(slope, offset);
    for _ in 0..STEPS {
        let (mut g_slope, mut g_offset) = (PRIOR * (slope - 1.0), PRIOR * offset);
        let (mut h_ss, mut h_so, mut h_oo) = (PRIOR, 0.0, PRIOR);
        for (z, positive) in labelled {
            let p = 1.0 / (1.0 + (-(slope * z + offset)).exp());
            let error = p - if *positive { high } else { low };
            let curvature = p * (1.0 - p);
            g_slope += error * z;
            g_offset += error;
            h_ss += curvature * z * z;
            h_so += curvature * z;
            h_oo += curvature;
        }
        let determinant = h_ss * h_oo - h_so * h_so;
        let d_slope = (h_oo * g_slope - h_so * g_offset) / determinant;
        let d_offset = (h_ss * g_offset - h_so * g_slope) / determinant;
        let mut step = 1.0;
        loop {
            let (s, o) = (slope - step * d_slope, offset - step * d_offset);
            let next = objective(s, o);
            if next < value {
                (slope, offset, value) = (s, o, next);
                break;
            }
            step *= 0.5;
            if step < 1e-6 {
                return believable(slope, offset);
            }
        }
        if d_slope.abs() + d_offset.abs() < 1e-7 {
            break;
        }
    }
    believable(slope, offset)
}

fn believable(slope: f64, offset: f64) -> (f32, f32) {
    if SLOPES.contains(&slope) && offset.is_finite() { (slope as f32, offset as f32) } else { (1.0, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn finds_the_scaling_of_overconfident_logits() {
        // Logits are twice what they should be, with a shift: P(positive) = sigmoid(0.5 z - 1).
        let mut labelled = Vec::new();
        for step in -40..=40 {
            let z = f64::from(step) * 0.1;
            let share = (1000.0 / (1.0 + (1.0 - 0.5 * z).exp())).round() as usize;
            labelled.extend((0..1000).map(|n| (z, n < share)));
        }
        let (slope, offset) = fit(&labelled);
        assert!((slope - 0.5).abs() < 0.01 && (offset + 1.0).abs() < 0.01, "{slope} {offset}");
    }

    #[test]
    fn stays_with_the_identity_without_evidence() {
        assert_eq!(fit(&[]), (1.0, 0.0));
        assert_eq!(fit(&[(1.0, true), (2.0, true)]), (1.0, 0.0));
        let (slope, offset) = fit(&[(-2.0, false), (-1.0, true)]);
        assert!(slope > 0.2 && slope < 1.5 && offset.abs() < 1.5);
    }
}
