//! Decoding media within limits and preparing them for models. Training and serving use the same functions, so
//! that a model in service reads what it was taught with.

mod decode;
mod encode;
mod prepare;

pub use decode::{DecodeError, DecodeLimits, Picture, decode};
pub use encode::png;
pub use prepare::{Fit, Preparation};
