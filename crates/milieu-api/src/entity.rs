//! Users and items on the wire.

use crate::error::join;
use crate::{ApiError, parse};
use milieu_types::{
    ErrorCode, Id, Item, ItemPatch, Media, MediaKind, Seq, Timestamp, User, UserPatch, validate,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A user, as the app describes them.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserIn {
    /// The app's id. In the path for a single user, needed in a batch.
    pub id: Option<String>,
    /// A name to show in reasons.
    pub name: Option<String>,
    /// Declared interests.
    #[serde(default)]
    pub tags: Vec<String>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// Words whose items this user does not want to see.
    #[serde(default)]
    pub muted_keywords: Vec<String>,
    /// Whether the user may be suggested to others; yes where it is left out.
    pub discoverable: Option<bool>,
    /// When the user joined, RFC 3339.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<String>,
}

/// An item, as the app describes it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemIn {
    /// The app's id. In the path for a single item, needed in a batch.
    pub id: Option<String>,
    /// Who made it; catalogue items have none.
    pub author: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// Attached media, by reference.
    #[serde(default)]
    pub media: Vec<MediaWire>,
    /// Its topics.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The item it answers.
    pub reply_to: Option<String>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// When it was made, RFC 3339.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<String>,
    /// Hidden items are in no feed.
    #[serde(default)]
    pub hidden: bool,
}

/// A file attached to an item.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Media)]
pub struct MediaWire {
    /// `image`, `audio` or `video`.
    #[schema(value_type = String, example = "image")]
    pub kind: MediaKind,
    /// Where the app keeps it.
    pub url: String,
}

/// Some fields of a user; what is left out stays, `null` removes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserPatch)]
pub struct UserPatchIn {
    /// New name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// New declared interests.
    pub tags: Option<Vec<String>>,
    /// New language.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Option<String>>,
    /// New muted keywords.
    pub muted_keywords: Option<Vec<String>>,
    /// New discoverability.
    pub discoverable: Option<bool>,
}

/// Some fields of an item; what is left out stays, `null` removes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ItemPatch)]
pub struct ItemPatchIn {
    /// New text.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub text: Option<Option<String>>,
    /// New media.
    pub media: Option<Vec<MediaWire>>,
    /// New topics.
    pub tags: Option<Vec<String>>,
    /// New language.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Option<String>>,
    /// Hide or show.
    pub hidden: Option<bool>,
}

/// Tells `null` (`Some(None)`) from a field that is left out (`None`).
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// The answer to a change of one user or item: it is on disk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Stored {
    /// Of whom or what.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its place in the log.
    #[schema(value_type = u64)]
    pub seq: Seq,
}

/// The answer to a batch of users or items: all are on disk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BatchStored {
    /// How many.
    pub stored: usize,
    /// The place of the last in the log.
    #[schema(value_type = u64)]
    pub last_seq: Seq,
}

/// A user as stored.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserOut {
    /// The app's id.
    #[schema(value_type = String)]
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    muted_keywords: Vec<String>,
    discoverable: bool,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<User> for UserOut {
    fn from(user: User) -> Self {
        let User { id, name, tags, language, muted_keywords, discoverable, at } = user;
        Self { id, name, tags, language, muted_keywords, discoverable, at }
    }
}

/// An item as stored.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Item)]
pub struct ItemOut {
    /// The app's id.
    #[schema(value_type = String)]
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    author: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    media: Vec<MediaWire>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reply_to: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    hidden: bool,
}

impl From<Item> for ItemOut {
    fn from(item: Item) -> Self {
        let Item { id, author, text, media, tags, reply_to, language, at, hidden } = item;
        let media = media.into_iter().map(|Media { kind, url }| MediaWire { kind, url }).collect();
        Self { id, author, text, media, tags, reply_to, language, at, hidden }
    }
}

/// What a conversion needs to know besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The time of arrival.
    pub now: Timestamp,
    /// The latest time accepted.
    pub latest: Timestamp,
}

impl UserIn {
    /// Checks the user; `known_at` says when a user known before joined.
    fn check(
        self,
        path: &str,
        id: Id,
        clock: Clock,
        known_at: &impl Fn(&Id) -> Option<Timestamp>,
    ) -> Result<User, ApiError> {
        let at = when(path, self.at.as_deref(), clock, || known_at(&id))?;
        let user = User {
            id,
            name: self.name,
            tags: self.tags,
            language: self.language,
            muted_keywords: self.muted_keywords,
            discoverable: self.discoverable.unwrap_or(true),
            at,
        };
        validate::user(&user, clock.latest).map_err(|violation| ApiError::violation(path, violation))?;
        Ok(user)
    }
}

impl ItemIn {
    fn check(
        self,
        path: &str,
        id: Id,
        clock: Clock,
        known_at: &impl Fn(&Id) -> Option<Timestamp>,
    ) -> Result<Item, ApiError> {
        let at = when(path, self.at.as_deref(), clock, || known_at(&id))?;
        let item = Item {
            id,
            author: self.author.map(|text| parse::id(path, "author", text)).transpose()?,
            text: self.text,
            media: media(self.media),
            tags: self.tags,
            reply_to: self.reply_to.map(|text| parse::id(path, "reply_to", text)).transpose()?,
            language: self.language,
            at,
            hidden: self.hidden,
        };
        validate::item(&item, clock.latest).map_err(|violation| ApiError::violation(path, violation))?;
        Ok(item)
    }
}

fn media(media: Vec<MediaWire>) -> Vec<Media> {
    media.into_iter().map(|MediaWire { kind, url }| Media { kind, url }).collect()
}

fn when(
    path: &str,
    text: Option<&str>,
    clock: Clock,
    known: impl Fn() -> Option<Timestamp>,
) -> Result<Timestamp, ApiError> {
    match text {
        Some(text) => parse::time(path, "at", text),
        None => Ok(known().unwrap_or(clock.now)),
    }
}

/// The id of an entry of a batch, or of a body whose id stands in the path too.
fn own_id(path: &str, in_body: Option<&str>, in_path: Option<&Id>) -> Result<Id, ApiError> {
    match (in_body, in_path) {
        (None, Some(id)) => Ok(id.clone()),
        (Some(text), None) => parse::id(path, "id", text),
        (Some(text), Some(id)) if text == id.as_str() => Ok(id.clone()),
        (Some(_), Some(_)) => {
            Err(ApiError::at(ErrorCode::InvalidId, join(path, "id"), "differs from the id in the path"))
        }
        (None, None) => Err(ApiError::at(ErrorCode::InvalidId, join(path, "id"), "is missing")),
    }
}

/// Reads the body of `PUT /v1/users/{id}`. `known_at` gives the time of a user who is known already,
/// which stays where the body has none.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read_user(
    body: &[u8],
    id: &Id,
    clock: Clock,
    known_at: impl Fn(&Id) -> Option<Timestamp>,
) -> Result<User, ApiError> {
    let user: UserIn = parse::one(body, ErrorCode::InvalidUser)?;
    let id = own_id("", user.id.as_deref(), Some(id))?;
    user.check("", id, clock, &known_at)
}

/// Reads the body of `PUT /v1/items/{id}`; see [`read_user`].
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read_item(
    body: &[u8],
    id: &Id,
    clock: Clock,
    known_at: impl Fn(&Id) -> Option<Timestamp>,
) -> Result<Item, ApiError> {
    let item: ItemIn = parse::one(body, ErrorCode::InvalidItem)?;
    let id = own_id("", item.id.as_deref(), Some(id))?;
    item.check("", id, clock, &known_at)
}

/// Reads the body of `POST /v1/users`: an array, `{"users": [...]}` or one user with its id.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read_users(
    body: &[u8],
    clock: Clock,
    most: usize,
    known_at: impl Fn(&Id) -> Option<Timestamp>,
) -> Result<Vec<User>, ApiError> {
    let mut batch = parse::batch::<UserIn>(body, "users", ErrorCode::InvalidUser, most)?;
    let entries = std::mem::take(&mut batch.entries);
    let check = |(index, user): (usize, UserIn)| {
        let path = batch.path(index);
        let id = own_id(&path, user.id.as_deref(), None)?;
        user.check(&path, id, clock, &known_at)
    };
    entries.into_iter().enumerate().map(check).collect()
}

/// Reads the body of `POST /v1/items`: an array, `{"items": [...]}` or one item with its id.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read_items(
    body: &[u8],
    clock: Clock,
    most: usize,
    known_at: impl Fn(&Id) -> Option<Timestamp>,
) -> Result<Vec<Item>, ApiError> {
    let mut batch = parse::batch::<ItemIn>(body, "items", ErrorCode::InvalidItem, most)?;
    let entries = std::mem::take(&mut batch.entries);
    let check = |(index, item): (usize, ItemIn)| {
        let path = batch.path(index);
        let id = own_id(&path, item.id.as_deref(), None)?;
        item.check(&path, id, clock, &known_at)
    };
    entries.into_iter().enumerate().map(check).collect()
}

/// Reads the body of `PATCH /v1/users/{id}`.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read_user_patch(body: &[u8], id: Id) -> Result<UserPatch, ApiError> {
    let UserPatchIn { name, tags, language, muted_keywords, discoverable } =
        parse::one(body, ErrorCode::InvalidUser)?;
    let patch = UserPatch { id, name, tags, language, muted_keywords, discoverable };
    validate::user_patch(&patch).map_err(|violation| ApiError::violation("", violation))?;
    Ok(patch)
}

/// Reads the body of `PATCH /v1/items/{id}`.
///
/// # Errors
/// The first thing wrong, with its place.
pub fn read_item_patch(body: &[u8], id: Id) -> Result<ItemPatch, ApiError> {
    let patch: ItemPatchIn = parse::one(body, ErrorCode::InvalidItem)?;
    let ItemPatchIn { text, media: files, tags, language, hidden } = patch;
    let patch = ItemPatch { id, text, media: files.map(media), tags, language, hidden };
    validate::item_patch(&patch).map_err(|violation| ApiError::violation("", violation))?;
    Ok(patch)
}
