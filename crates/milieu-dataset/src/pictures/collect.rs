//! Labelled pictures of one size, from files whose folders name their classes.

use super::screen::Screen;
use crate::dropped::{Dropped, Reason};
use crate::examples::{Facts, Part};
use crate::files::{SourceError, SourceFile, read_files};
use milieu_media::{DecodeLimits, Picture, Preparation, decode};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Files decoded together.
const BATCH: usize = 512;
/// Ends of names of pictures; other files are passed over.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "gif", "webp", "bmp"];

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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Collection {
    /// The names of the classes, in order.
    pub classes: Vec<String>,
    /// The pictures in the order of their files.
    pub pictures: Vec<Labelled>,
    /// Files that are no pictures, or none that can be used.
    pub dropped: Vec<Dropped>,
}

impl Collection {
    /// What splits and cleaning look at, of each picture.
    #[must_use]
    pub fn facts(&self) -> Vec<Facts<'_>> {
        let of =
            |picture: &Labelled| Facts { class: Some(picture.class), part: picture.part, ..Facts::default() };
        self.pictures.iter().map(of).collect()
    }
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
    collect_wanted(path, &Wanted { classes: only, most: 0, limits, screen: None }, preparation, progress)
}

/// Which pictures are collected.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The classes; all where there are none.
    pub classes: &'a [String],
    /// The most pictures of a class, those that are to measure apart, the first in the order of their files; 0
    /// for all.
    pub most: usize,
    /// What is refused.
    pub limits: DecodeLimits,
    /// What finds pictures sensitive, which are left out. It sees them in full size.
    pub screen: Option<&'a Screen<'a>>,
}

/// [`collect`] of some pictures only.
///
/// # Errors
/// [`CollectError`].
pub fn collect_wanted(
    path: &Path,
    wanted: &Wanted<'_>,
    preparation: &Preparation,
    progress: &mut dyn FnMut(usize),
) -> Result<Collection, CollectError> {
    let &Wanted { classes: only, most, limits, screen } = wanted;
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<(String, Labelled)> = Vec::new();
    let mut dropped = Vec::new();
    let mut waiting: Vec<(SourceFile, String, Option<Part>)> = Vec::new();
    let mut files = 0;
    let mut flush = |waiting: &mut Vec<(SourceFile, String, Option<Part>)>| {
        files += waiting.len();
        for (class, result) in prepare_all(std::mem::take(waiting), preparation, limits, screen) {
            match result {
                Ok(labelled) => found.push((class, labelled)),
                Err(fault) => dropped.push(fault),
            }
        }
        progress(files);
    };
    read_files(path, &mut |file| {
        let Some((class, part)) = label(&file.name) else { return };
        let is_measured = part.is_some_and(|part| part.measures());
        let count = taken.entry(class.clone()).or_default();
        let is_enough = most > 0 && !is_measured && *count >= most;
        if !is_enough && (only.is_empty() || only.contains(&class)) {
            *count += usize::from(!is_measured);
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
pub(super) fn label(name: &str) -> Option<(String, Option<Part>)> {
    let mut folders: Vec<&str> = name.split('/').collect();
    let file = folders.pop()?;
    let ending = file.rsplit_once('.')?.1.to_lowercase();
    if !ENDINGS.contains(&ending.as_str()) {
        return None;
    }
    let class = (*folders.last()?).to_owned();
    let part = folders.iter().rev().skip(1).find_map(|folder| Part::of_word(folder));
    Some((class, part))
}

/// The picture of a file that was read, or why it is none.
pub(super) fn picture(
    bytes: &[u8],
    size: u64,
    limits: DecodeLimits,
    screen: Option<&Screen<'_>>,
) -> Result<Picture, Reason> {
    if bytes.is_empty() && size > 0 {
        return Err(Reason::TooManyBytes { bytes: size });
    }
    let picture = decode(bytes, limits)?;
    screen.and_then(|screen| screen.judge(&picture)).map_or(Ok(picture), Err)
}

type Prepared = (String, Result<Labelled, Dropped>);

fn prepare_all(
    files: Vec<(SourceFile, String, Option<Part>)>,
    preparation: &Preparation,
    limits: DecodeLimits,
    screen: Option<&Screen<'_>>,
) -> Vec<Prepared> {
    use rayon::prelude::*;
    let one = |(file, class, part): (SourceFile, String, Option<Part>)| {
        let result = match picture(&file.bytes, file.size, limits, screen) {
            Ok(picture) => {
                Ok(Labelled { pixels: preparation.pixels(&picture), name: file.name, class: 0, part })
            }
            Err(reason) => Err(Dropped { name: file.name, reason }),
        };
        (class, result)
    };
    files.into_par_iter().map(one).collect()
}
