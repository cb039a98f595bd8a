//! What can be wrong with a graph or with what is asked of it.

/// Why a graph cannot be built or a question cannot be answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// An edge names a node that is not there.
    #[error("edge {edge} names node {node}, and there are {nodes}")]
    NodeOutOfRange {
        /// Its place in the input, from 0.
        edge: usize,
        /// The node that it names.
        node: u32,
        /// How many there are.
        nodes: usize,
    },
    /// A weight is not a finite number.
    #[error("edge {edge} has the weight {weight}, which is not finite")]
    Weight {
        /// Its place in the input, from 0.
        edge: usize,
        /// What it is.
        weight: f32,
    },
    /// More nodes or arcs than a 32-bit number counts.
    #[error("{0} do not fit in a graph of 32-bit numbers")]
    TooLarge(&'static str),
    /// A weight is below 0 where the method has no meaning for such.
    #[error("the arc from {from} to {to} has the weight {weight}, and none may be below 0")]
    NegativeWeight {
        /// Where the arc starts.
        from: u32,
        /// Where it ends.
        to: u32,
        /// What its weight is.
        weight: f32,
    },
    /// The method is for undirected graphs, and some arc has none of the same weight the other way.
    #[error("the graph is directed, and must hold each arc both ways")]
    Directed,
    /// A list of one value a node has another length.
    #[error("{what} has {found} values for {nodes} nodes")]
    Length {
        /// Which list.
        what: &'static str,
        /// How many values it has.
        found: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// A setting is outside its range.
    #[error("{name} is {value}, and must be {wanted}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        wanted: &'static str,
    },
}
