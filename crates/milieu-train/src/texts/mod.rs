//! Training classifiers of texts by a recipe.

mod bag;
mod data;
mod fit;
mod publish;
mod recipe;
mod run;

pub use bag::Bag;
pub use fit::Epoch;
pub use publish::{TASK, draft};
pub use recipe::{BagConfig, DataConfig, FitConfig, GateConfig, Recipe};
pub use run::{Report, TrainError, TrainEvent, Trained, train};
