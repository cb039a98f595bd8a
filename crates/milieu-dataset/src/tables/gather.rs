//! Rows become examples, and labels become numbers.

use super::TableError;
use super::columns::Row;
use super::lines::Lines;
use crate::examples::{BadLines, Examples, Labelled, Part};
use crate::files::SourceError;
use crate::import::time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What a class is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassName {
    /// What stands for it in the data.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Reads the names of classes: lines of `id TAB name`, or of names alone, whose id is then their number from 0.
///
/// # Errors
/// [`TableError::Source`] for what cannot be read, or is no text.
pub fn read_class_names(path: &Path) -> Result<Vec<ClassName>, TableError> {
    let fault = |source| SourceError::Io { path: path.to_owned(), source };
    let mut names = Vec::new();
    for (_, line) in Lines::new(BufReader::new(File::open(path).map_err(fault)?)) {
        let line = line.map_err(|reason| fault(std::io::Error::other(reason)))?;
        let (id, name) = match line.split_once('\t') {
            Some((id, name)) => (id.trim().to_owned(), name.trim().to_owned()),
            None => (names.len().to_string(), line.trim().to_owned()),
        };
        if !name.is_empty() {
            names.push(ClassName { id, name });
        }
    }
    Ok(names)
}

/// Examples on the way.
pub(super) struct Gather<'a> {
    names: &'a [ClassName],
    /// The place of a class among the names, by id and by name.
    known: HashMap<&'a str, usize>,
    unlabelled: bool,
    most_bytes: u64,
    bytes: u64,
    /// With the labels it has and those of which nothing is said.
    found: Vec<(Labelled<String>, [Vec<String>; 2])>,
    bad: BadLines,
}

impl<'a> Gather<'a> {
    /// Labels must be among `names`, where there are any. `unlabelled` keeps examples without a label.
    pub(super) fn new(names: &'a [ClassName], unlabelled: bool, most_bytes: u64) -> Self {
        let mut known = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            known.entry(name.name.as_str()).or_insert(place);
        }
        known.extend(names.iter().enumerate().map(|(place, name)| (name.id.as_str(), place)));
        Self { names, known, unlabelled, most_bytes, bytes: 0, found: Vec::new(), bad: BadLines::default() }
    }

    /// Adds a row of a line, or notes why it is no example. False where there is too much text.
    pub(super) fn add(&mut self, file: &str, line: u64, row: Result<Row, String>) -> bool {
        match row.and_then(|row| self.example(file, line, row)) {
            Ok(found) => {
                self.bytes += found.0.value.len() as u64;
                self.found.push(found);
            }
            Err(reason) => self.bad.push(file, line, reason),
        }
        self.bytes <= self.most_bytes
    }

    fn example(
        &self,
        file: &str,
        line: u64,
        row: Row,
    ) -> Result<(Labelled<String>, [Vec<String>; 2]), String> {
        if row.text.trim().is_empty() {
            return Err("has no text".to_owned());
        }
        if row.labels.is_empty() && !row.denies && !self.unlabelled {
            return Err("has no label".to_owned());
        }
        if !self.names.is_empty()
            && let Some(label) = row.labels.iter().find(|label| !self.known.contains_key(label.as_str()))
        {
            return Err(format!("label {label:?} has no name"));
        }
        let part = match &row.part {
            Some(word) => Some(Part::of_word(word).ok_or_else(|| format!("{word:?} is not a part"))?),
            None => Part::of_path(file),
        };
        let at = row.time.as_deref().map(time::parse).transpose()?.map(|at| at.millis());
        let name = format!("{file}:{line}");
        let Row { text: value, labels, untold, group, .. } = row;
        let (none, nothing) = (Vec::new(), Vec::new());
        let example = Labelled { name, labels: none, untold: nothing, part, group, at, value };
        Ok((example, [labels, untold]))
    }

    /// The examples. Classes are in the order of their names' list, else in that of numbers where all are, else
    /// in that of the alphabet.
    pub(super) fn finish(self) -> Examples<String> {
        let Self { names, known, found, bad, .. } = self;
        let mut classes: Vec<String> = names.iter().map(|name| name.name.clone()).collect();
        if classes.is_empty() {
            let seen: BTreeSet<&String> = found.iter().flat_map(|(_, [labels, _])| labels).collect();
            classes = seen.into_iter().cloned().collect();
            if classes.iter().all(|class| class.parse::<i64>().is_ok()) {
                classes.sort_by_key(|class| class.parse::<i64>().unwrap_or_default());
            }
        }
        let places: HashMap<&str, usize> = if names.is_empty() {
            classes.iter().enumerate().map(|(place, class)| (class.as_str(), place)).collect()
        } else {
            known
        };
        let examples = found
            .into_iter()
            .map(|(example, said)| {
                let [labels, untold] = said.map(|labels| {
                    let mut numbers: Vec<usize> =
                        labels.iter().filter_map(|label| places.get(label.as_str()).copied()).collect();
                    let mut seen = BTreeSet::new();
                    numbers.retain(|&number| seen.insert(number));
                    numbers
                });
                Labelled { labels, untold, ..example }
            })
            .collect();
        Examples { classes, examples, bad }
    }

    pub(super) fn bad(&mut self) -> &mut BadLines {
        &mut self.bad
    }
}
