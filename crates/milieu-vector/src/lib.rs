//! Exact and approximate nearest neighbours by inner product, and the vector kernels.
//!
//! [`VectorIndex`] holds vectors under `u32` ids and answers "which `k` have the largest inner product with this query".
//! Small sets and narrow filters are scanned exactly; the rest goes through inverted lists of `i8` codes, rescored in
//! `f32`. [`kernels`] are the loops both stand on, for every crate that works on dense vectors.
//!
//! [`Clusters`] are groups of vectors that gather around a direction.
//!
//! Encoders, metrics other than the inner product (normalise for the cosine) and checksums of files are not here.

mod clusters;
mod config;
mod error;
mod exact;
mod index;
pub mod kernels;
mod kmeans;
mod lists;
mod scratch;
mod storage;

pub use clusters::{ClusterConfig, Clusters};
pub use config::IndexConfig;
pub use error::VectorError;
pub use index::VectorIndex;
pub use scratch::Scratch;
