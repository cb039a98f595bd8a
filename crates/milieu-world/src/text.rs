//! Texts that say the same.

/// A hash that is equal for texts that differ only in case and white space, and never 0 for a text
/// that has any letter (FNV-1a, 64 bits; Fowler, Noll, Vo).
#[must_use]
pub(crate) fn text_hash(text: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut empty = true;
    let mut buffer = [0; 4];
    for letter in text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase) {
        empty = false;
        for byte in letter.encode_utf8(&mut buffer).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    if empty { 0 } else { hash.max(1) }
}

#[cfg(test)]
mod tests {
    use super::text_hash;

    #[test]
    fn folds_case_and_space() {
        assert_eq!(text_hash("Hello  World"), text_hash("hello world\n"));
        assert_ne!(text_hash("hello world"), text_hash("hello word"));
        assert_eq!(text_hash(" \n"), 0);
    }
}
