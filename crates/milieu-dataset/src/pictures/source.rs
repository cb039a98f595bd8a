//! Labelled pictures that stay where they are and are decoded when they are asked for: for data that does not
//! fit in memory.

use super::clean::CleaningConfig;
use super::collect::{CollectError, label, picture};
use super::hash::fingerprint;
use super::screen::Classifier;
use crate::dropped::{Dropped, Reason};
use crate::duplicates::{Fingerprint, sift};
use crate::examples::{Facts, Part};
use crate::files::{MOST_BYTES, Place, open_files, take};
use milieu_media::{DecodeLimits, Picture, Preparation};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Pictures looked at between two words of progress.
const BATCH: usize = 512;

/// Where a labelled picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path of its file.
    pub name: String,
    /// Its class, a number among [`Source::classes`].
    pub class: usize,
    /// What its folders say it is for.
    pub part: Option<Part>,
    /// Where its bytes are. Those of archives that are compressed as a whole (`.tar.gz`, `.tar.xz`) are in
    /// memory, still encoded.
    pub place: Place,
}

/// Labelled pictures in files and archives, which must not change while they are read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Source {
    /// The names of the classes, in order.
    pub classes: Vec<String>,
    /// The pictures in the order of their files.
    pub entries: Vec<Entry>,
    /// Files that cannot be used.
    pub dropped: Vec<Dropped>,
}

impl Source {
    /// Finds every picture below `path`, without decoding any. Only classes of `only` are taken, where there
    /// are any.
    ///
    /// # Errors
    /// [`CollectError`].
    pub fn scan(path: &Path, only: &[String]) -> Result<Self, CollectError> {
        let mut found: Vec<(String, Entry)> = Vec::new();
        let mut dropped = Vec::new();
        open_files(path, &mut |mut file| {
            let Some((class, part)) = label(&file.name) else { return Ok(()) };
            if !only.is_empty() && !only.contains(&class) {
                return Ok(());
            }
            let name = file.name.clone();
            if file.size > MOST_BYTES {
                dropped.push(Dropped { name, reason: Reason::TooManyBytes { bytes: file.size } });
                return Ok(());
            }
            let place = match file.place.take() {
                Some(place) => place,
                None => Place::Memory(take(file)?.bytes.into()),
            };
            found.push((class, Entry { name, class: 0, part, place }));
            Ok(())
        })?;
        let classes: BTreeSet<String> = found.iter().map(|(class, _)| class.clone()).collect();
        let classes: Vec<String> = classes.into_iter().collect();
        if classes.len() < 2 {
            return Err(CollectError::TooFewClasses(classes.len()));
        }
        let number = |class: &String| classes.binary_search(class).unwrap_or_default();
        let entries =
            found.into_iter().map(|(class, entry)| Entry { class: number(&class), ..entry }).collect();
        Ok(Self { classes, entries, dropped })
    }

    /// Decodes a picture.
    ///
    /// # Errors
    /// The [`Reason`] why it cannot be used.
    pub fn picture(&self, number: usize, limits: DecodeLimits) -> Result<Picture, Reason> {
        picture(&self.read(number)?, 0, limits, None)
    }

    /// Decodes and prepares a picture: `side x side x 3` bytes.
    ///
    /// # Errors
    /// The [`Reason`] why it cannot be used.
    pub fn pixels(
        &self,
        number: usize,
        preparation: &Preparation,
        limits: DecodeLimits,
    ) -> Result<Vec<u8>, Reason> {
        Ok(preparation.pixels(&self.picture(number, limits)?))
    }

    /// What splits and cleaning look at, of each picture.
    #[must_use]
    pub fn facts(&self) -> Vec<Facts<'_>> {
        let of = |entry: &Entry| Facts { class: Some(entry.class), part: entry.part, ..Facts::default() };
        self.entries.iter().map(of).collect()
    }

    /// Decodes every picture once, leaves out what cannot be used, what is sensitive and what there is twice,
    /// as `config` says, and notes it. Only fingerprints are kept in memory. `progress` is told after how many
    /// pictures.
    pub fn clean(
        &mut self,
        preparation: &Preparation,
        limits: DecodeLimits,
        config: CleaningConfig,
        classifier: Option<Classifier<'_>>,
        progress: &mut dyn FnMut(usize),
    ) {
        let screen = config.screen(classifier);
        let mut prints: Vec<Result<Fingerprint, Reason>> = Vec::with_capacity(self.entries.len());
        let look = |number: usize| {
            let found = picture(&self.read(number)?, 0, limits, Some(&screen))?;
            Ok(fingerprint(&preparation.pixels(&found), preparation.side.max(1)))
        };
        while prints.len() < self.entries.len() {
            let end = (prints.len() + BATCH).min(self.entries.len());
            prints.par_extend((prints.len()..end).into_par_iter().map(look));
            progress(end);
        }
        let mut usable = Vec::new();
        let reasons = prints
            .into_iter()
            .map(|print| match print {
                Ok(print) => {
                    usable.push(print);
                    None
                }
                Err(reason) => Some(reason),
            })
            .collect();
        sift(&mut self.entries, reasons, |entry| entry.name.clone(), &mut self.dropped);
        let reasons = config.judge(&usable, &self.facts(), &|number| self.entries[number].name.clone());
        sift(&mut self.entries, reasons, |entry| entry.name.clone(), &mut self.dropped);
    }

    fn read(&self, number: usize) -> Result<Vec<u8>, Reason> {
        let unreadable = |error: io::Error| Reason::Unreadable { message: error.to_string() };
        let missing = || unreadable(io::ErrorKind::NotFound.into());
        self.entries.get(number).ok_or_else(missing)?.place.read().map_err(unreadable)
    }
}
