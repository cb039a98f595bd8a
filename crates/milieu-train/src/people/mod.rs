//! Evaluation of what is inferred about people.

mod friends;
mod links;
mod listening;
mod measures;
mod split;
mod table;

pub use friends::{FriendEval, FriendReport, FriendScore, FriendSeed, evaluate_friends, friend_table};
pub use links::{
    HardReport, LinkEval, LinkEvalError, LinkReport, Mean, ScoreReport, SeedReport, evaluate_links,
};
pub use milieu_people::link::LinkTraining;
pub use split::SplitBy;
pub use table::link_table;
