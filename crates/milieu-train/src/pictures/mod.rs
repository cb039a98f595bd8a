//! Training classifiers of pictures by a recipe.

mod data;
pub(crate) mod fit;
mod learn;
pub(crate) mod publish;
mod recipe;
mod report;
mod run;
mod suspects;

pub use crate::checkpoint::CheckpointError;
pub use fit::Epoch;
pub use publish::{MODEL_FILE, NETWORK_FILE, PublishError, TASK, draft};
pub use recipe::{DataConfig, FitConfig, GateConfig, PrepareConfig, Recipe, RecipeError, Start};
pub use report::html;
pub use run::{Cleaning, Mistake, Report, TrainError, TrainEvent, Trained, train};
