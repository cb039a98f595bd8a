//! What a picture is recognised by.

use crate::duplicates::Fingerprint;
use image::GrayImage;
use image::imageops::{FilterType, resize};
use std::f32::consts::PI;
use xxhash_rust::xxh3::xxh3_128;

/// Pixels across and down of what is transformed.
const SIDE: usize = 32;
/// Frequencies taken each way, without the constant.
const FREQUENCIES: usize = 8;
/// The least deviation of brightness, in 255ths, that those frequencies make up: below it the bits are noise.
const LEAST_DEVIATION: f32 = 2.0;

/// The fingerprint of a picture of `side x side x 3` bytes.
#[must_use]
pub fn fingerprint(pixels: &[u8], side: u32) -> Fingerprint {
    Fingerprint { exact: xxh3_128(pixels), near: perceptual_hash(pixels, side) }
}

/// The perceptual hash of a picture of `side x side x 3` bytes: the lowest 8 x 8 frequencies (without those
/// that are constant one way) of the cosine transform of its brightness at 32 x 32 pixels, one bit each:
/// whether it is above the median (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions,
/// 2010, section 3.2.1). Copies that were scaled, compressed or brightened differ in a few bits, other
/// pictures in about half of the 64. Nothing for a picture without contrast.
#[must_use]
pub fn perceptual_hash(pixels: &[u8], side: u32) -> Option<u64> {
    let grey: Vec<u8> = pixels.chunks_exact(3).map(luminance).collect();
    let grey = GrayImage::from_raw(side, side, grey).filter(|_| side > 0)?;
    let grey = if side as usize == SIDE {
        grey
    } else {
        resize(&grey, SIDE as u32, SIDE as u32, FilterType::Triangle)
    };
    let waves = waves();
    let mut across = [[0.0f32; SIDE]; FREQUENCIES];
    for (row, line) in grey.as_raw().chunks_exact(SIDE).enumerate() {
        for (wave, across) in waves.iter().zip(&mut across) {
            across[row] = wave.iter().zip(line).map(|(wave, &grey)| wave * f32::from(grey)).sum();
        }
    }
    let mut coefficients = [0.0f32; FREQUENCIES * FREQUENCIES];
    for (place, coefficient) in coefficients.iter_mut().enumerate() {
        let (down, across) = (&waves[place / FREQUENCIES], &across[place % FREQUENCIES]);
        *coefficient = down.iter().zip(across).map(|(wave, value)| wave * value).sum();
    }
    let energy: f32 = coefficients.iter().map(|coefficient| coefficient * coefficient).sum();
    if energy < LEAST_DEVIATION.powi(2) * (SIDE * SIDE) as f32 {
        return None;
    }
    let mut sorted = coefficients;
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.len() / 2;
    let median = (sorted[middle - 1] + sorted[middle]) / 2.0;
    Some(coefficients.iter().fold(0, |bits, &coefficient| bits << 1 | u64::from(coefficient > median)))
}

/// Brightness of red, green and blue (ITU-R BT.601).
fn luminance(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
}

/// The orthonormal cosine transform's rows 1 to 8.
fn waves() -> [[f32; SIDE]; FREQUENCIES] {
    std::array::from_fn(|row| {
        std::array::from_fn(|at| {
            let angle = PI * (row + 1) as f32 * (at as f32 + 0.5) / SIDE as f32;
            angle.cos() * (2.0 / SIDE as f32).sqrt()
        })
    })
}
