//! What is kept on disk.
//!
//! - `index`: format `u8`, the last record that was seen (`u64`, little endian), [`PeopleIndex`] in postcard
//! - `ties.json`: [`KeptModel`]
//!
//! Users are kept by their numbers in the world, which the log decides.

use crate::disk::replace;
use milieu_people::communities::PeopleIndex;
use milieu_people::ties::{FEATURES, Feature, TieModel};
use milieu_types::Seq;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FORMAT: u8 = 1;
const INDEX: &str = "index";
const MODEL: &str = "ties.json";

/// Coefficients of the strength of ties, learnt from an app's own log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptModel {
    /// Always 1.
    pub format: u8,
    /// By the name of each feature.
    pub coefficients: BTreeMap<String, f64>,
    /// See [`TieModel::strangers`].
    pub strangers: f64,
}

/// Why coefficients cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptModelError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no JSON of this shape.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It holds other features than this version has, another format, or what is no number.
    #[error("{} is of another version, or holds what is no number", .0.display())]
    Other(PathBuf),
}

impl From<&TieModel> for KeptModel {
    fn from(model: &TieModel) -> Self {
        let named = Feature::ALL.iter().map(|feature| feature.name().to_owned()).zip(model.coefficients);
        Self { format: FORMAT, coefficients: named.collect(), strangers: model.strangers }
    }
}

impl KeptModel {
    /// The model, where it has the features of this version.
    #[must_use]
    pub fn model(&self) -> Option<TieModel> {
        let mut coefficients = [0.0; FEATURES];
        for (feature, coefficient) in Feature::ALL.iter().zip(&mut coefficients) {
            *coefficient = *self.coefficients.get(feature.name())?;
        }
        let model = TieModel { coefficients, strangers: self.strangers };
        let is_ours = self.format == FORMAT && self.coefficients.len() == FEATURES;
        (is_ours && model.is_usable()).then_some(model)
    }

    /// Writes it where a server of this data directory finds it.
    ///
    /// # Errors
    /// [`KeptModelError`].
    pub fn write(&self, data: &Path) -> Result<PathBuf, KeptModelError> {
        let dir = people_dir(data);
        let path = dir.join(MODEL);
        let io = |source| KeptModelError::Io { path: path.clone(), source };
        let malformed = |source| KeptModelError::Malformed { path: path.clone(), source };
        fs::create_dir_all(&dir).map_err(io)?;
        let text = serde_json::to_vec_pretty(self).map_err(malformed)?;
        replace(&path, &text).map_err(io)?;
        Ok(path)
    }

    /// Reads that of a data directory; `None` where there is none.
    ///
    /// # Errors
    /// [`KeptModelError`].
    pub fn read(data: &Path) -> Result<Option<TieModel>, KeptModelError> {
        read(&people_dir(data))
    }
}

/// Where it is kept.
pub(super) fn people_dir(data: &Path) -> PathBuf {
    data.join("people")
}

fn read(dir: &Path) -> Result<Option<TieModel>, KeptModelError> {
    let path = dir.join(MODEL);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeptModelError::Io { path, source }),
    };
    let kept: Result<KeptModel, _> = serde_json::from_slice(&bytes);
    let kept = kept.map_err(|source| KeptModelError::Malformed { path: path.clone(), source })?;
    kept.model().map(Some).ok_or(KeptModelError::Other(path))
}

/// The learnt coefficients, where there are any that can be used.
pub(super) fn read_model(dir: &Path) -> Option<TieModel> {
    read(dir)
        .inspect_err(|error| tracing::error!(%error, "the learnt strength of ties cannot be used"))
        .ok()?
}

/// What was computed last, where it is of this log.
pub(super) fn read_index(dir: &Path, last: Seq) -> Option<PeopleIndex> {
    let bytes = fs::read(dir.join(INDEX)).ok()?;
    let (&format, rest) = bytes.split_first()?;
    let (seen, rest) = rest.split_first_chunk()?;
    if format != FORMAT || Seq::from_le_bytes(*seen) > last {
        return None;
    }
    postcard::from_bytes(rest)
        .inspect_err(|error| tracing::warn!(%error, "communities are computed anew"))
        .ok()
}

/// Keeps what was computed when the log ended at `seen`.
pub(super) fn write_index(dir: &Path, seen: Seq, index: &PeopleIndex) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut head = vec![FORMAT];
    head.extend(seen.to_le_bytes());
    let bytes = postcard::to_extend(index, head).map_err(io::Error::other)?;
    replace(&dir.join(INDEX), &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_people::communities::Edges;

    #[test]
    fn coefficients_are_kept_by_name() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(KeptModel::read(data.path()).unwrap(), None);
        let mut model = TieModel::default();
        model.coefficients[1] = 0.125;
        let path = KeptModel::from(&model).write(data.path()).unwrap();
        assert_eq!(KeptModel::read(data.path()).unwrap(), Some(model));
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [("\"Months\"", "\"Years\""), ("\"format\": 1", "\"format\": 2"), ("0.125", "true")]
        {
            assert!(text.contains(from));
            fs::write(&path, text.replace(from, to)).unwrap();
            assert!(KeptModel::read(data.path()).is_err(), "{to}");
            assert_eq!(read_model(&people_dir(data.path())), None);
        }
    }

    #[test]
    fn an_index_of_another_log_is_not_read() {
        let data = tempfile::tempdir().unwrap();
        let index = PeopleIndex::build(7, &Edges::default(), &[], &[], &PeopleIndex::default()).unwrap();
        assert_eq!(read_index(data.path(), 10), None);
        write_index(data.path(), 10, &index).unwrap();
        assert_eq!((read_index(data.path(), 10), read_index(data.path(), 9)), (Some(index), None));
        fs::write(data.path().join(INDEX), [FORMAT, 1]).unwrap();
        assert_eq!(read_index(data.path(), 10), None);
    }
}
