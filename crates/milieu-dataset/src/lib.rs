//! Reading data from elsewhere: import formats, ratings, splits.

pub mod ratings;
