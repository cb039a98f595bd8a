//! Users and items as the app describes them.

use crate::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// A person, or whatever acts in the app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The app's id.
    pub id: Id,
    /// A name to show in reasons; the id is shown where there is none.
    pub name: Option<String>,
    /// Declared interests.
    pub tags: Vec<String>,
    /// BCP 47 language, such as `en` or `zh-Hans`.
    pub language: Option<String>,
    /// Words whose items this user does not want to see; matched without case.
    pub muted_keywords: Vec<String>,
    /// Whether this user may be suggested to others.
    pub discoverable: bool,
    /// When the user joined.
    pub at: Timestamp,
}

/// A post, picture, clip, product or whatever can be shown in a feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The app's id.
    pub id: Id,
    /// Who made it; catalogue items (a record, a film) have none.
    pub author: Option<Id>,
    /// Its text.
    pub text: Option<String>,
    /// Attached media.
    pub media: Vec<Media>,
    /// Its topics.
    pub tags: Vec<String>,
    /// The item it answers.
    pub reply_to: Option<Id>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// When it was made.
    pub at: Timestamp,
    /// Hidden items are in no feed and no index that others see.
    pub hidden: bool,
}

/// A file attached to an item, by reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where the app keeps it. Milieu does not fetch it.
    pub url: String,
}

/// The kinds of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A still picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
}

/// A change of some fields of a user; `None` leaves the field as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserPatch {
    /// Whom to change.
    pub id: Id,
    /// New name; `Some(None)` removes it.
    pub name: Option<Option<String>>,
    /// New declared interests.
    pub tags: Option<Vec<String>>,
    /// New language; `Some(None)` removes it.
    pub language: Option<Option<String>>,
    /// New muted keywords.
    pub muted_keywords: Option<Vec<String>>,
    /// New discoverability.
    pub discoverable: Option<bool>,
}

/// A change of some fields of an item; `None` leaves the field as it is.
///
/// Author, parent and time of an item are what it is and do not change; put the item anew for that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemPatch {
    /// What to change.
    pub id: Id,
    /// New text; `Some(None)` removes it.
    pub text: Option<Option<String>>,
    /// New media.
    pub media: Option<Vec<Media>>,
    /// New topics.
    pub tags: Option<Vec<String>>,
    /// New language; `Some(None)` removes it.
    pub language: Option<Option<String>>,
    /// Hide or show.
    pub hidden: Option<bool>,
}
