//! Evaluation of single collaborative models on public data sets, and the choice among them.
//!
//! One rule holds throughout: hyperparameters are chosen on a validation part, and the test part is
//! looked at once, by the model that was chosen.

mod bootstrap;
mod candidate;
mod feed;
mod memory;
mod metrics;
mod ranking;
mod search;
mod table;
mod trial;

pub use bootstrap::{Choice, Interval, bootstrap, choose, resampled};
pub use candidate::{Candidate, Family, Values};
pub use feed::{Dataset, EvalError, FeedEval, Report, Run, SplitChoice, evaluate_feed};
pub use memory::peak_megabytes;
pub use metrics::{Accuracy, Breadth};
pub use ranking::top_lists;
pub use search::{Budget, Outcome, search};
pub use table::table;
pub use trial::{Parts, Trained, Trial};
