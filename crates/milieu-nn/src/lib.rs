//! Neural networks: what they are computed by.

pub mod kernels;
