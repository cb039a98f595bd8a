//! Files of texts beside files of labels, line by line.

use super::TableError;
use super::columns::{Row, split_labels};
use super::gather::Gather;
use super::lines::Lines;
use super::table::{class_names, unpacked};
use crate::examples::Examples;
use crate::files::open_files;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the files are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairConfig {
    /// What the names of files of texts end in, `.gz` apart.
    pub text: String,
    /// What those of their files of labels end in in its place.
    pub label: String,
    /// What stands between several labels; nothing: there is one.
    pub separator: Option<char>,
    /// A file of the names of the classes ([`super::read_class_names`]), within the folder of the data.
    pub names: Option<PathBuf>,
    /// Keep texts without a label.
    pub unlabelled: bool,
    /// The most bytes of text and labels that are kept in memory.
    pub most_bytes: u64,
}

impl Default for PairConfig {
    fn default() -> Self {
        Self {
            text: "_text.txt".to_owned(),
            label: "_labels.txt".to_owned(),
            separator: None,
            names: None,
            unlabelled: false,
            most_bytes: 1 << 30,
        }
    }
}

type Text = Vec<(u64, Result<String, String>)>;

/// Reads the pairs of files of a folder or archive; each may be packed with gzip (`.gz`). Blank lines count.
///
/// # Errors
/// [`TableError`]; what is wrong with single lines is in [`Examples::bad`].
pub fn read_pairs(path: &Path, config: &PairConfig) -> Result<Examples<String>, TableError> {
    let names = class_names(path, config.names.as_deref())?;
    let (mut texts, mut labels) = (BTreeMap::new(), BTreeMap::new());
    let mut bytes = 0;
    open_files(path, &mut |file| {
        let plain = file.name.trim_end_matches(".gz");
        let base = |ending: &str| {
            plain.strip_suffix(ending).filter(|base| base.is_empty() || is_apart(base, ending))
        };
        let files = match (base(&config.text), base(&config.label)) {
            (Some(base), _) => texts.entry(base.to_owned()),
            (None, Some(base)) => labels.entry(base.to_owned()),
            (None, None) => return Ok(()),
        };
        let mut lines = Text::new();
        for line in Lines::new(unpacked(&file.name, file.content)) {
            bytes += line.1.as_ref().map_or(0, String::len) as u64 + 1;
            if bytes > config.most_bytes {
                break;
            }
            lines.push(line);
        }
        let name = file.name.clone();
        files.or_insert((name, lines));
        Ok(())
    })?;
    if bytes > config.most_bytes {
        return Err(TableError::TooLarge { path: path.to_owned(), most: config.most_bytes });
    }
    if texts.is_empty() {
        let expected = format!("that ends in {}", config.text);
        return Err(TableError::NoFiles { path: path.to_owned(), expected });
    }
    let mut gather = Gather::new(&names, config.unlabelled, config.most_bytes);
    for (base, (name, text)) in texts {
        match labels.remove(&base) {
            Some((_, labels)) => pair(&mut gather, &name, text, labels, config.separator),
            None if config.unlabelled => pair(&mut gather, &name, text, Vec::new(), None),
            None => gather.bad().push(&name, 0, format!("has no file of labels {base}{}", config.label)),
        }
    }
    for (name, _) in labels.into_values() {
        gather.bad().push(&name, 0, "has no file of texts");
    }
    Ok(gather.finish())
}

/// Whether what is before an ending is a name's part of its own: `train/` before `label`, not `my` before it.
fn is_apart(base: &str, ending: &str) -> bool {
    !ending.starts_with(char::is_alphanumeric) || base.ends_with(|last: char| !last.is_alphanumeric())
}

fn pair(gather: &mut Gather<'_>, name: &str, text: Text, labels: Text, separator: Option<char>) {
    let most = text.len().max(labels.len());
    let (mut text, mut labels) = (text.into_iter(), labels.into_iter());
    for line in 1..=most as u64 {
        let row = match (text.next(), labels.next()) {
            (Some((_, text)), label) => text.and_then(|text| {
                let label = label.map_or(Ok(String::new()), |(_, label)| {
                    label.map_err(|reason| format!("its label {reason}"))
                })?;
                Ok(Row { text, labels: split_labels(&label, separator), ..Row::default() })
            }),
            (None, _) => Err("has a label and no text".to_owned()),
        };
        gather.add(name, line, row);
    }
}
