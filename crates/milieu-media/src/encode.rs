//! Pictures as files.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// A PNG file of `width x height x 3` bytes; `None` where there are not as many.
#[must_use]
pub fn png(pixels: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    // The encoder panics where the sizes do not agree.
    if pixels.len() as u64 != u64::from(width) * u64::from(height) * 3 {
        return None;
    }
    PngEncoder::new(&mut file).write_image(pixels, width, height, ExtendedColorType::Rgb8).ok()?;
    Some(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use crate::{DecodeLimits, decode};

    #[test]
    fn what_is_written_is_read() {
        let pixels: Vec<u8> = (0..12 * 9 * 3).map(|place| (place * 7 % 251) as u8).collect();
        let read = decode(&png(&pixels, 12, 9).unwrap(), DecodeLimits::default()).unwrap();
        assert_eq!((read.width, read.height, read.rgb), (12, 9, pixels));
        assert_eq!(png(&[1, 2], 4, 3), None);
    }
}
