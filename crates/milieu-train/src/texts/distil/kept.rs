//! What a teacher said, in a file of the run.

use super::super::registered::Registered;
use super::TeacherError;
use crate::checkpoint::{self, CheckpointError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The name of the file.
const FILE: &str = "teacher";
/// Answers after which the file is written, so that a run that is cut off does not ask for all of them again.
const EACH: usize = 1 << 15;

/// Logits by the number of their text.
pub(super) struct Kept {
    folder: PathBuf,
    /// A number that another teacher does not have.
    teacher: u64,
    said: HashMap<u128, Vec<f32>>,
}

impl Kept {
    /// What was said by the teacher with this hash; nothing where the file is another's.
    pub(super) fn open(folder: &Path, teacher: &str) -> Result<Self, CheckpointError> {
        let teacher = xxh3_64(teacher.as_bytes());
        let said: Vec<(u128, Vec<f32>)> = match checkpoint::load_file(folder, FILE, teacher) {
            Ok(said) => said.unwrap_or_default(),
            Err(CheckpointError::OtherRun(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { folder: folder.to_owned(), teacher, said: said.into_iter().collect() })
    }

    /// What the teacher says of each text; it is asked about those alone that it said nothing of so far.
    pub(super) fn ask(
        &mut self,
        teacher: &mut Registered,
        texts: &[&str],
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<f32>>, TeacherError> {
        let numbers: Vec<u128> = texts.iter().map(|text| xxh3_128(text.as_bytes())).collect();
        let asked = numbers.iter().zip(texts).filter(|(number, _)| !self.said.contains_key(number));
        let (new, asked): (Vec<u128>, Vec<&str>) = asked.map(|(&number, &text)| (number, text)).unzip();
        let mut done = 0;
        for (numbers, texts) in new.chunks(EACH).zip(asked.chunks(EACH)) {
            let rows = teacher.rows(texts, &mut |some, _| {
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
        checkpoint::save_file(&self.folder, FILE, self.teacher, &said)
    }
}
