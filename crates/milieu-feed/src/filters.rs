//! Filters: whether a candidate may be shown to the user.

use crate::config::FeedConfig;
use crate::stages::{Filter, Stage};
use milieu_types::TieKind;
use milieu_world::{ItemIx, Secs, UserIx, View};
use rustc_hash::FxHashSet;

/// What the filters read besides the candidate.
pub(crate) struct Gate<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) user: Option<UserIx>,
    pub(crate) config: &'a FeedConfig,
    pub(crate) disabled: &'a [Stage],
    /// Items served before in this session.
    pub(crate) served: &'a FxHashSet<ItemIx>,
}

impl Gate<'_> {
    fn on(&self, filter: Filter) -> bool {
        !filter.is_optional() || !self.disabled.contains(&Stage::Filter(filter))
    }

    /// The first filter that refuses the item; `None` when it may be shown.
    pub(crate) fn refuse(&self, item: ItemIx) -> Option<Filter> {
        let view = self.view;
        if !view.is_visible(item) {
            return Some(Filter::Invisible);
        }
        let facts = view.facts(item);
        if self.on(Filter::Served) && self.served.contains(&item) {
            return Some(Filter::Served);
        }
        if self.on(Filter::Age) && self.config.max_age_days > 0 {
            let oldest = view.now().saturating_sub(self.config.max_age_days.saturating_mul(86_400) as Secs);
            if facts.at < oldest {
                return Some(Filter::Age);
            }
        }
        let user = self.user?;
        if self.on(Filter::Seen) && view.has_met(user, item) {
            return Some(Filter::Seen);
        }
        if let Some(author) = facts.author {
            if author == user {
                return Some(Filter::Own);
            }
            if view.is_blocked(user, author) {
                return Some(Filter::Blocked);
            }
            if self.on(Filter::Muted) && view.tie(TieKind::Mute, user, author).is_some() {
                return Some(Filter::Muted);
            }
        }
        if self.on(Filter::Keyword) && self.holds_muted_keyword(user, item) {
            return Some(Filter::Keyword);
        }
        None
    }

    fn holds_muted_keyword(&self, user: UserIx, item: ItemIx) -> bool {
        let keywords = self.view.muted_keywords(user);
        if keywords.is_empty() {
            return false;
        }
        let text = self.view.text(item).unwrap_or("").to_lowercase();
        let tags = &self.view.facts(item).tags;
        let tags: Vec<String> =
            tags.iter().filter_map(|&tag| self.view.world().name(tag)).map(str::to_lowercase).collect();
        keywords.iter().any(|word| text.contains(&**word) || tags.iter().any(|tag| **tag == **word))
    }
}
