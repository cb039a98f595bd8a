//! Reading data from elsewhere: import formats, ratings, splits.

pub mod import;
pub mod ratings;
