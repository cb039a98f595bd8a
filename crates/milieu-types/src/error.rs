//! The closed list of error codes that callers see.

use serde::{Deserialize, Serialize};

/// Every kind of refusal or failure an answer can carry. The server maps each to one HTTP status, in
/// one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body is not JSON, or not of the expected shape.
    InvalidJson,
    /// An id is empty, too long, or holds control characters.
    InvalidId,
    /// An event field is missing, unknown or out of range.
    InvalidEvent,
    /// A user's field is out of range.
    InvalidUser,
    /// An item's field is out of range.
    InvalidItem,
    /// A time is malformed, before 1970 or too far in the future.
    InvalidTime,
    /// A query parameter is malformed or out of range.
    InvalidParameter,
    /// An upload was cut off, or is not what its content type says.
    InvalidDataset,
    /// A job's field is missing, unknown or out of range, or its recipe is none.
    InvalidJob,
    /// A picture cannot be decoded, or has too few pixels.
    InvalidPicture,
    /// A tensor is malformed, or is no input of the model.
    InvalidTensor,
    /// A cursor is malformed or belongs to somebody else.
    InvalidCursor,
    /// An event of that id exists with another content.
    EventConflict,
    /// A data set of that name exists with another content, or a job that has not ended uses it.
    DatasetConflict,
    /// The event to undo is not known, or is another actor's.
    UnknownEvent,
    /// The configuration does not turn on what is asked for.
    NotEnabled,
    /// No such user.
    UserNotFound,
    /// No such item.
    ItemNotFound,
    /// No such model, or it has no such version.
    ModelNotFound,
    /// No such receipt, or it is past its retention.
    ReceiptNotFound,
    /// No such data set.
    DatasetNotFound,
    /// No such job, or it is past its retention.
    JobNotFound,
    /// No such community.
    CommunityNotFound,
    /// No such route, or nothing is there yet.
    NotFound,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The batch holds more entries than the limit.
    BatchTooLarge,
    /// A picture has more pixels than are decoded.
    PictureTooLarge,
    /// A model version is damaged, is not what its card says, or does not fit into the memory for models.
    ModelRefused,
    /// A model failed on a request.
    ModelFailed,
    /// The content type is none that the route takes.
    UnsupportedMediaType,
    /// The server has more work than it can queue; try again.
    Overloaded,
    /// The request took longer than it may.
    TimedOut,
    /// The disk is full or broken: nothing was stored.
    StorageFailed,
    /// The server is starting or stopping.
    Unavailable,
    /// Something is wrong with Milieu itself.
    Internal,
}
