//! Where the parts of labelled texts are, by a recipe: all in one place, or each in a place of its own.

use crate::settings::name_only;
use milieu_dataset::split::{Parts, Shares, SplitError, SplitRule, split};
use milieu_dataset::{BadLines, Facts, Part};
use std::path::{Path, PathBuf};

/// The fewest texts of a part that figures can rest on.
const FEWEST: usize = 10;

/// Why texts have no parts.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// A place has no examples.
    #[error("there are no examples in {}{reason}", path.display())]
    Nothing {
        /// Which.
        path: PathBuf,
        /// What is wrong with its first line that is none, after a colon.
        reason: String,
    },
    /// They cannot be parted.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// There are too few.
    #[error("the {part} part has {count} texts; {fewest} are needed")]
    TooFew {
        /// Which part.
        part: &'static str,
        /// How many there are.
        count: usize,
        /// How many are needed.
        fewest: usize,
    },
}

/// What a recipe says of places: `data.path`, or `data.train` and perhaps `data.validation` and `data.test`.
pub(crate) struct Places<'a> {
    pub(crate) path: &'a Option<PathBuf>,
    pub(crate) train: &'a Option<PathBuf>,
    pub(crate) validation: &'a Option<PathBuf>,
    pub(crate) test: &'a Option<PathBuf>,
}

impl Places<'_> {
    /// What must hold of them, as [`within`](crate::settings::within) takes it.
    pub(crate) fn rules(&self) -> [(bool, &'static str, &'static str); 2] {
        let Self { path, train, validation, test } = self;
        [
            (
                path.is_some() != train.is_some(),
                "data.path",
                "set where data.train is not, and the other way round",
            ),
            (path.is_none() || (test.is_none() && validation.is_none()), "data.test", "beside data.train"),
        ]
    }

    /// What is read of each place that is for one part.
    pub(crate) fn each<T, E: From<PartsError>>(
        &self,
        read: impl Fn(&Path) -> Result<T, E>,
        examples: impl Fn(&T) -> (usize, &BadLines),
    ) -> Result<Vec<(T, Part)>, E> {
        let places =
            [(self.train, Part::Train), (self.validation, Part::Validation), (self.test, Part::Test)];
        let mut all = Vec::new();
        for (path, part) in places {
            let Some(path) = path else { continue };
            let found = read(path)?;
            let (count, bad) = examples(&found);
            if count == 0 {
                let reason = bad.first.first().map(|bad| format!(": {}", bad.reason)).unwrap_or_default();
                return Err(PartsError::Nothing { path: path.clone(), reason }.into());
            }
            all.push((found, part));
        }
        Ok(all)
    }
}

/// What must hold of the shares that are set aside, as [`within`](crate::settings::within) takes it.
pub(crate) fn set_aside(shares: Shares) -> [(bool, &'static str, &'static str); 2] {
    let range = 0.01..=0.45;
    [
        (range.contains(&shares.validation), "data.held_out", "0.01 to 0.45"),
        (range.contains(&shares.test), "data.measured", "0.01 to 0.45"),
    ]
}

/// The same paths without the folders that they lie in.
pub(crate) fn names<'p>(paths: impl IntoIterator<Item = &'p mut Option<PathBuf>>) {
    for path in paths {
        *path = path.as_deref().map(name_only);
    }
}

/// The parts of texts, by class, each with as many as figures need.
pub(crate) fn parted(facts: &[Facts<'_>], shares: Shares, seed: u64) -> Result<Parts, PartsError> {
    let parts = split(facts, shares, SplitRule::Stratified { seed })?;
    let named = [("training", &parts.train), ("validation", &parts.validation), ("test", &parts.test)];
    let few = named.into_iter().find(|(_, numbers)| numbers.len() < FEWEST);
    if let Some((part, numbers)) = few {
        return Err(PartsError::TooFew { part, count: numbers.len(), fewest: FEWEST });
    }
    Ok(parts)
}
