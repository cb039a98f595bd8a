//! Groups of vectors that gather around a direction; what gathers around none is in no group.

mod config;
mod tightness;

pub use config::ClusterConfig;

use crate::index::{check_dimensions, check_finite};
use crate::kernels::dot;
use crate::{VectorError, kmeans};
use tightness::Sum;

/// Directions and which rows are near each.
///
/// Equal input and configuration give equal clusters, whatever the number of threads.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    dim: usize,
    /// Unit vectors, row-major, one for each cluster.
    centroids: Vec<f32>,
    /// For each cluster, the cosine that a row of it has with its direction at least.
    floors: Vec<f32>,
}

impl Clusters {
    /// Learns clusters of unit vectors `rows` (row-major, `n x dim`) by spherical k-means (Dhillon and Modha 2001), begun
    /// by k-means++ (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007), in mini-batches where
    /// there are many (Sculley, "Web-scale k-means clustering", WWW 2010). The largest first.
    ///
    /// Clusters of too few rows are dropped, and those whose rows are hardly nearer to one another than any two rows are. A row
    /// further from its direction than two standard deviations below the mean is in no cluster.
    ///
    /// # Errors
    /// `dim` out of range, rows that are no multiple of it, or a value that is not finite.
    pub fn learn(rows: &[f32], dim: usize, config: &ClusterConfig) -> Result<Self, VectorError> {
        check_dimensions(dim)?;
        if !rows.len().is_multiple_of(dim) {
            return Err(VectorError::Dimensions { expected: dim, found: rows.len() % dim });
        }
        for (row, number) in rows.chunks_exact(dim).zip(0..) {
            check_finite(row).ok_or(VectorError::NotFinite(number))?;
        }
        let total = rows.len() / dim;
        let mut learnt = Self { dim, centroids: Vec::new(), floors: Vec::new() };
        if total < config.least.max(1) {
            return Ok(learnt);
        }
        let centroids = kmeans::learn_spread(rows, dim, config.count_of(total), config.rounds, config.seed);
        let mut assigned = vec![0; total];
        kmeans::assign(rows, dim, &centroids, &mut assigned);

        let mut sums = vec![Sum::new(dim); centroids.len() / dim];
        let mut all = Sum::new(dim);
        for (row, cluster) in rows.chunks_exact(dim).zip(&assigned) {
            let centroid = &centroids[*cluster as usize * dim..][..dim];
            sums[*cluster as usize].add(row, dot(row, centroid));
            all.add(row, 0.0);
        }
        let least_near = config.least_nearness(all.nearness());
        let mut kept: Vec<usize> = (0..sums.len())
            .filter(|&cluster| {
                sums[cluster].rows() >= config.least.max(2) && sums[cluster].nearness() >= least_near
            })
            .collect();
        kept.sort_by_key(|&cluster| (std::cmp::Reverse(sums[cluster].rows()), cluster));
        for cluster in kept {
            learnt.centroids.extend_from_slice(&centroids[cluster * dim..][..dim]);
            learnt.floors.push(sums[cluster].floor());
        }
        Ok(learnt)
    }

    /// Clusters as they were learnt before: unit vectors (row-major) and the cosine that a row of each has at least.
    ///
    /// # Errors
    /// `dim` out of range, or other than one floor for each centroid.
    pub fn from_parts(dim: usize, centroids: Vec<f32>, floors: Vec<f32>) -> Result<Self, VectorError> {
        check_dimensions(dim)?;
        if centroids.len() != floors.len() * dim {
            return Err(VectorError::Dimensions { expected: floors.len() * dim, found: centroids.len() });
        }
        Ok(Self { dim, centroids, floors })
    }

    /// The nearest cluster of a unit vector with the cosine; `None` where it is too far from it, or of other dimensions.
    #[must_use]
    pub fn nearest(&self, row: &[f32]) -> Option<(usize, f32)> {
        if row.len() != self.dim {
            return None;
        }
        let near = |(cluster, centroid)| (cluster, dot(row, centroid));
        let best = self.centroids.chunks_exact(self.dim).enumerate().map(near);
        let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.filter(|&(cluster, cosine)| self.floors.get(cluster).is_some_and(|floor| cosine >= *floor))
    }

    /// For each cluster, its number in `before` where its direction stayed near: pairs of the largest cosine first, each of
    /// `least` at least, and each cluster in one pair at most.
    #[must_use]
    pub fn matched(&self, before: &Self, least: f32) -> Vec<Option<usize>> {
        let mut pairs = Vec::new();
        if self.dim == before.dim {
            for (new, a) in self.centroids.chunks_exact(self.dim).enumerate() {
                for (old, b) in before.centroids.chunks_exact(self.dim).enumerate() {
                    let cosine = dot(a, b);
                    if cosine >= least {
                        pairs.push((cosine, new, old));
                    }
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut of_new, mut taken) = (vec![None; self.len()], vec![false; before.len()]);
        for (_, new, old) in pairs {
            if of_new[new].is_none() && !taken[old] {
                of_new[new] = Some(old);
                taken[old] = true;
            }
        }
        of_new
    }

    /// How many clusters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.floors.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.floors.is_empty()
    }

    /// Dimensions of the vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The directions, row-major.
    #[must_use]
    pub fn centroids(&self) -> &[f32] {
        &self.centroids
    }

    /// The cosine that a row of each cluster has with its direction at least.
    #[must_use]
    pub fn floors(&self) -> &[f32] {
        &self.floors
    }
}

#[cfg(test)]
mod tests;
