//! Training classifiers of pictures by a recipe.

pub(crate) mod fit;
pub(crate) mod recipe;
mod run;

pub use crate::checkpoint::CheckpointError;
pub use fit::Epoch;
pub use recipe::{DataConfig, FitConfig, GateConfig, PrepareConfig, Recipe, RecipeError};
pub use run::{Cleaning, Report, TrainError, TrainEvent, train};
