//! What a version says of itself.

use crate::RegistryError;
use milieu_types::{Seq, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The manifest format written now. Readers refuse newer ones.
pub const MANIFEST_FORMAT: u32 = 1;

/// The description of one published version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`] at the time of writing.
    pub format: u32,
    /// Which job the model does, such as `collaborative` or `ranker`.
    pub kind: String,
    /// 1 for the first version of its kind, then ascending.
    pub version: u32,
    /// When it was made, as the publisher says.
    pub created_at: Timestamp,
    /// Its files, in the order they were given.
    pub files: Vec<FileEntry>,
    /// Validation and test figures by name; finite.
    pub metrics: BTreeMap<String, f64>,
    /// What it learnt from.
    pub data: DataDescription,
    /// The version of the same kind it started from or was compared with, always an older one.
    pub parent: Option<u32>,
    /// The settings it was made with, as text.
    pub recipe: String,
    /// The version of the code that made it; empty where that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code_version: String,
    /// What only the users of the kind understand, a [`crate::ModelCard`] among it.
    #[serde(default)]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name inside the version's directory.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// What a model learnt from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DataDescription {
    /// The last record of the log that was read; 0 where the data is no log.
    pub last_seq: Seq,
    /// How much there was, by name: `records`, `users`, `items`, `interactions`, ...
    pub counts: BTreeMap<String, u64>,
    /// A hash of the data in hexadecimal, by which two runs can be told to have read the same.
    pub hash: String,
}

/// A version about to be published: a [`Manifest`] without what the registry adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// See [`Manifest::kind`]: 1 to 64 of `a-z`, `0-9`, `-`, `_`.
    pub kind: String,
    /// See [`Manifest::created_at`].
    pub created_at: Timestamp,
    /// Names (1 to 128 of ASCII letters, digits, `.`, `-`, `_`; no leading dot) and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// See [`Manifest::metrics`].
    pub metrics: BTreeMap<String, f64>,
    /// See [`Manifest::data`].
    pub data: DataDescription,
    /// See [`Manifest::parent`].
    pub parent: Option<u32>,
    /// See [`Manifest::recipe`].
    pub recipe: String,
    /// See [`Manifest::code_version`].
    pub code_version: String,
    /// See [`Manifest::attributes`].
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// The file that every version has and that lists the others.
pub(crate) const MANIFEST_FILE: &str = "manifest.json";

impl Draft {
    pub(crate) fn check(&self) -> Result<(), RegistryError> {
        kind_name(&self.kind)?;
        let invalid = |reason: String| Err(RegistryError::InvalidDraft { reason });
        for (at, (name, _)) in self.files.iter().enumerate() {
            file_name(name)?;
            if self.files[..at].iter().any(|(other, _)| other == name) {
                return invalid(format!("two files are called {name}"));
            }
        }
        match self.metrics.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => invalid(format!("the metric {name} is {value}")),
            None => Ok(()),
        }
    }

    pub(crate) fn manifest(&self, version: u32) -> Manifest {
        let entry = |(name, bytes): &(String, Vec<u8>)| FileEntry {
            name: name.clone(),
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
        };
        Manifest {
            format: MANIFEST_FORMAT,
            kind: self.kind.clone(),
            version,
            created_at: self.created_at,
            files: self.files.iter().map(entry).collect(),
            metrics: self.metrics.clone(),
            data: self.data.clone(),
            parent: self.parent,
            recipe: self.recipe.clone(),
            code_version: self.code_version.clone(),
            attributes: self.attributes.clone(),
        }
    }
}

pub(crate) fn kind_name(name: &str) -> Result<(), RegistryError> {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
    match (1..=64).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err(RegistryError::InvalidName { what: "kind", name: name.to_owned() }),
    }
}

pub(crate) fn file_name(name: &str) -> Result<(), RegistryError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let free = name != MANIFEST_FILE && !name.starts_with('.');
    match (1..=128).contains(&name.len()) && free && name.chars().all(fits) {
        true => Ok(()),
        false => Err(RegistryError::InvalidName { what: "file", name: name.to_owned() }),
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        fn check(name: &str, kind: bool, file: bool) {
            assert_eq!((kind_name(name).is_ok(), file_name(name).is_ok()), (kind, file), "{name:?}");
        }
        check("ranker", true, true);
        check("item-knn_2", true, true);
        check("model.onnx", false, true);
        check("Model", false, true);
        check("", false, false);
        check("..", false, false);
        check("a/b", false, false);
        check(".hidden", false, false);
        check("manifest.json", false, false);
        check(&"a".repeat(65), false, true);
        check(&"a".repeat(129), false, false);
    }

    #[test]
    fn sha256_of_the_standards_example() {
        // FIPS 180-4, the message "abc".
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
