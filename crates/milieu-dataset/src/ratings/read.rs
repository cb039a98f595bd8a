//! Readers for the public formats. A file may be there as it is or compressed as `NAME.gz`.

use super::{Rating, Ratings};
use flate2::read::MultiGzDecoder;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Why a data set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RatingsError {
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
        reason: String,
    },
}

/// Numbers foreign keys in the order they are first seen.
#[derive(Default)]
struct Numbering(HashMap<u64, u32>);

impl Numbering {
    fn number(&mut self, key: u64) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(key).or_insert(next)
    }
}

/// A pair that comes again adds to the first one's value and keeps the later time.
#[derive(Default)]
struct Collected {
    places: HashMap<(u32, u32), usize>,
    ratings: Vec<Rating>,
}

impl Collected {
    fn add(&mut self, rating: Rating) {
        match self.places.entry((rating.user, rating.item)) {
            std::collections::hash_map::Entry::Occupied(place) => {
                let kept = &mut self.ratings[*place.get()];
                kept.value += rating.value;
                kept.at = kept.at.max(rating.at);
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(self.ratings.len());
                self.ratings.push(rating);
            }
        }
    }
}

/// Reads `train.txt` and `test.txt` of a directory: a line is a user's number and the numbers of the
/// items, parted by blanks, as the LightGCN and NGCF repositories distribute their data.
///
/// # Errors
/// [`RatingsError`] for a file that is missing or a line that is not of the format.
pub fn lightgcn(directory: &Path) -> Result<Ratings, RatingsError> {
    let (mut users, mut items) = (0, 0);
    let mut read = |name: &str| {
        let mut collected = Collected::default();
        each_line(directory, name, |line| {
            let mut numbers = line.split_ascii_whitespace();
            let user: u32 = parse(numbers.next(), "user")?;
            users = users.max(user as usize + 1);
            for number in numbers {
                let item: u32 = parse(Some(number), "item")?;
                items = items.max(item as usize + 1);
                collected.add(Rating { user, item, value: 1.0, at: None });
            }
            Ok(())
        })?;
        Ok(collected.ratings)
    };
    let mut ratings = read("train.txt")?;
    let mut test = read("test.txt")?;
    for rating in ratings.iter_mut().chain(&mut test) {
        rating.value = 1.0;
    }
    Ok(Ratings { users, items, ratings, test: Some(test), ties: Vec::new() })
}

/// Reads `user_artists.dat` and, where it is there, `user_friends.dat` of the HetRec 2011 Last.fm set.
/// The value is the play count.
///
/// # Errors
/// [`RatingsError`] for a file that is missing or a line that is not of the format.
pub fn lastfm_hetrec(directory: &Path) -> Result<Ratings, RatingsError> {
    let (mut users, mut items) = (Numbering::default(), Numbering::default());
    let mut collected = Collected::default();
    each_row(directory, "user_artists.dat", |line| {
        let mut fields = line.split('\t');
        let user = users.number(parse(fields.next(), "userID")?);
        let item = items.number(parse(fields.next(), "artistID")?);
        let value = positive(parse(fields.next(), "weight")?)?;
        collected.add(Rating { user, item, value, at: None });
        Ok(())
    })?;
    let mut seen = HashSet::new();
    let mut ties = Vec::new();
    if locate(directory, "user_friends.dat").exists() {
        each_row(directory, "user_friends.dat", |line| {
            let mut fields = line.split('\t');
            let from = users.number(parse(fields.next(), "userID")?);
            let to = users.number(parse(fields.next(), "friendID")?);
            if from != to && seen.insert((from, to)) {
                ties.push((from, to));
            }
            Ok(())
        })?;
    }
    Ok(Ratings { users: users.0.len(), items: items.0.len(), ratings: collected.ratings, test: None, ties })
}

/// Reads `ratings.csv` of a MovieLens set: user, movie, stars, Unix seconds, with a header line.
///
/// # Errors
/// [`RatingsError`] for a file that is missing or a line that is not of the format.
pub fn movielens(directory: &Path) -> Result<Ratings, RatingsError> {
    let (mut users, mut items) = (Numbering::default(), Numbering::default());
    let mut collected = Collected::default();
    each_row(directory, "ratings.csv", |line| {
        let mut fields = line.split(',');
        let user = users.number(parse(fields.next(), "userId")?);
        let item = items.number(parse(fields.next(), "movieId")?);
        let value = positive(parse(fields.next(), "rating")?)?;
        let at = Some(parse(fields.next(), "timestamp")?);
        collected.add(Rating { user, item, value, at });
        Ok(())
    })?;
    Ok(Ratings {
        users: users.0.len(),
        items: items.0.len(),
        ratings: collected.ratings,
        test: None,
        ties: Vec::new(),
    })
}

/// The file as it is if it is there, else its compressed form.
fn locate(directory: &Path, name: &str) -> PathBuf {
    let plain = directory.join(name);
    if plain.exists() { plain } else { directory.join(format!("{name}.gz")) }
}

/// Like [`each_line`] without the header line.
fn each_row(
    directory: &Path,
    name: &str,
    mut take: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), RatingsError> {
    let mut header = true;
    each_line(directory, name, |line| if std::mem::take(&mut header) { Ok(()) } else { take(line) })
}

fn each_line(
    directory: &Path,
    name: &str,
    mut take: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), RatingsError> {
    let path = locate(directory, name);
    let failed = |source| RatingsError::Io { path: path.clone(), source };
    let file = File::open(&path).map_err(failed)?;
    let source: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "gz" => Box::new(MultiGzDecoder::new(file)),
        _ => Box::new(file),
    };
    for (number, line) in BufReader::new(source).lines().enumerate() {
        let line = line.map_err(failed)?;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        take(line).map_err(|reason| RatingsError::Line { path: path.clone(), line: number + 1, reason })?;
    }
    Ok(())
}

fn parse<T: std::str::FromStr>(field: Option<&str>, name: &str) -> Result<T, String> {
    let text = field.ok_or_else(|| format!("no {name}"))?.trim();
    text.parse().map_err(|_| format!("{name} is {text:?}, which is no number of its kind"))
}

fn positive(value: f32) -> Result<f32, String> {
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err(format!("{value} is not positive")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = File::create(directory.path().join(name)).unwrap();
            if name.ends_with(".gz") {
                let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
                encoder.write_all(text.as_bytes()).unwrap();
                encoder.finish().unwrap();
            } else {
                let mut file = file;
                file.write_all(text.as_bytes()).unwrap();
            }
        }
        directory
    }

    #[test]
    fn reads_lightgcn_compressed_and_plain() {
        let files = directory(&[("train.txt.gz", "0 1 2\n1 0\n2\n"), ("test.txt", "0 3\n")]);
        let data = lightgcn(files.path()).unwrap();
        assert_eq!((data.users, data.items, data.ratings.len()), (3, 4, 3));
        assert_eq!(data.test.unwrap(), vec![Rating { user: 0, item: 3, value: 1.0, at: None }]);
    }

    #[test]
    fn reads_lastfm_with_friends() {
        let files = directory(&[
            ("user_artists.dat", "userID\tartistID\tweight\n2\t51\t13\n2\t52\t1\n9\t51\t4\n"),
            ("user_friends.dat", "userID\tfriendID\n2\t9\n9\t2\n9\t2\n9\t9\n"),
        ]);
        let data = lastfm_hetrec(files.path()).unwrap();
        assert_eq!((data.users, data.items, data.ties), (2, 2, vec![(0, 1), (1, 0)]));
        assert_eq!(data.ratings[2], Rating { user: 1, item: 0, value: 4.0, at: None });
    }

    #[test]
    fn reads_movielens_and_names_the_bad_line() {
        let good = directory(&[("ratings.csv", "userId,movieId,rating,timestamp\n1,31,2.5,99\n")]);
        let expected = Rating { user: 0, item: 0, value: 2.5, at: Some(99) };
        assert_eq!(movielens(good.path()).unwrap().ratings, vec![expected]);
        let bad = directory(&[("ratings.csv", "h\n1,31,2.5,99\n1,32,NaN,99\n")]);
        let error = movielens(bad.path()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("NaN"), "{error}");
        assert!(matches!(movielens(Path::new("/nowhere")), Err(RatingsError::Io { .. })));
    }
}
