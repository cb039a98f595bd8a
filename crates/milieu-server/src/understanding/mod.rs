//! What the texts of items say, found out in the background.
//!
//! One thread follows the log from where it stopped, notes on disk which items are to be looked at, and lets the live
//! models of texts read them, some at a time. Storing waits for none of that. What was read is kept with the version
//! that read it, so that nothing is read twice by one version, also after a restart; a new live version reads all
//! items anew, behind the new ones. What is known of an item goes with it.
//!
//! Another thread keeps an index of the texts by their terms, which needs no model.

mod again;
mod follow;
mod labels;
mod meanings;
mod readers;
mod results;
mod search;
mod terms;
mod topics;
mod worker;

pub(crate) use results::{Found, Label, Said, Understood};
pub(crate) use search::{Hit, Plan, not_yet, search};
pub(crate) use terms::{ChangedTexts, follow};
pub(crate) use topics::{Topic, Topics, topics};
pub(crate) use worker::run;

use meanings::Meanings;
use milieu_text::terms::TermIndex;
use parking_lot::RwLock;
use results::Results;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What requests see of it.
pub(crate) struct Understanding {
    dir: PathBuf,
    /// `None` as long as no model of texts was ever live.
    results: RwLock<Option<Arc<Results>>>,
    /// `None` as long as no model that makes vectors is live.
    meanings: RwLock<Option<Meanings>>,
    /// All items that have a text, by its terms; empty where that is not wanted.
    terms: RwLock<TermIndex>,
    /// Items still to be looked at by versions that are new.
    again: AtomicU64,
    /// Readings: one text by one version.
    read: AtomicU64,
    /// Those at which the model failed.
    failed: AtomicU64,
}

/// How far it is, for `/metrics`.
pub(crate) struct Progress {
    pub(crate) waiting: u64,
    pub(crate) again: u64,
    pub(crate) read: u64,
    pub(crate) failed: u64,
    pub(crate) searched: usize,
    pub(crate) terms: usize,
}

impl Understanding {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            results: RwLock::default(),
            meanings: RwLock::default(),
            terms: RwLock::default(),
            again: AtomicU64::new(0),
            read: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        let results = self.results.read().clone();
        Progress {
            waiting: results.map_or(0, |results| results.count_waiting()),
            again: self.again.load(Ordering::Relaxed),
            read: self.read.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            searched: self.meanings.read().as_ref().map_or(0, Meanings::len),
            terms: self.terms.read().len(),
        }
    }

    /// What an item is about, by its number in the world.
    pub(crate) fn topic_of(&self, number: u32) -> Option<Topic> {
        self.meanings.read().as_ref()?.topics().of_item(number).cloned()
    }

    /// Lends the topics of items; `None` where none are known. The world is read inside of it and not around it, as searches do.
    pub(crate) fn with_topics<T>(&self, read: impl FnOnce(Option<&Topics>) -> T) -> T {
        read(self.meanings.read().as_ref().map(Meanings::topics))
    }

    /// What is known of an item. Waits for the disk.
    pub(crate) fn of(&self, id: &str) -> Option<Understood> {
        let results = self.results.read().clone()?;
        let known =
            results.get(id).inspect_err(|error| tracing::error!(id, %error, "a result is unreadable"));
        known.ok().flatten()
    }
}
