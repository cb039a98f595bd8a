//! ONNX graphs as data: read and checked within limits, built, rewritten, written. No engine runs here.
//!
//! [`Model::read`] takes bytes from anywhere: it walks over them and counts before it allocates anything, and
//! what it gives keeps the rules of ONNX. [`Builder`] makes graphs; [`rewrite`] makes models of models.

mod build;
mod check;
mod element;
mod error;
mod limits;
mod model;
mod node;
pub mod proto;
pub mod rewrite;
mod tensor;
mod wire;

pub use build::{Builder, IR_VERSION, OPERATORS};
pub use element::Element;
pub use error::OnnxError;
pub use limits::Limits;
pub use model::Model;
pub use node::{Length, Value};
