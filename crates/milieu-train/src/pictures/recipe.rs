//! A recipe: everything that decides what is learnt, in one file.

use crate::search::SearchConfig;
use crate::settings::{RecipeError, name_only, settled, table, within};
use milieu_dataset::pictures::{Augmentation, CleaningConfig, Fit};
use milieu_models::image::Image;
use milieu_nn::{OptimiserConfig, Schedule};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A recipe for a classifier of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is learnt: `image-classification`.
    pub task: Task,
    /// Decides every random choice.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is learnt from.
    pub data: DataConfig,
    /// What is done to each picture, in serving too.
    pub prepare: PrepareConfig,
    /// What is left out.
    #[serde(default)]
    pub clean: CleaningConfig,
    /// What happens to pictures while learning.
    #[serde(default)]
    pub augment: Augmentation,
    /// The encoder on whose features the network learns; the network learns from pixels where there is none.
    #[serde(default)]
    pub encoder: Option<EncoderConfig>,
    /// The network.
    pub model: Image,
    /// The network that this one goes on from; it starts from nothing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentConfig>,
    /// What is tried out before, if anything.
    #[serde(default)]
    pub search: SearchConfig,
    /// How it is trained.
    #[serde(default)]
    pub train: FitConfig,
    /// How a picture is answered.
    #[serde(default, skip_serializing_if = "AnswerConfig::is_plain")]
    pub answer: AnswerConfig,
    /// What the result has to reach.
    #[serde(default)]
    pub gate: GateConfig,
}

/// The tasks there are recipes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One of several classes for each picture.
    ImageClassification,
}

/// Where the pictures are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A folder or an archive.
    pub path: PathBuf,
    /// The classes that are taken; all where it is empty.
    #[serde(default)]
    pub classes: Vec<String>,
    /// The share of each class that is set aside for choosing, and for measuring where the data names no
    /// test part; 0 to 0.45.
    #[serde(default = "tenth")]
    pub held_out: f64,
    /// The most pictures of a class that are read, those of a test part apart; 0 for all.
    #[serde(default)]
    pub most: usize,
    /// A classifier in the form of open-nsfw (ONNX) that says which pictures are sensitive; see
    /// `clean.sensitive`.
    #[serde(default)]
    pub sensitive_model: Option<PathBuf>,
}

/// An encoder that learnt elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Its ONNX file, which takes `N x 3 x side x side`.
    pub path: PathBuf,
    /// The name of the value that is taken for features; its output where it is empty.
    #[serde(default)]
    pub output: String,
    /// Subtracted from red, green and blue, which go from 0 to 1, before it sees them.
    pub mean: [f32; 3],
    /// What they are divided by then, above 0.
    pub deviation: [f32; 3],
}

/// A network that learnt before: other classes, or the same of other pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentConfig {
    /// The file `network.bin` of a version of the same architecture. All but what tells its classes apart is taken.
    pub path: PathBuf,
}

/// How pictures become numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrepareConfig {
    /// Pixels across and down, 8 to 512.
    pub side: u32,
    /// How a picture becomes a square.
    #[serde(default)]
    pub fit: Fit,
}

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Times each picture is seen, 1 to 10000.
    pub epochs: usize,
    /// Pictures of a step, 2 to 4096.
    pub batch: usize,
    /// In how many parts a batch is learnt from, 1 to 256: each is normalised by itself, and their gradients are
    /// added up. Small parts stay near the processor.
    pub parts: usize,
    /// The highest learning rate, above 0 to 10.
    pub rate: f32,
    /// How many times the learning rate holds for biases and shifts, above 0 to 100.
    pub offset_rate: f32,
    /// What convolutions are before learning.
    pub start: Start,
    /// How the learning rate goes.
    pub schedule: Schedule,
    /// How steps are made.
    pub optimiser: OptimiserConfig,
    /// Label smoothing, 0 to 0.5.
    pub smoothing: f32,
    /// The decay of the average of parameters; 0 for none, below 1.
    pub average: f32,
    /// The longest gradient; 0 for any.
    pub clip: f32,
    /// Epochs without a better validation after which training ends; 0 for never.
    pub patience: usize,
    /// Minutes after which no new epoch begins; 0 for any number.
    pub minutes: f64,
}

/// What convolutions are before learning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Drawn (He et al. 2015).
    Random,
    /// The first channels come out as they went in, the others are drawn.
    Identity,
}

/// How a picture is answered, by the tests and in serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerConfig {
    /// Whether by the mean of the logits of itself and of its mirror image, which takes twice the work.
    pub mirrored: bool,
}

impl AnswerConfig {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What the result has to reach to be good enough.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// The least accuracy on the test part.
    pub accuracy: f64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 12,
            batch: 128,
            parts: 1,
            rate: 0.2,
            offset_rate: 1.0,
            start: Start::Random,
            schedule: Schedule::OneCycle { warm_up: 0.2 },
            optimiser: OptimiserConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 },
            smoothing: 0.1,
            average: 0.99,
            clip: 0.0,
            patience: 0,
            minutes: 0.0,
        }
    }
}

impl Recipe {
    /// Reads a recipe, with settings that replace those of the file: `train.epochs=3`.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn read(text: &str, settings: &[String]) -> Result<Self, RecipeError> {
        Self::from_table(table(text)?, settings)
    }

    /// The same with other settings, which may change nothing of what is learnt from.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn with(&self, settings: &[String]) -> Result<Self, RecipeError> {
        let table = toml::Table::try_from(self).map_err(|error| RecipeError::Malformed(error.to_string()))?;
        let changed = Self::from_table(table, settings)?;
        let data = |recipe: &Self| {
            let Self { data, prepare, clean, encoder, parent, answer, seed, .. } = recipe.clone();
            (data, prepare, clean, encoder, parent, answer, seed)
        };
        match data(&changed) == data(self) {
            true => Ok(changed),
            false => Err(RecipeError::Malformed(
                "it may not change data, prepare, clean, encoder, parent, answer or seed".to_owned(),
            )),
        }
    }

    /// The same without the folders that its files lie in.
    pub(super) fn named(&self) -> Self {
        let mut recipe = self.clone();
        recipe.data.path = name_only(&self.data.path);
        recipe.data.sensitive_model = self.data.sensitive_model.as_deref().map(name_only);
        if let Some(encoder) = &mut recipe.encoder {
            encoder.path = name_only(&encoder.path);
        }
        if let Some(parent) = &mut recipe.parent {
            parent.path = name_only(&parent.path);
        }
        recipe
    }

    fn from_table(table: toml::Table, settings: &[String]) -> Result<Self, RecipeError> {
        let recipe: Self = settled(table, settings)?;
        recipe.check()?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), RecipeError> {
        let Self { data, prepare, clean, augment, encoder, search, train, gate, .. } = self;
        let rules: [(bool, &'static str, &'static str); 18] = [
            (self.seed < 1 << 63, "seed", "below 2^63"),
            ((0.01..=0.45).contains(&data.held_out), "data.held_out", "0.01 to 0.45"),
            ((8..=512).contains(&prepare.side), "prepare.side", "8 to 512"),
            ((1..=1024).contains(&self.model.width()), "model.width", "1 to 1024"),
            (
                encoder.is_some() == (self.model == Image::Linear {}),
                "model.architecture",
                "linear where there is an encoder, and something else where there is none",
            ),
            (
                encoder.as_ref().is_none_or(|encoder| encoder.deviation.iter().all(|&by| by > 0.0)),
                "encoder.deviation",
                "above 0",
            ),
            (search.candidates.len() <= 64, "search.candidates", "at most 64"),
            (search.epochs.is_none_or(|epochs| (1..=1000).contains(&epochs)), "search.epochs", "1 to 1000"),
            ((1..=10_000).contains(&train.epochs), "train.epochs", "1 to 10000"),
            ((2..=4096).contains(&train.batch), "train.batch", "2 to 4096"),
            ((1..=256).contains(&train.parts), "train.parts", "1 to 256"),
            (train.rate > 0.0 && train.rate <= 10.0, "train.rate", "above 0 to 10"),
            (train.offset_rate > 0.0 && train.offset_rate <= 100.0, "train.offset_rate", "above 0 to 100"),
            ((0.0..=0.5).contains(&train.smoothing), "train.smoothing", "0 to 0.5"),
            ((0.0..1.0).contains(&train.average), "train.average", "0 to below 1"),
            (train.clip >= 0.0, "train.clip", "0 or more"),
            (train.minutes >= 0.0, "train.minutes", "0 or more"),
            ((0.0..=1.0).contains(&gate.accuracy), "gate.accuracy", "0 to 1"),
        ];
        within(&rules)?;
        clean.check()?;
        augment.check(prepare.side).map_err(RecipeError::from)
    }
}

fn one() -> u64 {
    1
}

fn tenth() -> f64 {
    0.1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "task = 'image-classification'\n[data]\npath = 'x'\n[prepare]\nside = 32\n\
        [model]\narchitecture = 'residual'\nwidth = 8";

    #[test]
    fn settings_replace_the_file() {
        let read = |settings: &[&str]| {
            Recipe::read(TEXT, &settings.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
        };
        let plain = read(&[]).unwrap();
        assert_eq!((plain.seed, &plain.train), (1, &FitConfig::default()));
        let changed = read(&[
            "seed=7",
            "data.path=/some/where",
            "data.classes=['a', 'b']",
            "train.schedule={kind='cosine', warm_up=0.1}",
            "model={architecture='small', width=4}",
        ])
        .unwrap();
        assert_eq!((changed.seed, changed.data.path.to_str()), (7, Some("/some/where")));
        assert_eq!(changed.data.classes, ["a", "b"]);
        assert_eq!(changed.train.schedule, Schedule::Cosine { warm_up: 0.1 });
        assert_eq!(changed.model, Image::Small { width: 4 });
        fn refuse(result: Result<Recipe, RecipeError>, part: &str) {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        refuse(read(&["train.epochs=0"]), "train.epochs must be 1 to 10000");
        refuse(read(&["train.epoch=3"]), "unknown field `epoch`");
        refuse(read(&["train"]), "not like key=value");
        refuse(read(&["task.more=1"]), "task is no table");
        refuse(read(&["task=folding"]), "unknown variant `folding`");
        refuse(read(&["train.rate=nan"]), "train.rate");
        refuse(Recipe::read("task = ", &[]), "not a recipe");
    }
}
