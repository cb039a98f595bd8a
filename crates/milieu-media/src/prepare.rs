//! From a picture to what a network reads: written into a model's manifest, so that serving does exactly what
//! training did.

use crate::Picture;
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};
use serde::{Deserialize, Serialize};

/// How a picture of another shape becomes a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The middle is cut out.
    #[default]
    Crop,
    /// It is squeezed.
    Squash,
}

/// What is done to a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    /// Pixels across and down.
    pub side: u32,
    /// How it becomes a square.
    pub fit: Fit,
    /// Subtracted from red, green and blue, which go from 0 to 1.
    pub mean: [f32; 3],
    /// What they are divided by then.
    pub deviation: [f32; 3],
}

impl Preparation {
    /// The picture as `side x side x 3` bytes.
    #[must_use]
    pub fn pixels(&self, picture: &Picture) -> Vec<u8> {
        let side = self.side.max(1);
        if (picture.width, picture.height) == (side, side) {
            return picture.rgb.clone();
        }
        let Some(image) = RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone()) else {
            return vec![0; (side * side * 3) as usize];
        };
        match self.fit {
            Fit::Squash => resize(&image, side, side, FilterType::Triangle).into_raw(),
            Fit::Crop => {
                let square = picture.width.min(picture.height);
                let (x, y) = ((picture.width - square) / 2, (picture.height - square) / 2);
                let middle = crop_imm(&image, x, y, square, square).to_image();
                resize(&middle, side, side, FilterType::Triangle).into_raw()
            }
        }
    }

    /// Bytes of [`Preparation::pixels`] as `3 x side x side` numbers.
    pub fn write(&self, pixels: &[u8], out: &mut [f32]) {
        let area = (self.side * self.side) as usize;
        for (channel, out) in out.chunks_exact_mut(area.max(1)).enumerate().take(3) {
            let factor = 1.0 / (255.0 * self.deviation[channel]);
            let offset = self.mean[channel] / self.deviation[channel];
            for (out, pixel) in out.iter_mut().zip(pixels.chunks_exact(3)) {
                *out = f32::from(pixel[channel]) * factor - offset;
            }
        }
    }
}
