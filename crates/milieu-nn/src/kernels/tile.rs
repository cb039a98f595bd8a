//! The two inner loops: sums over taps for a tile of outputs and pixels, and sums over pixels for a tile of
//! taps and outputs. Each keeps its sums in registers.

// Iterators over the rows of a tile would have to be inlined and unrolled for that, and not every build does.
#![allow(clippy::needless_range_loop)]

use pulp::{Arch, Simd, WithSimd};

/// Output channels of a tile of outputs, taps of a tile of the weights' gradient.
pub(super) const ROWS: usize = 6;
/// Registers of pixels in a tile.
const COLUMNS: usize = 2;
/// The most pixels of a tile on any processor.
pub(super) const MOST_PIXELS: usize = 2 * 16;

/// Weights in the order that [`sums_over_taps`] reads: blocks of [`ROWS`] outputs, in a block each tap's
/// weights of all rows. `weight` gives the weight of an output and a tap.
pub(super) fn pack(outputs: usize, taps: usize, weight: impl Fn(usize, usize) -> f32, packed: &mut Vec<f32>) {
    packed.clear();
    packed.reserve(outputs.next_multiple_of(ROWS) * taps);
    for block in (0..outputs).step_by(ROWS) {
        for tap in 0..taps {
            packed.extend(
                (block..block + ROWS).map(|output| if output < outputs { weight(output, tap) } else { 0.0 }),
            );
        }
    }
}

/// `out[output][pixel] = sum over taps of weight[output][tap] * source[offset[tap] + pixel]` for `span`
/// pixels; `out` has rows of `stride` values, at least `span` and a tile more, of which the rest is unspecified.
#[inline(always)]
pub(super) fn sums_over_taps<S: Simd>(
    simd: S,
    source: &[f32],
    offsets: &[usize],
    packed: &[f32],
    (outputs, span): (usize, usize),
    (out, stride): (&mut [f32], usize),
) {
    let tile = COLUMNS * S::F32_LANES;
    let mut first = 0;
    while first < outputs {
        let weights = packed[first * offsets.len()..][..ROWS * offsets.len()].as_chunks::<ROWS>().0;
        let rows = ROWS.min(outputs - first);
        let mut pixel = 0;
        while pixel < span {
            let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; ROWS];
            for tap in 0..weights.len() {
                let weights = &weights[tap];
                let from = &source[offsets[tap] + pixel..][..tile];
                let [low, high] = [S::as_simd_f32s(from).0[0], S::as_simd_f32s(from).0[1]];
                for row in 0..ROWS {
                    let weight = simd.splat_f32s(weights[row]);
                    sums[row][0] = simd.mul_add_e_f32s(weight, low, sums[row][0]);
                    sums[row][1] = simd.mul_add_e_f32s(weight, high, sums[row][1]);
                }
            }
            for row in 0..ROWS {
                if row < rows {
                    let out = &mut out[(first + row) * stride + pixel..][..tile];
                    let out = S::as_mut_simd_f32s(out).0;
                    out[0] = sums[row][0];
                    out[1] = sums[row][1];
                }
            }
            pixel += tile;
        }
        first += ROWS;
    }
}

/// Outputs of a tile of the weights' gradient.
pub(super) fn together() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) -> usize {
            S::F32_LANES
        }
    }
    COLUMNS * Arch::new().dispatch(Lanes)
}

/// Lays the gradient of an image's output, planes of `pixels`, out in blocks of `tile` outputs, in a block
/// each pixel's values of all of them; outputs that are none are 0.
pub(super) fn interleave(gradient: &[f32], pixels: usize, tile: usize, out: &mut [f32]) {
    let blocks = gradient.chunks(tile * pixels).zip(out.chunks_exact_mut(tile * pixels));
    for (planes, out) in blocks {
        for (lane, plane) in planes.chunks_exact(pixels).enumerate() {
            let places = out[lane..].iter_mut().step_by(tile);
            places.zip(plane).for_each(|(place, &value)| *place = value);
        }
    }
}

/// One image's part of the weights' gradient.
pub(super) struct Image<'a> {
    /// The output's gradient, interleaved.
    pub(super) gradient: &'a [f32],
    /// The planes of the input.
    pub(super) source: &'a [f32],
}

/// Adds to `sums[block][tap][output in block]` the sum over images and pixels of `gradient[output][pixel] *
/// source[offset[tap] + pixel]`. Pixels are the `height x width` of the output, in planes whose rows are
/// `plane_width` long.
#[inline(always)]
pub(super) fn sums_over_pixels<S: Simd>(
    simd: S,
    images: &[Image<'_>],
    offsets: &[usize],
    ([height, width], plane_width): ([usize; 2], usize),
    sums: &mut [f32],
) {
    let tile = COLUMNS * S::F32_LANES;
    let row_len = width * tile;
    for (block, sums) in sums.chunks_exact_mut(offsets.len() * tile).enumerate() {
        for (offsets, sums) in offsets.chunks(ROWS).zip(sums.chunks_mut(ROWS * tile)) {
            // Beyond the last tap the last one is computed again, and left out.
            let at: [usize; ROWS] = std::array::from_fn(|tap| offsets[tap.min(offsets.len() - 1)]);
            let mut registers = [[simd.splat_f32s(0.0); COLUMNS]; ROWS];
            for image in images {
                let gradient = &image.gradient[block * height * row_len..][..height * row_len];
                let pairs = S::as_simd_f32s(gradient).0.as_chunks::<COLUMNS>().0;
                for y in 0..height {
                    let pairs = &pairs[y * width..][..width];
                    let mut sources = [&image.source[..0]; ROWS];
                    for tap in 0..ROWS {
                        sources[tap] = &image.source[at[tap] + y * plane_width..][..width];
                    }
                    for x in 0..width {
                        let [low, high] = pairs[x];
                        for tap in 0..ROWS {
                            let source = simd.splat_f32s(sources[tap][x]);
                            registers[tap][0] = simd.mul_add_e_f32s(source, low, registers[tap][0]);
                            registers[tap][1] = simd.mul_add_e_f32s(source, high, registers[tap][1]);
                        }
                    }
                }
            }
            for tap in 0..offsets.len() {
                let sums = S::as_mut_simd_f32s(&mut sums[tap * tile..][..tile]).0;
                sums[0] = simd.add_f32s(sums[0], registers[tap][0]);
                sums[1] = simd.add_f32s(sums[1], registers[tap][1]);
            }
        }
    }
}
