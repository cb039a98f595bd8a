//! Training classifiers of pictures by a recipe.

mod checkpoint;
mod fit;
mod recipe;
mod run;

pub use checkpoint::CheckpointError;
pub use fit::Epoch;
pub use recipe::{DataConfig, FitConfig, GateConfig, PrepareConfig, Recipe, RecipeError};
pub use run::{Cleaning, Report, TrainError, TrainEvent, train};
