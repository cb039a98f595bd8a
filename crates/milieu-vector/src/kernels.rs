//! The vector kernels: inner products, sums and distances of `f32` and `i8` vectors.
//!
//! Each is written once over [`pulp::Simd`], and [`pulp::Arch`] picks the instruction set when the program runs.
//! Slices given together have equal lengths; where they differ, the shorter length counts.

mod quantised;

use pulp::{Arch, Simd, WithSimd};

/// The inner product of `a` and `b`.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    struct Dot<'a>(&'a [f32], &'a [f32]);
    impl WithSimd for Dot<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            dot_simd(simd, self.0, self.1)
        }
    }
    Arch::new().dispatch(Dot(a, b))
}

/// `y += alpha * x`.
pub fn axpy(alpha: f32, x: &[f32], y: &mut [f32]) {
    struct Axpy<'a>(f32, &'a [f32], &'a mut [f32]);
    impl WithSimd for Axpy<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let length = self.1.len().min(self.2.len());
            let alpha = simd.splat_f32s(self.0);
            let (x, x_tail) = S::as_simd_f32s(&self.1[..length]);
            let (y, y_tail) = S::as_mut_simd_f32s(&mut self.2[..length]);
            for (y, x) in y.iter_mut().zip(x) {
                *y = simd.mul_add_e_f32s(alpha, *x, *y);
            }
            let y = simd.partial_load_f32s(y_tail);
            let x = simd.partial_load_f32s(x_tail);
            simd.partial_store_f32s(y_tail, simd.mul_add_e_f32s(alpha, x, y));
        }
    }
    Arch::new().dispatch(Axpy(alpha, x, y));
}

/// The squared Euclidean distance between `a` and `b`.
#[must_use]
pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    struct Distance<'a>(&'a [f32], &'a [f32]);
    impl WithSimd for Distance<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            reduce_pairs(simd, self.0, self.1, |a, b, sum| {
                let difference = simd.sub_f32s(a, b);
                simd.mul_add_e_f32s(difference, difference, sum)
            })
        }
    }
    Arch::new().dispatch(Distance(a, b))
}

/// The Euclidean length of `a`.
#[must_use]
pub fn norm(a: &[f32]) -> f32 {
    dot(a, a).sqrt()
}

/// The inner products of `x` with the rows of a row-major matrix: `out[i] = rows[i] . x`, one for each element of `out`.
/// `rows` holds at least `out.len() * x.len()` values. Each result equals [`dot`] of that row to the bit.
pub fn matvec(rows: &[f32], x: &[f32], out: &mut [f32]) {
    struct Matvec<'a>(&'a [f32], &'a [f32], &'a mut [f32]);
    impl WithSimd for Matvec<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            if self.1.is_empty() {
                self.2.fill(0.0);
                return;
            }
            for (out, row) in self.2.iter_mut().zip(self.0.chunks_exact(self.1.len())) {
                *out = dot_simd(simd, row, self.1);
            }
        }
    }
    Arch::new().dispatch(Matvec(rows, x, out));
}

/// The inner products of a quantised query with quantised rows of `query.len()` codes: `out[i] = codes[i] . query`, one
/// for each element of `out`. The query's length is a multiple of [`CODE_ALIGN`] and its values are at most [`QUERY_MAX`]
/// in magnitude, so that the sum fits an `i32` up to 4,096 dimensions.
pub fn matvec_i8(codes: &[i8], query: &[i16], out: &mut [f32]) {
    if query.is_empty() {
        out.fill(0.0);
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if let Arch::V3(simd) = Arch::new() {
        quantised::matvec_avx2(simd, codes, query, out);
        return;
    }
    quantised::matvec_portable(codes, query, out);
}

/// Rows of codes are padded with zeros to a multiple of this many.
pub const CODE_ALIGN: usize = 32;

/// The largest magnitude of a quantised query value.
pub const QUERY_MAX: i16 = 4095;

/// Quantises `x` to codes of at most 127 in magnitude and returns the scale: `x[i]` is near `scale * codes[i]`. Codes
/// beyond `x` become zero. A vector of zeros has scale 0.
pub fn quantise_i8(x: &[f32], codes: &mut [i8]) -> f32 {
    let (scale, inverse) = quantisation(x, 127.0);
    codes.fill(0);
    for (code, x) in codes.iter_mut().zip(x) {
        *code = (x * inverse).round() as i8;
    }
    scale
}

/// Quantises a query to values of at most [`QUERY_MAX`] in magnitude and returns the scale.
pub fn quantise_query(x: &[f32], codes: &mut [i16]) -> f32 {
    let (scale, inverse) = quantisation(x, f32::from(QUERY_MAX));
    codes.fill(0);
    for (code, x) in codes.iter_mut().zip(x) {
        *code = (x * inverse).round() as i16;
    }
    scale
}

fn quantisation(x: &[f32], top: f32) -> (f32, f32) {
    let largest = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    if largest > 0.0 { (largest / top, top / largest) } else { (0.0, 0.0) }
}

#[inline(always)]
pub(crate) fn dot_simd<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    reduce_pairs(simd, a, b, |a, b, sum| simd.mul_add_e_f32s(a, b, sum))
}

/// Folds pairs into four registers of sums, whose independence hides the latency of an addition, then the sums into
/// one, always in the same order.
#[inline(always)]
fn reduce_pairs<S: Simd>(
    simd: S,
    a: &[f32],
    b: &[f32],
    fold: impl Fn(S::f32s, S::f32s, S::f32s) -> S::f32s,
) -> f32 {
    let length = a.len().min(b.len());
    let (a, a_tail) = S::as_simd_f32s(&a[..length]);
    let (b, b_tail) = S::as_simd_f32s(&b[..length]);
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 4];
    let (a_wide, a_rest) = a.as_chunks::<4>();
    let (b_wide, b_rest) = b.as_chunks::<4>();
    for (a, b) in a_wide.iter().zip(b_wide) {
        sums[0] = fold(a[0], b[0], sums[0]);
        sums[1] = fold(a[1], b[1], sums[1]);
        sums[2] = fold(a[2], b[2], sums[2]);
        sums[3] = fold(a[3], b[3], sums[3]);
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        sums[0] = fold(*a, *b, sums[0]);
    }
    if !a_tail.is_empty() {
        let (a, b) = (simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail));
        sums[1] = fold(a, b, sums[1]);
    }
    let low = simd.add_f32s(sums[0], sums[1]);
    let high = simd.add_f32s(sums[2], sums[3]);
    simd.reduce_sum_f32s(simd.add_f32s(low, high))
}
