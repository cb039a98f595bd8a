//! Neural networks: what they are computed by. The only crate that knows the tensor framework.

pub mod kernels;
pub mod ops;
