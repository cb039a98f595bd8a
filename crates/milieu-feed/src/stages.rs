//! The stages of the pipeline by name, and what each did.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where a candidate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Items of followed authors.
    Followed,
    /// The trained collaborative model.
    Collaborative,
    /// The trained model of what comes next.
    Next,
    /// Items taken by those who took what the user liked.
    Similar,
    /// What followed users liked lately.
    Friends,
    /// What is bursting now.
    Trending,
    /// What most liked lately.
    Popular,
    /// New items of the user's tags.
    Topics,
    /// New items of any tag.
    Fresh,
    /// Items and authors that few have seen.
    Explore,
}

/// Why a candidate is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Hidden, deleted, of the future, or never described.
    Invisible,
    /// The user's own.
    Own,
    /// Met before.
    Seen,
    /// Served before in this session.
    Served,
    /// Either blocks the other.
    Blocked,
    /// The user mutes the author.
    Muted,
    /// Holds a muted keyword.
    Keyword,
    /// Too old.
    Age,
    /// Has a label that the query does not want, or none of those that it wants.
    Label,
    /// Has a label that stands for something that harms.
    Harmful,
    /// Says the same as one ranked above.
    Duplicate,
}

/// A stage that a query can switch off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// A source.
    Source(Source),
    /// A filter. `Invisible`, `Own` and `Blocked` cannot be switched off: they decide whether an item
    /// may be shown at all; nor can `Label`, which the query itself asks for.
    Filter(Filter),
    /// The discounts for repeated authors and topics.
    Diversity,
}

impl Source {
    /// Every source, in the order they are asked.
    pub const ALL: [Source; 10] = [
        Self::Followed,
        Self::Collaborative,
        Self::Next,
        Self::Similar,
        Self::Friends,
        Self::Trending,
        Self::Popular,
        Self::Topics,
        Self::Fresh,
        Self::Explore,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Followed => "followed",
            Self::Collaborative => "collaborative",
            Self::Next => "next",
            Self::Similar => "similar",
            Self::Friends => "friends",
            Self::Trending => "trending",
            Self::Popular => "popular",
            Self::Topics => "topics",
            Self::Fresh => "fresh",
            Self::Explore => "explore",
        }
    }
}

impl Filter {
    /// Every filter, in the order they are applied.
    pub const ALL: [Filter; 11] = [
        Self::Invisible,
        Self::Own,
        Self::Seen,
        Self::Served,
        Self::Blocked,
        Self::Muted,
        Self::Keyword,
        Self::Age,
        Self::Label,
        Self::Harmful,
        Self::Duplicate,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invisible => "invisible",
            Self::Own => "own",
            Self::Seen => "seen",
            Self::Served => "served",
            Self::Blocked => "blocked",
            Self::Muted => "muted",
            Self::Keyword => "keyword",
            Self::Age => "age",
            Self::Label => "label",
            Self::Harmful => "harmful",
            Self::Duplicate => "duplicate",
        }
    }

    /// Whether a query may switch the filter off.
    #[must_use]
    pub fn is_optional(self) -> bool {
        !matches!(self, Self::Invisible | Self::Own | Self::Blocked | Self::Label)
    }
}

impl Stage {
    /// The stage of that name that a query may switch off.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let source = Source::ALL.into_iter().find(|source| source.name() == name).map(Stage::Source);
        let filter = || {
            let optional = Filter::ALL.into_iter().filter(|filter| filter.is_optional());
            optional.map(Stage::Filter).find(|stage| matches!(stage, Stage::Filter(f) if f.name() == name))
        };
        source.or_else(filter).or((name == "diversity").then_some(Stage::Diversity))
    }
}

/// Why a source proposes nothing this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceError {
    /// It needs a trained model and there is none yet.
    NotReady,
}

#[derive(Debug, Default)]
struct Counter {
    asked: AtomicU64,
    failed: AtomicU64,
    proposed: AtomicU64,
}

/// Counts over all queries.
#[derive(Debug, Default)]
pub(crate) struct StageCounts {
    sources: [Counter; Source::ALL.len()],
    refused: [AtomicU64; Filter::ALL.len()],
}

/// What the stages did since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StageReport {
    /// For each source: times asked, times it could not answer, candidates proposed.
    pub sources: Vec<(&'static str, u64, u64, u64)>,
    /// For each filter: candidates refused.
    pub filters: Vec<(&'static str, u64)>,
}

impl StageCounts {
    pub(crate) fn source(&self, source: Source, result: Result<usize, SourceError>) {
        let counter = &self.sources[source as usize];
        counter.asked.fetch_add(1, Ordering::Relaxed);
        match result {
            Ok(count) => counter.proposed.fetch_add(count as u64, Ordering::Relaxed),
            Err(SourceError::NotReady) => counter.failed.fetch_add(1, Ordering::Relaxed),
        };
    }

    pub(crate) fn refused(&self, filter: Filter) {
        self.refused[filter as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn report(&self) -> StageReport {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StageReport {
            sources: Source::ALL
                .into_iter()
                .zip(&self.sources)
                .map(|(source, c)| (source.name(), read(&c.asked), read(&c.failed), read(&c.proposed)))
                .collect(),
            filters: Filter::ALL.into_iter().zip(&self.refused).map(|(f, c)| (f.name(), read(c))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        fn check(name: &str, expected: Option<Stage>) {
            assert_eq!(Stage::from_name(name), expected, "{name}");
        }
        for source in Source::ALL {
            check(source.name(), Some(Stage::Source(source)));
        }
        check("seen", Some(Stage::Filter(Filter::Seen)));
        check("harmful", Some(Stage::Filter(Filter::Harmful)));
        check("blocked", None);
        check("label", None);
        check("diversity", Some(Stage::Diversity));
        check("", None);
    }
}
