//! What can be wrong with links.

/// Why links cannot be learnt or foretold.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The graph does not fit.
    #[error(transparent)]
    Graph(#[from] milieu_graph::GraphError),
    /// The examples or the model do not fit.
    #[error(transparent)]
    Model(#[from] milieu_ranker::RankerError),
    /// There is nothing to learn from.
    #[error("{0} links are too few to learn from; at least {1} are needed")]
    TooFew(usize, usize),
}
