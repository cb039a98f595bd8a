//! Evaluation of what is inferred about people.

mod links;
mod measures;
mod split;
mod table;

pub use links::{
    HardReport, LinkEval, LinkEvalError, LinkReport, Mean, ScoreReport, SeedReport, evaluate_links,
};
pub use milieu_people::link::LinkTraining;
pub use split::SplitBy;
pub use table::link_table;
