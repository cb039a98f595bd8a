//! Terms of texts: what they are, an index of texts by them, how its ranking is joined with another one, and which name a
//! group of texts.

mod counts;
mod fusion;
mod index;
mod names;
mod scan;
mod split;

pub use counts::TermCounts;
pub use fusion::fused;
pub use index::{Bm25, TermIndex};
pub use names::names;
pub use split::terms;

#[cfg(test)]
mod tests;
