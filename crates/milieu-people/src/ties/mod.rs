//! The tie of two users: how strong, from which side, in which tone, and where it goes.
//!
//! A pair of whom one blocks the other is answered as if the two had never had to do with each other, whoever blocks whom,
//! so that no answer tells a block from nothing. Mutes change no tie. No third user is named.

mod dealings;
mod fit;
mod kind;
mod past;
mod reliability;
mod strength;
pub mod tone;
mod trend;

pub use dealings::{Deal, Dealings};
pub use fit::{Fit, FitError, Sample, fit};
pub use kind::{Ground, Judged, Kind, judge};
pub use past::{Later, Lesson, Past};
pub use reliability::{Bin, Reliability, reliability};
pub use strength::{FEATURES, Feature, Features, HALF_LIVES, HORIZON_DAYS, TieModel, features};
pub use tone::Tone;
pub use trend::{Course, Trend, trend};

use crate::interests::{gathered, shared};
use milieu_world::{ItemIx, NameIx, Secs, UserIx, View};
use std::collections::BTreeSet;

/// Interests of each that are compared.
const INTERESTS: usize = 30;
/// From which share of the whole on a side does more than its part.
const ONE_SIDED: f64 = 0.65;
/// What a like or an item passed on adds to the sign, in answers.
const LIKED: f32 = 0.5;

/// What a tie is read with.
#[derive(Clone, Copy)]
pub struct Lookups<'l> {
    /// The coefficients of the strength.
    pub model: &'l TieModel,
    /// The topic of an item.
    pub topic: &'l dyn Fn(ItemIx) -> Option<u32>,
    /// How an item sounds by models of texts, -1 to 1.
    pub valence: &'l dyn Fn(ItemIx) -> Option<f32>,
}

/// One side of a tie.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What this one did with what is the other's.
    pub dealings: Dealings,
    /// Interactions to be expected of this one in the coming 30 days.
    pub expected: f64,
    /// The tone of this one's answers.
    pub tone: Option<Tone>,
}

/// From which side a tie comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From both.
    Both,
    /// Mostly from the first.
    FromFirst,
    /// Mostly from the second.
    FromSecond,
}

/// Whether two are for or against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// For.
    Positive,
    /// Neither.
    Neutral,
    /// Against.
    Negative,
}

/// The tie of two users.
#[derive(Debug, Clone, PartialEq)]
pub struct Tie {
    /// The first one's side.
    pub a: Side,
    /// The second one's side.
    pub b: Side,
    /// Interactions to be expected in the coming 30 days, both ways.
    pub strength: f64,
    /// From which side; `None` where nothing was done.
    pub direction: Option<Direction>,
    /// The smaller side's part of the larger one, 0 to 1; `None` where nothing was done.
    pub reciprocity: Option<f64>,
    /// The tone of the answers of both.
    pub tone: Option<Tone>,
    /// `None` where nothing was done in public.
    pub sign: Option<Sign>,
    /// `None` where there is too little to compare.
    pub trend: Option<Trend>,
    /// Users whom both follow.
    pub common_followed: u32,
    /// Groups that both joined.
    pub shared_groups: u32,
    /// Tags that both are interested in, with the smaller weight.
    pub shared_tags: Vec<(NameIx, f32)>,
    /// Topics that both are interested in, with the smaller weight.
    pub shared_topics: Vec<(u32, f32)>,
}

/// Reads the tie of two different users.
#[must_use]
pub fn tie(view: &View<'_>, a: UserIx, b: UserIx, lookups: &Lookups<'_>) -> Tie {
    let blocked = view.is_blocked(a, b);
    let between = |from, to| if blocked { Dealings::default() } else { Dealings::between(view, from, to) };
    let (of_a, of_b) = (between(a, b), between(b, a));
    let expected = |from, to, there: &Dealings, back: &Dealings| {
        if there.is_nothing() && back.is_nothing() {
            return lookups.model.strangers;
        }
        lookups.model.expected(&features(view, from, to, there, back))
    };
    let (from_a, from_b) = (expected(a, b, &of_a, &of_b), expected(b, a, &of_b, &of_a));
    let (tone_a, tone_b) = (Tone::of(&of_a, lookups.valence), Tone::of(&of_b, lookups.valence));
    let tone = Tone::both(tone_a, tone_b);
    let born = |user| view.user(user).map_or(0, |user| milieu_world::secs(user.at));
    let trend = trend(&of_a, &of_b, view.now(), born(a).max(born(b)));
    let (done_a, done_b) = (weight(&of_a, view.now()), weight(&of_b, view.now()));
    let something = done_a + done_b > 0.0;
    let interests = |user, other| {
        let may_speak = |author| !(blocked && author == other);
        gathered(view, user, lookups.topic, INTERESTS, may_speak)
    };
    let (likes_a, likes_b) = (interests(a, b), interests(b, a));
    Tie {
        sign: sign(tone, &of_a, &of_b),
        a: Side { dealings: of_a, expected: from_a, tone: tone_a },
        b: Side { dealings: of_b, expected: from_b, tone: tone_b },
        strength: from_a + from_b,
        direction: something.then(|| direction(done_a, done_b)),
        reciprocity: something.then(|| done_a.min(done_b) / done_a.max(done_b)),
        tone,
        trend,
        common_followed: common_followed(view, a, b),
        shared_groups: view.groups(a).iter().filter(|group| view.groups(b).contains(group)).count() as u32,
        shared_tags: shared(&likes_a.tags, &likes_b.tags),
        shared_topics: shared(&likes_a.topics, &likes_b.topics),
    }
}

/// How much one does for a tie: interactions by the longest half-life, messages, the follow tie.
fn weight(dealings: &Dealings, now: Secs) -> f64 {
    let follows = f64::from(u8::from(dealings.follows.is_some()));
    dealings.decayed(now, HALF_LIVES[1]) + f64::from(dealings.messages).ln_1p() + follows
}

fn direction(a: f64, b: f64) -> Direction {
    match a / (a + b) {
        share if share > ONE_SIDED => Direction::FromFirst,
        share if share < 1.0 - ONE_SIDED => Direction::FromSecond,
        _ => Direction::Both,
    }
}

/// By the tone of answers and by likes and items passed on, drawn towards neutral by two answers.
fn sign(tone: Option<Tone>, a: &Dealings, b: &Dealings) -> Option<Sign> {
    let likes = [a, b].iter().map(|of| of.count(Deal::Like) + of.count(Deal::Share)).sum::<u32>() as f32;
    let (said, answers) =
        tone.map_or((0.0, 0.0), |tone| (tone.mean * tone.answers as f32, tone.answers as f32));
    if likes + answers == 0.0 {
        return None;
    }
    Some(match (said + LIKED * likes) / (answers + LIKED * likes + 2.0) {
        drawn if drawn >= tone::CLEAR / 2.0 => Sign::Positive,
        drawn if drawn <= -tone::CLEAR => Sign::Negative,
        _ => Sign::Neutral,
    })
}

fn common_followed(view: &View<'_>, a: UserIx, b: UserIx) -> u32 {
    let of_a: BTreeSet<UserIx> = view.following(a).map(|tie| tie.other).collect();
    view.following(b).filter(|tie| tie.other != a && of_a.contains(&tie.other)).count() as u32
}

#[cfg(test)]
mod tests;
