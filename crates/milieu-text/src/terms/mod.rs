//! Terms of texts: what they are, an index of texts by them, and how its ranking is joined with another one.

mod counts;
mod fusion;
mod index;
mod scan;
mod split;

pub use counts::TermCounts;
pub use fusion::fused;
pub use index::{Bm25, TermIndex};
pub use split::terms;

#[cfg(test)]
mod tests;
