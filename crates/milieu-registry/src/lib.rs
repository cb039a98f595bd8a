//! Model versions on disk: manifests, checksums, stages, promote, roll back.
//!
//! Training publishes a version, serving loads one; this is the only place where the two meet.
//!
//! ```text
//! DIR/<kind>/v000001/manifest.json     what it is: files with checksums, metrics, data, parent, recipe
//! DIR/<kind>/v000001/<files>           weights and whatever else the manifest lists
//! DIR/<kind>/stages.json               which version serves, and every change of that so far
//! DIR/<kind>/lock                      held by writers
//! ```
//!
//! A version is never changed after it is published. It appears by one rename, so a reader sees all of
//! it or nothing; what a killed writer leaves behind is swept by the next one. The stage of a version is
//! no part of it, but follows from `stages.json`, which is replaced by one rename as well.
//!
//! The crate knows nothing about models: a version is named bytes and a description.

mod disk;
mod error;
mod manifest;
mod stages;
mod store;

pub use error::RegistryError;
pub use manifest::{DataDescription, Draft, FileEntry, MANIFEST_FORMAT, Manifest};
pub use stages::{Change, ChangeKind, Stage};
pub use store::{Limits, Listed, Registry, Version};
