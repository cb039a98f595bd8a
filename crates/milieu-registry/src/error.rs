//! What can go wrong with a registry.

use std::path::{Path, PathBuf};

/// Every way in which a registry operation fails. Nothing is half done when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such kind.
    #[error("there is no model {kind}")]
    UnknownKind {
        /// The kind asked for.
        kind: String,
    },
    /// There is no such kind, or it has no such version.
    #[error("{kind} has no version {version}")]
    UnknownVersion {
        /// The kind asked for.
        kind: String,
        /// The version asked for.
        version: u32,
    },
    /// There is no earlier version to go back to.
    #[error("{kind} has no earlier version to go back to")]
    NothingToRollBack {
        /// The kind asked for.
        kind: String,
    },
    /// A version cannot be put on trial.
    #[error("{kind} {version} cannot be tried: {reason}")]
    InvalidTrial {
        /// The kind asked for.
        kind: String,
        /// The version asked for.
        version: u32,
        /// Why not.
        reason: &'static str,
    },
    /// A name of a kind or a file is not of the allowed form.
    #[error("{name:?} is no name of a {what}")]
    InvalidName {
        /// `kind` or `file`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A draft breaks a rule, such as a metric that is no number.
    #[error("the version cannot be published: {reason}")]
    InvalidDraft {
        /// Which rule.
        reason: String,
    },
    /// What a version says about its use cannot be used.
    #[error("the card of {kind} {version} cannot be used: {reason}")]
    InvalidCard {
        /// The kind.
        kind: String,
        /// The version.
        version: u32,
        /// Why.
        reason: String,
    },
    /// The model file reads or gives something else than its manifest says.
    #[error("{kind} {version} is not what its manifest says: {reason}")]
    SignatureMismatch {
        /// The kind.
        kind: String,
        /// The version.
        version: u32,
        /// What differs.
        reason: String,
    },
    /// A file on disk is not what it should be: cut short, altered or of an unknown format.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it shows.
        reason: String,
    },
    /// A file is larger, or a list longer, than the limits allow.
    #[error("{path}: {size} exceeds the limit of {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What it has, in bytes or entries.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
}

impl RegistryError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), reason: reason.into() }
    }
}
