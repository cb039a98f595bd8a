//! Exact and approximate nearest neighbours, and the vector kernels.
