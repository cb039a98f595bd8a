//! The figures of a classifier, for a person and for a program.

use milieu_train::classification::{ClassFigures, Figures, UnknownFigures};
use serde::Serialize;

/// Its part of the last line on standard output.
#[derive(Serialize)]
pub(super) struct Measured {
    accuracy: f64,
    accuracy_low: f64,
    accuracy_high: f64,
    macro_f1: f64,
    log_loss: f64,
    calibration_error: f64,
    temperature: f64,
    /// Each label, where texts have any number of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<UnknownFigures>,
}

/// A label that a text has or has not, over the texts of which that is known.
#[derive(Serialize)]
struct Label {
    label: String,
    threshold: f64,
    known: usize,
    examples: usize,
    precision: f64,
    recall: f64,
    f1: f64,
    macro_f1: f64,
    auc: Option<f64>,
}

impl Label {
    /// Says it on standard error, too.
    fn said((of, threshold): (&ClassFigures, f64)) -> Self {
        let &ClassFigures { known, examples, precision, recall, f1, macro_f1, auc, .. } = of;
        let label = of.name.clone();
        eprintln!(
            "{label}: {examples} of {known}, precision {precision:.4}, recall {recall:.4}, F1 {f1:.4}, with that of its \
             absence {macro_f1:.4}"
        );
        Self { label, threshold, known, examples, precision, recall, f1, macro_f1, auc }
    }
}

impl Measured {
    /// The figures of the test part; says them on standard error.
    pub(super) fn said(test: &Figures) -> Self {
        let &Figures { macro_f1, log_loss, calibration_error, temperature, .. } = test;
        let (accuracy, low, high) = (test.accuracy.mean, test.accuracy.low, test.accuracy.high);
        eprintln!(
            "test: accuracy {accuracy:.4} ({low:.4} to {high:.4}), macro F1 {macro_f1:.4}, log loss {log_loss:.4}, \
             calibration error {calibration_error:.4}"
        );
        if let Some(unknown) = &test.unknown {
            let UnknownFigures { label, threshold, known_accuracy, unknown_recall, unknown_precision } =
                unknown;
            eprintln!(
                "{label}: at the threshold {threshold:.4} recall {unknown_recall:.4}, precision {unknown_precision:.4}, and \
                 accuracy {known_accuracy:.4} of all others"
            );
        }
        Self {
            accuracy,
            accuracy_low: low,
            accuracy_high: high,
            macro_f1,
            log_loss,
            calibration_error,
            temperature,
            labels: test.classes.iter().zip(test.thresholds.iter().copied()).map(Label::said).collect(),
            unknown: test.unknown.clone(),
        }
    }
}
