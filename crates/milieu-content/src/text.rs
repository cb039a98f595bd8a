//! From a text to the inputs of a classifier.

use crate::classes::{Classes, Scale};
use crate::classifier::NotAClassifier;
use milieu_inference::{Data, DataType, Signature, Tensor};
use milieu_registry::{GramsPreparation, ModelCard, Preprocessing};
use milieu_text::{Grams, share};

/// The inputs of a model of n-grams: the rows of a text, and one over the root of their number.
const INPUTS: [(&str, DataType); 2] = [("rows", DataType::I64), ("share", DataType::F32)];
/// Fewer rows than this are filled up to it, more to the next power of two: texts of about one length run together.
const FEWEST_ROWS: usize = 32;

/// All that stands between a text and a model on the one side, and the model and an answer on the other.
#[derive(Debug, Clone, PartialEq)]
pub struct TextClassifier {
    grams: Grams,
    /// Which of the two inputs the model takes first.
    rows_first: bool,
    /// How the outputs are read.
    pub classes: Classes,
}

impl TextClassifier {
    /// What the card says about a model of this signature, where the two agree.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn new(card: &ModelCard, signature: &Signature, scale: Scale) -> Result<Self, NotAClassifier> {
        let not = |reason: String| NotAClassifier { what: "texts", reason };
        let Some(Preprocessing::Grams(grams)) = &card.preprocessing else {
            return Err(not("its card does not say which n-grams are taken".into()));
        };
        let found: Vec<(&str, DataType)> =
            signature.inputs.iter().map(|input| (input.name.as_str(), input.data_type)).collect();
        let [first, second] = INPUTS;
        let rows_first = match found[..] {
            [one, other] if one == first && other == second => true,
            [one, other] if one == second && other == first => false,
            _ => return Err(not(format!("its inputs are {found:?} and not {INPUTS:?}"))),
        };
        let classes = Classes::new(card, signature, scale).map_err(not)?;
        Ok(Self { grams: grams_of(grams), rows_first, classes })
    }

    /// The inputs for a text, in the order of the signature; `None` for one in which there is nothing to be seen.
    #[must_use]
    pub fn prepare(&self, text: &str) -> Option<Vec<Tensor>> {
        let found = self.grams.rows_of(text);
        if found.is_empty() {
            return None;
        }
        let share = share(found.len());
        let mut rows: Vec<i64> = found.into_iter().map(i64::from).collect();
        // The row behind the last one counts for nothing.
        rows.resize(rows.len().next_power_of_two().max(FEWEST_ROWS), i64::from(self.grams.rows));
        let rows = Tensor::new(vec![1, rows.len()], Data::I64(rows)).ok()?;
        let share = Tensor::new(vec![1, 1], Data::F32(vec![share])).ok()?;
        Some(if self.rows_first { vec![rows, share] } else { vec![share, rows] })
    }
}

/// The words of the card in those of the code that prepares.
fn grams_of(card: &GramsPreparation) -> Grams {
    let &GramsPreparation { words, shortest, longest, apart, disguise, rows } = card;
    let of = |count: u32| count as usize;
    Grams { words: of(words), shortest: of(shortest), longest: of(longest), apart: of(apart), disguise, rows }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use milieu_inference::Port;

    fn card() -> ModelCard {
        let grams =
            GramsPreparation { words: 1, shortest: 3, longest: 0, apart: 1, disguise: false, rows: 4096 };
        ModelCard {
            labels: vec!["bad".into(), "good".into()],
            preprocessing: Some(Preprocessing::Grams(grams)),
            ..ModelCard::default()
        }
    }

    fn signature(inputs: &[(&str, DataType)]) -> Signature {
        let port = |name: &str, data_type| Port { name: name.into(), data_type, shape: None };
        Signature {
            inputs: inputs.iter().map(|&(name, data_type)| port(name, data_type)).collect(),
            outputs: vec![port("logits", DataType::F32)],
        }
    }

    #[test]
    fn what_classifies_texts() {
        let check = |card: ModelCard, signature: Signature, expected: &str| {
            let said = TextClassifier::new(&card, &signature, Scale::Logits).err();
            let said = said.map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        };
        let [rows, share] = INPUTS;
        check(card(), signature(&[rows, share]), "");
        check(card(), signature(&[share, rows]), "");
        check(card(), signature(&[rows]), "does not classify texts: its inputs are");
        check(card(), signature(&[("rows", DataType::F32), share]), "its inputs are");
        check(ModelCard::default(), signature(&[rows, share]), "which n-grams");
    }

    #[test]
    fn a_text_is_prepared_as_for_training() {
        let [rows, share] = INPUTS;
        let classifier = TextClassifier::new(&card(), &signature(&[share, rows]), Scale::Logits).unwrap();
        let tensors = classifier.prepare("One two ONE three").unwrap();
        assert_eq!(tensors[0].as_f32().unwrap(), [0.5]);
        let Data::I64(values) = tensors[1].data() else { panic!("{tensors:?}") };
        assert_eq!((tensors[1].shape(), values.len()), (&[1, 32][..], 32));
        assert_eq!(values[0], values[2]);
        assert!(values[..4].iter().all(|&row| row < 4096) && values[4..].iter().all(|&row| row == 4096));
        assert_eq!(classifier.prepare(&"many words ".repeat(20)).unwrap()[1].shape(), [1, 64]);
        assert_eq!(classifier.prepare(" \u{200b}\n"), None);
    }
}
