//! Collaborative filtering by linear algebra.
//!
//! [`Interactions`] is the matrix everything learns from; [`ModelConfig`] says what is trained,
//! [`Model`] is the result, and [`Served`] what is kept of it for serving.

mod dense;
mod ease;
mod error;
mod filter_bank;
mod graph_filter;
mod ials;
mod interactions;
mod item_knn;
mod model;
mod neighbours;
mod popularity;
mod scaling;
mod served;
mod social;
mod sparse;
mod spectrum;

pub use ease::{Ease, EaseConfig};
pub use error::FactorsError;
pub use filter_bank::FilterBank;
pub use graph_filter::{FilterConfig, GraphFilter, LowPassConfig, Response};
pub use ials::{FoldIn, Ials, IalsConfig, IalsError};
pub use interactions::{Interactions, InteractionsError};
pub use item_knn::{ItemKnn, KnnConfig};
pub use model::{Model, ModelConfig, Work};
pub use neighbours::{Accumulator, Neighbours};
pub use popularity::Popularity;
pub use scaling::Scaling;
pub use served::{Served, fold_in_item};
pub use social::friends_mix;

/// Rows computed together in the item-item models: wide enough to share the reading of the sparse
/// matrix, narrow enough for the dense blocks to stay in cache.
const BLOCK: usize = 32;
