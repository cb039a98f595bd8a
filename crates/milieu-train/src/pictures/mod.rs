//! Training classifiers of pictures by a recipe.

pub(crate) mod data;
mod encoder;
pub(crate) mod fit;
pub(crate) mod learn;
pub(crate) mod network;
pub(crate) mod publish;
mod recipe;
mod report;
mod run;
mod sensitive;
mod suspects;

pub use crate::checkpoint::CheckpointError;
pub use crate::settings::RecipeError;
pub use encoder::{EncoderError, FrozenEncoder};
pub use fit::Epoch;
pub use publish::{NETWORK_FILE, TASK, draft};
pub use recipe::{
    AnswerConfig, DataConfig, EncoderConfig, FitConfig, GateConfig, ParentConfig, PrepareConfig, Recipe,
    Start,
};
pub use report::html;
pub use run::{Cleaning, Mistake, Report, TrainError, TrainEvent, Trained, train};
