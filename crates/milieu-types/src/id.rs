//! Opaque string ids chosen by the app.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;

/// The longest id accepted, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 256;

/// An id chosen by the app: any UTF-8 of 1 to [`MAX_ID_BYTES`] bytes without control characters.
///
/// Ids are opaque; `/` and any script are allowed. Two ids are equal when their bytes are.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Box<str>);

/// Why a string is not an [`Id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The string was empty.
    #[error("an id must not be empty")]
    Empty,
    /// The string was longer than [`MAX_ID_BYTES`].
    #[error("an id has at most 256 bytes, this one has {0}")]
    TooLong(usize),
    /// The string held a control character (U+0000 to U+001F, U+007F to U+009F).
    #[error("an id must not hold control characters")]
    Control,
}

impl Id {
    /// Checks `text` and makes it an id.
    ///
    /// # Errors
    /// [`IdError`] when the text is empty, too long or holds control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if text.len() > MAX_ID_BYTES {
            return Err(IdError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(IdError::Control);
        }
        Ok(Self(text.into_boxed_str()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::str::FromStr for Id {
    type Err = IdError;
    fn from_str(s: &str) -> Result<Self, IdError> {
        Self::new(s)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_refuses() {
        fn check(input: &str, expected: Result<(), IdError>) {
            assert_eq!(Id::new(input).map(|_| ()), expected, "{input:?}");
        }
        check("a", Ok(()));
        check("用户/7 é 🙂", Ok(()));
        check(&"x".repeat(256), Ok(()));
        check("", Err(IdError::Empty));
        check(&"x".repeat(257), Err(IdError::TooLong(257)));
        check(&"é".repeat(150), Err(IdError::TooLong(300)));
        check("a\nb", Err(IdError::Control));
        check("a\u{0}", Err(IdError::Control));
    }
}
