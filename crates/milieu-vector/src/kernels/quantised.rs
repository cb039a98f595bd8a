//! Inner products of `i8` rows with an `i16` query.

use super::CODE_ALIGN;

/// See [`super::matvec_i8`].
pub(super) fn matvec_portable(codes: &[i8], query: &[i16], out: &mut [f32]) {
    let rows = codes.chunks_exact(query.len());
    for (out, row) in out.iter_mut().zip(rows) {
        *out = dot(row, query) as f32;
    }
}

fn dot(codes: &[i8], query: &[i16]) -> i32 {
    let products = codes.iter().zip(query);
    products.map(|(c, q)| i32::from(*c) * i32::from(*q)).sum()
}

/// See [`super::matvec_i8`]. The compiler does not find the multiply-add of neighbouring 16-bit integers in the portable
/// loop at full width, so it is written out; sums of integers are exact, and both forms agree to the bit.
#[cfg(target_arch = "x86_64")]
pub(super) fn matvec_avx2(simd: pulp::x86::V3, codes: &[i8], query: &[i16], out: &mut [f32]) {
    struct Matvec<'a> {
        simd: pulp::x86::V3,
        codes: &'a [i8],
        query: &'a [i16],
        out: &'a mut [f32],
    }
    impl pulp::WithSimd for Matvec<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) {
            let stride = self.query.len();
            let query = self.query.as_chunks::<CODE_ALIGN>().0;
            let rows = self.codes.chunks_exact(stride);
            for (out, row) in self.out.iter_mut().zip(rows) {
                let row = row.as_chunks::<CODE_ALIGN>().0;
                *out = dot_avx2(self.simd, row, query) as f32;
            }
        }
    }
    pulp::Simd::vectorize(simd, Matvec { simd, codes, query, out });
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn dot_avx2(simd: pulp::x86::V3, codes: &[[i8; CODE_ALIGN]], query: &[[i16; CODE_ALIGN]]) -> i32 {
    let mut even = simd.splat_i32x8(0);
    let mut odd = even;
    for (c, q) in codes.iter().zip(query) {
        let [low, high]: [pulp::i8x16; 2] = pulp::cast(*c);
        let [q_low, q_high]: [pulp::i16x16; 2] = pulp::cast(*q);
        let low = simd.convert_i8x16_to_i16x16(low);
        let high = simd.convert_i8x16_to_i16x16(high);
        let low = simd.multiply_wrapping_add_adjacent_i16x16(low, q_low);
        let high = simd.multiply_wrapping_add_adjacent_i16x16(high, q_high);
        even = simd.wrapping_add_i32x8(even, low);
        odd = simd.wrapping_add_i32x8(odd, high);
    }
    let sums: [pulp::i32x4; 2] = pulp::cast(simd.wrapping_add_i32x8(even, odd));
    let pulp::i32x4(a, b, c, d) = simd.wrapping_add_i32x4(sums[0], sums[1]);
    (a + c) + (b + d)
}
