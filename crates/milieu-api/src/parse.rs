//! From bytes to wire structs, with the exact place of whatever is wrong.

use crate::ApiError;
use crate::error::join;
use milieu_types::{ErrorCode, Id, Timestamp};
use serde::Deserialize;

/// A batch on the wire: its entries, and the path of each in the request.
pub(crate) struct Batch<T> {
    pub(crate) entries: Vec<T>,
    /// `events` for `events[0]`, `events[1]`...; `None` for a single entry that is the body itself.
    list: Option<&'static str>,
}

impl<T> Batch<T> {
    /// The path of an entry.
    pub(crate) fn path(&self, index: usize) -> String {
        self.list.map_or_else(String::new, |list| format!("{list}[{index}]"))
    }
}

/// Reads one value that is the whole body. `code` is given to errors of shape.
pub(crate) fn one<'de, T: Deserialize<'de>>(body: &'de [u8], code: ErrorCode) -> Result<T, ApiError> {
    // The fast way keeps no path; only a bad body is read a second time, to say where it is bad.
    serde_json::from_slice(body).or_else(|_| {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let value =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| refuse(body, code, "", &error))?;
        reader.end().map_err(|error| ApiError::new(ErrorCode::InvalidJson, error.to_string()))?;
        Ok(value)
    })
}

/// Reads a list: a bare array, an object with the list under `name`, or a single entry.
pub(crate) fn batch<'de, T: Deserialize<'de>>(
    body: &'de [u8],
    name: &'static str,
    code: ErrorCode,
    most: usize,
) -> Result<Batch<T>, ApiError> {
    let text = body.trim_ascii_start();
    let batch = if text.starts_with(b"[") {
        let entries: Vec<T> = one(body, code).map_err(|error| under(error, name))?;
        Batch { entries, list: Some(name) }
    } else if is_envelope(text, name) {
        let (start, end) = inner(text, name)?;
        let entries: Vec<T> = one(&text[start..end], code).map_err(|error| under(error, name))?;
        Batch { entries, list: Some(name) }
    } else {
        Batch { entries: vec![one(body, code)?], list: None }
    };
    if batch.entries.len() > most {
        let message = format!("holds {} entries, the limit is {most}", batch.entries.len());
        return Err(ApiError::at(ErrorCode::BatchTooLarge, name, message));
    }
    Ok(batch)
}

/// Puts an error inside an array under the array's name.
fn under(error: ApiError, name: &str) -> ApiError {
    let field = match error.field.as_deref() {
        None if error.code == ErrorCode::InvalidJson => None,
        field => Some(join(name, field.unwrap_or(""))),
    };
    ApiError { field, ..error }
}

/// Whether the object's first key is the name of the list.
fn is_envelope(text: &[u8], name: &str) -> bool {
    text.strip_prefix(b"{")
        .and_then(|rest| rest.trim_ascii_start().strip_prefix(b"\""))
        .and_then(|rest| rest.strip_prefix(name.as_bytes()))
        .is_some_and(|rest| rest.starts_with(b"\""))
}

/// Where the list stands in an envelope, which must hold nothing else.
fn inner(text: &[u8], name: &str) -> Result<(usize, usize), ApiError> {
    let bad = |message: String| ApiError::new(ErrorCode::InvalidJson, message);
    let place = |part: &[u8]| text.len() - part.len();
    let after_key = text[1..].trim_ascii_start().get(name.len() + 2..).unwrap_or_default();
    let value = after_key
        .trim_ascii_start()
        .strip_prefix(b":")
        .ok_or_else(|| bad(format!("expected `:` after \"{name}\"")))?
        .trim_ascii_start();
    let closing = text.trim_ascii_end();
    match closing.strip_suffix(b"}") {
        // What stands between the list and the brace is found when the list is read: it ends early then.
        Some(list) if list.len() >= place(value) => Ok((place(value), list.len())),
        _ => Err(bad(format!("expected `}}` after \"{name}\""))),
    }
}

/// Turns what serde found into the refusal the caller sees.
fn refuse(
    body: &[u8],
    code: ErrorCode,
    prefix: &str,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> ApiError {
    let message = error.inner().to_string();
    let path = match error.path().to_string() {
        path if path == "." || path.contains('?') => String::new(),
        path => path,
    };
    if body.trim_ascii().is_empty() {
        return ApiError::new(ErrorCode::InvalidJson, "the body is empty");
    }
    let named = |start: &str| message.strip_prefix(start).and_then(|rest| rest.split('`').next());
    if let Some(field) = named("missing field `") {
        return ApiError::at(code, join(prefix, &join(&path, field)), "is missing");
    }
    if let Some(field) = named("unknown field `") {
        // Some readers count the key itself into the path, some do not.
        let parent = path.strip_suffix(field).map_or(path.as_str(), |rest| rest.trim_end_matches('.'));
        let known = message.split_once("expected ").map_or("", |(_, known)| known);
        let known = known.split(" at line").next().unwrap_or("").replace('`', "");
        let message = format!("is not known here; expected {known}");
        return ApiError::at(code, join(prefix, &join(parent, field)), message);
    }
    let of_value = error.inner().is_data() || message.starts_with("number out of range");
    let code = if of_value { code } else { ErrorCode::InvalidJson };
    ApiError { code, message, field: Some(join(prefix, &path)).filter(|path| !path.is_empty()) }
}

/// Checks an id that stands in `field`.
pub(crate) fn id(path: &str, field: &str, text: impl Into<String>) -> Result<Id, ApiError> {
    Id::new(text).map_err(|error| ApiError::id(join(path, field), error))
}

/// Reads a time that stands in `field`.
pub(crate) fn time(path: &str, field: &str, text: &str) -> Result<Timestamp, ApiError> {
    Timestamp::parse(text)
        .map_err(|error| ApiError::at(ErrorCode::InvalidTime, join(path, field), error.to_string()))
}
