//! Recipes of every task from text, with settings that replace those of the file.

use milieu_dataset::RangeError;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A setting out of its range, or a recipe that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// It is no recipe.
    #[error("not a recipe: {0}")]
    Malformed(String),
    /// A setting is out of its range.
    #[error("{key} must be {range}")]
    Range {
        /// Which.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

impl From<RangeError> for RecipeError {
    fn from(error: RangeError) -> Self {
        Self::Range { key: error.key, range: error.range }
    }
}

/// The last part of a path: a version says what it was made from, and not where that lay.
pub(crate) fn name_only(path: &Path) -> PathBuf {
    path.file_name().map_or_else(|| path.to_owned(), PathBuf::from)
}

/// The table in a recipe's text.
pub(crate) fn table(text: &str) -> Result<toml::Table, RecipeError> {
    toml::from_str(text).map_err(|error| RecipeError::Malformed(error.to_string()))
}

/// A recipe from its table and settings like `train.epochs=3`.
pub(crate) fn settled<T: DeserializeOwned>(
    mut table: toml::Table,
    settings: &[String],
) -> Result<T, RecipeError> {
    let malformed = RecipeError::Malformed;
    for setting in settings {
        let (key, value) =
            setting.split_once('=').ok_or_else(|| malformed(format!("{setting:?} is not like key=value")))?;
        set(&mut table, key, value).map_err(malformed)?;
    }
    table.try_into().map_err(|error: toml::de::Error| malformed(error.message().to_owned()))
}

/// Fails with the first rule that is broken: whether it is kept, the setting, and its range.
pub(crate) fn within(rules: &[(bool, &'static str, &'static str)]) -> Result<(), RecipeError> {
    let fault = rules.iter().find(|rule| !rule.0);
    fault.map_or(Ok(()), |&(_, key, range)| Err(RecipeError::Range { key, range }))
}

/// Puts a value where a dotted key says; what is no TOML value is a string.
fn set(table: &mut toml::Table, key: &str, value: &str) -> Result<(), String> {
    let value = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut path: Vec<&str> = key.split('.').collect();
    let last = path.pop().unwrap_or_default();
    let mut at = table;
    for part in path {
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = next.as_table_mut().ok_or_else(|| format!("{key}: {part} is no table"))?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}
