//! The pipeline: taste, sources, filters, scorer, selector, page.

use crate::affinity::liked_labels;
use crate::config::{ConfigError, FeedConfig};
use crate::filters::Gate;
use crate::inputs::Inputs;
use crate::labels::ItemLabels;
use crate::model::Models;
use crate::prior::PREDICTED;
use crate::rank::{Scored, Scratch, score_all};
use crate::reason::{Reason, reason};
use crate::receipt::{Receipt, Receipts, receipt_place};
use crate::sessions::{Session, Sessions, read_cursor, write_cursor};
use crate::sources::similar;
use crate::stages::{Filter, Source, Stage, StageCounts, StageReport};
use crate::trends::{Trend, TrendCache};
use crate::wanted::{LabelBound, Wanted, lets_through};
use milieu_types::{Language, Timestamp};
use milieu_world::{ItemIx, Taste, UserIx, View};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// What is asked of a feed.
#[derive(Debug, Clone, Default)]
pub struct FeedQuery {
    /// How many entries, at least 1; more than the configured reserve is cut to it.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Stages to leave out.
    pub disabled: Vec<Stage>,
    /// Labels that no entry may have. What no model has read has none.
    pub exclude: Vec<LabelBound>,
    /// Where there are any: labels of which each entry has one.
    pub only: Vec<LabelBound>,
    /// The language of reasons.
    pub language: Language,
}

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which item.
    pub item: ItemIx,
    /// Its id.
    pub id: String,
    /// Expected worth; does not depend on the other entries.
    pub score: f32,
    /// Which source proposed it first.
    pub source: Source,
    /// Why, in words.
    pub reason: Reason,
    /// The id of its receipt.
    pub receipt: String,
}

/// A page of a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// The entries, the best first; empty where nothing may be shown.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` at the end.
    pub cursor: Option<String>,
}

/// Why there is no feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The cursor is malformed, or another user's.
    #[error("the cursor is malformed or belongs to another user")]
    InvalidCursor,
}

/// The feed engine; shared by all requests.
#[derive(Debug, Default)]
pub struct Engine {
    pub(crate) config: FeedConfig,
    models: RwLock<Arc<Models>>,
    sessions: Mutex<Sessions>,
    receipts: Mutex<Receipts>,
    pub(crate) trends: TrendCache,
    pub(crate) counts: StageCounts,
    pub(crate) labels: RwLock<ItemLabels>,
    scratch: Mutex<Vec<Scratch>>,
}

impl Engine {
    /// An engine with these settings and no trained model.
    ///
    /// # Errors
    /// [`ConfigError`] for a setting out of its range.
    pub fn new(config: FeedConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { config, ..Self::default() })
    }

    /// Takes other models into use for all queries from now on.
    pub fn set_models(&self, models: Models) {
        *self.models.write() = Arc::new(models);
    }

    /// The models in use now.
    #[must_use]
    pub fn models(&self) -> Arc<Models> {
        Arc::clone(&self.models.read())
    }

    /// Changes what models say of items. No query reads it meanwhile: for some items at a time, and not with the world
    /// held, which queries hold when they come to read it.
    pub fn change_labels<T>(&self, change: impl FnOnce(&mut ItemLabels) -> T) -> T {
        change(&mut self.labels.write())
    }

    /// Reads what models say of items.
    pub fn read_labels<T>(&self, read: impl FnOnce(&ItemLabels) -> T) -> T {
        read(&self.labels.read())
    }

    /// Lends scratch memory that an earlier query has left.
    pub(crate) fn with_scratch<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = self.scratch.lock().pop().unwrap_or_default();
        let result = work(&mut scratch);
        self.scratch.lock().push(scratch);
        result
    }

    /// What the stages did since the start.
    #[must_use]
    pub fn stages(&self) -> StageReport {
        self.counts.report()
    }

    /// A page of a user's feed. A user whom nobody knows gets what is trending and new.
    ///
    /// # Errors
    /// [`FeedError::InvalidCursor`]; a cursor whose session is forgotten begins anew instead.
    pub fn feed(
        &self,
        view: &View<'_>,
        user_id: &str,
        query: &FeedQuery,
        at: Timestamp,
    ) -> Result<FeedPage, FeedError> {
        let limit = query.limit.clamp(1, self.config.reserve);
        let (number, mut session, wanted) = self.resume(user_id, query)?;
        let user = view.world().user(user_id);
        let taste = Taste::gather(view, user);
        let models = self.models();
        if let Some((_, page)) = session.pages.iter().find(|(offset, _)| *offset == wanted) {
            let page = page.clone();
            let next = wanted + page.len();
            let shown = self.page(view, &taste, (user_id, &models), query.language, (&page, wanted), at);
            self.sessions.lock().put(number, session);
            return Ok(FeedPage { entries: shown, cursor: Some(write_cursor(number, next)) });
        }
        let mut page = self.take_reserve(view, user, query, &mut session, limit);
        if page.len() < limit {
            session.reserve = self.rank(view, &taste, &models, query, &session.served).into();
            page.extend(self.take_reserve(view, user, query, &mut session, limit - page.len()));
        }
        let offset = session.offset;
        session.offset += page.len();
        let cursor = (page.len() == limit).then(|| write_cursor(number, session.offset));
        let entries = self.page(view, &taste, (user_id, &models), query.language, (&page, offset), at);
        if !page.is_empty() {
            session.pages.push((offset, page));
        }
        self.sessions.lock().put(number, session);
        Ok(FeedPage { entries, cursor })
    }

    fn resume(&self, user: &str, query: &FeedQuery) -> Result<(u64, Session, usize), FeedError> {
        let mut sessions = self.sessions.lock();
        let Some(cursor) = &query.cursor else {
            let (number, session) = sessions.start(user, self.config.sessions);
            return Ok((number, session, 0));
        };
        let (number, offset) = read_cursor(cursor).ok_or(FeedError::InvalidCursor)?;
        match sessions.take(number) {
            Some(session) if session.user != user => {
                sessions.put(number, session);
                Err(FeedError::InvalidCursor)
            }
            Some(session) => Ok((number, session, offset)),
            None => {
                let (number, session) = sessions.start(user, self.config.sessions);
                Ok((number, session, 0))
            }
        }
    }

    /// Takes the next entries that may still be shown: what was deleted, hidden or blocked since the
    /// ranking is passed over.
    fn take_reserve(
        &self,
        view: &View<'_>,
        user: Option<UserIx>,
        query: &FeedQuery,
        session: &mut Session,
        limit: usize,
    ) -> Vec<Scored> {
        let labels = self.wanted(query).map(Wanted::gate);
        let mut page = Vec::new();
        while page.len() < limit {
            let Some(next) = session.reserve.pop_front() else { break };
            let gate =
                Gate { view, user, config: &self.config, disabled: &query.disabled, served: &session.served };
            let by_label = || labels.as_ref().and_then(|labels| labels.refuse(next.item));
            if let Some(filter) = gate.refuse(next.item).or_else(by_label) {
                self.counts.refused(filter);
                continue;
            }
            session.served.insert(next.item);
            page.push(next);
        }
        page
    }

    /// Writes receipts for a page, which begins at `offset`, and words its reasons.
    fn page(
        &self,
        view: &View<'_>,
        taste: &Taste,
        (user, models): (&str, &Models),
        language: Language,
        (page, offset): (&[Scored], usize),
        at: Timestamp,
    ) -> Vec<Entry> {
        let shown: Vec<(&Scored, &str)> =
            page.iter().filter_map(|s| Some((s, view.world().item_id(s.item)?))).collect();
        let receipts = shown.iter().enumerate().map(|(place, (scored, id))| Receipt {
            id: String::new(),
            user: user.to_owned(),
            item: (*id).to_owned(),
            at,
            applied: view.world().applied(),
            source: scored.source,
            inputs: scored.inputs.to_vec(),
            collaborative_version: models.collaborative.as_ref().map(|model| model.version.clone()),
            next_version: models.next.as_ref().map(|model| model.version.clone()),
            action_version: scored.action_version.to_string(),
            probabilities: scored.probabilities,
            weights: self.config.weights,
            network_factor: scored.network_factor,
            score: scored.score,
            diversity_factor: scored.diversity_factor,
            rank: offset + place,
        });
        let labels = self.liked_labels(taste, &shown);
        let ids = self.receipts.lock().keep(receipts.collect(), self.config.receipts);
        let entry = |(place, ((scored, id), receipt)): (usize, ((&Scored, &str), String))| {
            let label = labels.get(place).and_then(Option::as_deref);
            Entry {
                item: scored.item,
                id: id.to_owned(),
                score: scored.score,
                source: scored.source,
                reason: reason(view, taste, (scored.item, scored.source), label, language),
                receipt,
            }
        };
        shown.into_iter().zip(ids).enumerate().map(entry).collect()
    }

    /// For each entry, the label of its text that the user likes most; empty where labels are no reason.
    fn liked_labels(&self, taste: &Taste, shown: &[(&Scored, &str)]) -> Vec<Option<String>> {
        let models = &self.config.reason_models;
        if models.is_empty() {
            return Vec::new();
        }
        let items = shown.iter().map(|(scored, _)| scored.item);
        liked_labels(&self.labels.read(), models, taste.liked(), items)
    }

    /// A receipt with the decision made again: probabilities and score.
    #[must_use]
    pub fn receipt(&self, id: &str) -> Option<(Receipt, [f32; PREDICTED.len()], f32)> {
        let (page, place) = receipt_place(id)?;
        let receipt = self.receipts(page)?.get(place)?.clone();
        let (probabilities, score) = self.replay(&receipt)?;
        Some((receipt, probabilities, score))
    }

    /// The receipts of a page, as long as they are remembered; to be kept elsewhere for longer.
    #[must_use]
    pub fn receipts(&self, page: u64) -> Option<Arc<[Receipt]>> {
        self.receipts.lock().page(page)
    }

    /// Numbers pages from `page` on, so that no id of an earlier run is given again. Only before the
    /// first page.
    pub fn begin_receipts_at(&self, page: u64) {
        self.receipts.lock().begin_at(page);
    }

    /// Makes a decision again: probabilities and score. `None` where another action model made it; see
    /// [`Receipt::replay`].
    #[must_use]
    pub fn replay(&self, receipt: &Receipt) -> Option<([f32; PREDICTED.len()], f32)> {
        receipt.replay(&self.models().actions)
    }

    /// Items like an item, the best first: by the trained model, then by who took it, then by tags.
    #[must_use]
    pub fn similar(&self, view: &View<'_>, item: ItemIx, limit: usize) -> Vec<ItemIx> {
        let models = Arc::clone(&self.models.read());
        let mut items = Vec::new();
        if let Some(model) = &models.collaborative
            && let Some(number) = model.model_item(item)
        {
            let mut best = Vec::new();
            model.served().similar(number, limit * 2, &mut best);
            items.extend(best.iter().filter_map(|&(number, _)| model.world_item(number)));
        }
        items.extend(similar(view, &[(item, 1.0)], limit * 2));
        let tags = &view.facts(item).tags;
        items.extend(tags.iter().flat_map(|&tag| view.newest_of_tag(tag).take(limit)));
        let mut known = FxHashSet::default();
        let shows = lets_through(self.hidden());
        items.retain(|&other| other != item && view.is_visible(other) && shows(other) && known.insert(other));
        items.truncate(limit);
        items
    }

    /// What is bursting now.
    #[must_use]
    pub fn trends(&self, view: &View<'_>, limit: usize) -> Vec<Trend> {
        let trends = self.trends.get(view);
        let shows = lets_through(self.hidden());
        let is_shown = |trend: &&Trend| view.is_visible(trend.item) && shows(trend.item);
        trends.bursts.iter().filter(is_shown).take(limit).copied().collect()
    }

    /// Whom an item may interest, the best first, with expected worth: followers of the author and
    /// takers of like items, without those who met it, block or are blocked.
    #[must_use]
    pub fn audience(&self, view: &View<'_>, item: ItemIx, limit: usize) -> Vec<(UserIx, f32)> {
        /// How many users are weighed.
        const WEIGHED: usize = 500;
        if !view.is_visible(item) || !lets_through(self.hidden())(item) {
            return Vec::new();
        }
        let mut users: Vec<UserIx> = Vec::new();
        if let Some(author) = view.facts(item).author {
            users.extend(view.followers(author).map(|tie| tie.other).take(WEIGHED / 2));
        }
        for other in self.similar(view, item, 16) {
            users.extend(view.audience(other).iter().rev().take(WEIGHED / 32));
        }
        users.sort_unstable();
        users.dedup();
        let served = FxHashSet::default();
        let models = self.models();
        let mut worth: Vec<(UserIx, f32)> = users
            .into_iter()
            .filter(|&user| {
                let gate =
                    Gate { view, user: Some(user), config: &self.config, disabled: &[], served: &served };
                view.is_described(user) && gate.refuse(item).is_none_or(|filter| filter == Filter::Age)
            })
            .filter_map(|user| {
                let taste = Taste::gather(view, Some(user));
                self.with_scratch(|Scratch { scores, rows }| {
                    // What comes next takes a network's time for each user, which is too long for so many.
                    let asked = (models.collaborative.as_ref(), None);
                    let inputs = Inputs::gather(view, &taste, asked, scores);
                    let scored =
                        score_all(&inputs, &[(item, Source::Fresh)], &models.actions, &self.config, rows);
                    Some((user, scored.candidates.first()?.score))
                })
            })
            .collect();
        worth.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        worth.truncate(limit);
        worth
    }
}
