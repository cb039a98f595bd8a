//! The settings of suggestions, each with its default and range.

use serde::{Deserialize, Serialize};

/// The settings of suggestions of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SuggestConfig {
    /// The most people who are scored for an answer, taken from the sources in turn, 100 to 2000.
    pub candidates: usize,
    /// The most ties of friends that are walked over in search of people, 1000 to 1000000; friends with few ties come
    /// first.
    pub ties: usize,
    /// The most common friends whom a reason names, 0 to 10.
    pub named: usize,
}

impl Default for SuggestConfig {
    fn default() -> Self {
        Self { candidates: 200, ties: 30_000, named: 3 }
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("people.suggest.{key} must be {range}")]
pub struct SuggestConfigError {
    /// Which.
    pub key: &'static str,
    /// What it may be.
    pub range: &'static str,
}

impl SuggestConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting out of range.
    pub fn check(&self) -> Result<(), SuggestConfigError> {
        let rules: [(bool, &'static str, &'static str); 3] = [
            ((100..=2000).contains(&self.candidates), "candidates", "100 to 2000"),
            ((1000..=1_000_000).contains(&self.ties), "ties", "1000 to 1000000"),
            (self.named <= 10, "named", "0 to 10"),
        ];
        match rules.iter().find(|rule| !rule.0) {
            None => Ok(()),
            Some(&(_, key, range)) => Err(SuggestConfigError { key, range }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        fn check(edit: impl FnOnce(&mut SuggestConfig), expected: Option<&str>) {
            let mut config = SuggestConfig::default();
            edit(&mut config);
            assert_eq!(config.check().err().map(|error| error.key), expected);
        }
        check(|_| (), None);
        check(|c| c.candidates = 99, Some("candidates"));
        check(|c| c.candidates = 2001, Some("candidates"));
        check(|c| c.ties = 999, Some("ties"));
        check(|c| c.ties = 1_000_001, Some("ties"));
        check(|c| c.named = 11, Some("named"));
    }
}
