//! Lists of edges as they are: between whom, how heavy, when.

mod row;

use crate::BadLines;
use crate::import::Format;
use crate::import::files::{Meter, read as unpacked};
use crate::import::lines::Chunks;
use milieu_types::Timestamp;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};

pub(crate) use row::{Row, Rows};

/// An edge of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Where it starts: a place in [`EdgeList::names`].
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Its weight, below 0 in signed networks; 1 where the list says none.
    pub weight: f32,
    /// When, where the list says so.
    pub at: Option<Timestamp>,
}

/// What a file of edges says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EdgeList {
    /// Names of the nodes, in the order in which they were met.
    pub names: Vec<String>,
    /// The edges in the order of the file, parallel ones as often as they stand there.
    pub edges: Vec<Link>,
    /// Edges from a node to itself, which are left out.
    pub loops: usize,
    /// Lines that say nothing that can be kept.
    pub bad: BadLines,
    /// Whether the list has weights.
    pub weighted: bool,
}

impl EdgeList {
    /// Whether every edge has a time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        !self.edges.is_empty() && self.edges.iter().all(|edge| edge.at.is_some())
    }

    /// Whether some edges have a weight below 0.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.edges.iter().any(|edge| edge.weight < 0.0)
    }

    fn take(&mut self, row: &Row<'_>, numbers: &mut FxHashMap<String, u32>) -> Result<(), String> {
        let weight = row.weight.unwrap_or(1.0);
        if !weight.is_finite() {
            return Err(format!("not a weight: {weight}"));
        }
        self.weighted |= row.weight.is_some();
        if row.source == row.target {
            self.loops += 1;
            return Ok(());
        }
        let mut number = |name: &str| match numbers.get(name) {
            Some(&number) => number,
            None => {
                let number = self.names.len() as u32;
                self.names.push(name.to_owned());
                numbers.insert(name.to_owned(), number);
                number
            }
        };
        let (from, to) = (number(row.source), number(row.target));
        self.edges.push(Link { from, to, weight, at: row.at });
        Ok(())
    }
}

/// A file that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {}", path.display())]
pub struct EdgesError {
    /// Which.
    pub path: PathBuf,
    /// Why not.
    pub source: std::io::Error,
}

/// Reads a file of edges, plain or gzip (known by its content): two to four columns, separated by tabs, commas, semicolons
/// or blanks: source, target, and in either order a weight and a time; comments begin with `#`, `%` or `//`; a
/// first line may name the columns. Without one, a third column of whole numbers from 100000000 on is a Unix time and any
/// other a weight; with four columns the third is the weight. Bad lines are in the answer and stop nothing.
///
/// # Errors
/// A file that cannot be opened.
pub fn read(path: &Path) -> Result<EdgeList, EdgesError> {
    let content =
        unpacked(path, &Meter::default()).map_err(|source| EdgesError { path: path.to_owned(), source })?;
    let file = path.display().to_string();
    let mut chunks = Chunks::new(content, Format::Edges);
    let (mut list, mut rows, mut numbers) = (EdgeList::default(), Rows::default(), FxHashMap::default());
    while let Some((line, text)) = chunks.next_chunk() {
        let taken = text.and_then(|text| match rows.read(text)? {
            Some(row) => list.take(&row, &mut numbers),
            None => Ok(()),
        });
        if let Err(reason) = taken {
            list.bad.push(&file, line, reason);
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn written(content: &str, packed: bool) -> EdgeList {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("edges.txt.gz");
        let mut file = std::fs::File::create(&path).unwrap();
        if packed {
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            encoder.write_all(content.as_bytes()).unwrap();
            encoder.finish().unwrap();
        } else {
            file.write_all(content.as_bytes()).unwrap();
        }
        read(&path).unwrap()
    }

    #[test]
    fn lists() {
        fn check(content: &str, edges: &[(&str, &str, f32, Option<i64>)], loops: usize, bad: &[u64]) {
            for packed in [false, true] {
                let list = written(content, packed);
                let found: Vec<_> = list
                    .edges
                    .iter()
                    .map(|link| {
                        let name = |node: u32| list.names[node as usize].as_str();
                        let at = link.at.map(|at| at.millis() / 1000);
                        (name(link.from), name(link.to), link.weight, at)
                    })
                    .collect();
                assert_eq!(found, edges, "{content}");
                assert_eq!(list.loops, loops);
                assert_eq!(list.bad.first.iter().map(|bad| bad.line).collect::<Vec<_>>(), bad);
            }
        }
        check("", &[], 0, &[]);
        check("# c\n1 2\n2 1\n3 3\n", &[("1", "2", 1.0, None), ("2", "1", 1.0, None)], 1, &[]);
        check(
            "6,2,4,1289241911.7\n6,5,-2,1289241941",
            &[("6", "2", 4.0, Some(1_289_241_911)), ("6", "5", -2.0, Some(1_289_241_941))],
            0,
            &[],
        );
        check(
            "src dst time\na b 1082040961\nlonely\na b nan\n",
            &[("a", "b", 1.0, Some(1_082_040_961))],
            0,
            &[3, 4],
        );
        check("a\tb\tinf\na\tc\t.5\n", &[("a", "c", 0.5, None)], 0, &[1]);
    }

    #[test]
    fn a_file_that_is_not_there() {
        assert!(
            read(Path::new("/nowhere/edges.txt")).unwrap_err().to_string().ends_with("/nowhere/edges.txt")
        );
    }
}
