//! Moving versions between the stages, and removing old ones.

use crate::stages::{History, STAGES_FORMAT, is_share};
use crate::store::{SCRATCH, directory_name, limit, to_json};
use crate::{Change, ChangeKind, Registry, RegistryError, Stage, Stages, Trial, disk};
use milieu_types::Timestamp;
use std::fs;
use std::time::SystemTime;

const STAGE_FILE: &str = "stages.json";
const STAGE_SCRATCH: &str = "stages.new";

/// The stages of a kind at one moment, to be compared only. Every change makes the file longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagesMark {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Registry {
    /// What a kind serves with. A kind that is not there serves with nothing.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] for a damaged stage file, [`RegistryError::InvalidName`],
    /// [`RegistryError::Io`].
    pub fn stages(&self, kind: &str) -> Result<Stages, RegistryError> {
        Ok(self.history(kind)?.stages())
    }

    /// Where a version stands. One that is not there is a candidate.
    ///
    /// # Errors
    /// As [`Registry::stages`].
    pub fn stage(&self, kind: &str, version: u32) -> Result<Stage, RegistryError> {
        Ok(self.history(kind)?.stage(version))
    }

    /// The live version, if any.
    ///
    /// # Errors
    /// As [`Registry::stages`].
    pub fn live(&self, kind: &str) -> Result<Option<u32>, RegistryError> {
        Ok(self.stages(kind)?.live)
    }

    /// The version that a roll back would choose, if any.
    ///
    /// # Errors
    /// As [`Registry::stages`].
    pub fn earlier(&self, kind: &str) -> Result<Option<u32>, RegistryError> {
        let (history, present) = (self.history(kind)?, self.versions(kind)?);
        Ok(history.earlier(|version| present.binary_search(&version).is_ok()))
    }

    /// What differs after every change of the stages, by this process or another, without reading them; `None`
    /// where there was none yet.
    ///
    /// # Errors
    /// [`RegistryError::InvalidName`], [`RegistryError::Io`].
    pub fn stages_mark(&self, kind: &str) -> Result<Option<StagesMark>, RegistryError> {
        crate::manifest::kind_name(kind)?;
        let path = self.root.join(kind).join(STAGE_FILE);
        match fs::metadata(&path) {
            Ok(metadata) => {
                Ok(Some(StagesMark { bytes: metadata.len(), modified: metadata.modified().ok() }))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RegistryError::io(&path)(error)),
        }
    }

    /// Every change of the stages so far, oldest first.
    ///
    /// # Errors
    /// As [`Registry::stages`].
    pub fn changes(&self, kind: &str) -> Result<Vec<Change>, RegistryError> {
        Ok(self.history(kind)?.changes)
    }

    /// Makes a version the live one, after verifying it. A trial of that version ends with it. Promoting the
    /// live version changes nothing.
    ///
    /// # Errors
    /// As [`Registry::load`]: a version that cannot be loaded is not promoted.
    pub fn promote(&self, kind: &str, version: u32, at: Timestamp) -> Result<(), RegistryError> {
        self.load(kind, version)?;
        let _lock = self.lock(kind)?;
        self.must_exist(kind, version)?;
        let history = self.history(kind)?;
        if history.stages().live == Some(version) {
            return Ok(());
        }
        self.append(kind, history, Change { change: ChangeKind::Promote, version, at, share: None })
    }

    /// Makes the version that was live before the live one, and returns its number.
    ///
    /// # Errors
    /// [`RegistryError::NothingToRollBack`] where there is none, else as [`Registry::load`].
    pub fn rollback(&self, kind: &str, at: Timestamp) -> Result<u32, RegistryError> {
        self.must_be_kind(kind)?;
        let _lock = self.lock(kind)?;
        let history = self.history(kind)?;
        let present = self.versions(kind)?;
        let version = history
            .earlier(|version| present.binary_search(&version).is_ok())
            .ok_or_else(|| RegistryError::NothingToRollBack { kind: kind.to_owned() })?;
        self.load(kind, version)?;
        self.append(kind, history, Change { change: ChangeKind::Rollback, version, at, share: None })?;
        Ok(version)
    }

    /// Gives a version a share of the requests to answer in place of the live version. It takes the place of
    /// another canary; the same one gets the new share.
    ///
    /// # Errors
    /// [`RegistryError::InvalidTrial`] where nothing is live, the version is live itself, or the share is not
    /// above 0 and at most 1; else as [`Registry::load`].
    pub fn set_canary(&self, kind: &str, trial: Trial, at: Timestamp) -> Result<(), RegistryError> {
        self.set_trial(kind, ChangeKind::Canary, trial, at, |stages| stages.canary)
    }

    /// Gives a version a share of the requests to compute beside the live version. It takes the place of
    /// another shadow; the same one gets the new share.
    ///
    /// # Errors
    /// As [`Registry::set_canary`].
    pub fn set_shadow(&self, kind: &str, trial: Trial, at: Timestamp) -> Result<(), RegistryError> {
        self.set_trial(kind, ChangeKind::Shadow, trial, at, |stages| stages.shadow)
    }

    /// Ends the canary and returns its version; `None` where there is none.
    ///
    /// # Errors
    /// As [`Registry::stages`].
    pub fn end_canary(&self, kind: &str, at: Timestamp) -> Result<Option<u32>, RegistryError> {
        self.end_trial(kind, ChangeKind::EndCanary, at, |stages| stages.canary)
    }

    /// Ends the shadow and returns its version; `None` where there is none.
    ///
    /// # Errors
    /// As [`Registry::stages`].
    pub fn end_shadow(&self, kind: &str, at: Timestamp) -> Result<Option<u32>, RegistryError> {
        self.end_trial(kind, ChangeKind::EndShadow, at, |stages| stages.shadow)
    }

    /// Removes the oldest versions until `keep` are left, and returns the removed ones. The live version, the
    /// one a roll back would choose, those on trial and the newest stay in any case; the newest so that no
    /// number is ever given twice.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] for a damaged stage file, [`RegistryError::Io`].
    pub fn prune(&self, kind: &str, keep: usize) -> Result<Vec<u32>, RegistryError> {
        self.must_be_kind(kind)?;
        let _lock = self.lock(kind)?;
        let history = self.history(kind)?;
        let present = self.versions(kind)?;
        let Stages { live, canary, shadow } = history.stages();
        let earlier = history.earlier(|version| present.binary_search(&version).is_ok());
        let number = |trial: Option<Trial>| trial.map(|trial| trial.version);
        let needed = [live, earlier, number(canary), number(shadow), present.last().copied()];
        let mut removed = Vec::new();
        for &version in &present {
            if present.len() - removed.len() <= keep {
                break;
            }
            if needed.contains(&Some(version)) {
                continue;
            }
            // Out of sight by one rename first, so that no reader meets half a version.
            let directory = self.root.join(kind).join(directory_name(version));
            let scratch = self.root.join(kind).join(SCRATCH);
            match fs::remove_dir_all(&scratch) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(RegistryError::io(&scratch)(error));
                }
                _ => disk::rename(&directory, &scratch)?,
            }
            fs::remove_dir_all(&scratch).map_err(RegistryError::io(&scratch))?;
            removed.push(version);
        }
        Ok(removed)
    }

    fn set_trial(
        &self,
        kind: &str,
        change: ChangeKind,
        trial: Trial,
        at: Timestamp,
        place: impl Fn(Stages) -> Option<Trial>,
    ) -> Result<(), RegistryError> {
        let Trial { version, share } = trial;
        let invalid =
            |reason: &'static str| RegistryError::InvalidTrial { kind: kind.to_owned(), version, reason };
        if !is_share(share) {
            return Err(invalid("its share of the requests must be above 0 and at most 1"));
        }
        self.load(kind, version)?;
        let _lock = self.lock(kind)?;
        self.must_exist(kind, version)?;
        let history = self.history(kind)?;
        let stages = history.stages();
        match stages.live {
            None => Err(invalid("there is no live version to try it beside")),
            Some(live) if live == version => Err(invalid("it is the live version")),
            Some(_) if place(stages) == Some(trial) => Ok(()),
            Some(_) => self.append(kind, history, Change { change, version, at, share: Some(share) }),
        }
    }

    fn end_trial(
        &self,
        kind: &str,
        change: ChangeKind,
        at: Timestamp,
        place: impl Fn(Stages) -> Option<Trial>,
    ) -> Result<Option<u32>, RegistryError> {
        self.must_be_kind(kind)?;
        let _lock = self.lock(kind)?;
        let history = self.history(kind)?;
        let Some(Trial { version, .. }) = place(history.stages()) else { return Ok(None) };
        self.append(kind, history, Change { change, version, at, share: None })?;
        Ok(Some(version))
    }

    fn append(&self, kind: &str, mut history: History, change: Change) -> Result<(), RegistryError> {
        history.format = STAGES_FORMAT;
        history.changes.push(change);
        let directory = self.root.join(kind);
        let path = directory.join(STAGE_FILE);
        let text = to_json(&path, &history)?;
        // What could not be read again must not be written.
        limit(&path, text.len() as u64, self.limits.description_bytes)?;
        disk::replace(&path, &directory.join(STAGE_SCRATCH), &text)
    }

    pub(crate) fn history(&self, kind: &str) -> Result<History, RegistryError> {
        crate::manifest::kind_name(kind)?;
        let path = self.root.join(kind).join(STAGE_FILE);
        let Some(bytes) = disk::read(&path, self.limits.description_bytes)? else {
            return Ok(History::default());
        };
        let history: History =
            serde_json::from_slice(&bytes).map_err(|e| RegistryError::damaged(&path, e.to_string()))?;
        match history.fault() {
            Some(reason) => Err(RegistryError::damaged(&path, reason)),
            None => Ok(history),
        }
    }

    /// Refuses a version that another writer removed before this one had the lock.
    fn must_exist(&self, kind: &str, version: u32) -> Result<(), RegistryError> {
        match self.versions(kind)?.binary_search(&version) {
            Ok(_) => Ok(()),
            Err(_) => Err(RegistryError::UnknownVersion { kind: kind.to_owned(), version }),
        }
    }
}
