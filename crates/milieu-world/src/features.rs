//! What the action model is told about a user and an item: one code for training and serving.
//!
//! Features are read through a [`View`], so that training, which folds the log in order and asks at
//! each exposure's own time, sees exactly what serving would have seen then.

use crate::heat::burst;
use crate::{ItemIx, NameIx, Secs, UserIx, View};
use milieu_types::TieKind;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// How many of a user's newest interactions make their taste.
pub const TASTE_WINDOW: usize = 128;
/// How many of the followed users are asked what they did lately.
pub const FRIENDS_ASKED: usize = 200;
/// How many of a friend's newest interactions are looked at.
pub const FRIEND_WINDOW: usize = 12;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The features, in the order of the vector.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Feature { $($(#[$doc])* $name),* }

        impl Feature {
            /// Every feature, in order.
            pub const ALL: &'static [Feature] = &[$(Feature::$name),*];
            /// The name in models and receipts.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Feature::$name => stringify!($name)),* }
            }
        }
    };
}

features! {
    /// ln(1 + age in hours).
    LogAge,
    /// 2^(-age / 1 day).
    Freshness,
    /// ln(1 + positive actions).
    LogPositives,
    /// ln(1 + views).
    LogViews,
    /// (positives + 1) / (views + 20): the share that liked it, drawn to a prior.
    PositiveRate,
    /// (negatives + 0.1) / (views + positives + 20).
    NegativeRate,
    /// ln(1 + [`crate::Heat::short`]).
    HeatNow,
    /// ln(1 + [`crate::Heat::long`]).
    HeatDays,
    /// [`crate::Heat::burst`], clamped to -3..10.
    Burst,
    /// ln(1 + answers).
    LogReplies,
    /// The user follows the author.
    FollowsAuthor,
    /// The author follows the user.
    FollowedByAuthor,
    /// The author's share of the user's taste.
    AuthorAffinity,
    /// The largest share of the user's taste that one of the tags has.
    TagAffinityMost,
    /// The mean share over the tags.
    TagAffinityMean,
    /// The user declared an interest in one of the tags.
    DeclaredTag,
    /// 1 for the user's language, 0 for another, 0.5 where either is unknown.
    SameLanguage,
    /// ln(1 + followers of the author).
    LogAuthorFollowers,
    /// (positives + 1) / (views + 20) over all items of the author.
    AuthorPositiveRate,
    /// ln(1 + messages between user and author, both ways).
    LogMessages,
    /// The two share a group.
    SharedGroup,
    /// ln(1 + followed users who did something positive with the item lately).
    LogFriends,
    /// It has media.
    HasMedia,
    /// ln(1 + bytes of text) / 10.
    TextLength,
    /// It answers another item.
    IsReply,
    /// ln(1 + the user's interactions on record).
    LogUserHistory,
}

/// The number of features.
pub const FEATURES: usize = Feature::ALL.len();

/// What somebody followed did with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FriendMark {
    /// How many of the followed users did something positive with it.
    pub friends: u32,
    /// The one whose action is the newest.
    pub latest: UserIx,
    /// When that action was.
    pub at: Secs,
}

/// A user's side of the features, gathered once for all candidates.
#[derive(Debug, Clone)]
pub struct Taste {
    user: Option<UserIx>,
    /// Positive interactions as `(item, weight)`, the newest first, each item once.
    liked: Vec<(ItemIx, f32)>,
    authors: FxHashMap<UserIx, f32>,
    tags: FxHashMap<NameIx, f32>,
    friends: FxHashMap<ItemIx, FriendMark>,
    history: usize,
}

/// Logarithms of whole numbers, of which features need many.
static LOGS: LazyLock<[f32; 4096]> = LazyLock::new(|| std::array::from_fn(|n| log(n as f32)));

/// ln(1 + x).
fn log(x: f32) -> f32 {
    (1.0 + x).ln()
}

/// ln(1 + n).
fn count(n: u32) -> f32 {
    LOGS.get(n as usize).copied().unwrap_or_else(|| log(n as f32))
}

/// How much an interaction tells of taste: the newer the more, half after 30 interactions.
fn recency(rank: usize) -> f32 {
    (-(rank as f32) / 30.0).exp2()
}

impl Taste {
    /// Gathers the taste of a user at the time of the view; of nobody for `None`.
    #[must_use]
    pub fn gather(view: &View<'_>, user: Option<UserIx>) -> Self {
        let mut taste = Self {
            user,
            liked: Vec::new(),
            authors: FxHashMap::default(),
            tags: FxHashMap::default(),
            friends: FxHashMap::default(),
            history: 0,
        };
        let Some(user) = user else { return taste };
        let met: Vec<ItemIx> = view.history(user).take(TASTE_WINDOW).map(|done| done.item).collect();
        view.read_ahead(&met);
        taste.authors.reserve(met.len());
        taste.tags.reserve(met.len());
        let mut total = 0.0;
        for (rank, done) in view.history(user).take(TASTE_WINDOW).enumerate() {
            taste.history += 1;
            let sign = match done.action {
                action if action.is_positive() => 1.0,
                action if action.is_negative() => -1.0,
                _ => continue,
            };
            let weight = sign * recency(rank);
            let facts = view.facts(done.item);
            total += weight.abs();
            if let Some(author) = facts.author {
                *taste.authors.entry(author).or_default() += weight;
            }
            for &tag in &facts.tags {
                *taste.tags.entry(tag).or_default() += weight;
            }
            if sign > 0.0 && !taste.liked.iter().any(|(item, _)| *item == done.item) {
                taste.liked.push((done.item, weight));
            }
        }
        // Shares, drawn towards none for a user of whom little is known.
        let scale = 1.0 / (total + 1.0);
        taste.authors.values_mut().chain(taste.tags.values_mut()).for_each(|share| *share *= scale);
        taste.ask_friends(view, user);
        taste
    }

    fn ask_friends(&mut self, view: &View<'_>, user: UserIx) {
        let friends: Vec<UserIx> = view.following(user).take(FRIENDS_ASKED).map(|tie| tie.other).collect();
        view.read_ahead_histories(&friends, FRIEND_WINDOW);
        self.friends.reserve(friends.len() * FRIEND_WINDOW / 2);
        for friend in friends {
            let mut told: [Option<ItemIx>; FRIEND_WINDOW] = [None; FRIEND_WINDOW];
            for (place, done) in view.history(friend).take(FRIEND_WINDOW).enumerate() {
                if !done.action.is_positive() || told.contains(&Some(done.item)) {
                    continue;
                }
                told[place] = Some(done.item);
                let first = FriendMark { friends: 0, latest: friend, at: done.at };
                let mark = self.friends.entry(done.item).or_insert(first);
                mark.friends += 1;
                if done.at > mark.at {
                    (mark.latest, mark.at) = (friend, done.at);
                }
            }
        }
    }

    /// Whose taste it is.
    #[must_use]
    pub fn user(&self) -> Option<UserIx> {
        self.user
    }

    /// What the user liked, the newest first, each item once, with weights from 0 to 1.
    #[must_use]
    pub fn liked(&self) -> &[(ItemIx, f32)] {
        &self.liked
    }

    /// The share of an author in the taste, from -1 to 1.
    #[must_use]
    pub fn author(&self, author: UserIx) -> f32 {
        self.authors.get(&author).copied().unwrap_or(0.0)
    }

    /// The share of a tag in the taste, from -1 to 1.
    #[must_use]
    pub fn tag(&self, tag: NameIx) -> f32 {
        self.tags.get(&tag).copied().unwrap_or(0.0)
    }

    /// Tags by their share, the largest first.
    #[must_use]
    pub fn top_tags(&self, count: usize) -> Vec<(NameIx, f32)> {
        let mut tags: Vec<_> = self.tags.iter().map(|(&tag, &share)| (tag, share)).collect();
        tags.retain(|(_, share)| *share > 0.0);
        tags.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        tags.truncate(count);
        tags
    }

    /// What followed users did with an item lately.
    #[must_use]
    pub fn friends(&self, item: ItemIx) -> Option<FriendMark> {
        self.friends.get(&item).copied()
    }

    /// Items that followed users did something positive with lately, in no order that means anything.
    pub fn friends_items(&self) -> impl Iterator<Item = (ItemIx, FriendMark)> + '_ {
        self.friends.iter().map(|(&item, &mark)| (item, mark))
    }

    /// Writes the features of an item, in the order of [`Feature::ALL`]; all are finite.
    pub fn features(&self, view: &View<'_>, item: ItemIx, out: &mut [f32; FEATURES]) {
        let facts = view.facts(item);
        let now = view.now();
        let reception = facts.reception();
        let age_hours = now.saturating_sub(facts.at) as f32 / 3600.0;
        let (short, long) = (facts.heat.short(now), facts.heat.long(now));
        let mut set = |feature: Feature, value: f32| out[feature as usize] = value;
        set(Feature::LogAge, log(age_hours));
        set(Feature::Freshness, (-age_hours / 24.0).exp2());
        set(Feature::LogPositives, count(reception.positives));
        set(Feature::LogViews, count(reception.views));
        let views = reception.views as f32;
        let positives = reception.positives as f32;
        set(Feature::PositiveRate, (positives + 1.0) / (views.max(positives) + 20.0));
        set(Feature::NegativeRate, (reception.negatives as f32 + 0.1) / (views + positives + 20.0));
        set(Feature::HeatNow, log(short));
        set(Feature::HeatDays, log(long));
        set(Feature::Burst, burst(short, long).clamp(-3.0, 10.0));
        set(Feature::LogReplies, count(facts.counts[milieu_types::Action::Reply as usize]));
        set(Feature::HasMedia, f32::from(u8::from(facts.media_len > 0)));
        set(Feature::TextLength, count(facts.text_len) / 10.0);
        set(Feature::IsReply, f32::from(u8::from(facts.reply_to.is_some())));

        let (mut most, mut sum) = (0.0_f32, 0.0);
        for &tag in &facts.tags {
            let share = self.tag(tag);
            most = if share.abs() > most.abs() { share } else { most };
            sum += share;
        }
        set(Feature::TagAffinityMost, most);
        set(Feature::TagAffinityMean, sum / facts.tags.len().max(1) as f32);
        set(Feature::LogUserHistory, count(self.history as u32));
        set(Feature::LogFriends, count(self.friends(item).map_or(0, |mark| mark.friends)));
        self.relation(view, item, out);
    }

    /// The features of the pair of the user and the item's author.
    fn relation(&self, view: &View<'_>, item: ItemIx, out: &mut [f32; FEATURES]) {
        let facts = view.facts(item);
        let flag = |yes: bool| f32::from(u8::from(yes));
        let mut set = |feature: Feature, value: f32| out[feature as usize] = value;
        let (mut follows, mut followed, mut messages, mut shared) = (false, false, 0, false);
        let (mut followers, mut rate, mut affinity) = (0, 1.0 / 20.0, 0.0);
        if let Some(author) = facts.author {
            let reception = view.reception(author);
            let views = reception.views.max(reception.positives) as f32;
            rate = (reception.positives as f32 + 1.0) / (views + 20.0);
            followers = view.follower_count(author);
            affinity = self.author(author);
            if let Some(user) = self.user {
                follows = view.tie(TieKind::Follow, user, author).is_some();
                followed = view.tie_from(TieKind::Follow, user, author).is_some();
                let received = if view.has_mail(user) { view.messages(author, user) } else { 0 };
                messages = view.messages(user, author).saturating_add(received);
                shared = view.groups(user).iter().any(|group| view.groups(author).contains(group));
            }
        }
        set(Feature::FollowsAuthor, flag(follows));
        set(Feature::FollowedByAuthor, flag(followed));
        set(Feature::AuthorAffinity, affinity);
        set(Feature::LogAuthorFollowers, count(followers as u32));
        set(Feature::AuthorPositiveRate, rate);
        set(Feature::LogMessages, count(messages));
        set(Feature::SharedGroup, flag(shared));
        let declared = self.user.map_or(&[][..], |user| view.declared_tags(user));
        set(Feature::DeclaredTag, flag(facts.tags.iter().any(|tag| declared.contains(tag))));
        let language = match (self.user.and_then(|user| view.language(user)), facts.language) {
            (Some(own), Some(other)) => flag(own == other),
            _ => 0.5,
        };
        set(Feature::SameLanguage, language);
    }
}
