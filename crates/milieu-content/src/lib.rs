//! What a picture shows, by models that somebody else runs: from a request to tensors, and from tensors to an
//! answer in words. What a model needs for that stands in its card.

mod classes;
mod picture;

pub use classes::{Class, Classes, OutputError, Scale};
pub use picture::{NotAClassifier, PictureClassifier, PreparedPicture};
