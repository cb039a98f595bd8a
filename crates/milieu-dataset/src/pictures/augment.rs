//! Pictures changed by chance, so that a network learns what does not matter. For training alone.

use rand::Rng;
use serde::{Deserialize, Serialize};

/// What may happen to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Turned left to right, every other time.
    pub flip: bool,
    /// Moved by up to so many pixels each way; what comes in from outside is grey.
    pub shift: u32,
    /// A square of this side is made grey (cutout, DeVries and Taylor 2017); 0 for none.
    pub cutout: u32,
    /// Brightness and contrast change by up to this share, 0 to 1.
    pub jitter: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self { flip: true, shift: 4, cutout: 8, jitter: 0.0 }
    }
}

/// The square that [`Augmentation::cutout`] makes grey: first row and column, which may lie outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// First row.
    pub row: i64,
    /// First column.
    pub column: i64,
}

/// What unknown pixels are taken for: the middle between black and white.
const GREY: u8 = 128;

/// Changes a picture of `side x side x 3` bytes into `out`, which has as many.
pub fn augment(pixels: &[u8], side: usize, config: &Augmentation, random: &mut impl Rng, out: &mut [u8]) {
    let flip = config.flip && random.random::<bool>();
    let most = i64::from(config.shift);
    let (down, across) = (random.random_range(-most..=most), random.random_range(-most..=most));
    out.fill(GREY);
    let line = side as i64;
    for row in 0..line {
        let from = row + down;
        if !(0..line).contains(&from) {
            continue;
        }
        for column in (0..line).filter(|column| (0..line).contains(&(column + across))) {
            let source = if flip { line - 1 - (column + across) } else { column + across };
            let (to, from) = (((row * line + column) * 3) as usize, ((from * line + source) * 3) as usize);
            out[to..to + 3].copy_from_slice(&pixels[from..from + 3]);
        }
    }
    if config.jitter > 0.0 {
        let most = config.jitter.min(1.0);
        let contrast = 1.0 + random.random_range(-most..=most);
        let brightness = random.random_range(-most..=most) * 128.0;
        for value in out.iter_mut() {
            let changed = (f32::from(*value) - 128.0) * contrast + 128.0 + brightness;
            *value = changed.round().clamp(0.0, 255.0) as u8;
        }
    }
    if config.cutout > 0 {
        let half = i64::from(config.cutout / 2);
        let cut =
            Cut { row: random.random_range(0..line) - half, column: random.random_range(0..line) - half };
        for row in cut.row.max(0)..(cut.row + i64::from(config.cutout)).min(line) {
            for column in cut.column.max(0)..(cut.column + i64::from(config.cutout)).min(line) {
                let to = ((row * line + column) * 3) as usize;
                out[to..to + 3].fill(GREY);
            }
        }
    }
}
