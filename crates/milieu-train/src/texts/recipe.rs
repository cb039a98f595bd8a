//! A recipe: everything that decides what is learnt, in one file.

use super::data::Data;
use super::network::NetworkConfig;
use super::order::OrderConfig;
use super::sources::{SourceConfig, are_names};
use super::teacher::TeacherConfig;
use crate::classification::Threshold;
use crate::descent::Descent;
use crate::parts::{Places, names, set_aside};
use crate::settings::{RecipeError, name_only, settled, table, within};
use milieu_dataset::split::Shares;
use milieu_dataset::tables::TableFormat;
use milieu_text::Grams;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A recipe for a classifier of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is learnt: `text-classification`.
    pub task: Task,
    /// Decides every random choice.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is learnt from.
    pub data: DataConfig,
    /// The model, where there is neither an encoder nor a network.
    #[serde(default)]
    pub model: BagConfig,
    /// A published encoder that goes on learning, in place of the bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
    /// A network of characters, in place of the bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkConfig>,
    /// A classifier that says what the bag is to learn, beside the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherConfig>,
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
    /// One of several classes for each text, or any number of them.
    TextClassification,
}

/// Where the texts are: all in `path`, or each part in a file of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A table, or a folder or archive of them, whose names or column `part` say what is for what.
    pub path: Option<PathBuf>,
    /// The table that is learnt from.
    pub train: Option<PathBuf>,
    /// The table that is chosen by; a share of the training part where it is left out.
    pub validation: Option<PathBuf>,
    /// The table that is measured with; a share of the training part where it is left out.
    pub test: Option<PathBuf>,
    /// How tables are written; as the endings of their names say where it is left out.
    pub format: Option<TableFormat>,
    /// The names of the columns, where the first line does not say them.
    pub header: Vec<String>,
    /// The column of the text: its name, or `#2` for the second.
    pub text: String,
    /// The column of the label.
    pub label: String,
    /// What stands between the labels of a text that may have any number of them; without it each has one.
    pub separator: Option<char>,
    /// The columns of labels that a text has or has not, in place of `label`: `1`, `yes` or `true` in a cell say that it has,
    /// `0`, `no` or `false` that it has not. Of a label whose cell is empty nothing is learnt from the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The label of texts that are of no class. What is said to be of none is decided by a threshold then, from the
    /// validation part.
    pub unknown: Option<String>,
    /// The share of right answers to other texts that this threshold may cost, 0 to 1.
    pub unknown_cost: f64,
    /// The column of what a line is for.
    pub part: Option<String>,
    /// Whether `path` has files of texts beside files of labels (`X_text.txt`, `X_labels.txt`) and no tables.
    pub pairs: bool,
    /// A file of the names of the classes, within the folder of the data.
    pub names: Option<PathBuf>,
    /// The share of each class that is set aside for choosing, where the data names no such part; 0.01 to 0.45.
    pub held_out: f64,
    /// The share of each class that is set aside for measuring, where the data names no such part; 0.01 to 0.45.
    pub measured: f64,
    /// In the place of what says here where the texts are: sources that know some of the labels each. From its texts
    /// nothing is learnt of the labels that a source does not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceConfig>,
    /// Whether texts that come twice, or stand in a part that measures too, are left out of what is learnt from.
    pub clean: bool,
}

/// A bag of hashed n-grams: each has a vector, a text is the sum of its n-grams' over the root of their number,
/// and a matrix makes logits of it (Joulin et al. 2017, arXiv 1607.01759).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BagConfig {
    /// The length of a vector, 1 to 1024.
    pub width: usize,
    /// Whether what is negative in the vector of a text counts as nothing, so that its n-grams do not just add up (Iyyer et
    /// al. 2015, "Deep Unordered Composition Rivals Syntactic Methods").
    pub rectified: bool,
    /// Which n-grams.
    pub grams: Grams,
    /// Windows over the words in their order, beside the bag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderConfig>,
}

/// An encoder: a folder in the format of Hugging Face with `config.json`, `model.safetensors` and `tokenizer.json`, that
/// is trained end to end with a matrix over the mean of a text's tokens on top (Devlin et al. 2019); or a model of the
/// registry that gives vectors of texts, that stays as it is under a matrix that is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The folder; absent where `model` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// `NAME@VERSION` in the registry, or `NAME` for its live version; absent where `path` is set. It learns nothing, and
    /// each epoch is a step to a weaker penalty on the matrix, from 100 to 0.0001.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens of a text that are read, 8 to 8192; no more than the encoder has positions for.
    #[serde(default = "tokens")]
    pub tokens: usize,
    /// The share of the steps over which the rate rises, 0 to 1.
    #[serde(default = "warm_up")]
    pub warm_up: f64,
}

/// What the model is chosen by among epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The least log loss.
    #[default]
    LogLoss,
    /// The greatest accuracy.
    Accuracy,
    /// The greatest mean F1 of the classes.
    MacroF1,
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
    /// The share of a text's n-grams that is left out each time it is seen, of what windows over its words show, or of the values
    /// of an encoder or a network; 0 to below 1.
    pub dropout: f32,
    /// Label smoothing, 0 to 0.5; not used where texts have any number of labels.
    pub smoothing: f32,
    /// What the vectors of a step's n-grams, or all matrices of an encoder or a network, lose of themselves for each unit of the
    /// rate, 0 to 1.
    pub decay: f32,
    /// What the model is chosen by among epochs; of equal ones the latest is taken.
    pub choose: Choice,
    /// What the threshold of each label is chosen by, where texts have any number of them.
    pub threshold: Threshold,
    /// Epochs without a better validation after which training ends; 0 for never.
    pub patience: usize,
}

/// What the result has to reach to be good enough.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// The least accuracy on the test part.
    pub accuracy: f64,
    /// The least mean F1 of the classes on the test part.
    pub macro_f1: f64,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            path: None,
            train: None,
            validation: None,
            test: None,
            format: None,
            header: Vec::new(),
            text: "text".to_owned(),
            label: "label".to_owned(),
            separator: None,
            columns: Vec::new(),
            unknown: None,
            unknown_cost: 0.005,
            part: None,
            pairs: false,
            names: None,
            held_out: 0.1,
            measured: 0.1,
            sources: Vec::new(),
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

    /// Whether a text may have any number of labels; else it has one.
    pub(super) fn many(&self) -> bool {
        self.separator.is_some() || self.each_told()
    }

    /// Whether of each label for itself it is told whether a text has it, or it is not.
    pub(super) fn each_told(&self) -> bool {
        !self.columns.is_empty() || !self.sources.is_empty()
    }

    /// Whether nothing here says itself where the texts are and what their labels are.
    fn is_bare(&self) -> bool {
        let Self { train, validation, test, separator, columns, unknown, pairs, names, .. } = self;
        let places = [train, validation, test, names].iter().all(|path| path.is_none());
        places && separator.is_none() && columns.is_empty() && unknown.is_none() && !pairs
    }

    /// What is set aside where the data names no part.
    pub(super) fn shares(&self) -> Shares {
        Shares { validation: self.held_out, test: self.measured }
    }
}

impl Default for BagConfig {
    fn default() -> Self {
        Self { width: 32, rectified: false, grams: Grams::default(), order: None }
    }
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 12,
            batch: 32,
            rate: 0.1,
            dropout: 0.3,
            smoothing: 0.05,
            decay: 0.0,
            choose: Choice::LogLoss,
            threshold: Threshold::F1,
            patience: 4,
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
        recipe.data.sources.iter_mut().for_each(SourceConfig::strip);
        if let Some(encoder) = &mut recipe.encoder {
            encoder.path = encoder.path.as_deref().map(name_only);
        }
        if let Some(teacher) = &mut recipe.teacher {
            teacher.texts.iter_mut().for_each(|path| *path = name_only(path));
        }
        recipe
    }

    /// How a network goes down, whose rate rises over a share of the steps.
    pub(super) fn descent<'d>(&self, data: &'d Data, warm_up: f64, longest: f32) -> Descent<'d> {
        let FitConfig { epochs, batch, rate, .. } = self.train;
        Descent { seed: self.seed, train: &data.parts.train, epochs, batch, rate, warm_up, longest }
    }

    fn check(&self) -> Result<(), RecipeError> {
        let Self { data, model, train, gate, .. } = self;
        let grams = model.grams.check();
        let unit = 0.0..=1.0;
        let encoder = self.encoder.as_ref();
        if let Some(teacher) = &self.teacher {
            teacher.check(encoder.is_some() || self.network.is_some())?;
        }
        let rules: [(bool, &'static str, &'static str); 19] = [
            (
                encoder.is_none_or(|encoder| encoder.path.is_some() != encoder.model.is_some()),
                "encoder.path",
                "set where encoder.model is not, and the other way round",
            ),
            (self.seed < 1 << 63, "seed", "below 2^63"),
            (!data.pairs || data.path.is_some(), "data.pairs", "beside data.path"),
            (
                data.sources.is_empty() || data.is_bare(),
                "data.sources",
                "without data.train, data.pairs, data.names, data.separator, data.columns and data.unknown",
            ),
            (
                data.columns.is_empty()
                    || (data.separator.is_none() && data.unknown.is_none() && !data.pairs),
                "data.columns",
                "without data.separator, data.unknown and data.pairs",
            ),
            (are_names(&data.columns), "data.columns", "names, each once"),
            (unit.contains(&data.unknown_cost), "data.unknown_cost", "0 to 1"),
            (data.unknown.is_none() || data.separator.is_none(), "data.unknown", "without data.separator"),
            ((1..=1024).contains(&model.width), "model.width", "1 to 1024"),
            (encoder.is_none() || self.network.is_none(), "network", "without encoder"),
            (
                encoder.is_none_or(|encoder| (8..=8192).contains(&encoder.tokens)),
                "encoder.tokens",
                "8 to 8192",
            ),
            (encoder.is_none_or(|encoder| unit.contains(&encoder.warm_up)), "encoder.warm_up", "0 to 1"),
            ((1..=10_000).contains(&train.epochs), "train.epochs", "1 to 10000"),
            ((1..=65_536).contains(&train.batch), "train.batch", "1 to 65536"),
            (train.rate > 0.0 && train.rate <= 10.0, "train.rate", "above 0 to 10"),
            ((0.0..1.0).contains(&train.dropout), "train.dropout", "0 to below 1"),
            ((0.0..=0.5).contains(&train.smoothing), "train.smoothing", "0 to 0.5"),
            ((0.0..=1.0).contains(&train.decay), "train.decay", "0 to 1"),
            (unit.contains(&gate.accuracy) && unit.contains(&gate.macro_f1), "gate", "of shares from 0 to 1"),
        ];
        within(&set_aside(data.shares()))?;
        if data.sources.is_empty() {
            within(&data.places().rules())?;
        }
        within(&rules)?;
        data.sources.iter().try_for_each(SourceConfig::check)?;
        self.network.as_ref().map_or(Ok(()), NetworkConfig::check)?;
        model.order.as_ref().map_or(Ok(()), OrderConfig::check)?;
        grams.map_err(|error| RecipeError::Range { key: error.key, range: error.range })
    }
}

fn one() -> u64 {
    1
}

fn tokens() -> usize {
    128
}

fn warm_up() -> f64 {
    0.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_ranges() {
        let read = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
            Recipe::read("task = 'text-classification'\n[data]", &settings)
        };
        let recipe = read(&["data.train=a/b.csv", "data.text=body", "model.grams.words=3"]).unwrap();
        assert_eq!((recipe.data.text.as_str(), recipe.model.grams.words), ("body", 3));
        assert_eq!(recipe.named().data.train, Some(PathBuf::from("b.csv")));
        let recipe = read(&["data.sources=[{path='/srv/a', pairs=true, knows={hate=['yes']}}]"]).unwrap();
        let named = recipe.named().data.sources.remove(0);
        assert_eq!((named.path, named.knows["hate"].as_slice()), (Some("a".into()), &["yes".to_owned()][..]));
        assert_eq!(Recipe::read(&toml::to_string(&recipe).unwrap(), &[]).unwrap(), recipe);
        for (settings, part) in [
            (&["seed=1"][..], "data.path must be set"),
            (&["data.path=x", "data.train=y"], "data.path must be set"),
            (&["data.path=x", "data.test=y"], "data.test must be beside"),
            (&["data.train=x", "data.pairs=true"], "data.pairs must be beside"),
            (&["data.path=x", "train.threshold=auc"], "unknown variant"),
            (&["data.path=x", "train.rate=nan"], "train.rate must be above 0"),
            (&["data.path=x", "train.dropout=1"], "train.dropout"),
            (&["data.path=x", "model.grams.rows=10"], "rows must be 256"),
            (&["data.path=x", "model.grams.row=10"], "unknown field"),
            (&["data.path=x", "data.unknown_cost=2"], "data.unknown_cost must be 0 to 1"),
            (&["data.path=x", "data.unknown=oos", "data.separator=','"], "data.unknown must be without"),
            (&["data.path=x", "data.columns=['a', 'a']"], "data.columns must be names"),
            (&["data.path=x", "data.columns=['']"], "data.columns must be names"),
            (&["data.path=x", "data.columns=['a']", "data.separator=','"], "data.columns must be without"),
            (&["data.path=x", "data.columns=['a']", "data.unknown='a'"], "data.columns must be without"),
            (&["data.train=x", "data.sources=[{path='y', columns=['a']}]"], "data.sources must be without"),
            (&["data.columns=['a']", "data.sources=[{path='y', columns=['a']}]"], "data.sources must be"),
            (&["data.sources=[{path='y'}]"], "data.sources.knows must be labels"),
            (&["data.sources=[{path='y', knows={a=[]}}]"], "data.sources.knows must be labels"),
            (&["data.sources=[{path='y', train='z', columns=['a']}]"], "data.path must be set"),
            (&["data.sources=[{columns=['a']}]"], "data.path must be set"),
            (&["data.sources=[{train='y', pairs=true, knows={a=['b']}}]"], "data.sources.pairs"),
            (
                &["data.sources=[{path='y', pairs=true, columns=['a']}]"],
                "data.sources.columns must be without",
            ),
            (&["data.sources=[{path='y', columns=['a', 'a']}]"], "data.sources.columns must be names"),
            (&["data.sources=[{path='y', columns=['a'], clean=false}]"], "unknown field"),
            (&["data.path=x", "gate.accuracy=2"], "gate must be"),
            (&["data.path=x", "encoder.path=y", "encoder.tokens=7"], "encoder.tokens must be 8"),
            (&["data.path=x", "encoder.path=y", "encoder.warm_up=nan"], "encoder.warm_up"),
            (&["data.path=x", "encoder.tokens=9"], "encoder.path must be set"),
            (&["data.path=x", "encoder.path=y", "encoder.model=z"], "encoder.path must be set"),
            (&["data.path=x", "teacher.weight=1"], "teacher.model must be NAME"),
            (&["data.path=x", "teacher.model=x", "encoder.path=y"], "teacher must be without encoder"),
            (&["data.path=x", "teacher.model=x", "teacher.weight=2"], "teacher.weight must be 0 to 1"),
            (&["data.path=x", "teacher.model=x", "teacher.temperature=0"], "teacher.temperature must be 0.1"),
            (&["data.path=x", "teacher.model=x", "teacher.made=101"], "teacher.made must be 0 to 100"),
            (&["data.path=x", "teacher.model=x", "teacher.fragment=2"], "teacher.fragment"),
            (&["data.path=x", "teacher.model=x", "teacher.left_out=nan"], "teacher.left_out"),
            (
                &["data.path=x", "teacher.model=x", "teacher.left_out=0.6", "teacher.swapped=0.6"],
                "teacher.swapped",
            ),
            (&["data.path=x", "teacher.model=x", "teacher.joined=-1"], "teacher.joined"),
            (&["data.path=x", "encoder.path=y", "network.width=8"], "network must be without encoder"),
            (&["data.path=x", "teacher.model=x", "network.width=8"], "teacher must be without encoder"),
            (&["data.path=x", "network.width=0"], "network.width must be 1 to 1024"),
            (&["data.path=x", "network.filters=0"], "network.filters"),
            (&["data.path=x", "network.windows=[]"], "network.windows"),
            (&["data.path=x", "network.windows=[3, 4]"], "network.windows must be 1 to 8 odd"),
            (&["data.path=x", "network.windows=[17]"], "network.windows"),
            (&["data.path=x", "network.characters=1"], "network.characters"),
            (&["data.path=x", "network.fewest_characters=0"], "network.fewest_characters"),
            (&["data.path=x", "network.fewest_pairs=0"], "network.fewest_pairs"),
            (&["data.path=x", "network.token_dropout=1"], "network.token_dropout"),
            (&["data.path=x", "network.embedding_dropout=nan"], "network.embedding_dropout"),
            (&["data.path=x", "network.r_drop=-1"], "network.r_drop must be 0 to 100"),
            (&["data.path=x", "network.average=1"], "network.average"),
            (&["data.path=x", "network.warm_up=2"], "network.warm_up"),
            (&["data.path=x", "network.layers=2"], "unknown field"),
            (&["data.path=x", "model.order.rows=2"], "model.order.rows must be 256"),
            (&["data.path=x", "model.order.words=0"], "model.order.words"),
            (&["data.path=x", "model.order.width=0"], "model.order.width"),
            (&["data.path=x", "model.order.filters=0"], "model.order.filters"),
            (&["data.path=x", "model.order.windows=[2]"], "model.order.windows must be 1 to 8 odd"),
            (&["data.path=x", "model.order.token_dropout=1"], "model.order.token_dropout"),
            (&["data.path=x", "model.order.embedding_dropout=nan"], "model.order.embedding_dropout"),
            (&["data.path=x", "model.order.average=1"], "model.order.average"),
            (&["data.path=x", "model.order.warm_up=2"], "model.order.warm_up"),
        ] {
            let error = read(settings).unwrap_err().to_string();
            assert!(error.contains(part), "{settings:?}: {error}");
        }
    }
}
