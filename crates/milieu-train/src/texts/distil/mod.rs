//! Distillation: a classifier that has learnt says what a smaller one is to learn, by how sure it is of each class
//! (Hinton et al. 2015, arXiv 1503.02531), also of texts that nobody has labelled.

mod made;

use super::data::Data;
use super::kept::Kept;
use super::recipe::Recipe;
use super::registered::{Registered, RegisteredError};
use super::run::TrainError;
use super::teacher::TeacherConfig;
use crate::classification::{Figures, softmax};
use made::made;
use milieu_dataset::tables::{TableConfig, read_table};
use milieu_registry::{Preprocessing, Registry};
use milieu_text::Tokenizer;
use serde::Serialize;
use std::collections::HashSet;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Told apart from other uses of the seed.
const SALT: u64 = 0x7465_6163;

/// Why a teacher cannot teach.
#[derive(Debug, thiserror::Error)]
pub enum TeacherError {
    /// It cannot be used.
    #[error("the teacher: {0}")]
    Registered(#[from] RegisteredError),
    /// Its classes are others.
    #[error("the teacher {name} has the classes {theirs:?}, the data {ours:?}")]
    Classes {
        /// The teacher.
        name: String,
        /// Its classes.
        theirs: Vec<String>,
        /// Those of the data.
        ours: Vec<String>,
    },
}

/// What a teacher says of all that is learnt from.
pub(super) struct Lessons {
    /// `NAME@VERSION` of the teacher.
    pub(super) teacher: String,
    /// Shares of the classes of each text of the data, by its number.
    pub(super) shares: Vec<Vec<f32>>,
    /// Texts without labels, with their shares.
    pub(super) more: Vec<(String, Vec<f32>)>,
    /// A number of the teacher and of all its answers.
    pub(super) hash: u64,
}

/// What came of a teacher.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distillation {
    /// `NAME@VERSION` of the teacher.
    pub teacher: String,
    /// Texts without labels that it labelled.
    pub more: usize,
    /// Its share of right answers on the test part.
    pub teacher_accuracy: f64,
    /// The share of the test part on which both say the same.
    pub agreement: f64,
    /// The same recipe without a teacher, on the test part.
    pub alone: Figures,
}

impl Lessons {
    /// Asks the teacher about all texts. What it says is kept in the folder, so that it is asked once. `tell` hears how
    /// many it has answered, of how many.
    pub(super) fn new(
        (recipe, config): (&Recipe, &TeacherConfig),
        data: &Data,
        folder: &Path,
        registry: Option<&Registry>,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, TrainError> {
        let mut teacher = Registered::open(registry, &config.model).map_err(TeacherError::from)?;
        let order = order(&teacher, data)?;
        let words = if config.words { words(&teacher)? } else { Vec::new() };
        let more = more(recipe, config, data, words)?;
        let texts: Vec<&str> = data.texts.iter().chain(&more).map(String::as_str).collect();
        let ask = |teacher: &mut Registered, tell| -> Result<_, RegisteredError> {
            Kept::open(folder, "teacher", teacher)?.ask(teacher, &texts, tell)
        };
        let logits = ask(&mut teacher, tell).map_err(TeacherError::from)?;
        let classes = data.classes.len();
        let shares = |row: &Vec<f32>| shares(row, &order, config.temperature, data.many, classes);
        let mut all: Vec<Vec<f32>> = logits.iter().map(shares).collect();
        let bytes: Vec<u8> = all.iter().flatten().flat_map(|share| share.to_le_bytes()).collect();
        let later = all.split_off(data.texts.len());
        let more = more.into_iter().zip(later).filter(|(_, shares)| !shares.is_empty()).collect();
        Ok(Self { teacher: teacher.name, shares: all, more, hash: xxh3_64(&bytes) })
    }

    /// What is wanted of a text: what the teacher says, and what its label says; the teacher alone where that is not known.
    pub(super) fn mixed(&self, at: usize, weight: f32, label: Vec<f32>) -> Vec<f32> {
        let said = self.shares.get(at).map(Vec::as_slice).unwrap_or_default();
        if said.len() != label.len() {
            return label;
        }
        let mix = |(label, said): (&f32, &f32)| {
            if label.is_nan() { *said } else { label + weight * (said - label) }
        };
        label.iter().zip(said).map(mix).collect()
    }

    /// The share of some texts on which the teacher is right, and on which it says what logits say; in the classes of which
    /// it is known.
    pub(super) fn compared(&self, data: &Data, numbers: &[usize], logits: &[f32]) -> (f64, f64) {
        let count = numbers.len().max(1) as f64;
        let (mut right, mut same) = (0, 0);
        for (&at, row) in numbers.iter().zip(logits.chunks_exact(data.classes.len().max(1))) {
            let said = &self.shares[at];
            let places = |shares: &[f32], line: f32| -> Vec<usize> {
                let told = (0..shares.len()).filter(|place| !data.untold[at].contains(place));
                told.filter(|&place| shares[place] >= line).collect()
            };
            let (theirs, ours) =
                if data.many { (places(said, 0.5), places(row, 0.0)) } else { (largest(said), largest(row)) };
            let answered = !said.is_empty();
            right += usize::from(answered && theirs == data.right[at]);
            same += usize::from(answered && theirs == ours);
        }
        (right as f64 / count, same as f64 / count)
    }
}

/// The place of the largest, the first where several are.
fn largest(row: &[f32]) -> Vec<usize> {
    let better = |best: usize, (place, x): (usize, &f32)| if *x > row[best] { place } else { best };
    vec![row.iter().enumerate().fold(0, better)]
}

/// Which of the teacher's classes is each of the data's.
fn order(teacher: &Registered, data: &Data) -> Result<Vec<usize>, TeacherError> {
    let theirs = &teacher.card.labels;
    let place = |class: &String| theirs.iter().position(|label| label == class);
    let order: Option<Vec<usize>> = data.classes.iter().map(place).collect();
    order.filter(|order| order.len() == theirs.len()).ok_or_else(|| TeacherError::Classes {
        name: teacher.name.clone(),
        theirs: theirs.clone(),
        ours: data.classes.clone(),
    })
}

/// Logits as shares of the data's classes.
fn shares(row: &[f32], order: &[usize], temperature: f32, many: bool, classes: usize) -> Vec<f32> {
    let sorted: Vec<f32> = order.iter().filter_map(|&place| row.get(place).copied()).collect();
    if sorted.len() != classes {
        return Vec::new();
    }
    if many {
        return sorted.iter().map(|logit| 1.0 / (1.0 + (-logit / temperature).exp())).collect();
    }
    softmax(&sorted, f64::from(temperature)).into_iter().map(|share| share as f32).collect()
}

/// The words that the teacher knows.
fn words(teacher: &Registered) -> Result<Vec<String>, TeacherError> {
    let misfit =
        |reason: String| TeacherError::from(RegisteredError::Misfit { name: teacher.name.clone(), reason });
    let Some(Preprocessing::Text(text)) = &teacher.card.preprocessing else {
        return Err(misfit("it has no vocabulary to take words from".to_owned()));
    };
    let json = teacher.files.get(&text.tokenizer).map(Vec::as_slice).unwrap_or_default();
    let tokenizer = Tokenizer::new(json, text.maximum_tokens as usize);
    Ok(tokenizer.map_err(|error| misfit(error.to_string()))?.words())
}

/// Texts without labels: of the files that the recipe names, words, and made from those that are learnt from. None stands
/// in the data.
fn more(
    recipe: &Recipe,
    config: &TeacherConfig,
    data: &Data,
    words: Vec<String>,
) -> Result<Vec<String>, TrainError> {
    let mut known: HashSet<&str> = data.texts.iter().map(String::as_str).collect();
    let table = TableConfig {
        format: recipe.data.format,
        header: recipe.data.header.clone(),
        text: recipe.data.text.clone(),
        label: None,
        unlabelled: true,
        ..TableConfig::default()
    };
    let mut found = Vec::new();
    for path in &config.texts {
        found.extend(read_table(path, &table)?.examples.into_iter().map(|example| example.value));
    }
    let made = if config.made > 0 {
        let train = data.parts.train.iter().map(|&at| data.texts[at].as_str());
        let all: Vec<&str> = train.chain(found.iter().map(String::as_str)).collect();
        made(&all, config, recipe.seed ^ SALT)
    } else {
        Vec::new()
    };
    found.extend(words);
    found.extend(made);
    let keep: Vec<bool> = found.iter().map(|text| known.insert(text)).collect();
    drop(known);
    let most = if config.most == 0 { usize::MAX } else { config.most };
    let kept = found.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(text, _)| text);
    Ok(kept.take(most).collect())
}
