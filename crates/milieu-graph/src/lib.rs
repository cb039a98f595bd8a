//! Graphs of people: adjacency, and what can be read from it.
//!
//! [`Csr`] holds the neighbours of each node in one piece of memory; everything else here is a function of it. Nodes are
//! numbers from 0; what they stand for is the caller's business.
//!
//! Time, users and files are not here.

mod adjacency;
mod cores;
mod csr;
mod embedding;
mod error;
mod leiden;
mod modularity;
mod pagerank;
mod push;
#[cfg(test)]
mod samples;
mod scores;
mod seeds;
mod walks;

pub use adjacency::Adjacency;
pub use cores::core_numbers;
pub use csr::{Csr, Direction, Edge};
pub use embedding::{Embedding, EmbeddingConfig};
pub use error::GraphError;
pub use leiden::{Communities, LeidenConfig, leiden};
pub use modularity::modularity;
pub use pagerank::{PageRank, PageRankConfig, pagerank};
pub use push::{PushConfig, Pushed, personal_pagerank};
pub use scores::{Heuristic, Paths, Shared, Surroundings};
pub use walks::{WalkConfig, Walker};
