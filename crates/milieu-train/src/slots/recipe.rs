//! A recipe: everything that decides what is learnt, in one file.

use crate::parts::{Places, names, set_aside};
use crate::settings::{RecipeError, name_only, settled, table, within};
use crate::texts::EncoderConfig;
use milieu_dataset::split::Shares;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A recipe for what finds the labelled parts of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is learnt: `text-slots`.
    pub task: Task,
    /// Decides every random choice.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is learnt from.
    pub data: DataConfig,
    /// A published encoder that goes on learning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
    /// An encoder of characters that begins with nothing, in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<CharactersConfig>,
    /// How it is trained.
    #[serde(default)]
    pub train: FitConfig,
    /// What the result has to reach.
    #[serde(default)]
    pub gate: GateConfig,
}

/// The tasks there are recipes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// The labelled parts of a text, and a label of the whole where texts have one.
    TextSlots,
}

/// Where the texts are: all in `path`, or each part in a file or folder of its own. How they may be written stands at
/// [`milieu_dataset::tables::read_tagged`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A file, or a folder or archive of them, whose names say what is for what.
    pub path: Option<PathBuf>,
    /// What is learnt from.
    pub train: Option<PathBuf>,
    /// What is chosen by; a share of the training part where it is left out.
    pub validation: Option<PathBuf>,
    /// What is measured with; a share of the training part where it is left out.
    pub test: Option<PathBuf>,
    /// What stood between two tokens in a text: a space, or nothing where each character is a token.
    pub between: String,
    /// The field of the label of a whole text, in JSON.
    pub intent: String,
    /// The share that is set aside for choosing, where the data names no such part; 0.01 to 0.45.
    pub held_out: f64,
    /// The share that is set aside for measuring, where the data names no such part; 0.01 to 0.45.
    pub measured: f64,
    /// Whether texts that come twice, or stand in a part that measures too, are left out of what is learnt from.
    pub clean: bool,
}

/// An encoder of characters that is learnt from the training texts alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CharactersConfig {
    /// Characters of a text that are read, and two marks of its ends; 8 to 8192.
    pub tokens: usize,
    /// How often a character comes at least that is told from others, 1 to 1000000.
    pub least: usize,
    /// Values of a character, 8 to 1024; a multiple of `heads`.
    pub width: usize,
    /// Parts that attention splits the width into, 1 to 64.
    pub heads: usize,
    /// Values of a character between the two matrices of a block, 8 to 4096.
    pub hidden: usize,
    /// Blocks, 1 to 24.
    pub blocks: usize,
    /// Kinds of distances between characters that attention tells apart, an even number from 4 to 256; 0 for none.
    pub distances: usize,
    /// The share of characters that are taken for unknown each time a text is seen, 0 to below 1.
    pub unknown: f64,
    /// The share of the steps over which the rate rises, 0 to 1.
    pub warm_up: f64,
}

/// What the model is chosen by among epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The share of texts of which all is right.
    #[default]
    Sentence,
    /// The F1 of slots.
    SlotF1,
    /// The share of right labels of whole texts.
    Accuracy,
}

/// How a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Times each text is seen at most, 1 to 10000.
    pub epochs: usize,
    /// Texts of a step, 1 to 65536.
    pub batch: usize,
    /// The highest learning rate, above 0 to 10; it falls to nothing in a straight line.
    pub rate: f32,
    /// How many times as high the rate of what is new on top of an encoder is, 1 to 1000.
    pub head_rate: f32,
    /// The share of values that is left out each time a text is seen; 0 to below 1.
    pub dropout: f32,
    /// What all matrices lose of themselves for each unit of the rate, 0 to 1.
    pub decay: f32,
    /// What the model is chosen by among epochs; of equal ones the latest is taken.
    pub choose: Choice,
    /// Epochs without a better validation after which training ends; 0 for never.
    pub patience: usize,
}

/// What the result has to reach to be good enough.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// The least share of right labels of whole texts in the test part.
    pub accuracy: f64,
    /// The least F1 of slots there.
    pub slot_f1: f64,
    /// The least share of texts there of which all is right.
    pub sentence: f64,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            path: None,
            train: None,
            validation: None,
            test: None,
            between: " ".to_owned(),
            intent: "intent".to_owned(),
            held_out: 0.1,
            measured: 0.1,
            clean: true,
        }
    }
}

impl DataConfig {
    /// Where the parts are.
    pub(super) fn places(&self) -> Places<'_> {
        let Self { path, train, validation, test, .. } = self;
        Places { path, train, validation, test }
    }

    /// What is set aside where the data names no part.
    pub(super) fn shares(&self) -> Shares {
        Shares { validation: self.held_out, test: self.measured }
    }
}

impl Default for CharactersConfig {
    fn default() -> Self {
        Self {
            tokens: 130,
            least: 2,
            width: 128,
            heads: 4,
            hidden: 256,
            blocks: 3,
            distances: 32,
            unknown: 0.05,
            warm_up: 0.1,
        }
    }
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 8,
            batch: 32,
            rate: 1e-4,
            head_rate: 10.0,
            dropout: 0.1,
            decay: 0.01,
            choose: Choice::Sentence,
            patience: 0,
        }
    }
}

impl Recipe {
    /// Reads a recipe, with settings that replace those of the file: `train.epochs=3`.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn read(text: &str, settings: &[String]) -> Result<Self, RecipeError> {
        let recipe: Self = settled(table(text)?, settings)?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The same without the folders that its files lie in.
    pub(super) fn named(&self) -> Self {
        let mut recipe = self.clone();
        let DataConfig { path, train, validation, test, .. } = &mut recipe.data;
        names([path, train, validation, test]);
        if let Some(encoder) = &mut recipe.encoder {
            encoder.path = encoder.path.as_deref().map(name_only);
        }
        recipe
    }

    /// The share of the steps over which the rate rises.
    pub(super) fn warm_up(&self) -> f64 {
        let encoder = self.encoder.as_ref().map(|encoder| encoder.warm_up);
        encoder.or(self.characters.as_ref().map(|characters| characters.warm_up)).unwrap_or(0.0)
    }

    fn check(&self) -> Result<(), RecipeError> {
        let Self { data, train, gate, .. } = self;
        let encoder = self.encoder.as_ref();
        if let Some(characters) = &self.characters {
            characters.check()?;
        }
        let unit = 0.0..=1.0;
        within(&data.places().rules())?;
        within(&set_aside(data.shares()))?;
        within(&[
            (self.seed < 1 << 63, "seed", "below 2^63"),
            (
                encoder.is_some() != self.characters.is_some(),
                "encoder",
                "there where characters is not, and the other way round",
            ),
            (
                encoder.is_none_or(|encoder| encoder.path.is_some() && encoder.model.is_none()),
                "encoder.path",
                "set: the encoder goes on learning, which those of a registry do not",
            ),
            (
                encoder.is_none_or(|encoder| (8..=8192).contains(&encoder.tokens)),
                "encoder.tokens",
                "8 to 8192",
            ),
            (encoder.is_none_or(|encoder| unit.contains(&encoder.warm_up)), "encoder.warm_up", "0 to 1"),
            ((1..=10_000).contains(&train.epochs), "train.epochs", "1 to 10000"),
            ((1..=65_536).contains(&train.batch), "train.batch", "1 to 65536"),
            (train.rate > 0.0 && train.rate <= 10.0, "train.rate", "above 0 to 10"),
            ((1.0..=1000.0).contains(&train.head_rate), "train.head_rate", "1 to 1000"),
            ((0.0..1.0).contains(&train.dropout), "train.dropout", "0 to below 1"),
            ((0.0..=1.0).contains(&train.decay), "train.decay", "0 to 1"),
            (
                [gate.accuracy, gate.slot_f1, gate.sentence].iter().all(|share| unit.contains(share)),
                "gate",
                "of shares from 0 to 1",
            ),
        ])
    }
}

impl CharactersConfig {
    fn check(&self) -> Result<(), RecipeError> {
        let &Self { tokens, least, width, heads, hidden, blocks, distances, unknown, warm_up } = self;
        let told = distances == 0 || ((4..=256).contains(&distances) && distances.is_multiple_of(2));
        let fits = (1..=64).contains(&heads) && width.is_multiple_of(heads);
        within(&[
            ((8..=8192).contains(&tokens), "characters.tokens", "8 to 8192"),
            ((1..=1_000_000).contains(&least), "characters.least", "1 to 1000000"),
            ((8..=1024).contains(&width), "characters.width", "8 to 1024"),
            (fits, "characters.heads", "1 to 64, and divide characters.width"),
            ((8..=4096).contains(&hidden), "characters.hidden", "8 to 4096"),
            ((1..=24).contains(&blocks), "characters.blocks", "1 to 24"),
            (told, "characters.distances", "0, or even and 4 to 256"),
            ((0.0..1.0).contains(&unknown), "characters.unknown", "0 to below 1"),
            ((0.0..=1.0).contains(&warm_up), "characters.warm_up", "0 to 1"),
        ])
    }
}

fn one() -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_ranges() {
        let read = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
            Recipe::read("task = 'text-slots'\n[data]\n[encoder]\npath = 'a/e'", &settings)
        };
        let of_characters = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
            Recipe::read("task = 'text-slots'\n[data]\npath = 'x'", &settings)
        };
        let recipe = read(&["data.train=a/b", "data.between=''", "train.choose=slot_f1"]).unwrap();
        assert_eq!((recipe.data.between.as_str(), recipe.train.choose), ("", Choice::SlotF1));
        let named = recipe.named();
        let path = named.encoder.and_then(|encoder| encoder.path);
        assert_eq!((named.data.train, path), (Some(PathBuf::from("b")), Some(PathBuf::from("e"))));
        assert_eq!(of_characters(&["characters.blocks=2"]).unwrap().characters.unwrap().blocks, 2);
        for (setting, part) in [
            ("seed=1", "encoder must be there where characters is not"),
            ("characters.tokens=7", "characters.tokens must be 8"),
            ("characters.least=0", "characters.least must be 1"),
            ("characters.width=4", "characters.width must be 8"),
            ("characters.heads=3", "characters.heads must be 1 to 64, and divide"),
            ("characters.hidden=0", "characters.hidden must be 8"),
            ("characters.blocks=25", "characters.blocks must be 1"),
            ("characters.distances=5", "characters.distances must be 0, or even"),
            ("characters.unknown=1", "characters.unknown must be 0"),
            ("characters.warm_up=nan", "characters.warm_up must be 0"),
        ] {
            let error = of_characters(&[setting]).unwrap_err().to_string();
            assert!(error.contains(part), "{setting}: {error}");
        }
        for (settings, part) in [
            (&["seed=1"][..], "data.path must be set"),
            (&["data.path=x", "data.train=y"], "data.path must be set"),
            (&["data.path=x", "data.test=y"], "data.test must be beside"),
            (&["data.path=x", "data.held_out=0.5"], "data.held_out must be 0.01"),
            (&["data.path=x", "data.measured=0"], "data.measured must be 0.01"),
            (&["data.path=x", "characters.width=64"], "encoder must be there"),
            (&["data.path=x", "encoder.tokens=7"], "encoder.tokens must be 8"),
            (&["data.path=x", "encoder.model=y"], "encoder.path must be set"),
            (&["data.path=x", "encoder.warm_up=nan"], "encoder.warm_up"),
            (&["data.path=x", "train.epochs=0"], "train.epochs must be 1"),
            (&["data.path=x", "train.batch=0"], "train.batch must be 1"),
            (&["data.path=x", "train.rate=nan"], "train.rate must be above 0"),
            (&["data.path=x", "train.head_rate=0.5"], "train.head_rate must be 1"),
            (&["data.path=x", "train.dropout=1"], "train.dropout"),
            (&["data.path=x", "train.decay=2"], "train.decay"),
            (&["data.path=x", "train.choose=luck"], "unknown variant"),
            (&["data.path=x", "data.label=x"], "unknown field"),
            (&["data.path=x", "gate.sentence=2"], "gate must be"),
        ] {
            let error = read(settings).unwrap_err().to_string();
            assert!(error.contains(part), "{settings:?}: {error}");
        }
    }
}
