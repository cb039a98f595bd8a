//! The stream between the server and the training process: frames with a length in front.
//!
//! A frame is its length as a little-endian `u32`, then that many bytes. A frame of no bytes ends the
//! stream; an end without it means that the other side died, and what was read must not be used.

use std::io::{self, Read, Write};

/// The longest frame accepted, in bytes. The largest record has some hundred kilobytes.
pub(crate) const MAX_FRAME_BYTES: u32 = 16 << 20;

/// Why a stream of frames cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Reading failed.
    #[error("reading the training data: {0}")]
    Io(#[from] io::Error),
    /// The stream ended without its end frame.
    #[error("the training data ends in the middle")]
    Torn,
    /// A length beyond the limit: the stream is not what it should be.
    #[error("a frame of {0} bytes exceeds the limit")]
    TooLong(u32),
}

/// Writes one frame.
///
/// # Errors
/// `InvalidInput` for an empty frame or one over the limit, else what the writer says.
pub(crate) fn write(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| (1..=MAX_FRAME_BYTES).contains(length));
    let length = length.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("a frame cannot have {} bytes", bytes.len()))
    })?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(bytes)
}

/// Writes the end frame and flushes.
///
/// # Errors
/// What the writer says.
pub(crate) fn finish(output: &mut impl Write) -> io::Result<()> {
    output.write_all(&0u32.to_le_bytes())?;
    output.flush()
}

/// Reads the next frame into `buffer`; `false` at the end frame.
///
/// # Errors
/// [`FrameError`].
pub(crate) fn read(input: &mut impl Read, buffer: &mut Vec<u8>) -> Result<bool, FrameError> {
    let mut length = [0; 4];
    fill(input, &mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong(length));
    }
    buffer.clear();
    buffer.resize(length as usize, 0);
    fill(input, buffer)?;
    Ok(length > 0)
}

fn fill(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), FrameError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => FrameError::Torn,
        _ => FrameError::Io(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams() {
        fn check(input: &[u8], expected: &str) {
            let (mut input, mut buffer, mut found) = (input, Vec::new(), Vec::new());
            let end = loop {
                match read(&mut input, &mut buffer) {
                    Ok(true) => found.push(String::from_utf8(buffer.clone()).unwrap()),
                    Ok(false) => break "end".to_owned(),
                    Err(error) => break error.to_string(),
                }
            };
            found.push(end);
            assert_eq!(found.join("|"), expected);
        }
        let mut stream = Vec::new();
        write(&mut stream, b"one").unwrap();
        write(&mut stream, b"two").unwrap();
        finish(&mut stream).unwrap();
        check(&stream, "one|two|end");
        check(&stream[..stream.len() - 4], "one|two|the training data ends in the middle");
        check(&stream[..9], "one|the training data ends in the middle");
        check(&[255; 8], "a frame of 4294967295 bytes exceeds the limit");
        assert!(write(&mut stream, b"").is_err());
    }
}
