//! The link model: how likely two people who are not linked yet come to be.
//!
//! What is known of two nodes ([`LinkReader`]) is read from the graph as it was before the link: in training from a graph
//! without the links that are to be foretold, in serving from the graph as it is. [`train_links`] learns from the graph's
//! own past, [`LinkModel`] answers.

mod error;
mod features;
mod model;
mod negatives;
mod nodes;

pub use error::LinkError;
pub use features::{FEATURES, LinkReader, WIDTH};
pub use model::{LinkModel, LinkTraining, Pair, Past, TrainedLinks, hide_links, read_pairs, train_links};
pub use negatives::{Hardness, Negatives};
pub use nodes::{Activity, HALF_LIVES, NodeTable};
