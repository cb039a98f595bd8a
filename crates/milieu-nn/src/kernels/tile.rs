//! The two inner loops: sums over taps for a tile of outputs and pixels, and sums over pixels for a tile of
//! taps and outputs. Each keeps its sums in registers.

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
    let blocks = packed.chunks_exact((ROWS * offsets.len()).max(1));
    for (block, weights) in blocks.enumerate() {
        let first = block * ROWS;
        let rows = ROWS.min(outputs - first);
        for pixel in (0..span).step_by(tile) {
            let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; ROWS];
            for (&offset, weights) in offsets.iter().zip(weights.as_chunks::<ROWS>().0) {
                let from = &source[offset + pixel..][..tile];
                let [low, high] = [S::as_simd_f32s(from).0[0], S::as_simd_f32s(from).0[1]];
                for (sums, &weight) in sums.iter_mut().zip(weights) {
                    let weight = simd.splat_f32s(weight);
                    sums[0] = simd.mul_add_e_f32s(weight, low, sums[0]);
                    sums[1] = simd.mul_add_e_f32s(weight, high, sums[1]);
                }
            }
            for (row, sums) in sums.iter().enumerate().take(rows) {
                let out = &mut out[(first + row) * stride + pixel..][..tile];
                let out = S::as_mut_simd_f32s(out).0;
                out[0] = sums[0];
                out[1] = sums[1];
            }
        }
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
                for (row, gradient) in gradient.chunks_exact(row_len).enumerate() {
                    let pairs = S::as_simd_f32s(gradient).0.as_chunks::<COLUMNS>().0;
                    let sources = at.map(|at| &image.source[at + row * plane_width..][..width]);
                    for (x, [low, high]) in pairs.iter().enumerate().take(width) {
                        for (registers, source) in registers.iter_mut().zip(sources) {
                            let source = simd.splat_f32s(source[x]);
                            registers[0] = simd.mul_add_e_f32s(source, *low, registers[0]);
                            registers[1] = simd.mul_add_e_f32s(source, *high, registers[1]);
                        }
                    }
                }
            }
            for (sums, registers) in sums.chunks_exact_mut(tile).zip(registers) {
                let sums = S::as_mut_simd_f32s(sums).0;
                sums[0] = simd.add_f32s(sums[0], registers[0]);
                sums[1] = simd.add_f32s(sums[1], registers[1]);
            }
        }
    }
}
