//! Labelled pictures of one size, from files whose folders name their classes.

use super::clean::{Dropped, Reason};
use super::decode::{DecodeLimits, decode};
use super::prepare::Preparation;
use super::source::{SourceError, SourceFile, read_files};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// Files decoded together.
const BATCH: usize = 512;
/// Folders that say what their pictures are for.
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
/// Ends of names of pictures; other files are passed over.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "gif", "webp", "bmp"];

/// What a picture is for.
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

/// A labelled picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The path of its file.
    pub name: String,
    /// Its class, a number among [`Collection::classes`].
    pub class: usize,
    /// What its folders say it is for.
    pub part: Option<Part>,
    /// `side x side x 3`.
    pub pixels: Vec<u8>,
}

/// Labelled pictures, and what was left out on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collection {
    /// The names of the classes, in order.
    pub classes: Vec<String>,
    /// The pictures in the order of their files.
    pub pictures: Vec<Labelled>,
    /// Files that are no pictures, or none that can be used.
    pub dropped: Vec<Dropped>,
}

/// Why there is no collection.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Files cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There are too few classes.
    #[error("{0} classes were found; pictures lie in folders named after their classes, and two are needed")]
    TooFewClasses(usize),
}

/// Reads, decodes and prepares every picture below `path`. Only classes of `only` are taken, where there are
/// any. `progress` is told after how many files.
///
/// # Errors
/// [`CollectError`].
pub fn collect(
    path: &Path,
    only: &[String],
    preparation: &Preparation,
    limits: DecodeLimits,
    progress: &mut dyn FnMut(usize),
) -> Result<Collection, CollectError> {
    let mut found: Vec<(String, Labelled)> = Vec::new();
    let mut dropped = Vec::new();
    let mut waiting: Vec<(SourceFile, String, Option<Part>)> = Vec::new();
    let mut files = 0;
    let mut flush = |waiting: &mut Vec<(SourceFile, String, Option<Part>)>| {
        files += waiting.len();
        for (class, result) in prepare_all(std::mem::take(waiting), preparation, limits) {
            match result {
                Ok(labelled) => found.push((class, labelled)),
                Err(fault) => dropped.push(fault),
            }
        }
        progress(files);
    };
    read_files(path, &mut |file| {
        let Some((class, part)) = label(&file.name) else { return };
        if only.is_empty() || only.contains(&class) {
            waiting.push((file, class, part));
        }
        if waiting.len() == BATCH {
            flush(&mut waiting);
        }
    })?;
    flush(&mut waiting);
    let classes: Vec<String> =
        found.iter().map(|(class, _)| class).collect::<BTreeSet<_>>().into_iter().cloned().collect();
    if classes.len() < 2 {
        return Err(CollectError::TooFewClasses(classes.len()));
    }
    let pictures = found
        .into_iter()
        .filter_map(|(class, picture)| {
            Some(Labelled { class: classes.binary_search(&class).ok()?, ..picture })
        })
        .collect();
    Ok(Collection { classes, pictures, dropped })
}

/// The class and part that a file's folders name; `None` for what is no picture.
fn label(name: &str) -> Option<(String, Option<Part>)> {
    let mut folders: Vec<&str> = name.split('/').collect();
    let file = folders.pop()?;
    let ending = file.rsplit_once('.')?.1.to_lowercase();
    if !ENDINGS.contains(&ending.as_str()) {
        return None;
    }
    let class = (*folders.last()?).to_owned();
    let part_of = |folder: &&str| PARTS.iter().find(|(name, _)| folder.eq_ignore_ascii_case(name));
    let part = folders.iter().rev().skip(1).find_map(part_of).map(|&(_, part)| part);
    Some((class, part))
}

type Prepared = (String, Result<Labelled, Dropped>);

fn prepare_all(
    files: Vec<(SourceFile, String, Option<Part>)>,
    preparation: &Preparation,
    limits: DecodeLimits,
) -> Vec<Prepared> {
    use rayon::prelude::*;
    let one = |(file, class, part): (SourceFile, String, Option<Part>)| {
        let result = if file.bytes.is_empty() && file.size > 0 {
            Err(Reason::TooManyBytes { bytes: file.size })
        } else {
            decode(&file.bytes, limits).map_err(Reason::from)
        };
        let result = match result {
            Ok(picture) => {
                Ok(Labelled { pixels: preparation.pixels(&picture), name: file.name, class: 0, part })
            }
            Err(reason) => Err(Dropped { name: file.name, reason }),
        };
        (class, result)
    };
    files.into_par_iter().map(one).collect()
}
