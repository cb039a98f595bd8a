//! Data sets that were uploaded.

use crate::ApiError;
use milieu_types::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An uploaded data set. Its content never changes; another content needs another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// What the upload was.
    pub format: DatasetFormat,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// When it was uploaded, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// What can be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DatasetFormat {
    /// A zip archive.
    #[serde(rename = "zip")]
    Zip,
    /// A tar archive.
    #[serde(rename = "tar")]
    Tar,
    /// A tar archive in gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A tar archive in xz.
    #[serde(rename = "tar.xz")]
    TarXz,
    /// A JSON object a line.
    #[serde(rename = "ndjson")]
    Ndjson,
}

impl DatasetFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Zip, Self::Tar, Self::TarGz, Self::TarXz, Self::Ndjson];

    /// Its name, which is also how the names of its files end.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarXz => "tar.xz",
            Self::Ndjson => "ndjson",
        }
    }
}

/// The data sets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DatasetList {
    /// In the order of their names.
    pub datasets: Vec<Dataset>,
}

/// Checks the name of a data set or model that stands in `field`.
///
/// # Errors
/// `code` unless it is 1 to 64 of `a-z`, `0-9`, `-` and `_`.
pub fn read_name(name: &str, field: &str, code: ErrorCode) -> Result<(), ApiError> {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
    match (1..=64).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err(ApiError::at(code, field, "must be 1 to 64 of a-z, 0-9, - and _")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        fn check(name: &str, good: bool) {
            assert_eq!(read_name(name, "name", ErrorCode::InvalidParameter).is_ok(), good, "{name:?}");
        }
        check("cats-and-dogs_2", true);
        check(&"x".repeat(64), true);
        for bad in ["", "Cats", "a.b", "..", "a/b", "a b", "猫", &"x".repeat(65)] {
            check(bad, false);
        }
    }

    #[test]
    fn formats_are_called_what_they_are_written_as() {
        for format in DatasetFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
    }
}
