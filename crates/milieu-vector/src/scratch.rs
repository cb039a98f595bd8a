//! Working memory of a search, kept between searches so that they allocate nothing.

/// Working memory of a search. One is enough for a thread; after the first searches it no longer grows.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) query: Vec<i16>,
    pub(crate) unit: Vec<f32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) order: Vec<u64>,
    pub(crate) candidates: Candidates,
    pub(crate) results: Vec<(u32, f32)>,
}

impl Scratch {
    /// Empty working memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A score and a number as one integer that orders by score, the smaller number first among equals.
pub(crate) fn pack(score: f32, number: u32) -> u64 {
    let bits = score.to_bits();
    // Maps floats to integers of the same order: negative numbers are reversed, positive ones moved above them.
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ordered) << 32 | u64::from(!number)
}

/// The score and number of [`pack`].
pub(crate) fn unpack(key: u64) -> (f32, u32) {
    let ordered = (key >> 32) as u32;
    let bits = if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered };
    (f32::from_bits(bits), !(key as u32))
}

/// Collects the best `keep` of a stream of scored numbers. The buffer holds twice as many and is cut back when full, so
/// that a score costs one comparison in most cases.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    keys: Vec<u64>,
    keep: usize,
    wanted: usize,
    /// Pushed since the buffer was last cut.
    fresh: usize,
    threshold: f32,
    wanted_threshold: f32,
}

impl Candidates {
    /// Starts anew: `keep` are collected, of which the caller finally wants `wanted`.
    pub(crate) fn reset(&mut self, keep: usize, wanted: usize) {
        self.keys.clear();
        self.keys.reserve(2 * keep.max(1));
        self.keep = keep.max(1);
        self.wanted = wanted.clamp(1, self.keep);
        self.fresh = 0;
        self.threshold = f32::NEG_INFINITY;
        self.wanted_threshold = f32::NEG_INFINITY;
    }

    /// A score below this cannot get in.
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// The `wanted`-th best score when the buffer was last cut.
    pub(crate) fn wanted_threshold(&self) -> f32 {
        self.wanted_threshold
    }

    /// Offers a number whose score is not below [`Self::threshold`].
    pub(crate) fn push(&mut self, score: f32, number: u32) {
        self.keys.push(pack(score, number));
        self.fresh += 1;
        if self.keys.len() >= 2 * self.keep {
            self.cut();
        }
    }

    /// Raises the thresholds if enough came in since the last time to be worth it.
    pub(crate) fn settle(&mut self) {
        if self.fresh * 4 >= self.keep {
            self.cut();
        }
    }

    /// Drops what is not among the best `keep` and raises the thresholds.
    fn cut(&mut self) {
        if self.keys.len() >= self.keep {
            self.fresh = 0;
            select_largest(&mut self.keys, self.keep);
            self.keys.truncate(self.keep);
            self.threshold = unpack(self.keys[self.keep - 1]).0;
            select_largest(&mut self.keys, self.wanted);
            self.wanted_threshold = unpack(self.keys[self.wanted - 1]).0;
        }
    }

    /// The best `keep`, in no order.
    pub(crate) fn finish(&mut self) -> &mut [u64] {
        self.cut();
        &mut self.keys
    }
}

/// Moves the `count` largest keys to the front, the smallest of them last.
pub(crate) fn select_largest(keys: &mut [u64], count: usize) {
    if count > 0 && count <= keys.len() {
        keys.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
    }
}
