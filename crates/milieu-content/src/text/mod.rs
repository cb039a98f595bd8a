//! What models make of texts.

mod categories;
mod embedder;
mod moderation;
mod needs;
mod occlusion;
mod reading;
mod rules;
#[cfg(test)]
mod samples;
mod slots;

pub use categories::{Categories, CategoriesError};
pub use embedder::{EMBEDDING_TASK, TextEmbedder};
pub use moderation::{Category, Verdict, judge};
pub use needs::{Evidence, Need, NeedSign, NeedSigns, Needs, NeedsError};
pub use occlusion::{Moving, Occlusion};
pub use reading::{PreparedText, TextReading};
pub use rules::{Rule, RuleReading};
pub use slots::{SLOTS_TASK, SlotReading, TextPart};

use crate::classes::{Class, Classes, OutputError, Scale};
use crate::classifier::NotAClassifier;
use milieu_inference::{Signature, Tensor};
use milieu_registry::ModelCard;

/// All that stands between a text and a model on the one side, and the model and an answer on the other.
#[derive(Debug)]
pub struct TextClassifier {
    reading: TextReading,
    /// How what is said of a whole text is read, where anything is.
    classes: Option<Classes>,
    /// How labelled parts are read, where the model finds any.
    slots: Option<SlotReading>,
}

impl TextClassifier {
    /// What the card says about a model of this signature, where the two agree; `file` gives a file of the version by its
    /// name.
    ///
    /// # Errors
    /// [`NotAClassifier`].
    pub fn new(
        card: &ModelCard,
        signature: &Signature,
        scale: Scale,
        file: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, NotAClassifier> {
        let not = |reason: String| NotAClassifier { does: "classify texts", reason };
        if card.task == EMBEDDING_TASK {
            return Err(not(format!("its task is {EMBEDDING_TASK}")));
        }
        let reading = TextReading::new(card, signature, file).map_err(not)?;
        let chain = card.chain.as_deref();
        let slots = chain.map(|chain| SlotReading::new(chain, signature, file)).transpose().map_err(not)?;
        let only_slots = slots.is_some() && card.labels.is_empty();
        let classes =
            if only_slots { None } else { Some(Classes::new(card, signature, scale).map_err(not)?) };
        Ok(Self { reading, classes, slots })
    }

    /// A text as the model reads it; `None` for one in which there is nothing to be seen.
    #[must_use]
    pub fn prepare(&self, text: &str) -> Option<PreparedText> {
        if self.slots.is_some() { self.reading.prepare_units(text) } else { self.reading.prepare(text) }
    }

    /// The `top` most probable classes of a whole text, see [`Classes::read`]; none where the model says nothing of it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn classes(&self, outputs: &[Tensor], top: usize) -> Result<Vec<Class>, OutputError> {
        self.classes.as_ref().map_or(Ok(Vec::new()), |classes| classes.read(outputs, top))
    }

    /// The labels of whole texts, where the model has any.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.classes.as_ref().map_or(&[], Classes::labels)
    }

    /// How probable a label is where nothing is to be seen in a text, see [`Classes::of_nothing`].
    #[must_use]
    pub fn of_nothing(&self) -> f64 {
        self.classes.as_ref().map_or(0.5, Classes::of_nothing)
    }

    /// How labelled parts of texts are read, where the model finds any.
    #[must_use]
    pub fn slots(&self) -> Option<&SlotReading> {
        self.slots.as_ref()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use milieu_inference::{Data, DataType, Port};
    use milieu_registry::{
        CharactersPreparation, GramsPreparation, OrderPreparation, Preprocessing, TextPreparation,
    };

    const INPUTS: [(&str, DataType); 2] = [("rows", DataType::I64), ("share", DataType::F32)];

    fn card() -> ModelCard {
        ModelCard {
            labels: vec!["bad".into(), "good".into()],
            preprocessing: Some(Preprocessing::Grams(samples::GRAMS)),
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
            let said = TextClassifier::new(&card, &signature, Scale::Logits, &|_| None).err();
            let said = said.map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        };
        let [rows, share] = INPUTS;
        check(card(), signature(&[rows, share]), "");
        check(card(), signature(&[share, rows]), "");
        check(card(), signature(&[rows]), "does not classify texts: its inputs are");
        check(card(), signature(&[("rows", DataType::F32), share]), "its inputs are");
        check(ModelCard::default(), signature(&[rows, share]), "how texts are read");
        let tokenizer = TextPreparation { tokenizer: "tokenizer.json".into(), maximum_tokens: 64 };
        let card = ModelCard { preprocessing: Some(Preprocessing::Text(tokenizer)), ..card() };
        check(card.clone(), signature(&[("input_ids", DataType::I64)]), "tokenizer.json is not there");
        let card = ModelCard { task: EMBEDDING_TASK.into(), ..card };
        check(card, signature(&[("input_ids", DataType::I64)]), "its task is text_embedding");
    }

    #[test]
    fn a_text_of_characters() {
        let preparation =
            CharactersPreparation { vocabulary: "characters.json".into(), maximum_characters: 20 };
        let card = ModelCard { preprocessing: Some(Preprocessing::Characters(preparation)), ..card() };
        let known = milieu_text::Characters::learn(["好吃", "好坏"].into_iter(), [1, 1], 20);
        let inputs = [("pairs", DataType::I64), ("characters", DataType::I64)];
        let new = |inputs: &[(&str, DataType)], there: bool| {
            let file = |name: &str| (there && name == "characters.json").then(|| known.write());
            TextClassifier::new(&card, &signature(inputs), Scale::Logits, &file)
        };
        let refused = |inputs: &[(&str, DataType)], there| new(inputs, there).unwrap_err().to_string();
        assert!(refused(&inputs[..1], true).contains("its inputs are"));
        assert!(refused(&inputs, false).contains("characters.json is not there"));
        let tensors = new(&inputs, true).unwrap().prepare("好，ＯＫ 吃").unwrap().inputs;
        let rows = known.rows_of("好,ok 吃");
        for (tensor, rows) in tensors.iter().zip([&rows.pairs, &rows.characters]) {
            let Data::I64(values) = tensor.data() else { panic!("{tensors:?}") };
            assert_eq!(tensor.shape(), [1, 16]);
            assert!(values.iter().zip(rows).all(|(&value, &row)| value == i64::from(row)));
            assert!(values[rows.len()..].iter().all(|&value| value == 0));
        }
        assert_eq!(
            new(&inputs, true).unwrap().prepare(&"好吃".repeat(1000)).unwrap().inputs[0].shape(),
            [1, 32]
        );
        assert_eq!(new(&inputs, true).unwrap().prepare(" \u{200b}\n"), None);
    }

    #[test]
    fn a_text_beside_the_order_of_its_words() {
        let order = Some(OrderPreparation { rows: 300, maximum_words: 10 });
        let preprocessing = Some(Preprocessing::Grams(GramsPreparation { order, ..samples::GRAMS }));
        let card = ModelCard { preprocessing, ..card() };
        let [rows, share] = INPUTS;
        let words = ("words", DataType::I64);
        let new = |inputs: &[(&str, DataType)]| {
            TextClassifier::new(&card, &signature(inputs), Scale::Logits, &|_| None)
        };
        for wrong in [&[rows, share][..], &[rows, share, share], &[rows, share, ("words", DataType::F32)]] {
            assert!(new(wrong).unwrap_err().to_string().contains("its inputs are"), "{wrong:?}");
        }
        let classifier = new(&[words, share, rows]).unwrap();
        let found = classifier.prepare("One two ONE three").unwrap();
        let [Data::I64(words), _, Data::I64(rows)] = [0, 1, 2].map(|at| found.inputs[at].data()) else {
            panic!("{found:?}")
        };
        assert_eq!((words.len(), rows.len(), found.tokens), (8, 32, 4));
        assert_eq!(found.inputs[1].as_f32().unwrap(), [0.5]);
        assert!(words[0] == words[2] && words[0] != words[1] && words[4..] == [0; 4], "{words:?}");
        assert!(words[..4].iter().all(|word| (2..300).contains(word)) && rows[4..] == [4096; 28]);
        assert_eq!(classifier.prepare(&"many words ".repeat(20)).unwrap().inputs[0].shape(), [1, 16]);
        assert_eq!(classifier.prepare(" \u{200b}\n"), None);
    }

    #[test]
    fn a_text_is_prepared_as_for_training() {
        let [rows, share] = INPUTS;
        let classifier =
            TextClassifier::new(&card(), &signature(&[share, rows]), Scale::Logits, &|_| None).unwrap();
        let tensors = classifier.prepare("One two ONE three").unwrap().inputs;
        assert_eq!(tensors[0].as_f32().unwrap(), [0.5]);
        let Data::I64(values) = tensors[1].data() else { panic!("{tensors:?}") };
        assert_eq!((tensors[1].shape(), values.len()), (&[1, 32][..], 32));
        assert_eq!(values[0], values[2]);
        assert!(values[..4].iter().all(|&row| row < 4096) && values[4..].iter().all(|&row| row == 4096));
        assert_eq!(classifier.prepare(&"many words ".repeat(20)).unwrap().inputs[1].shape(), [1, 64]);
        assert_eq!(classifier.prepare(" \u{200b}\n"), None);
    }
}
