//! What a server must know to use a model file: the part of the attributes that trainers, importers and
//! servers agree about.

use crate::{Manifest, Registry, RegistryError, Signature, TensorSpec, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most labels of a model.
const LABELS: usize = 200_000;
/// The longest text of a card, in bytes.
const TEXT_BYTES: usize = 4096;
/// The largest side of the picture that a model reads, in pixels.
const SIDE: u32 = 4096;
/// The longest text that a model reads, in tokens.
const TOKENS: u32 = 1 << 20;
/// The most of anything in a row in an n-gram.
const GRAM: u32 = 8;
/// The most rows of a table of n-grams.
const ROWS: u32 = 1 << 24;

/// The card of a model, kept in the [`Manifest::attributes`] under its fields' names. Other attributes may
/// stand beside it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelCard {
    /// What the model does, such as `image_classification`, `text_classification`, `text_slots`,
    /// `text_embedding` or `next_item`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub task: String,
    /// Which file of the version is the graph, such as `model.onnx`; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model_file: String,
    /// The inputs that a server may rely on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<TensorSpec>,
    /// The outputs that a server may rely on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<TensorSpec>,
    /// How a request becomes the inputs; absent where callers send tensors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
    /// What the numbers of the last dimension of the first output stand for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What logits are divided by before they become probabilities (Guo et al. 2017, section 4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Where an example may have any number of labels: from which probability on each label is said, the probability
    /// of each being the sigmoid of its logit. Empty where an example has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
    /// Where an answer may be that an example is of no class: which label says so, and from which probability of the best
    /// other label on it is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownLabel>,
    /// Which file of the version says how the output `emissions`, the scores of each token's tags, becomes labelled parts of
    /// a text: a chain of tags as `milieu-text` writes it. Absent where a model finds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The licence of the weights, as their source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Where the weights come from, such as `hf:ORG/NAME@COMMIT`; absent where they were trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// When an answer is that an example is of no class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnknownLabel {
    /// The label that says so, one of the card's.
    pub label: String,
    /// Where the best other label is less probable than this, or less than that label, it is said.
    pub threshold: f64,
}

/// How a request becomes the inputs of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Preprocessing {
    /// A picture becomes `3 x side x side` numbers.
    Picture(PicturePreparation),
    /// A text becomes tokens.
    Text(TextPreparation),
    /// A text becomes numbers of rows, one for each of its n-grams.
    Grams(GramsPreparation),
    /// A text becomes numbers of rows, of each character and of each with the next.
    Characters(CharactersPreparation),
}

/// How a picture of another shape becomes a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureFit {
    /// The middle is cut out.
    #[default]
    Crop,
    /// It is squeezed.
    Squash,
}

/// What is done to a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PicturePreparation {
    /// Pixels across and down.
    pub side: u32,
    /// How it becomes a square.
    pub fit: PictureFit,
    /// Subtracted from red, green and blue, which go from 0 to 1.
    pub mean: [f32; 3],
    /// What they are divided by then.
    pub deviation: [f32; 3],
}

/// What is done to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPreparation {
    /// Which file of the version is the tokenizer, in the format of Hugging Face's `tokenizer.json`.
    pub tokenizer: String,
    /// Tokens that are kept; what comes after them is cut off.
    pub maximum_tokens: u32,
}

/// Which n-grams of a text are taken, as `milieu-text` does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GramsPreparation {
    /// Tokens in a row.
    pub words: u32,
    /// The fewest characters of a part of a word.
    pub shortest: u32,
    /// The most characters of a part of a word, 0 for no parts.
    pub longest: u32,
    /// The most characters in a row of scripts that do not part words.
    pub apart: u32,
    /// Whether words that are written in disguise count as what they stand for, too.
    pub disguise: bool,
    /// Rows of the table.
    pub rows: u32,
    /// How its tokens in their order are read beside them; absent where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderPreparation>,
}

/// How the tokens of a text become numbers of rows, one for each, as `milieu-text` does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPreparation {
    /// Rows of the table.
    pub rows: u32,
    /// Tokens that are kept, half of them from the start of a text and half from its end.
    pub maximum_words: u32,
}

/// Which characters of a text are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharactersPreparation {
    /// Which file of the version has the characters and the pairs that are known, as `milieu-text` writes them.
    pub vocabulary: String,
    /// Characters that are kept, half of them from the start of a text and half from its end.
    pub maximum_characters: u32,
}

impl ModelCard {
    /// The card in a version's attributes.
    ///
    /// # Errors
    /// [`RegistryError::InvalidCard`] where an attribute of the card is of another form, or breaks a rule.
    pub fn of(manifest: &Manifest) -> Result<Self, RegistryError> {
        let invalid = |reason| RegistryError::InvalidCard {
            kind: manifest.kind.clone(),
            version: manifest.version,
            reason,
        };
        let attributes = manifest.attributes.clone().into_iter().collect();
        let card: Self =
            serde_json::from_value(Value::Object(attributes)).map_err(|error| invalid(error.to_string()))?;
        let listed = |name: &String| manifest.files.iter().any(|file| file.name == *name);
        let mut named: Vec<&String> = Some(&card.model_file).into_iter().filter(|f| !f.is_empty()).collect();
        named.extend(card.preprocessing.as_ref().and_then(Preprocessing::file));
        named.extend(&card.chain);
        match card.fault().or_else(|| {
            named.into_iter().find(|name| !listed(name)).map(|name| format!("the version has no file {name}"))
        }) {
            Some(reason) => Err(invalid(reason)),
            None => Ok(card),
        }
    }

    /// Writes the card into the attributes of a draft, over what stands there under its fields' names.
    ///
    /// # Errors
    /// [`RegistryError::InvalidDraft`] for a card that breaks a rule: what could not be read is not written.
    pub fn write(&self, attributes: &mut BTreeMap<String, Value>) -> Result<(), RegistryError> {
        let invalid = |reason| RegistryError::InvalidDraft { reason };
        if let Some(reason) = self.fault() {
            return Err(invalid(reason));
        }
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => attributes.extend(fields),
            Ok(_) => return Err(invalid("the card is no object".into())),
            Err(error) => return Err(invalid(error.to_string())),
        }
        Ok(())
    }

    /// What the model file must be, as far as the card says.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature { inputs: self.inputs.clone(), outputs: self.outputs.clone() }
    }

    /// Which rule the card breaks, if any.
    fn fault(&self) -> Option<String> {
        if self.labels.len() > LABELS {
            return Some(format!("{} labels, the limit is {LABELS}", self.labels.len()));
        }
        let texts = [
            Some(&self.task),
            Some(&self.model_file),
            self.chain.as_ref(),
            self.licence.as_ref(),
            self.source.as_ref(),
        ];
        if texts.into_iter().flatten().chain(&self.labels).any(|text| text.len() > TEXT_BYTES) {
            return Some(format!("a text of the card is longer than {TEXT_BYTES} bytes"));
        }
        let share = |threshold: &f64| (0.0..=1.0).contains(threshold);
        if !self.thresholds.is_empty()
            && (self.thresholds.len() != self.labels.len() || !self.thresholds.iter().all(share))
        {
            return Some("the thresholds are not one from 0 to 1 for each label".to_owned());
        }
        if let Some(unknown) = &self.unknown
            && (!share(&unknown.threshold) || !self.labels.contains(&unknown.label))
        {
            return Some("what is unknown has no label of the card, or no threshold from 0 to 1".to_owned());
        }
        match self.temperature {
            Some(temperature) if !(temperature.is_finite() && temperature > 0.0) => {
                return Some(format!("the temperature is {temperature}"));
            }
            _ => {}
        }
        self.preprocessing.as_ref().and_then(Preprocessing::fault).or_else(|| self.signature().fault())
    }
}

impl Registry {
    /// Reads a version that is a model file with a card, verifies its checksums, and compares the inputs and
    /// outputs that `read_signature` finds in the model file with those that the card promises.
    ///
    /// # Errors
    /// As [`Registry::load`]; [`RegistryError::InvalidCard`]; [`RegistryError::SignatureMismatch`] where the
    /// file cannot be read as a model or is another one than the card says.
    pub fn load_model(
        &self,
        kind: &str,
        version: u32,
        read_signature: impl FnOnce(&[u8]) -> Result<Signature, String>,
    ) -> Result<(Version, ModelCard), RegistryError> {
        // The card comes first: a version that says no good word about itself is not worth reading.
        let card = ModelCard::of(&self.manifest(kind, version)?)?;
        let loaded = self.load(kind, version)?;
        let file = loaded.files.get(&card.model_file).ok_or_else(|| RegistryError::InvalidCard {
            kind: kind.to_owned(),
            version,
            reason: "it names no model file".to_owned(),
        })?;
        match read_signature(file).and_then(|found| card.signature().met_by(&found)) {
            Ok(()) => Ok((loaded, card)),
            Err(reason) => Err(RegistryError::SignatureMismatch { kind: kind.to_owned(), version, reason }),
        }
    }
}

impl Preprocessing {
    /// The file of the version, beside the model, that it needs.
    #[must_use]
    pub fn file(&self) -> Option<&String> {
        match self {
            Self::Text(text) => Some(&text.tokenizer),
            Self::Characters(characters) => Some(&characters.vocabulary),
            Self::Picture(_) | Self::Grams(_) => None,
        }
    }

    /// Whether it is of texts.
    #[must_use]
    pub fn is_of_texts(&self) -> bool {
        match self {
            Self::Text(_) | Self::Grams(_) | Self::Characters(_) => true,
            Self::Picture(_) => false,
        }
    }

    fn fault(&self) -> Option<String> {
        match self {
            Self::Picture(PicturePreparation { side, mean, deviation, .. }) => {
                let usable = mean.iter().all(|mean| mean.is_finite())
                    && deviation.iter().all(|deviation| deviation.is_finite() && *deviation > 0.0);
                if !(1..=SIDE).contains(side) {
                    Some(format!("pictures of {side} pixels a side, the limit is {SIDE}"))
                } else if !usable {
                    Some(format!("mean {mean:?} and deviation {deviation:?} cannot be used"))
                } else {
                    None
                }
            }
            Self::Text(TextPreparation { maximum_tokens, .. }) => (!(1..=TOKENS).contains(maximum_tokens))
                .then(|| format!("texts of {maximum_tokens} tokens, the limit is {TOKENS}")),
            Self::Characters(CharactersPreparation { maximum_characters: most, .. }) => (!(1..=TOKENS)
                .contains(most))
            .then(|| format!("texts of {most} characters, the limit is {TOKENS}")),
            Self::Grams(grams) => {
                let GramsPreparation { words, shortest, longest, apart, rows, order, .. } = grams;
                let usable = (1..=GRAM).contains(words)
                    && (1..=GRAM).contains(shortest)
                    && *longest <= GRAM
                    && (1..=GRAM).contains(apart)
                    && (1..=ROWS).contains(rows);
                let order = order.filter(|OrderPreparation { rows, maximum_words }| {
                    !(3..=ROWS).contains(rows) || !(1..=TOKENS).contains(maximum_words)
                });
                if !usable {
                    return Some(format!("n-grams of {grams:?}, the limits are {GRAM} and {ROWS} rows"));
                }
                order
                    .map(|order| format!("words of {order:?}, the limits are {ROWS} rows and {TOKENS} words"))
            }
        }
    }
}
