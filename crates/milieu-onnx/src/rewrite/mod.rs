//! Models made into other models that compute the same, nearly the same, or less.
//!
//! Each function takes a model and gives a new one that is checked again; the old one stays as it is.

mod expose;
mod fold_batch_norm;
mod half_weights;
mod join;
mod mirrored;
mod prune;
mod quantise;
mod view;

pub use expose::expose;
pub use fold_batch_norm::fold_batch_norm;
pub use half_weights::half_weights;
pub use join::join;
pub use mirrored::mirrored;
pub use prune::{ChannelSet, ChannelSets, magnitude, prune_channels, select};
pub use quantise::{
    Form, Range, Ranges, quantisable_tensors, quantise_dynamic, quantise_static, quantise_weights,
};
