//! How many clusters there are, and what makes one.

/// How clusters are learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterConfig {
    /// Seeds the choice of the first centroids and of the mini-batches.
    pub seed: u64,
    /// How many are sought; 0 for the square root of half the rows (Mardia, Kent and Bibby, "Multivariate analysis", 1979),
    /// 2 to [`ClusterConfig::most`]. Some are dropped.
    pub count: usize,
    /// How many are sought at most where `count` is 0.
    pub most: usize,
    /// A cluster of fewer rows is dropped.
    pub least: usize,
    /// A cluster is dropped whose rows are not so much nearer to one another than any two rows: a share of the way from
    /// the mean cosine of any two rows to 1.
    pub tightness: f32,
    /// Rounds of k-means.
    pub rounds: usize,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self { seed: 0, count: 0, most: 100, least: 5, tightness: 0.1, rounds: 20 }
    }
}

impl ClusterConfig {
    pub(super) fn count_of(&self, rows: usize) -> usize {
        let by_rows = ((rows as f64 / 2.0).sqrt().round() as usize).clamp(2, self.most.max(2));
        if self.count == 0 { by_rows } else { self.count }
    }

    /// The mean cosine of any two rows of a cluster at least, where it is `anywhere` of any two rows.
    pub(super) fn least_nearness(&self, anywhere: f32) -> f32 {
        anywhere + self.tightness * (1.0 - anywhere)
    }
}
