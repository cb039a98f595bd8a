//! Records as bytes: one version byte, then the [postcard](https://postcard.jamesmunns.com/wire-format)
//! form of [`Record`].
//!
//! The formats are frozen by the files in `testdata/eventlog`. A change of `milieu_types` that alters
//! the bytes needs a new version here, with the old types kept for reading.

use crate::RecordError;
use milieu_types::{Id, Record, Seq};

/// The version written. Older versions stay readable for ever.
pub const RECORD_VERSION: u8 = 1;

/// The bytes of a record in the newest version.
///
/// # Errors
/// [`RecordError::Malformed`] when the record cannot be serialised, which no valid record meets.
pub fn encode_record(record: &Record) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(RECORD_VERSION);
    postcard::to_extend(record, bytes).map_err(RecordError::Malformed)
}

/// The record of these bytes, of any version.
///
/// # Errors
/// [`RecordError`] when the version is unknown or the bytes are not one whole record.
pub fn decode_record(bytes: &[u8]) -> Result<Record, RecordError> {
    match bytes.split_first() {
        None => Err(RecordError::Empty),
        Some((&RECORD_VERSION, body)) => {
            let (record, rest) = postcard::take_from_bytes(body).map_err(RecordError::Malformed)?;
            if rest.is_empty() { Ok(record) } else { Err(RecordError::Trailing(rest.len())) }
        }
        Some((&version, _)) => Err(RecordError::UnknownVersion(version)),
    }
}

/// The id of an event that came without one. It is not stored: the key of the record says it.
#[expect(clippy::expect_used, reason = "a tilde and at most twenty digits are always an id")]
pub(crate) fn own_id(seq: Seq) -> Id {
    Id::new(format!("~{seq}")).expect("a tilde and digits are an id")
}

/// The number in an id made by [`own_id`]; none for any other spelling.
pub(crate) fn own_seq(id: &Id) -> Option<Seq> {
    let digits = id.as_str().strip_prefix('~')?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| canonical)
}

/// Gives the record at `seq` the id it has by its place, if it was stored without one.
pub(crate) fn with_own_id(seq: Seq, mut record: Record) -> Record {
    if let Record::Event(event) | Record::Undo { event, .. } = &mut record
        && event.id.is_none()
    {
        event.id = Some(own_id(seq));
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_ids_have_one_spelling() {
        fn check(input: &str, expected: Option<Seq>) {
            assert_eq!(own_seq(&Id::new(input).unwrap()), expected, "{input}");
        }
        check("~1", Some(1));
        check(own_id(u64::MAX).as_str(), Some(u64::MAX));
        check("~01", None);
        check("~+1", None);
        check("~", None);
        check("1", None);
        check("~99999999999999999999", None);
    }

    #[test]
    fn refuses_what_is_no_record() {
        fn check(input: &[u8], expected: RecordError) {
            assert_eq!(decode_record(input), Err(expected), "{input:?}");
        }
        check(&[], RecordError::Empty);
        check(&[0], RecordError::UnknownVersion(0));
        check(&[7, 1, 2], RecordError::UnknownVersion(7));
        check(&[1], RecordError::Malformed(postcard::Error::DeserializeUnexpectedEnd));
        let record = Record::DeleteUser { id: own_id(7), at: Default::default() };
        let mut bytes = encode_record(&record).unwrap();
        assert_eq!(decode_record(&bytes), Ok(record));
        bytes.push(0);
        check(&bytes, RecordError::Trailing(1));
    }
}
