//! Model versions on disk: manifests, checksums, stages, promote, roll back.
//!
//! Training publishes a version, serving loads one; this is the only place where the two meet.
//!
//! ```text
//! DIR/<kind>/v000001/manifest.json     what it is: files with checksums, metrics, data, parent, recipe
//! DIR/<kind>/v000001/<files>           weights and whatever else the manifest lists
//! DIR/<kind>/stages.json               which version is live, which are on trial, every change so far
//! DIR/<kind>/lock                      held by writers
//! ```
//!
//! A version is never changed after it is published. It appears by one rename, so a reader sees all of
//! it or nothing; what a killed writer leaves behind is swept by the next one. The stage of a version is
//! no part of it, but follows from `stages.json`, which is replaced by one rename as well.
//!
//! The crate knows nothing about models: a version is named bytes and a description.

mod card;
mod companions;
mod disk;
mod error;
mod exchange;
mod lineage;
mod manifest;
mod model_file;
mod signature;
mod stages;
mod store;
mod switch;

pub use card::{
    CharactersPreparation, GramsPreparation, ModelCard, OrderPreparation, PictureFit, PicturePreparation,
    Preprocessing, TextPreparation, UnknownLabel,
};
pub use companions::{choose_model, is_companion};
pub use error::RegistryError;
pub use exchange::{Import, ImportError, ImportLimits};
pub use lineage::{Lineage, LineageEnd, Relative};
pub use manifest::{DataDescription, Draft, FileEntry, MANIFEST_FORMAT, Manifest};
pub use model_file::{check_model, signature_of};
pub use signature::{Dimension, ElementType, Signature, TensorSpec};
pub use stages::{Change, ChangeKind, STAGES_FORMAT, Stage, Stages, Trial};
pub use store::{Limits, Listed, Registry, Version};
pub use switch::StagesMark;
