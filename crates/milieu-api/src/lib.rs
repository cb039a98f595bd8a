//! Wire structs, the error body and the OpenAPI description.
//!
//! Reading is strict: unknown fields are refused, and every refusal names the exact place, such as
//! `events[3].at`. A batch is read as a whole or not at all. No logic lives here beyond that.

mod analysis;
mod answer;
mod dataset;
mod doors;
mod entity;
mod error;
mod event;
mod job;
mod model;
mod moderation;
mod openapi;
mod parse;
mod relations;
mod search;
mod serving;
mod suggestion;
mod topics;

pub use analysis::{
    ClassLabel, ExplainedLabel, ImageAnalysis, MovingWord, NeedSign, PrivateSpan, SlotLabel, TextAnalysis,
    TextIn, TextKeyword, TextLabels, TextLanguage, TextNeed, TextRequest, TextResult, read_texts,
};
pub use answer::{
    Audience, Explanation, Feed, FeedEntry, Health, ItemList, ItemScore, Reason, ReceiptOut, Replay, Stats,
    Training, UserList, UserScore,
};
pub use dataset::{Dataset, DatasetFormat, DatasetList, read_name};
pub use doors::{
    Embedding, Embeddings, EmbeddingsIn, EmbeddingsRequest, InferenceIn, InferenceRequest, Prediction, Texts,
    Usage, Vector, VectorEncoding, read_embeddings, read_inference,
};
pub use entity::{
    BatchStored, Clock, ItemIn, ItemOut, ItemPatchIn, MediaWire, Stored, UserIn, UserOut, UserPatchIn,
    read_item, read_item_patch, read_items, read_user, read_user_patch, read_users,
};
pub use error::{ApiError, ErrorBody, ErrorDetail, status};
pub use event::{EventIn, EventStored, EventType, EventsStored, ParsedEvent, ParsedEvents, event_field};
pub use job::{Job, JobList, JobSpec, JobState, OptimizeJob, OptimizeMethod, TrainJob, read_job};
pub use model::{
    ModelCardOut, ModelChange, ModelData, ModelFile, ModelLineage, ModelList, ModelOut, ModelStages,
    ModelTrial, PromoteIn, read_promote,
};
pub use moderation::{
    AttributeRequest, AttributeScore, Comment, CommentIn, CommentRequest, CommentScores, Moderation,
    ModerationIn, ModerationInput, ModerationPart, ModerationRequest, Moderations, Score, SpanScore,
    read_comment, read_moderation,
};
pub use openapi::openapi;
pub use relations::{
    AuthorInterest, CommunityBridge, CommunityList, CommunityOut, CommunityTag, CommunityTopic, Credibility,
    Inauthentic, InauthenticSign, InterestList, InterestWhy, SharedInterests, SharedTag, SharedTopic,
    SideTone, TagInterest, TieEvidence, TieGround, TieKindOut, TieOut, TieSide, TieStrength, TieTone,
    TieTrend, TopicInterest,
};
pub use search::{
    FoundBy, ItemUnderstood, RankedPlace, Reading, SearchHit, SearchHits, SearchIn, SearchMode,
    SearchRequest, read_search,
};
pub use serving::{ModelServing, ServedVersion, ShadowAgreement, TrialIn, read_trial};
pub use suggestion::{SuggestionList, SuggestionOut, SuggestionReason};
pub use topics::{TopicEntry, TopicList, TopicOfItem};

#[cfg(test)]
mod tests;
