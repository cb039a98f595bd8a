//! Training, by a recipe, what finds the labelled parts of texts, and says what a whole text is about.

mod characters;
mod data;
mod figures;
mod network;
mod publish;
mod recipe;
mod run;

pub use figures::{LabelFigures, SlotFigures, SpanFigures};
pub use network::TunedTagger;
pub use publish::draft;
pub use recipe::{CharactersConfig, Choice, DataConfig, FitConfig, GateConfig, Recipe};
pub use run::{Epoch, Report, TrainError, TrainEvent, Trained, train};
