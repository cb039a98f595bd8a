//! What each user took, one thing after the other.

use flate2::read::MultiGzDecoder;
use rustc_hash::FxHashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 16 << 20;

/// Sequences of items, numbered from 0 in the order in which they are first seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemSequences {
    /// What each item is called in the data.
    pub items: Vec<String>,
    /// What each user is called in the data.
    pub users: Vec<String>,
    /// What each user took, oldest first.
    pub sequences: Vec<Vec<u32>>,
}

/// Why sequences could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SequencesError {
    /// The file is missing or unreadable.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not of the format.
    #[error("{} line {line}: {reason}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl ItemSequences {
    /// Reads a file whose lines are a user and what the user took in order of time, parted by blanks, as the
    /// S3-Rec repository distributes its data. Compressed with gzip where the name ends in `.gz`, or where
    /// only `NAME.gz` is there. Empty lines are passed over.
    ///
    /// # Errors
    /// [`SequencesError`] for a file that cannot be read, a line that is no text or longer than 16 MiB, and
    /// a user that comes twice.
    pub fn read(path: &Path) -> Result<Self, SequencesError> {
        let mut path = path.to_owned();
        if !path.exists() {
            let mut name = path.clone().into_os_string();
            name.push(".gz");
            if Path::new(&name).exists() {
                path = name.into();
            }
        }
        let fault = |source| SequencesError::Io { path: path.clone(), source };
        let file = BufReader::new(File::open(&path).map_err(fault)?);
        let compressed = path.extension().is_some_and(|extension| extension == "gz");
        let mut reader: Box<dyn BufRead> =
            if compressed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
        let (mut found, mut numbers) = (Self::default(), FxHashMap::default());
        let mut users = FxHashMap::default();
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(fault)?;
            if length == 0 {
                break;
            }
            let refuse = |reason| SequencesError::Line { path: path.clone(), line, reason };
            if length as u64 == LONGEST_LINE {
                return Err(refuse("it is too long"));
            }
            let text = std::str::from_utf8(&bytes).map_err(|_| refuse("it is not UTF-8"))?;
            let mut words = text.split_ascii_whitespace();
            let Some(user) = words.next() else { continue };
            if users.insert(user.to_owned(), line).is_some() {
                return Err(refuse("the user has a line already"));
            }
            found.users.push(user.to_owned());
            let mut sequence = Vec::new();
            for item in words {
                let number = match numbers.get(item) {
                    Some(&number) => number,
                    None => {
                        let number =
                            u32::try_from(found.items.len()).map_err(|_| refuse("too many items"))?;
                        numbers.insert(item.to_owned(), number);
                        found.items.push(item.to_owned());
                        number
                    }
                };
                sequence.push(number);
            }
            found.sequences.push(sequence);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    #[test]
    fn lines_become_sequences() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            ItemSequences::read(&folder.path().join(name))
        };
        let found = read("plain", b"7 a b a\n\n8\r\n9 c  b").unwrap();
        assert_eq!(
            (found.items, found.users),
            (vec!["a".into(), "b".into(), "c".into()], vec!["7".into(), "8".into(), "9".into()])
        );
        assert_eq!(found.sequences, [vec![0, 1, 0], vec![], vec![2, 1]]);
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"1 x y\n").unwrap();
        read("packed.gz", &packed.finish().unwrap()).unwrap();
        assert_eq!(ItemSequences::read(&folder.path().join("packed")).unwrap().sequences, [[0, 1]]);
        fn refuse(result: Result<ItemSequences, SequencesError>, part: &str) {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        refuse(read("twice", b"1 x\n1 y\n"), "line 2: the user has a line already");
        refuse(read("bytes", b"1 x\n2 \xff\n"), "line 2: it is not UTF-8");
        refuse(read("no.gz", b"1 x\n"), "no.gz");
        refuse(ItemSequences::read(&folder.path().join("absent")), "absent");
    }
}
