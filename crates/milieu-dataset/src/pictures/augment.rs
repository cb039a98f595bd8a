//! Pictures changed by chance, so that a network learns what does not matter. For training alone.

use crate::random::mix;
use crate::settings::{RangeError, check};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// What may happen to a picture, and to a batch of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Turned left to right, every other time. On.
    pub flip: bool,
    /// With `flip`: by chance in the first epoch, and in each later one just those that were not turned in the
    /// last, so that two epochs show both sides of each (Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single
    /// GPU, arXiv 2404.00498, section 3.6). Off.
    pub alternate: bool,
    /// Turned by up to so many degrees either way, 0 to 45; what comes in from outside is grey. 0.
    pub rotation: f32,
    /// Moved by up to so many pixels each way, less than the side; what comes in from outside is grey. 4.
    pub shift: u32,
    /// A square of this side is made grey (cutout, DeVries and Taylor 2017), at most the picture's; 0 for
    /// none. 8.
    pub cutout: u32,
    /// Brightness and contrast change by up to this share, 0 to 1. 0.
    pub jitter: f32,
    /// The shape of the shares in which pictures of a batch are mixed (mixup, Zhang et al., ICLR 2018): 0 for
    /// none, else 0.05 to 10; its authors take 0.1 to 0.4, and 1 for small pictures. 0.
    pub mixup: f32,
    /// The shape of the shares of pictures of a batch that are replaced by a part of another (CutMix, Yun et
    /// al., ICCV 2019): 0 for none, else 0.05 to 10; its authors take 1. 0.
    pub cutmix: f32,
    /// The share of batches that are mixed at all, 0 to 1; by `mixup` and `cutmix` alike where both are on. 1.
    pub mixed: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            flip: true,
            alternate: false,
            rotation: 0.0,
            shift: 4,
            cutout: 8,
            jitter: 0.0,
            mixup: 0.0,
            cutmix: 0.0,
            mixed: 1.0,
        }
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

impl Augmentation {
    /// Nothing happens.
    #[must_use]
    pub fn none() -> Self {
        Self { flip: false, shift: 0, cutout: 0, ..Self::default() }
    }

    /// Whether every setting is in its range for pictures of `side` pixels across and down.
    ///
    /// # Errors
    /// [`RangeError`] for the first that is not.
    pub fn check(&self, side: u32) -> Result<(), RangeError> {
        let shape = |shape: f32| shape == 0.0 || (0.05..=10.0).contains(&shape);
        check(&[
            (self.flip || !self.alternate, "augment.alternate", "off where augment.flip is off"),
            ((0.0..=45.0).contains(&self.rotation), "augment.rotation", "0 to 45"),
            (self.shift < side, "augment.shift", "less than prepare.side"),
            (self.cutout <= side, "augment.cutout", "at most prepare.side"),
            ((0.0..=1.0).contains(&self.jitter), "augment.jitter", "0 to 1"),
            (shape(self.mixup), "augment.mixup", "0, or 0.05 to 10"),
            (shape(self.cutmix), "augment.cutmix", "0, or 0.05 to 10"),
            ((0.0..=1.0).contains(&self.mixed), "augment.mixed", "0 to 1"),
        ])
    }

    /// Whether picture `number` is turned left to right in `epoch`, from 0. It depends on nothing else, so that
    /// a run that goes on from a checkpoint turns the same ones.
    #[must_use]
    pub fn flips(&self, seed: u64, epoch: usize, number: usize) -> bool {
        let epoch = epoch as u64;
        let drawn = if self.alternate {
            mix(seed, number as u64).wrapping_add(epoch)
        } else {
            mix(mix(seed, epoch), number as u64)
        };
        self.flip && drawn & 1 == 1
    }
}

/// Changes a picture of `side x side x 3` bytes into `out`, which has as many; whether it is turned left to
/// right is drawn too.
pub fn augment(pixels: &[u8], side: usize, config: &Augmentation, random: &mut impl Rng, out: &mut [u8]) {
    let flip = config.flip && random.random::<bool>();
    augment_turned(pixels, side, config, flip, random, out);
}

/// [`augment`] of a picture of which it is decided whether it is turned left to right
/// ([`Augmentation::flips`]).
pub fn augment_turned(
    pixels: &[u8],
    side: usize,
    config: &Augmentation,
    flip: bool,
    random: &mut impl Rng,
    out: &mut [u8],
) {
    let most = i64::from(config.shift);
    let (down, across) = (random.random_range(-most..=most), random.random_range(-most..=most));
    let rotated = (config.rotation > 0.0).then(|| {
        let angle = random.random_range(-config.rotation..=config.rotation);
        rotate(pixels, side, angle)
    });
    shift(rotated.as_deref().unwrap_or(pixels), side, flip, (down, across), out);
    if config.jitter > 0.0 {
        let most = config.jitter.min(1.0);
        let contrast = 1.0 + random.random_range(-most..=most);
        let brightness = random.random_range(-most..=most) * 128.0;
        for value in out.iter_mut() {
            let changed = (f32::from(*value) - 128.0) * contrast + 128.0 + brightness;
            *value = changed.round().clamp(0.0, 255.0) as u8;
        }
    }
    if config.cutout > 0 && side > 0 {
        let (line, half) = (side as i64, i64::from(config.cutout / 2));
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

/// Moves a picture, and turns it left to right.
fn shift(pixels: &[u8], side: usize, flip: bool, (down, across): (i64, i64), out: &mut [u8]) {
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
}

/// Turns a picture of `side x side x 3` bytes by `degrees` about its middle, clockwise; each pixel is drawn
/// from the four around the place it comes from (bilinear interpolation), of which those outside are grey.
#[must_use]
pub fn rotate(pixels: &[u8], side: usize, degrees: f32) -> Vec<u8> {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let middle = (side as f32 - 1.0) / 2.0;
    let value = |row: i64, column: i64, channel: usize| {
        let inside = (0..side as i64).contains(&row) && (0..side as i64).contains(&column);
        f32::from(if inside { pixels[(row as usize * side + column as usize) * 3 + channel] } else { GREY })
    };
    let mut out = vec![GREY; side * side * 3];
    for (place, out) in out.chunks_exact_mut(3).enumerate() {
        let (y, x) = ((place / side) as f32 - middle, (place % side) as f32 - middle);
        let (row, column) = (cosine * y - sine * x + middle, sine * y + cosine * x + middle);
        let (top, left) = (row.floor(), column.floor());
        let (down, right) = (row - top, column - left);
        let (top, left) = (top as i64, left as i64);
        for (channel, out) in out.iter_mut().enumerate() {
            let above = value(top, left, channel) * (1.0 - right) + value(top, left + 1, channel) * right;
            let below =
                value(top + 1, left, channel) * (1.0 - right) + value(top + 1, left + 1, channel) * right;
            *out = (above * (1.0 - down) + below * down).round() as u8;
        }
    }
    out
}
