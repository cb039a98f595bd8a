//! Kernels that make the values of small patches uncorrelated.

use faer::{Mat, Side};

/// The most patches of one image that are looked at, along each side.
const PATCHES: usize = 16;

/// The kernels of [`crate::Layer::Whiten`], `2K x C x kernel x kernel` with `K = C * kernel * kernel`, for images
/// like these, `N x C x H x W`: the eigenvectors of the covariance of their patches, each divided by the
/// root of its eigenvalue plus `epsilon`, strongest first, and then the same with the other sign (Jordan 2024,
/// arXiv 2404.00498, section 3.2, after Page 2018). `None` where there are no patches, or none of finite
/// values.
#[must_use]
pub fn whitening(images: &[f32], size: [usize; 3], kernel: usize, epsilon: f64) -> Option<Vec<f32>> {
    let [channels, height, width] = size;
    if kernel == 0 || kernel > height.min(width) || channels == 0 {
        return None;
    }
    let count = channels * kernel * kernel;
    let mut products = Mat::<f64>::zeros(count, count);
    let mut patches = 0usize;
    let mut patch = vec![0.0; count];
    for image in images.chunks_exact(channels * height * width) {
        let (rows, columns) = (height - kernel + 1, width - kernel + 1);
        for row in (0..rows).step_by(rows.div_ceil(PATCHES)) {
            for column in (0..columns).step_by(columns.div_ceil(PATCHES)) {
                for (place, value) in patch.iter_mut().enumerate() {
                    let (channel, y, x) =
                        (place / (kernel * kernel), place / kernel % kernel, place % kernel);
                    *value = f64::from(image[(channel * height + row + y) * width + column + x]);
                }
                for one in 0..count {
                    for other in 0..=one {
                        products[(one, other)] += patch[one] * patch[other];
                    }
                }
                patches += 1;
            }
        }
    }
    if patches == 0 {
        return None;
    }
    let covariance =
        Mat::from_fn(count, count, |one, other| products[(one.max(other), one.min(other))] / patches as f64);
    let eigen = covariance.self_adjoint_eigen(Side::Lower).ok()?;
    let (vectors, values) = (eigen.U(), eigen.S());
    let mut kernels = Vec::with_capacity(2 * count * count);
    for sign in [1.0, -1.0] {
        for strongest in (0..count).rev() {
            let scale = sign / (values[strongest].max(0.0) + epsilon).sqrt();
            kernels.extend((0..count).map(|place| (vectors[(place, strongest)] * scale) as f32));
        }
    }
    kernels.iter().all(|value| value.is_finite()).then_some(kernels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn whitened_patches_are_uncorrelated() {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let size = [2, 8, 8];
        // Neighbours and channels resemble each other.
        let images: Vec<f32> = (0..50)
            .flat_map(|_| {
                let base: f32 = random.random_range(-1.0..1.0);
                (0..2 * 8 * 8).map(|_| base + random.random_range(-0.3..0.3)).collect::<Vec<_>>()
            })
            .collect();
        let kernels = whitening(&images, size, 2, 0.0).unwrap();
        assert_eq!(kernels.len(), 16 * 8);
        let mut products = [[0.0; 16]; 16];
        let mut patches = 0.0;
        for image in images.chunks_exact(128) {
            for place in 0..49 {
                let (row, column) = (place / 7, place % 7);
                let answers: Vec<f64> = kernels
                    .chunks_exact(8)
                    .map(|kernel| {
                        let value =
                            |tap: usize| image[tap / 4 * 64 + (row + tap / 2 % 2) * 8 + column + tap % 2];
                        (0..8).map(|tap| f64::from(kernel[tap] * value(tap))).sum()
                    })
                    .collect();
                for one in 0..16 {
                    for other in 0..16 {
                        products[one][other] += answers[one] * answers[other];
                    }
                }
                patches += 1.0;
            }
        }
        for (one, row) in products.iter().enumerate() {
            for (other, product) in row.iter().enumerate() {
                let expected = match () {
                    () if one == other => 1.0,
                    () if one.abs_diff(other) == 8 => -1.0,
                    () => 0.0,
                };
                assert!((product / patches - expected).abs() < 1e-3, "{one} {other}");
            }
        }
    }

    #[test]
    fn what_cannot_be_whitened() {
        assert_eq!(whitening(&[], [3, 4, 4], 2, 0.1), None);
        assert_eq!(whitening(&[0.0; 48], [3, 4, 4], 5, 0.1), None);
        assert_eq!(whitening(&[f32::NAN; 48], [3, 4, 4], 2, 0.1), None);
        assert!(whitening(&[0.0; 48], [3, 4, 4], 2, 0.1).is_some());
    }
}
