//! How strong a tie is: how many interactions are to be expected in the coming 30 days.
//!
//! A Poisson regression with a logarithmic link (Nelder & Wedderburn 1972, "Generalized linear models"): for each direction
//! the expected number is `exp(sum of coefficients times features)`. Decayed counts enter as `ln(1 + 20 r)`, where r is
//! the rate in 30 days that they stand for, so that the expected number follows a power of the rate. The coefficients that
//! come along were fitted on public data (see [`TieModel::default`]); [`super::fit`] learns others from an app's own log.

use super::Dealings;
use milieu_world::{UserIx, View};
use serde::{Deserialize, Serialize};

/// How far ahead, in days.
pub const HORIZON_DAYS: u32 = 30;
/// The same in seconds.
pub(super) const HORIZON: u32 = HORIZON_DAYS * 86_400;
/// Half-lives of the decayed counts, in days.
pub const HALF_LIVES: [f64; 2] = [5.0, 60.0];
/// By how much a rate is enlarged before its logarithm: a rate of 1 in 20 horizons counts as ln 2.
const SCALE: f64 = 20.0;
/// No more than so many are expected: beyond it a linear predictor says nothing.
const MOST: f64 = 1000.0;
/// How old two are taken to be of whom neither was described.
const UNKNOWN_AGE_DAYS: f64 = 180.0;
/// The newest own items that are looked at for how much there is to react to.
const POSTS: usize = 256;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What the expected number is made of, in the order of the coefficients.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Feature { $($(#[$doc])* $name),* }

        impl Feature {
            /// Every feature, in order.
            pub const ALL: &'static [Feature] = &[$(Feature::$name),*];
            /// The name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Feature::$name => stringify!($name)),* }
            }
        }
    };
}

features! {
    /// 1.
    Constant,
    /// The one did anything with the other's items.
    Acted,
    /// The other did.
    ActedBack,
    /// What the one did with the other's items, by the short half-life.
    Lately,
    /// The same by the long half-life.
    Months,
    /// What the other did, by the short half-life.
    Back,
    /// The one follows the other.
    Follows,
    /// The other follows the one.
    Followed,
    /// ln(1 + messages sent in a month, on average since both are there).
    Messages,
    /// ln(1 + messages received in a month).
    Answered,
    /// ln(1 + items of the other in the last 30 days that answer nothing): what there is to react to.
    Offered,
    /// ln(1 + what the one did with items of others than the two in the last 30 days).
    Activity,
}

/// The number of features.
pub const FEATURES: usize = Feature::ALL.len();

/// The features of one direction of a tie.
pub type Features = [f64; FEATURES];

/// The coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TieModel {
    /// One for each feature, in the order of [`Feature::ALL`].
    pub coefficients: Features,
    /// How many interactions are to be expected of somebody with a user with whom there is nothing.
    pub strangers: f64,
}

impl Default for TieModel {
    /// What acts come to was learnt from messages of students over 193 days (CollegeMsg; Panzarasa, Opsahl & Carley 2009), each
    /// taken for an answer to an item of its receiver, and rounded; `tests/ties_real.rs` learns it again. Follow ties and
    /// messages beside acts are not in that data; theirs are set by hand: a follow tie doubles what is to be expected.
    fn default() -> Self {
        let mut coefficients = [0.0; FEATURES];
        for (feature, coefficient) in [
            (Feature::Constant, -3.4),
            (Feature::Acted, -0.9),
            (Feature::ActedBack, -0.8),
            (Feature::Lately, 0.45),
            (Feature::Months, 0.1),
            (Feature::Back, 0.4),
            (Feature::Follows, 0.7),
            (Feature::Followed, 0.2),
            (Feature::Messages, 0.2),
            (Feature::Answered, 0.1),
        ] {
            coefficients[feature as usize] = coefficient;
        }
        Self { coefficients, strangers: 1e-3 }
    }
}

impl TieModel {
    /// How many interactions are to be expected of one with the other, of whom something is known, 0 to 1000.
    #[must_use]
    pub fn expected(&self, features: &Features) -> f64 {
        let sum: f64 = self.coefficients.iter().zip(features).map(|(c, x)| c * x).sum();
        sum.min(MOST.ln()).exp()
    }

    /// Whether each coefficient is a finite number, and what is expected of strangers is one from 0 on.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let finite = self.coefficients.iter().all(|coefficient| coefficient.is_finite());
        finite && self.strangers.is_finite() && self.strangers >= 0.0
    }
}

/// How many a count by a half-life stands for in the horizon.
fn rate(dealings: &Dealings, now: u32, half_life: f64) -> f64 {
    dealings.decayed(now, half_life) * std::f64::consts::LN_2 / half_life * f64::from(HORIZON_DAYS)
}

/// For how many months both are there, 1 to 24. Of messages no times are kept; their number over this time is a rate.
fn months_of_both(view: &View<'_>, a: UserIx, b: UserIx) -> f64 {
    let joined = |user| view.user(user).map(|user| milieu_world::secs(user.at));
    let born = joined(a).max(joined(b));
    let days = born.map_or(UNKNOWN_AGE_DAYS, |born| f64::from(view.now().saturating_sub(born)) / 86_400.0);
    (days / f64::from(HORIZON_DAYS)).clamp(1.0, 24.0)
}

/// The features of what `from` may do with what is `to`'s: `there` is what was done that way, `back` the other way.
#[must_use]
pub fn features(view: &View<'_>, from: UserIx, to: UserIx, there: &Dealings, back: &Dealings) -> Features {
    let now = view.now();
    let start = now.saturating_sub(HORIZON);
    let flag = |yes: bool| f64::from(u8::from(yes));
    let log = |rate: f64| (SCALE * rate).ln_1p();
    let count = |number: usize| (number as f64).ln_1p();
    let months = months_of_both(view, from, to);
    let letters = |number: u32| (f64::from(number) / months).ln_1p();
    let posts = view.authored(to).take(POSTS).take_while(|(at, _)| *at > start);
    let offered =
        posts.filter(|&(_, item)| view.facts(item).reply_to.is_none() && view.is_visible(item)).count();
    let others = view.history(from).take_while(|done| done.at > start).filter(|done| {
        let author = view.facts(done.item).author;
        super::Deal::of(done.action).is_some() && author != Some(to) && author != Some(from)
    });
    let mut features = [0.0; FEATURES];
    for (feature, value) in [
        (Feature::Constant, 1.0),
        (Feature::Acted, flag(!there.done.is_empty())),
        (Feature::ActedBack, flag(!back.done.is_empty())),
        (Feature::Lately, log(rate(there, now, HALF_LIVES[0]))),
        (Feature::Months, log(rate(there, now, HALF_LIVES[1]))),
        (Feature::Back, log(rate(back, now, HALF_LIVES[0]))),
        (Feature::Follows, flag(there.follows.is_some())),
        (Feature::Followed, flag(back.follows.is_some())),
        (Feature::Messages, letters(there.messages)),
        (Feature::Answered, letters(back.messages)),
        (Feature::Offered, count(offered)),
        (Feature::Activity, count(others.count())),
    ] {
        features[feature as usize] = value;
    }
    features
}
