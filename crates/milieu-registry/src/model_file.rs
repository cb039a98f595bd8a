//! The one look at a model file before it is published or loaded.

use crate::Signature;

/// The first byte of an ONNX file: field 1 of its outermost message, the version of the format, as a number.
const FIRST_BYTE: u8 = 0x08;

/// Whether the bytes may be an ONNX file, and what it reads and gives, as far as that is known; an empty
/// signature where it is not.
///
/// # Errors
/// In words, why they are none.
pub fn check_model(bytes: &[u8]) -> Result<Signature, String> {
    match bytes.first() {
        None => Err("the file is empty".into()),
        Some(&FIRST_BYTE) => Ok(Signature::default()),
        Some(_) => Err("the file does not begin as ONNX does".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings() {
        fn check(bytes: &[u8], expected: &str) {
            let said = check_model(bytes).err().unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        }
        check(&[0x08, 0x0a], "");
        check(b"", "empty");
        check(b"<html>not found</html>", "does not begin as ONNX does");
        check(b"version https://git-lfs.github.com/spec/v1", "does not begin as ONNX does");
    }
}
