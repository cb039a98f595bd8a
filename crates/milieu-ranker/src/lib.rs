//! The multi-task action model: P(action) for each of several actions from one vector of features.
//!
//! A small network shared by all actions: features are standardised, go through one hidden layer with rectifiers, and
//! one sigmoid head for each action reads it ("shared bottom", Caruana, "Multitask Learning", Machine Learning 28, 1997).
//! [`train()`] learns it from [`Examples`] in the order of time, [`ActionModel::predict`] serves it. What a row gets never
//! depends on the rows beside it, to the bit, so a decision can be computed again from its features alone.
//!
//! What features and actions mean is the caller's business: here they are names and columns.

mod calibration;
mod error;
mod examples;
mod forward;
mod metrics;
mod model;
mod network;
mod train;

pub use error::RankerError;
pub use examples::{Examples, NEGATIVE, POSITIVE, UNLABELLED};
pub use metrics::{HeadMetrics, measure_heads};
pub use model::{ActionModel, Parameters};
pub use train::{TrainConfig, TrainReport, train};
