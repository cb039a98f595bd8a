//! Training networks for what comes next in a sequence of items, by a recipe.

mod figures;
mod fit;
mod publish;
mod recipe;
mod run;
mod windows;

pub use crate::checkpoint::CheckpointError;
pub use crate::settings::RecipeError;
pub use figures::{Figures, gain};
pub use fit::Epoch;
pub use milieu_nn::Parameters;
pub use publish::{TASK, draft};
pub use recipe::{DataConfig, FitConfig, GateConfig, Recipe, Task};
pub use run::{Report, TrainError, TrainEvent, train, train_on};
