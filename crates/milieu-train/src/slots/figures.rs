//! How good a tagger is.

use crate::classification::{Figures, measure};
use crate::eval::{Interval, bootstrap, resampled};
use milieu_text::tags::Slot;
use serde::Serialize;

/// How well labelled parts are found. One is right that has the right label and exactly the right characters, as the script
/// conlleval of the shared task of CoNLL 2000 counts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SpanFigures {
    /// How many there are.
    pub examples: usize,
    /// Share of what was found that is right; 0 where nothing was.
    pub precision: f64,
    /// Share of what there is that was found.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

/// Figures of the parts of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigures {
    /// The label.
    pub name: String,
    /// How well its parts are found.
    #[serde(flatten)]
    pub found: SpanFigures,
}

/// Figures of a tagger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlotFigures {
    /// Texts measured on.
    pub examples: usize,
    /// How well whole texts are labelled, where they are.
    pub intent: Option<Figures>,
    /// How well parts are found.
    pub slots: SpanFigures,
    /// The F1 of parts with a 95% interval over texts.
    pub slot_f1: Interval,
    /// Share of texts of which all is right, the label of the whole and all parts, with a 95% interval over texts.
    pub sentence: Interval,
    /// The parts of each label.
    pub labels: Vec<LabelFigures>,
}

/// What a model says of some texts.
pub(super) struct Answers {
    /// `N x C`; empty where there are no classes.
    pub(super) logits: Vec<f32>,
    /// The parts of each text.
    pub(super) slots: Vec<Vec<Slot>>,
}

/// What is right of the same texts.
pub(super) struct Right<'a> {
    pub(super) classes: &'a [String],
    pub(super) labels: &'a [String],
    pub(super) class: Vec<usize>,
    pub(super) slots: Vec<&'a [Slot]>,
}

/// Parts that are right, that were found, and that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count {
    right: usize,
    found: usize,
    there: usize,
}

impl Count {
    fn of(found: &[Slot], there: &[Slot], label: Option<usize>) -> Self {
        let of = |slot: &&Slot| label.is_none_or(|label| slot.label == label);
        Self {
            right: found.iter().filter(of).filter(|slot| there.contains(slot)).count(),
            found: found.iter().filter(of).count(),
            there: there.iter().filter(of).count(),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            right: self.right + other.right,
            found: self.found + other.found,
            there: self.there + other.there,
        }
    }

    fn figures(self) -> SpanFigures {
        let share = |of: usize| if of == 0 { 0.0 } else { self.right as f64 / of as f64 };
        let f1 = 2.0 * self.right as f64 / (self.found + self.there).max(1) as f64;
        SpanFigures { examples: self.there, precision: share(self.found), recall: share(self.there), f1 }
    }
}

impl SlotFigures {
    /// Measures answers; logits are divided by a temperature.
    pub(super) fn of(answers: &Answers, right: &Right<'_>, temperature: f64, seed: u64) -> Self {
        let intent = (!right.classes.is_empty())
            .then(|| measure(&answers.logits, &right.class, right.classes, temperature, seed));
        let pairs = || answers.slots.iter().zip(&right.slots);
        let counts = |label: Option<usize>| pairs().map(move |(found, there)| Count::of(found, there, label));
        let sum = |label| counts(label).fold(Count::default(), Count::plus).figures();
        let of_text: Vec<Count> = counts(None).collect();
        let classes = right.classes.len();
        let is_right = |(at, count): (usize, &Count)| {
            let intent = classes == 0 || best(&answers.logits[at * classes..][..classes]) == right.class[at];
            f64::from(u8::from(intent && count.right == count.found && count.right == count.there))
        };
        let sentences: Vec<f64> = of_text.iter().enumerate().map(is_right).collect();
        let f1 = |draws: &mut dyn Iterator<Item = usize>| {
            draws.map(|at| of_text[at]).fold(Count::default(), Count::plus).figures().f1
        };
        let names = right.labels.iter().enumerate();
        Self {
            examples: of_text.len(),
            intent,
            slots: sum(None),
            slot_f1: resampled(of_text.len(), seed, f1),
            sentence: bootstrap(&sentences, seed),
            labels: names
                .map(|(label, name)| LabelFigures { name: name.clone(), found: sum(Some(label)) })
                .collect(),
        }
    }

    /// Share of right labels of whole texts; 1 where they have none.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.intent.as_ref().map_or(1.0, |intent| intent.accuracy.mean)
    }

    /// The figures that are kept with a version, under their names.
    #[must_use]
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        let Self { slots, slot_f1, sentence, .. } = self;
        let intent = self.intent.iter().flat_map(Figures::metrics);
        let own = [
            ("slot_precision", slots.precision),
            ("slot_recall", slots.recall),
            ("slot_f1", slot_f1.mean),
            ("slot_f1_low", slot_f1.low),
            ("slot_f1_high", slot_f1.high),
            ("sentence", sentence.mean),
            ("sentence_low", sentence.low),
            ("sentence_high", sentence.high),
        ];
        intent.chain(own).collect()
    }
}

/// The first of the largest.
fn best(row: &[f32]) -> usize {
    row.iter().enumerate().fold(0, |best, (place, &x)| if x > row[best] { place } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let slot = |label, start, end| Slot { label, start, end };
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
        let (classes, labels) = (names(&["x", "y"]), names(&["a", "b"]));
        let there = [vec![slot(0, 0, 3), slot(1, 4, 5)], vec![], vec![slot(0, 2, 4)], vec![slot(1, 0, 1)]];
        let right = Right {
            classes: &classes,
            labels: &labels,
            class: vec![0, 1, 1, 0],
            slots: there.iter().map(Vec::as_slice).collect(),
        };
        let answers = Answers {
            logits: vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0],
            slots: vec![vec![slot(0, 0, 3), slot(0, 4, 5)], vec![], vec![slot(0, 2, 4)], vec![slot(1, 0, 2)]],
        };
        let found = SlotFigures::of(&answers, &right, 1.0, 1);
        assert_eq!((found.slots.precision, found.slots.recall, found.slots.f1), (0.5, 0.5, 0.5));
        assert_eq!(found.slot_f1.mean, 0.5);
        assert!(found.slot_f1.low < 0.5 && found.slot_f1.high > 0.5, "{:?}", found.slot_f1);
        // The first has a wrong part, the third a wrong class, the last a part of other characters.
        assert_eq!((found.sentence.mean, found.accuracy()), (0.25, 0.75));
        let a = &found.labels[0].found;
        assert_eq!((a.examples, a.precision, a.recall), (2, 2.0 / 3.0, 1.0));
        assert_eq!(found.labels[1].found.f1, 0.0);
        let bare = Right { classes: &[], class: vec![], ..right };
        let found = SlotFigures::of(&Answers { logits: vec![], ..answers }, &bare, 1.0, 1);
        assert_eq!((found.intent, found.sentence.mean), (None, 0.5));
    }
}
