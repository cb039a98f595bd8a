//! Training classifiers of texts by a recipe.

mod bag;
mod characters;
mod data;
mod distil;
mod encoder;
mod family;
mod frozen;
mod grams;
mod kept;
mod network;
mod publish;
mod published;
mod recipe;
mod registered;
mod regression;
mod run;
mod sources;
mod teacher;
mod told;

pub use bag::Bag;
pub use characters::TrainedCharacters;
pub use distil::{Distillation, TeacherError};
pub use encoder::{EncoderError, TunedEncoder};
pub(crate) use encoder::{ReadEncoder, TOKENIZER, read_encoder};
pub use family::Epoch;
pub use frozen::{FrozenEncoder, HeadOnEncoder};
pub use network::NetworkConfig;
pub use publish::{TASK, draft};
pub use published::{EmbeddingError, embedding_draft};
pub use recipe::{BagConfig, Choice, DataConfig, EncoderConfig, FitConfig, GateConfig, Recipe};
pub use registered::RegisteredError;
pub use regression::Linear;
pub use run::{Model, Report, TrainError, TrainEvent, Trained, train, train_with};
pub use sources::SourceConfig;
pub use teacher::TeacherConfig;
