//! Where a version comes from, and what came of it.

use crate::{Registry, RegistryError, Stage};
use milieu_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A version in a lineage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relative {
    /// Its number.
    pub version: u32,
    /// Where it stands.
    pub stage: Stage,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its figures.
    pub metrics: BTreeMap<String, f64>,
}

/// Why a chain of parents goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end", content = "version")]
pub enum LineageEnd {
    /// The last one has no parent.
    Origin,
    /// This parent is not there any more.
    Missing(u32),
    /// This parent's manifest cannot be read.
    Damaged(u32),
    /// This parent stands in the chain already; the registry never writes that.
    Cycle(u32),
}

/// The relatives of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// Its parent, the parent's parent and so on.
    pub ancestors: Vec<Relative>,
    /// Why they end.
    pub end: LineageEnd,
    /// The versions that name it as their parent, oldest first.
    pub children: Vec<Relative>,
}

impl Registry {
    /// The chain of parents of a version, and its children. Damaged and missing relatives end the chain and
    /// are no error.
    ///
    /// # Errors
    /// As [`Registry::manifest`] for the version itself.
    pub fn lineage(&self, kind: &str, version: u32) -> Result<Lineage, RegistryError> {
        let own = self.manifest(kind, version)?;
        let listed = self.list(kind)?;
        let known: BTreeMap<u32, (Option<u32>, Option<Relative>)> = listed
            .into_iter()
            .map(|line| match line.manifest {
                Ok(manifest) => {
                    let relative = Relative {
                        version: line.version,
                        stage: line.stage,
                        created_at: manifest.created_at,
                        metrics: manifest.metrics,
                    };
                    (line.version, (manifest.parent, Some(relative)))
                }
                Err(_) => (line.version, (None, None)),
            })
            .collect();
        let mut seen = BTreeSet::from([version]);
        let mut ancestors = Vec::new();
        let mut next = own.parent;
        let end = loop {
            let Some(parent) = next else { break LineageEnd::Origin };
            if !seen.insert(parent) {
                break LineageEnd::Cycle(parent);
            }
            match known.get(&parent) {
                None => break LineageEnd::Missing(parent),
                Some((_, None)) => break LineageEnd::Damaged(parent),
                Some((grandparent, Some(relative))) => {
                    ancestors.push(relative.clone());
                    next = *grandparent;
                }
            }
        };
        let children = known
            .into_values()
            .filter(|(parent, _)| *parent == Some(version))
            .filter_map(|(_, relative)| relative)
            .collect();
        Ok(Lineage { ancestors, end, children })
    }
}
