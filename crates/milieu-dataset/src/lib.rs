//! Reading data from elsewhere: import formats, ratings, pictures; cleaning, splits, augmentation.

pub mod import;
pub mod pictures;
pub mod ratings;
