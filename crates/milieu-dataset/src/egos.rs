//! Ego networks with circles, as SNAP distributes those of McAuley & Leskovec (NIPS 2012).
//!
//! Four kinds of files belong to an ego of the name `E`: `E.edges` (two alters a line), `E.circles` (a name and its members),
//! `E.feat` (an alter, and a 0 or 1 for each property of the profile). `E.egofeat` and `E.featnames` are not needed. The ego
//! itself is in none of them.

use crate::{BadLines, SourceError, read_files};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::path::Path;

/// One ego's network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EgoNetwork {
    /// The ego.
    pub ego: String,
    /// Names of the alters, in the order in which they were met.
    pub alters: Vec<String>,
    /// Who of them knows whom, as the file says it.
    pub edges: Vec<(u32, u32)>,
    /// Properties of each alter's profile, ascending; the columns of the file.
    pub features: Vec<Vec<u32>>,
    /// The circles that the ego made: members ascending. Empty ones are left out.
    pub circles: Vec<Vec<u32>>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EgoNetworks {
    /// Networks with at least one edge or profile, ascending by the ego: by number where all are numbers.
    pub networks: Vec<EgoNetwork>,
    /// Lines that say nothing that can be kept, and files that are too large.
    pub bad: BadLines,
}

/// Reads every ego network of a folder or an archive.
///
/// # Errors
/// A folder, file or archive that cannot be read.
pub fn read(path: &Path) -> Result<EgoNetworks, SourceError> {
    // Profiles first, then ties, then circles: alters are numbered in that order.
    let mut files: BTreeMap<String, [Option<String>; 3]> = BTreeMap::new();
    let mut bad = BadLines::default();
    read_files(path, &mut |file| {
        let base = file.name.rsplit('/').next().unwrap_or_default();
        let Some((ego, kind)) = base.rsplit_once('.') else { return };
        let Some(place) = ["feat", "edges", "circles"].iter().position(|known| *known == kind) else {
            return;
        };
        if file.bytes.is_empty() && file.size > 0 {
            bad.push(&file.name, 0, "is too large".to_owned());
            return;
        }
        files.entry(ego.to_owned()).or_default()[place] =
            Some(String::from_utf8_lossy(&file.bytes).into_owned());
    })?;
    let mut networks = Vec::new();
    for (ego, [features, edges, circles]) in files {
        let mut reader = Reader::default();
        let parts: [(&str, Option<String>, Line); 3] = [
            ("feat", features, Reader::profile),
            ("edges", edges, Reader::edge),
            ("circles", circles, Reader::circle),
        ];
        for (kind, content, each) in parts {
            let file = format!("{ego}.{kind}");
            for (place, line) in content.as_deref().unwrap_or_default().lines().enumerate() {
                let fields: Vec<&str> = line.split_whitespace().collect();
                if fields.is_empty() {
                    continue;
                }
                if let Err(reason) = each(&mut reader, &fields) {
                    bad.push(&file, place as u64 + 1, reason);
                }
            }
        }
        let mut network = EgoNetwork { ego, ..reader.network };
        network.features.resize(network.alters.len(), Vec::new());
        if !network.alters.is_empty() {
            networks.push(network);
        }
    }
    networks.sort_by_key(|network| network.ego.parse::<u64>().unwrap_or(u64::MAX));
    Ok(EgoNetworks { networks, bad })
}

type Line = fn(&mut Reader, &[&str]) -> Result<(), String>;

#[derive(Default)]
struct Reader {
    network: EgoNetwork,
    numbers: FxHashMap<String, u32>,
}

impl Reader {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.network.alters.len() as u32;
        self.network.alters.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn profile(&mut self, fields: &[&str]) -> Result<(), String> {
        let Some((name, values)) = fields.split_first() else { return Ok(()) };
        if let Some(value) = values.iter().find(|value| !matches!(**value, "0" | "1")) {
            return Err(format!("{value:.20} is neither 0 nor 1"));
        }
        let alter = self.number(name) as usize;
        let having = (0..).zip(values).filter(|(_, value)| **value == "1").map(|(place, _)| place);
        self.network.features.resize(self.network.alters.len(), Vec::new());
        self.network.features[alter] = having.collect();
        Ok(())
    }

    fn edge(&mut self, fields: &[&str]) -> Result<(), String> {
        let &[from, to] = fields else { return Err(format!("has {} fields, not 2", fields.len())) };
        let edge = (self.number(from), self.number(to));
        if edge.0 != edge.1 {
            self.network.edges.push(edge);
        }
        Ok(())
    }

    fn circle(&mut self, fields: &[&str]) -> Result<(), String> {
        let mut members: Vec<u32> = fields.iter().skip(1).map(|name| self.number(name)).collect();
        members.sort_unstable();
        members.dedup();
        if members.is_empty() {
            return Err("is a circle of nobody".to_owned());
        }
        self.network.circles.push(members);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        write("10.edges", "a b\nb a\nb b\nlonely\n");
        write("10.feat", "b 0 1 1\nc 1 0 0\nd 2\n");
        write("10.circles", "school\tc\te\tc\n\nnobody\n");
        write("10.egofeat", "1 1 1");
        write("9.edges", "x y\n");
        write("8.circles", "");
        let found = read(folder.path()).unwrap();
        assert_eq!(
            found.networks,
            [
                EgoNetwork {
                    ego: "9".to_owned(),
                    alters: vec!["x".to_owned(), "y".to_owned()],
                    edges: vec![(0, 1)],
                    features: vec![vec![], vec![]],
                    circles: vec![],
                },
                EgoNetwork {
                    ego: "10".to_owned(),
                    alters: ["b", "c", "a", "e"].map(str::to_owned).to_vec(),
                    edges: vec![(2, 0), (0, 2)],
                    features: vec![vec![1, 2], vec![0], vec![], vec![]],
                    circles: vec![vec![1, 3]],
                },
            ]
        );
        let bad: Vec<_> = found.bad.first.iter().map(|bad| (bad.file.as_str(), bad.line)).collect();
        assert_eq!(bad, [("10.feat", 3), ("10.edges", 4), ("10.circles", 3)]);
    }
}
