//! Which version of a kind is live, which are on trial beside it, and how it came to.

use milieu_types::Timestamp;
use serde::{Deserialize, Serialize};

/// The format of the stage file written now. Format 1 had no number, and no trials. Readers refuse newer
/// ones.
pub const STAGES_FORMAT: u32 = 2;

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Published; has never answered.
    Candidate,
    /// Computes a share of the requests beside the live version; its answers are compared, not given.
    Shadow,
    /// Answers a share of the requests in place of the live version.
    Canary,
    /// Answers all requests but the canary's.
    Live,
    /// Has answered before.
    Retired,
}

impl Stage {
    /// The name on the wire and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Live => "live",
            Self::Retired => "retired",
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A version was made live.
    Promote,
    /// The version that was live before was made live again.
    Rollback,
    /// A version was made the canary, in place of another one if there was one.
    Canary,
    /// A version was made the shadow, in place of another one if there was one.
    Shadow,
    /// There is no canary any more.
    EndCanary,
    /// There is no shadow any more.
    EndShadow,
}

impl ChangeKind {
    /// The name on disk, on the wire and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Canary => "canary",
            Self::Shadow => "shadow",
            Self::EndCanary => "end_canary",
            Self::EndShadow => "end_shadow",
        }
    }
}

/// One change of the stages of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What was done.
    pub change: ChangeKind,
    /// To which version.
    pub version: u32,
    /// When, as the caller says.
    pub at: Timestamp,
    /// The share of the requests, for a canary or a shadow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// A version on trial beside the live one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The version.
    pub version: u32,
    /// The share of the requests it gets, above 0 and at most 1.
    pub share: f64,
}

/// What a kind serves with.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// The version that answers.
    pub live: Option<u32>,
    /// The version that answers some requests in its place.
    pub canary: Option<Trial>,
    /// The version that computes some requests beside it.
    pub shadow: Option<Trial>,
}

/// Whether a trial may get this share of the requests.
pub(crate) fn is_share(share: f64) -> bool {
    share > 0.0 && share <= 1.0
}

/// The contents of the stage file: every change so far, never shortened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct History {
    #[serde(default = "first_format")]
    pub(crate) format: u32,
    pub(crate) changes: Vec<Change>,
}

fn first_format() -> u32 {
    1
}

impl Default for History {
    fn default() -> Self {
        Self { format: STAGES_FORMAT, changes: Vec::new() }
    }
}

impl History {
    /// What is wrong with a history that was read, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        if !(1..=STAGES_FORMAT).contains(&self.format) {
            return Some(format!("format {}, this version reads up to {STAGES_FORMAT}", self.format));
        }
        let trial = |change: &Change| matches!(change.change, ChangeKind::Canary | ChangeKind::Shadow);
        let wrong = |change: &Change| trial(change) && !change.share.is_some_and(is_share);
        self.changes.iter().position(wrong).map(|at| format!("change {at} has no share above 0 and up to 1"))
    }

    /// What the kind serves with.
    pub(crate) fn stages(&self) -> Stages {
        self.changes.iter().fold(Stages::default(), |mut stages, change| {
            let Change { version, share, .. } = *change;
            let trial = Some(Trial { version, share: share.unwrap_or(1.0) });
            let leave = |place: &mut Option<Trial>| {
                place.take_if(|trial| trial.version == version);
            };
            match change.change {
                ChangeKind::Promote | ChangeKind::Rollback => {
                    stages.live = Some(version);
                    leave(&mut stages.canary);
                    leave(&mut stages.shadow);
                }
                ChangeKind::Canary => {
                    stages.canary = trial;
                    leave(&mut stages.shadow);
                }
                ChangeKind::Shadow => {
                    stages.shadow = trial;
                    leave(&mut stages.canary);
                }
                ChangeKind::EndCanary => stages.canary = None,
                ChangeKind::EndShadow => stages.shadow = None,
            }
            stages
        })
    }

    /// The version that a roll back would choose. `exists` leaves out those that were removed in the
    /// meantime.
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
                ChangeKind::Canary | ChangeKind::Shadow | ChangeKind::EndCanary | ChangeKind::EndShadow => {}
            }
        }
        let live = line.pop();
        line.into_iter().rev().find(|&version| Some(version) != live && exists(version))
    }

    /// Where a version stands.
    pub(crate) fn stage(&self, version: u32) -> Stage {
        let stages = self.stages();
        let is = |place: Option<Trial>| place.is_some_and(|trial| trial.version == version);
        let answered = |change: &Change| {
            change.version == version
                && matches!(change.change, ChangeKind::Promote | ChangeKind::Rollback | ChangeKind::Canary)
        };
        if stages.live == Some(version) {
            Stage::Live
        } else if is(stages.canary) {
            Stage::Canary
        } else if is(stages.shadow) {
            Stage::Shadow
        } else if self.changes.iter().any(answered) {
            Stage::Retired
        } else {
            Stage::Candidate
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    fn change(change: ChangeKind, version: u32) -> Change {
        let share = matches!(change, ChangeKind::Canary | ChangeKind::Shadow).then_some(0.5);
        Change { change, version, at: Timestamp::from_millis(0), share }
    }

    fn history(changes: Vec<Change>) -> History {
        History { changes, ..History::default() }
    }

    #[test]
    fn live_and_earlier() {
        /// Positive numbers promote, negative ones roll back.
        fn check(numbers: &[i64], gone: &[u32], expected: (Option<u32>, Option<u32>)) {
            let one = |&number: &i64| {
                let kind = if number > 0 { ChangeKind::Promote } else { ChangeKind::Rollback };
                change(kind, u32::try_from(number.abs()).unwrap())
            };
            let history = history(numbers.iter().map(one).collect());
            let found = (history.stages().live, history.earlier(|version| !gone.contains(&version)));
            assert_eq!(found, expected, "{numbers:?} without {gone:?}");
        }
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

    #[test]
    fn stages_of_the_first_four_versions() {
        use ChangeKind::{Canary, EndCanary, EndShadow, Promote, Rollback, Shadow};
        use Stage::{Canary as InCanary, Candidate as New, Live, Retired, Shadow as InShadow};
        fn check(changes: &[(ChangeKind, u32)], expected: [Stage; 4]) {
            let history = history(changes.iter().map(|&(kind, version)| change(kind, version)).collect());
            let found = [1, 2, 3, 4].map(|version| history.stage(version));
            assert_eq!(found, expected, "{changes:?}");
            assert_eq!(history.fault(), None);
        }
        check(&[], [New; 4]);
        check(&[(Promote, 1)], [Live, New, New, New]);
        check(&[(Promote, 1), (Shadow, 2), (Canary, 3)], [Live, InShadow, InCanary, New]);
        // What is on trial moves on from shadow to canary to live.
        check(&[(Promote, 1), (Shadow, 2), (Canary, 2)], [Live, InCanary, New, New]);
        check(&[(Promote, 1), (Shadow, 2), (Canary, 2), (Promote, 2)], [Retired, Live, New, New]);
        check(&[(Promote, 1), (Canary, 2), (Shadow, 2)], [Live, InShadow, New, New]);
        // Another one takes its place.
        check(&[(Promote, 1), (Canary, 2), (Canary, 3)], [Live, Retired, InCanary, New]);
        check(&[(Promote, 1), (Shadow, 2), (Shadow, 3)], [Live, New, InShadow, New]);
        // A shadow never answered, a canary did.
        check(&[(Promote, 1), (Shadow, 2), (EndShadow, 2)], [Live, New, New, New]);
        check(&[(Promote, 1), (Canary, 2), (EndCanary, 2)], [Live, Retired, New, New]);
        // Trials go on when the live version changes.
        check(&[(Promote, 1), (Canary, 3), (Promote, 2), (Rollback, 1)], [Live, Retired, InCanary, New]);
        check(&[(Promote, 1), (Promote, 2), (Canary, 1), (Rollback, 1)], [Live, Retired, New, New]);
    }

    #[test]
    fn trials_are_not_rolled_back_to() {
        use ChangeKind::{Canary, EndCanary, Promote};
        let history =
            history(vec![change(Promote, 1), change(Canary, 2), change(EndCanary, 2), change(Promote, 3)]);
        assert_eq!(history.earlier(|_| true), Some(1));
    }

    #[test]
    fn names_are_those_on_disk() {
        use ChangeKind::{Canary, EndCanary, EndShadow, Promote, Rollback, Shadow};
        for kind in [Promote, Rollback, Canary, Shadow, EndCanary, EndShadow] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for stage in [Stage::Candidate, Stage::Shadow, Stage::Canary, Stage::Live, Stage::Retired] {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
        }
    }

    #[test]
    fn faults() {
        fn check(text: &str, expected: Option<&str>) {
            let history: History = serde_json::from_str(text).unwrap();
            let found = history.fault();
            assert!(found.as_deref().map_or(expected.is_none(), |found| found.contains(expected.unwrap())));
        }
        let canary = |share: &str| {
            format!(
                r#"{{"format":2,"changes":[{{"change":"canary","version":1,"at":"2026-01-01T00:00:00Z"{share}}}]}}"#
            )
        };
        check(r#"{"changes":[]}"#, None);
        check(r#"{"format":2,"changes":[]}"#, None);
        check(r#"{"format":3,"changes":[]}"#, Some("format 3"));
        check(r#"{"format":0,"changes":[]}"#, Some("format 0"));
        check(&canary(r#","share":0.1"#), None);
        check(&canary(""), Some("share"));
        check(&canary(r#","share":0"#), Some("share"));
        check(&canary(r#","share":1.5"#), Some("share"));
    }
}
