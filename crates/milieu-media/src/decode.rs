//! Bytes to pixels, with limits that hold before anything is allocated.

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};
use std::io::Cursor;

/// What is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The most pixels of a picture.
    pub most_pixels: u64,
    /// The smallest side of a picture.
    pub least_side: u32,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { most_pixels: 50_000_000, least_side: 8 }
    }
}

/// Why there are no pixels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// No picture, a damaged one, or one cut short.
    #[error("not a picture that can be decoded: {0}")]
    Undecodable(String),
    /// Too few pixels to see anything.
    #[error("{width}x{height} pixels are too few")]
    TooSmall {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// More pixels than are decoded; known from the header alone.
    #[error("{width}x{height} pixels are too many")]
    TooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
}

/// A decoded picture: red, green and blue of each pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `height x width x 3`.
    pub rgb: Vec<u8>,
}

/// Decodes JPEG, PNG, GIF (its first picture), WebP or BMP, whatever the file is called. It is turned the
/// way its EXIF orientation says; what is transparent becomes white; four-colour print becomes red, green
/// and blue.
///
/// # Errors
/// [`DecodeError`].
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Picture, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let undecodable = |error: image::ImageError| DecodeError::Undecodable(error.to_string());
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| DecodeError::Undecodable(error.to_string()))?;
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.most_pixels {
        return Err(DecodeError::TooLarge { width, height });
    }
    if width.min(height) < limits.least_side.max(1) {
        return Err(DecodeError::TooSmall { width, height });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    image.apply_orientation(orientation);
    let rgb = if image.color().has_alpha() { over_white(&image) } else { image.into_rgb8() };
    Ok(Picture { width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw() })
}

fn over_white(image: &DynamicImage) -> RgbImage {
    let rgba = image.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u32::from);
        *to = Rgb([red, green, blue].map(|c| ((c * alpha + 255 * (255 - alpha) + 127) / 255) as u8));
    }
    rgb
}
