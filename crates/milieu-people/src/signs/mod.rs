//! Whether somebody will speak well or ill of another: the sign of a tie, before it is made.
//!
//! A list of signed timed edges is gone through in the order of time. The features of an edge are read from what was known
//! when it was made ([`features`], from a [`Ledger`]): what giver and receiver gave and got so far, with and without fading; how
//! fair the one and how good the other is (Kumar et al. 2016); what the receiver said of the giver; the signed triads between
//! them (Leskovec, Huttenlocher & Kleinberg, "Predicting positive and negative links in online social networks", WWW 2010).
//! Networks of `milieu_ranker` learn from them, the mean of several, each calibrated on the newest part of what it learnt from.
//! Size and step are chosen on the newest part of the training part; the test part is looked at once.

mod eval;
mod fairness;
mod features;
mod ledger;
mod model;
mod triads;

pub use eval::{Baseline, Quality, SignReport, evaluate};
pub use fairness::Fairness;
pub use features::{FEATURES, Moment, Units, rows};
pub use ledger::Ledger;
pub use model::{SignConfig, SignModel};

use milieu_ranker::RankerError;

/// Somebody's opinion of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedEdge {
    /// Whose.
    pub from: u32,
    /// Of whom.
    pub to: u32,
    /// Above 0 for a good one, below 0 for a bad one; how far says how much. Finite, and not 0.
    pub value: f32,
    /// When, in any unit; the place in the list where there are no times.
    pub at: i64,
}

/// Why signs cannot be learnt or told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SignError {
    /// The edges are not in the order of their times.
    #[error("edge {0} is earlier than the one before it")]
    Order(usize),
    /// An edge says nothing: its value is 0 or not a number.
    #[error("edge {0} has no sign")]
    NoSign(usize),
    /// A node is not there.
    #[error("edge {edge} names node {node}, and there are {nodes}")]
    Node {
        /// Its place in the list.
        edge: usize,
        /// The node that it names.
        node: u32,
        /// How many there are.
        nodes: usize,
    },
    /// Too few edges to split them.
    #[error("{found} edges are too few; at least {needed} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A setting is outside its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// The network.
    #[error(transparent)]
    Ranker(#[from] RankerError),
}

/// Checks that edges are in order, signed, and between nodes below `nodes`.
fn check(edges: &[SignedEdge], nodes: usize) -> Result<(), SignError> {
    for (place, edge) in edges.iter().enumerate() {
        if let Some(node) = [edge.from, edge.to].into_iter().find(|&node| node as usize >= nodes) {
            return Err(SignError::Node { edge: place, node, nodes });
        }
        if !edge.value.is_finite() || edge.value == 0.0 {
            return Err(SignError::NoSign(place));
        }
    }
    match edges.windows(2).position(|two| two[0].at > two[1].at) {
        Some(place) => Err(SignError::Order(place + 1)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
