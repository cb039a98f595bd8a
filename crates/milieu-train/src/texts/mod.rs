//! Training classifiers of texts by a recipe.

mod bag;
mod data;
mod encoder;
mod family;
mod grams;
mod publish;
mod published;
mod recipe;
mod run;

pub use bag::Bag;
pub use encoder::{EncoderError, TunedEncoder};
pub(crate) use encoder::{ReadEncoder, TOKENIZER, read_encoder};
pub use family::Epoch;
pub use publish::{TASK, draft};
pub use published::{EmbeddingError, embedding_draft};
pub use recipe::{BagConfig, Choice, DataConfig, EncoderConfig, FitConfig, GateConfig, Recipe};
pub use run::{Model, Report, TrainError, TrainEvent, Trained, train};
