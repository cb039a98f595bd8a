//! Training classifiers of pictures by a recipe.

mod checkpoint;
mod data;
mod fit;
mod learn;
mod recipe;
mod report;
mod run;

pub use checkpoint::CheckpointError;
pub use fit::Epoch;
pub use recipe::{DataConfig, FitConfig, GateConfig, PrepareConfig, Recipe, RecipeError, Start};
pub use report::html;
pub use run::{Cleaning, Mistake, Report, TrainError, TrainEvent, Trained, train};
