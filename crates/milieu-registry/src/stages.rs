//! Which version of a kind serves, and how it came to.

use milieu_types::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Published, has never served.
    Candidate,
    /// Serves now.
    Serving,
    /// Has served before.
    Retired,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A version was chosen to serve.
    Promote,
    /// The version serving before was chosen again.
    Rollback,
}

/// One change of the serving version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was done.
    pub change: ChangeKind,
    /// The version that serves from then on.
    pub version: u32,
    /// When, as the caller says.
    pub at: Timestamp,
}

/// The contents of the stage file: every change so far, never shortened.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct History {
    pub(crate) changes: Vec<Change>,
}

impl History {
    /// The version that serves.
    pub(crate) fn serving(&self) -> Option<u32> {
        self.changes.last().map(|change| change.version)
    }

    /// The versions that a roll back would choose, the next one first. `exists` leaves out those that
    /// were removed in the meantime.
    pub(crate) fn earlier(&self, exists: impl Fn(u32) -> bool) -> Option<u32> {
        let mut line: Vec<u32> = Vec::new();
        for change in &self.changes {
            match change.change {
                ChangeKind::Promote => line.push(change.version),
                // A roll back returns to a version in the line; what came after it is undone.
                ChangeKind::Rollback => match line.iter().rposition(|&v| v == change.version) {
                    Some(at) => line.truncate(at + 1),
                    None => line = vec![change.version],
                },
            }
        }
        let serving = line.pop();
        line.into_iter().rev().find(|&version| Some(version) != serving && exists(version))
    }

    pub(crate) fn stage(&self, version: u32) -> Stage {
        if self.serving() == Some(version) {
            Stage::Serving
        } else if self.changes.iter().any(|change| change.version == version) {
            Stage::Retired
        } else {
            Stage::Candidate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes written as the promoted version, or as minus the version rolled back to.
    fn check(changes: &[i64], gone: &[u32], expected: (Option<u32>, Option<u32>)) {
        let change = |&number: &i64| Change {
            change: if number > 0 { ChangeKind::Promote } else { ChangeKind::Rollback },
            version: u32::try_from(number.abs()).unwrap(),
            at: Timestamp::from_millis(0),
        };
        let history = History { changes: changes.iter().map(change).collect() };
        let found = (history.serving(), history.earlier(|version| !gone.contains(&version)));
        assert_eq!(found, expected, "{changes:?} without {gone:?}");
    }

    #[test]
    fn serving_and_earlier() {
        check(&[], &[], (None, None));
        check(&[1], &[], (Some(1), None));
        check(&[1, 2], &[], (Some(2), Some(1)));
        check(&[1, 2, -1], &[], (Some(1), None));
        check(&[1, 2, 3, -2], &[], (Some(2), Some(1)));
        check(&[1, 2, 3, -2, -1], &[], (Some(1), None));
        check(&[1, 2, -1, 3], &[], (Some(3), Some(1)));
        check(&[1, 2, 3], &[2], (Some(3), Some(1)));
        check(&[1, 1], &[], (Some(1), None));
        check(&[-4], &[], (Some(4), None));
    }
}
