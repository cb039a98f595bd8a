//! Labelled examples of any kind: texts, recordings, pictures.

use serde::{Deserialize, Serialize};

/// Bad lines that are kept by name; more are counted.
const KEPT_BAD_LINES: usize = 1000;

/// Words of names of files and folders that say what the examples in them are for.
const PARTS: [(&str, Part); 8] = [
    ("train", Part::Train),
    ("training", Part::Train),
    ("val", Part::Validation),
    ("valid", Part::Validation),
    ("validation", Part::Validation),
    ("dev", Part::Validation),
    ("test", Part::Test),
    ("testing", Part::Test),
];

/// What an example is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose by.
    Validation,
    /// To measure with, once.
    Test,
}

impl Part {
    /// The part a word names: `train`, `training`, `val`, `valid`, `validation`, `dev`, `test`, `testing`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        PARTS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|&(_, part)| part)
    }

    /// The part a path names: by the first word of the file's name (`train_text.txt`, `dev.tsv`), else by the
    /// nearest folder that is such a word.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let mut names = path.rsplit('/');
        let file = names.next().unwrap_or_default();
        let word = file.split(['_', '.', '-', ' ']).next().unwrap_or_default();
        Self::of_word(word).or_else(|| names.find_map(Self::of_word))
    }

    /// Whether figures rest on it.
    #[must_use]
    pub fn measures(self) -> bool {
        matches!(self, Self::Validation | Self::Test)
    }
}

/// An example and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled<T> {
    /// Its file, and its line where the file has many.
    pub name: String,
    /// Its classes, numbers among [`Examples::classes`]: one for classification, any number for tags, none
    /// where nothing is known.
    pub labels: Vec<usize>,
    /// Of tags, the classes of which it is not known whether it has them; all that are in neither list it has not.
    pub untold: Vec<usize>,
    /// What the data says it is for.
    pub part: Option<Part>,
    /// Whose it is: a speaker, a user.
    pub group: Option<String>,
    /// When it was, in Unix milliseconds.
    pub at: Option<i64>,
    /// The example.
    pub value: T,
}

/// A line that is no example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// The path of its file.
    pub file: String,
    /// Its number, from 1; 0 where it is the whole file.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// Lines that are no examples: the first thousand by name, all in number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BadLines {
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub first: Vec<BadLine>,
}

impl BadLines {
    pub(crate) fn push(&mut self, file: &str, line: u64, reason: impl Into<String>) {
        self.count += 1;
        if self.first.len() < KEPT_BAD_LINES {
            self.first.push(BadLine { file: file.to_owned(), line, reason: reason.into() });
        }
    }
}

/// Labelled examples, and what could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples<T> {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The examples in the order of their files and lines.
    pub examples: Vec<Labelled<T>>,
    /// What could not be read.
    pub bad: BadLines,
}

impl<T> Default for Examples<T> {
    fn default() -> Self {
        Self { classes: Vec::new(), examples: Vec::new(), bad: BadLines::default() }
    }
}

/// What splits and cleaning look at, of an example of whatever kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts<'a> {
    /// Its class; the first of several.
    pub class: Option<usize>,
    /// What the data says it is for.
    pub part: Option<Part>,
    /// Whose it is.
    pub group: Option<&'a str>,
    /// When it was, in any unit.
    pub at: Option<i64>,
}

impl<T> Labelled<T> {
    /// What splits look at.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            class: self.labels.first().copied(),
            part: self.part,
            group: self.group.as_deref(),
            at: self.at,
        }
    }
}

impl<T> Examples<T> {
    /// What splits look at, of each example.
    #[must_use]
    pub fn facts(&self) -> Vec<Facts<'_>> {
        self.examples.iter().map(Labelled::facts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths() {
        fn check(path: &str, expected: Option<Part>) {
            assert_eq!(Part::of_path(path), expected, "{path}");
        }
        check("train_text.txt", Some(Part::Train));
        check("Dev.tsv.gz", Some(Part::Validation));
        check("a/TEST/b/x.csv", Some(Part::Test));
        check("test/train.csv", Some(Part::Train));
        check("testament.csv", None);
        check("labels.csv", None);
        check("", None);
    }
}
