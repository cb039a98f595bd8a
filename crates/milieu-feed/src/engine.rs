//! The pipeline: taste, sources, filters, scorer, selector, page.

use crate::config::{ConfigError, FeedConfig};
use crate::filters::Gate;
use crate::model::Models;
use crate::prior::{PREDICTED, PriorModel};
use crate::reason::{Language, Reason, reason};
use crate::receipt::{Receipt, Receipts, receipt_place, score};
use crate::select::arrange;
use crate::sessions::{Session, Sessions, read_cursor, write_cursor};
use crate::sources::{Ask, model_history, propose, similar};
use crate::stages::{Filter, Source, Stage, StageCounts, StageReport};
use crate::trends::{Trend, TrendCache};
use milieu_factors::{Accumulator, Served};
use milieu_types::Timestamp;
use milieu_world::{FEATURES, Feature, ItemIx, Taste, UserIx, View};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The version of the action model until one is trained.
const PRIOR_VERSION: &str = "prior/1";

/// What is asked of a feed.
#[derive(Debug, Clone, Default)]
pub struct FeedQuery {
    /// How many entries, at least 1; more than the configured reserve is cut to it.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Stages to leave out.
    pub disabled: Vec<Stage>,
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

/// A candidate with its score and what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    pub(crate) item: ItemIx,
    pub(crate) source: Source,
    pub(crate) features: [f32; FEATURES],
    pub(crate) collaborative: f32,
    pub(crate) probabilities: [f32; PREDICTED.len()],
    pub(crate) network_factor: f32,
    pub(crate) score: f32,
    pub(crate) diversity_factor: f32,
    pub(crate) reason: Reason,
}

/// The feed engine; shared by all requests.
#[derive(Debug, Default)]
pub struct Engine {
    config: FeedConfig,
    prior: PriorModel,
    models: RwLock<Arc<Models>>,
    sessions: Mutex<Sessions>,
    receipts: Mutex<Receipts>,
    trends: TrendCache,
    counts: StageCounts,
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
        if let Some((_, page)) = session.pages.iter().find(|(offset, _)| *offset == wanted) {
            let page = page.clone();
            let next = wanted + page.len();
            let shown = self.page(view, user_id, &page, wanted, at);
            self.sessions.lock().put(number, session);
            return Ok(FeedPage { entries: shown, cursor: Some(write_cursor(number, next)) });
        }
        let mut page = self.take_reserve(view, user, query, &mut session, limit);
        if page.len() < limit {
            session.reserve = self.rank(view, user, query, &session.served).into();
            page.extend(self.take_reserve(view, user, query, &mut session, limit - page.len()));
        }
        let offset = session.offset;
        session.offset += page.len();
        let cursor = (page.len() == limit).then(|| write_cursor(number, session.offset));
        let entries = self.page(view, user_id, &page, offset, at);
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
        let mut page = Vec::new();
        while page.len() < limit {
            let Some(next) = session.reserve.pop_front() else { break };
            let gate =
                Gate { view, user, config: &self.config, disabled: &query.disabled, served: &session.served };
            if let Some(filter) = gate.refuse(next.item) {
                self.counts.refused(filter);
                continue;
            }
            session.served.insert(next.item);
            page.push(next);
        }
        page
    }

    /// Ranks what the sources propose.
    fn rank(
        &self,
        view: &View<'_>,
        user: Option<UserIx>,
        query: &FeedQuery,
        served: &FxHashSet<ItemIx>,
    ) -> Vec<Scored> {
        let models = Arc::clone(&self.models.read());
        let taste = Taste::gather(view, user);
        let mut scores = Accumulator::default();
        if let Some(model) = &models.collaborative
            && let Served::Neighbours(neighbours) = model.served()
        {
            scores.reserve(neighbours.items());
            neighbours.score_history(&model_history(model, &taste), &mut scores);
        }
        let trends = self.trends.get(view);
        let ask = Ask {
            view,
            taste: &taste,
            config: &self.config,
            collaborative: models.collaborative.as_ref(),
            scores: &scores,
            trends: &trends,
        };
        let gate = Gate { view, user, config: &self.config, disabled: &query.disabled, served };
        let mut known = FxHashSet::default();
        let mut scored = Vec::new();
        for source in Source::ALL {
            if query.disabled.contains(&Stage::Source(source)) {
                continue;
            }
            let proposed = propose(source, &ask);
            self.counts.source(source, proposed.as_ref().map(Vec::len).map_err(|&error| error));
            for item in proposed.unwrap_or_default() {
                if !known.insert(item) {
                    continue;
                }
                match gate.refuse(item) {
                    Some(filter) => self.counts.refused(filter),
                    None => scored.push(self.score(&ask, item, source, query.language)),
                }
            }
        }
        arrange(view, scored, &self.config, &query.disabled, &self.counts)
    }

    fn score(&self, ask: &Ask<'_>, item: ItemIx, source: Source, language: Language) -> Scored {
        let mut features = [0.0; FEATURES];
        ask.taste.features(ask.view, item, &mut features);
        let raw = ask
            .collaborative
            .and_then(|model| model.model_item(item))
            .map_or(0.0, |number| ask.scores.get(number).max(0.0));
        let collaborative = raw / (raw + 1.0);
        let probabilities = self.prior.predict(&features, collaborative);
        let followed = features[Feature::FollowsAuthor as usize] > 0.0;
        let network_factor = if followed { 1.0 } else { self.config.out_of_network };
        Scored {
            item,
            source,
            features,
            collaborative,
            probabilities,
            network_factor,
            score: score(&probabilities, &self.config.weights, network_factor),
            diversity_factor: 1.0,
            reason: reason(ask.view, ask.taste, item, source, language),
        }
    }

    /// Writes receipts for a page and words it.
    fn page(&self, view: &View<'_>, user: &str, page: &[Scored], offset: usize, at: Timestamp) -> Vec<Entry> {
        let version = self.models.read().collaborative.as_ref().map(|model| model.version.clone());
        let shown: Vec<(&Scored, &str)> =
            page.iter().filter_map(|s| Some((s, view.world().item_id(s.item)?))).collect();
        let receipts = shown.iter().enumerate().map(|(place, (scored, id))| Receipt {
            id: String::new(),
            user: user.to_owned(),
            item: (*id).to_owned(),
            at,
            applied: view.world().applied(),
            source: scored.source,
            features: scored.features.to_vec(),
            collaborative: scored.collaborative,
            collaborative_version: version.clone(),
            action_version: PRIOR_VERSION.to_owned(),
            probabilities: scored.probabilities,
            weights: self.config.weights,
            network_factor: scored.network_factor,
            score: scored.score,
            diversity_factor: scored.diversity_factor,
            rank: offset + place,
        });
        let ids = self.receipts.lock().keep(receipts.collect(), self.config.receipts);
        let entry = |((scored, id), receipt): ((&Scored, &str), String)| Entry {
            item: scored.item,
            id: id.to_owned(),
            score: scored.score,
            source: scored.source,
            reason: scored.reason.clone(),
            receipt,
        };
        shown.into_iter().zip(ids).map(entry).collect()
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

    /// Makes a decision again: probabilities and score.
    #[must_use]
    pub fn replay(&self, receipt: &Receipt) -> Option<([f32; PREDICTED.len()], f32)> {
        receipt.replay(&self.prior)
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
        items.retain(|&other| other != item && view.is_visible(other) && known.insert(other));
        items.truncate(limit);
        items
    }

    /// What is bursting now.
    #[must_use]
    pub fn trends(&self, view: &View<'_>, limit: usize) -> Vec<Trend> {
        let trends = self.trends.get(view);
        trends.iter().filter(|trend| view.is_visible(trend.item)).take(limit).copied().collect()
    }

    /// Whom an item may interest, the best first, with expected worth: followers of the author and
    /// takers of like items, without those who met it, block or are blocked.
    #[must_use]
    pub fn audience(&self, view: &View<'_>, item: ItemIx, limit: usize) -> Vec<(UserIx, f32)> {
        /// How many users are weighed.
        const WEIGHED: usize = 1000;
        if !view.is_visible(item) {
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
        let models = Models::default();
        let scores = Accumulator::default();
        let mut worth: Vec<(UserIx, f32)> = users
            .into_iter()
            .filter(|&user| {
                let gate =
                    Gate { view, user: Some(user), config: &self.config, disabled: &[], served: &served };
                let refused = gate.refuse(item);
                view.is_described(user) && !matches!(refused, Some(f) if f != Filter::Age)
            })
            .map(|user| {
                let taste = Taste::gather(view, Some(user));
                let ask = Ask {
                    view,
                    taste: &taste,
                    config: &self.config,
                    collaborative: models.collaborative.as_ref(),
                    scores: &scores,
                    trends: &[],
                };
                (user, self.score(&ask, item, Source::Fresh, Language::En).score)
            })
            .collect();
        worth.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        worth.truncate(limit);
        worth
    }
}
