//! What a model of the registry said of texts, in a file of the run.

use super::registered::{Registered, RegisteredError};
use crate::checkpoint::{self, CheckpointError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Answers after which the file is written, so that a run that is cut off does not ask for all of them again.
const EACH: usize = 1 << 15;

/// Rows of numbers by the number of their text.
pub(super) struct Kept {
    folder: PathBuf,
    file: &'static str,
    /// A number that another model does not have.
    model: u64,
    said: HashMap<u128, Vec<f32>>,
}

impl Kept {
    /// What this model said before, as the file tells; nothing where the file is another's.
    pub(super) fn open(
        folder: &Path,
        file: &'static str,
        model: &Registered,
    ) -> Result<Self, CheckpointError> {
        let model = xxh3_64(model.hash.as_bytes());
        let said: Vec<(u128, Vec<f32>)> = match checkpoint::load_file(folder, file, model) {
            Ok(said) => said.unwrap_or_default(),
            Err(CheckpointError::OtherRun(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { folder: folder.to_owned(), file, model, said: said.into_iter().collect() })
    }

    /// What the model says of each text; it is asked about those alone that it said nothing of so far.
    pub(super) fn ask(
        &mut self,
        model: &mut Registered,
        texts: &[&str],
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<f32>>, RegisteredError> {
        let numbers: Vec<u128> = texts.iter().map(|text| xxh3_128(text.as_bytes())).collect();
        let asked = numbers.iter().zip(texts).filter(|(number, _)| !self.said.contains_key(number));
        let (new, asked): (Vec<u128>, Vec<&str>) = asked.map(|(&number, &text)| (number, text)).unzip();
        let mut done = 0;
        for (numbers, texts) in new.chunks(EACH).zip(asked.chunks(EACH)) {
            let rows = model.rows(texts, &mut |some, _| {
                done += some.len();
                tell(done, asked.len());
            })?;
            self.said.extend(numbers.iter().copied().zip(rows));
            self.write()?;
        }
        Ok(numbers.iter().map(|number| self.said.get(number).cloned().unwrap_or_default()).collect())
    }

    fn write(&self) -> Result<(), CheckpointError> {
        let mut said: Vec<(&u128, &Vec<f32>)> = self.said.iter().collect();
        said.sort_unstable_by_key(|(number, _)| **number);
        checkpoint::save_file(&self.folder, self.file, self.model, &said)
    }
}
