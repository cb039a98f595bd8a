//! The settings of the feed, each with its default and range.

use serde::{Deserialize, Serialize};

/// What one action of each kind is worth; a feed's order is the order of expected worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionWeights {
    /// Opening an item.
    pub click: f32,
    /// Staying on it.
    pub dwell: f32,
    /// Liking it.
    pub like: f32,
    /// Answering it.
    pub reply: f32,
    /// Passing it on, with or without words.
    pub share: f32,
    /// Keeping it.
    pub save: f32,
    /// Hiding it.
    pub hide: f32,
    /// Reporting it.
    pub report: f32,
}

impl Default for ActionWeights {
    fn default() -> Self {
        Self {
            click: 0.3,
            dwell: 0.3,
            like: 1.0,
            reply: 3.0,
            share: 2.0,
            save: 1.5,
            hide: -5.0,
            report: -20.0,
        }
    }
}

impl ActionWeights {
    /// The weights in the order of [`crate::PREDICTED`].
    #[must_use]
    pub fn in_order(&self) -> [f32; 8] {
        [self.click, self.dwell, self.like, self.reply, self.share, self.save, self.hide, self.report]
    }
}

/// The settings of the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedConfig {
    /// What actions are worth; each from -100 to 100.
    pub weights: ActionWeights,
    /// The most candidates one source proposes, 1 to 1000.
    pub candidates_per_source: usize,
    /// The most candidates that are scored in all, taken from the sources in turn, 20 to 10000.
    pub candidates: usize,
    /// How many entries are ranked ahead for the pages to come, 20 to 1000.
    pub reserve: usize,
    /// Factor of the score of an item whose author the user does not follow, 0 to 1.
    pub out_of_network: f32,
    /// Factor for each further item of an author on the same list, 0 to 1.
    pub author_repeat: f32,
    /// Factor for each further item of the same first tag among the last five, 0 to 1.
    pub topic_repeat: f32,
    /// Every how many places one is given to something new, 0 for never, to 100.
    pub explore_every: usize,
    /// An item with fewer views than this is new enough to explore, 1 to 10000.
    pub explore_views: u32,
    /// The oldest item shown, in days; 0 for any age, to 36500.
    pub max_age_days: u32,
    /// From which probability on an item is not shown to which a label applies that stands for something that harms, 0 to 1;
    /// 0 for never.
    pub hide_harmful: f32,
    /// The models whose labels may be a reason (`taste_label`).
    pub reason_models: Vec<String>,
    /// How many scrolling sessions are remembered, 1 to 1000000.
    pub sessions: usize,
    /// How many pages' receipts are remembered, 1 to 1000000.
    pub receipts: usize,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            weights: ActionWeights::default(),
            candidates_per_source: 64,
            candidates: 200,
            reserve: 60,
            out_of_network: 0.75,
            author_repeat: 0.6,
            topic_repeat: 0.9,
            explore_every: 10,
            explore_views: 20,
            max_age_days: 0,
            hide_harmful: 0.0,
            reason_models: Vec::new(),
            sessions: 4096,
            receipts: 8192,
        }
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("feed.{key} must be {range}")]
pub struct ConfigError {
    /// Which.
    pub key: &'static str,
    /// What it may be.
    pub range: &'static str,
}

impl FeedConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let unit = |value: f32| (0.0..=1.0).contains(&value);
        let rules: [(bool, &'static str, &'static str); 13] = [
            (
                self.weights.in_order().iter().all(|weight| weight.abs() <= 100.0),
                "weights",
                "numbers from -100 to 100",
            ),
            ((1..=1000).contains(&self.candidates_per_source), "candidates_per_source", "1 to 1000"),
            ((20..=10_000).contains(&self.candidates), "candidates", "20 to 10000"),
            ((20..=1000).contains(&self.reserve), "reserve", "20 to 1000"),
            (unit(self.out_of_network), "out_of_network", "0 to 1"),
            (unit(self.author_repeat), "author_repeat", "0 to 1"),
            (unit(self.topic_repeat), "topic_repeat", "0 to 1"),
            (self.explore_every <= 100, "explore_every", "0 to 100"),
            ((1..=10_000).contains(&self.explore_views), "explore_views", "1 to 10000"),
            (self.max_age_days <= 36_500, "max_age_days", "0 to 36500"),
            (unit(self.hide_harmful), "hide_harmful", "0 to 1"),
            ((1..=1_000_000).contains(&self.sessions), "sessions", "1 to 1000000"),
            ((1..=1_000_000).contains(&self.receipts), "receipts", "1 to 1000000"),
        ];
        rules.iter().find(|rule| !rule.0).map_or(Ok(()), |&(_, key, range)| Err(ConfigError { key, range }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        fn check(edit: impl FnOnce(&mut FeedConfig), expected: Option<&str>) {
            let mut config = FeedConfig::default();
            edit(&mut config);
            assert_eq!(config.check().err().map(|e| e.key), expected);
        }
        check(|_| (), None);
        check(|c| c.weights.hide = f32::NAN, Some("weights"));
        check(|c| c.weights.like = 101.0, Some("weights"));
        check(|c| c.candidates_per_source = 0, Some("candidates_per_source"));
        check(|c| c.candidates = 19, Some("candidates"));
        check(|c| c.reserve = 19, Some("reserve"));
        check(|c| c.out_of_network = 1.5, Some("out_of_network"));
        check(|c| c.author_repeat = -0.1, Some("author_repeat"));
        check(|c| c.topic_repeat = 2.0, Some("topic_repeat"));
        check(|c| c.explore_every = 101, Some("explore_every"));
        check(|c| c.explore_views = 0, Some("explore_views"));
        check(|c| c.max_age_days = 40_000, Some("max_age_days"));
        check(|c| c.hide_harmful = 1.5, Some("hide_harmful"));
        check(|c| c.sessions = 0, Some("sessions"));
        check(|c| c.receipts = 0, Some("receipts"));
    }
}
