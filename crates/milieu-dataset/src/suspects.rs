//! Labels that are probably wrong (confident learning: Northcutt, Jiang and Chuang, Confident Learning:
//! Estimating Uncertainty in Dataset Labels, JAIR 2021).

use serde::{Deserialize, Serialize};

/// An example whose label is probably wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Which example.
    pub number: usize,
    /// The class it is labelled with.
    pub given: usize,
    /// The class it probably has.
    pub likely: usize,
    /// The probability of the given class.
    pub given_probability: f32,
    /// The probability of the likely class.
    pub likely_probability: f32,
}

/// What confident learning finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspicion {
    /// The confident joint, `C x C` row by row: how many examples that are labelled with the row's class are
    /// confidently of the column's class.
    pub joint: Vec<usize>,
    /// For each class, the mean probability of it over the examples labelled with it: what it takes to be
    /// confidently of that class.
    pub thresholds: Vec<f32>,
    /// The suspects, those with the largest margin between likely and given class first.
    pub suspects: Vec<Suspect>,
}

/// Why nothing can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuspicionError {
    /// The numbers do not belong together.
    #[error("{probabilities} probabilities are not {labels} labels times {classes} classes")]
    Shape {
        /// How many probabilities there are.
        probabilities: usize,
        /// How many labels.
        labels: usize,
        /// How many classes.
        classes: usize,
    },
    /// A label is no class.
    #[error("label {label} of example {number} is not below {classes}")]
    Label {
        /// Which example.
        number: usize,
        /// Its label.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A probability is none.
    #[error("a probability of example {number} is not from 0 to 1")]
    Probability {
        /// Which example.
        number: usize,
    },
}

/// Finds suspects from probabilities that models gave which had not learnt from the example they judge
/// (`N x C`, row by row) and the labels (`N`). An example is confidently of the most probable class among those
/// whose threshold it reaches; it is suspect where that is not its own class (the off-diagonal entries of the
/// confident joint, section 3.2 of the paper) and the margin is at least `margin`, 0 to 1.
///
/// # Errors
/// [`SuspicionError`].
pub fn suspects(
    probabilities: &[f32],
    labels: &[usize],
    classes: usize,
    margin: f32,
) -> Result<Suspicion, SuspicionError> {
    if labels.len().checked_mul(classes) != Some(probabilities.len()) || (classes == 0 && !labels.is_empty())
    {
        return Err(SuspicionError::Shape {
            probabilities: probabilities.len(),
            labels: labels.len(),
            classes,
        });
    }
    let rows = || probabilities.chunks_exact(classes.max(1)).zip(labels).enumerate();
    let mut sums = vec![(0.0f64, 0usize); classes];
    for (number, (row, &label)) in rows() {
        if !row.iter().all(|p| (0.0..=1.0).contains(p)) {
            return Err(SuspicionError::Probability { number });
        }
        let sum = sums.get_mut(label).ok_or(SuspicionError::Label { number, label, classes })?;
        *sum = (sum.0 + f64::from(row[label]), sum.1 + 1);
    }
    // A class that nothing is labelled with takes certainty.
    let thresholds: Vec<f32> =
        sums.iter().map(|&(sum, count)| if count == 0 { 1.0 } else { (sum / count as f64) as f32 }).collect();
    let mut joint = vec![0; classes * classes];
    let mut suspects = Vec::new();
    for (number, (row, &given)) in rows() {
        let confident = (0..classes).filter(|&class| row[class] >= thresholds[class]);
        // Of equals the given class, which then is no suspect.
        let likely =
            confident.max_by(|&a, &b| row[a].total_cmp(&row[b]).then((a == given).cmp(&(b == given))));
        let Some(likely) = likely else { continue };
        joint[given * classes + likely] += 1;
        if likely != given && row[likely] - row[given] >= margin {
            suspects.push(Suspect {
                number,
                given,
                likely,
                given_probability: row[given],
                likely_probability: row[likely],
            });
        }
    }
    suspects.sort_by(|a, b| b.margin().total_cmp(&a.margin()).then(a.number.cmp(&b.number)));
    Ok(Suspicion { joint, thresholds, suspects })
}

impl Suspect {
    /// How much more probable the likely class is, 0 to 1; less than 0 where another one is only more
    /// confident.
    #[must_use]
    pub fn margin(&self) -> f32 {
        self.likely_probability - self.given_probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_turned_ones() {
        // Thresholds are 0.675 and 0.7.
        let probabilities =
            [0.9, 0.1, 0.8, 0.2, 0.9, 0.1, 0.1, 0.9, 0.2, 0.8, 0.1, 0.9, 0.6, 0.4, 0.0, 1.0, 0.2, 0.8];
        let labels = [0, 0, 0, 0, 1, 1, 1, 1, 1];
        let found = suspects(&probabilities, &labels, 2, 0.0).unwrap();
        assert!((found.thresholds[0] - 0.675).abs() < 1e-6 && (found.thresholds[1] - 0.78).abs() < 1e-6);
        assert_eq!(found.joint, [3, 1, 0, 4]);
        let suspect =
            Suspect { number: 3, given: 0, likely: 1, given_probability: 0.1, likely_probability: 0.9 };
        assert_eq!(found.suspects, [suspect]);
        assert!(suspects(&probabilities, &labels, 2, 0.85).unwrap().suspects.is_empty());
    }

    #[test]
    fn refuses() {
        fn check(probabilities: &[f32], labels: &[usize], classes: usize, part: &str) {
            let error = suspects(probabilities, labels, classes, 0.0).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        check(&[0.5; 3], &[0, 1], 2, "3 probabilities are not 2 labels");
        check(&[], &[0], 0, "0 classes");
        check(&[0.5; 4], &[0, 2], 2, "label 2 of example 1");
        check(&[0.5, 0.5, f32::NAN, 0.5], &[0, 1], 2, "example 1");
        assert!(suspects(&[], &[], 3, 0.0).unwrap().suspects.is_empty());
    }

    proptest! {
        /// The more wrong labels, the more suspects, and none where the model agrees with every label.
        #[test]
        fn suspects_are_the_planted(labels in proptest::collection::vec(0usize..3, 30..90), wrong in 0usize..6) {
            let row = |class: usize| (0..3).map(move |at| if at == class { 0.8f32 } else { 0.1 });
            let probabilities: Vec<f32> = labels.iter().flat_map(|&class| row(class)).collect();
            prop_assume!((0..3).all(|class| labels.iter().filter(|&&label| label == class).count() > 6));
            let mut given = labels.clone();
            for label in given.iter_mut().take(wrong) {
                *label = (*label + 1) % 3;
            }
            let found = suspects(&probabilities, &given, 3, 0.0).unwrap();
            let mut numbers: Vec<usize> = found.suspects.iter().map(|suspect| suspect.number).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..wrong).collect::<Vec<_>>());
        }
    }
}
