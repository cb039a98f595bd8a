//! What a picture shows and a text says, by models that somebody else runs: from a request to tensors, and from
//! tensors to an answer in words. What a model needs for that stands in its card.

mod classes;
mod classifier;
mod picture;
mod text;

pub use classes::{Class, Classes, OutputError, Scale};
pub use classifier::{Classifier, NotAClassifier};
pub use milieu_text::{Found, Keyword, Language};
pub use picture::{PictureClassifier, PreparedPicture};
pub use text::{
    Categories, CategoriesError, Category, EMBEDDING_TASK, Evidence, Moving, Need, NeedSign, NeedSigns,
    Needs, NeedsError, Occlusion, PreparedText, Rule, RuleReading, SLOTS_TASK, SlotReading, TextClassifier,
    TextEmbedder, TextPart, TextReading, Verdict, judge,
};
