//! Where labelled texts come from: one place, or several sources that know some of the labels each.

use super::recipe::DataConfig;
use super::run::TrainError;
use crate::parts::{Places, names};
use crate::settings::{RecipeError, within};
use milieu_dataset::tables::{PairConfig, TableConfig, TableFormat, read_pairs, read_table};
use milieu_dataset::{Examples, Part};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Texts of which some of the labels are known; of the others nothing is said. Its keys are written out beside those of
/// [`DataConfig`], since a structure that refuses unknown keys cannot take in another's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// As in [`DataConfig`], and so all to `names`; places are within `data.path` where that is set.
    pub path: Option<PathBuf>,
    /// The table that is learnt from.
    pub train: Option<PathBuf>,
    /// The table that is chosen by; a share of the training part where it is left out.
    pub validation: Option<PathBuf>,
    /// The table that is measured with; a share of the training part where it is left out.
    pub test: Option<PathBuf>,
    /// How tables are written.
    pub format: Option<TableFormat>,
    /// The names of the columns, where the first line does not say them.
    pub header: Vec<String>,
    /// The column of the text.
    pub text: String,
    /// The column of the source's class.
    pub label: String,
    /// What stands between the classes of a text that may have any number of them.
    pub separator: Option<char>,
    /// The columns of labels that a text has or has not, in place of `label`.
    pub columns: Vec<String>,
    /// The column of what a line is for.
    pub part: Option<String>,
    /// Whether `path` has files of texts beside files of labels.
    pub pairs: bool,
    /// A file of the names of the classes, within the folder of the data.
    pub names: Option<PathBuf>,
    /// The labels that are known here, each with the classes (or columns) of the source that mean yes; all others mean no.
    /// Where it is left out, they are the columns.
    pub knows: BTreeMap<String, Vec<String>>,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self::from(&DataConfig::default())
    }
}

impl From<&DataConfig> for SourceConfig {
    /// What the keys of `[data]` say, as a source.
    fn from(data: &DataConfig) -> Self {
        Self {
            path: data.path.clone(),
            train: data.train.clone(),
            validation: data.validation.clone(),
            test: data.test.clone(),
            format: data.format,
            header: data.header.clone(),
            text: data.text.clone(),
            label: data.label.clone(),
            separator: data.separator,
            columns: data.columns.clone(),
            part: data.part.clone(),
            pairs: data.pairs,
            names: data.names.clone(),
            knows: BTreeMap::new(),
        }
    }
}

impl SourceConfig {
    fn places(&self) -> Places<'_> {
        let Self { path, train, validation, test, .. } = self;
        Places { path, train, validation, test }
    }

    /// The same without the folders that its files lie in.
    pub(super) fn strip(&mut self) {
        let Self { path, train, validation, test, .. } = self;
        names([path, train, validation, test]);
    }

    /// The same with places within a folder.
    pub(super) fn within(mut self, folder: &Path) -> Self {
        let Self { path, train, validation, test, .. } = &mut self;
        [path, train, validation, test].into_iter().flatten().for_each(|path| *path = folder.join(&*path));
        self
    }

    /// Where it lies, for people.
    pub(super) fn place(&self) -> PathBuf {
        self.path.as_ref().or(self.train.as_ref()).cloned().unwrap_or_default()
    }

    /// Looks whether it can be read and knows something.
    pub(super) fn check(&self) -> Result<(), RecipeError> {
        let Self { columns, knows, .. } = self;
        let named = knows.iter().all(|(label, classes)| !label.trim().is_empty() && !classes.is_empty());
        within(&self.places().rules())?;
        within(&[
            (!self.pairs || self.path.is_some(), "data.sources.pairs", "beside its path"),
            (
                columns.is_empty() || (self.separator.is_none() && !self.pairs),
                "data.sources.columns",
                "without separator and pairs",
            ),
            (are_names(columns), "data.sources.columns", "names, each once"),
            (
                named && !(knows.is_empty() && columns.is_empty()),
                "data.sources.knows",
                "labels, each with the classes of the source that mean yes; it may be left out beside columns",
            ),
        ])
    }

    /// Its texts with its own classes, and with the parts that it says they are for.
    pub(super) fn examples(&self) -> Result<Examples<String>, TrainError> {
        let table = TableConfig {
            format: self.format,
            header: self.header.clone(),
            text: self.text.clone(),
            label: Some(self.label.clone()),
            columns: self.columns.clone(),
            separator: self.separator,
            part: self.part.clone(),
            names: self.names.clone(),
            ..TableConfig::default()
        };
        if let Some(path) = &self.path {
            let pairs =
                PairConfig { names: self.names.clone(), separator: self.separator, ..PairConfig::default() };
            return Ok(if self.pairs { read_pairs(path, &pairs)? } else { read_table(path, &table)? });
        }
        let read = |path: &Path| Ok::<_, TrainError>(read_table(path, &table)?);
        let all = self.places().each(read, |found| (found.examples.len(), &found.bad))?;
        let of_part = |(mut examples, part): (Examples<String>, Part)| {
            examples.examples.iter_mut().for_each(|example| example.part = Some(part));
            examples
        };
        Ok(joined(all.into_iter().map(of_part).collect()))
    }
}

/// Whether there is no empty name among them, and none twice.
pub(super) fn are_names(names: &[String]) -> bool {
    let all: BTreeSet<&String> = names.iter().filter(|name| !name.trim().is_empty()).collect();
    all.len() == names.len()
}

/// Examples of several files as one, with classes by their names; those of the first file come first.
pub(super) fn joined(all: Vec<Examples<String>>) -> Examples<String> {
    let mut out = Examples::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for examples in all {
        let numbers: Vec<usize> = examples
            .classes
            .iter()
            .map(|class| {
                *places.entry(class.clone()).or_insert_with(|| {
                    out.classes.push(class.clone());
                    out.classes.len() - 1
                })
            })
            .collect();
        out.bad.count += examples.bad.count;
        out.bad.first.extend(examples.bad.first);
        out.examples.extend(examples.examples.into_iter().map(|mut example| {
            let own = example.labels.iter_mut().chain(&mut example.untold);
            own.for_each(|label| *label = numbers[*label]);
            example
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_dataset::{BadLines, Labelled};

    #[test]
    fn classes_are_joined_by_name() {
        let file = |classes: &[&str]| Examples {
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            examples: (0..classes.len())
                .map(|label| Labelled {
                    name: String::new(),
                    labels: vec![label],
                    untold: vec![1 - label],
                    part: None,
                    group: None,
                    at: None,
                    value: classes[label].to_owned(),
                })
                .collect(),
            bad: BadLines::default(),
        };
        let found = joined(vec![file(&["b", "a"]), file(&["a", "c"])]);
        assert_eq!(found.classes, ["b", "a", "c"]);
        let right: Vec<(&str, usize, usize)> =
            found.examples.iter().map(|e| (e.value.as_str(), e.labels[0], e.untold[0])).collect();
        assert_eq!(right, [("b", 0, 1), ("a", 1, 0), ("a", 1, 2), ("c", 2, 1)]);
    }

    #[test]
    fn places_within_a_folder() {
        let source = SourceConfig {
            train: Some("a.csv".into()),
            test: Some("/b.csv".into()),
            ..SourceConfig::default()
        };
        let found = source.clone().within(Path::new("set"));
        assert_eq!((found.train, found.test), (Some("set/a.csv".into()), Some("/b.csv".into())));
        assert_eq!(source.clone().within(Path::new("")), source);
    }
}
