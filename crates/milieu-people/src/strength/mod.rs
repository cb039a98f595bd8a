//! How many times two people will meet in the time to come, learnt from when they met before.
//!
//! A list of contacts (from, to, when) is looked at from some moments of its past: what was known then are the features of each pair
//! ([`history`]), and how often the pair met in the time after are the counts that a [`crate::poisson`] regression learns.
//! The features are numbers of contacts that fade with several half-lives, so that the fit finds by itself how fast ties
//! cool (of that kind: Gilbert & Karahalios, "Predicting tie strength with social media", CHI 2009, where days since the last and the
//! first communication say most).

mod eval;
mod history;

pub use eval::{StrengthReport, evaluate};
pub use history::FEATURES;

use crate::poisson::{Poisson, PoissonConfig, PoissonError};
use history::History;
use serde::{Deserialize, Serialize};

/// One contact: a message, a reply, a mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// Who began it.
    pub from: u32,
    /// With whom.
    pub to: u32,
    /// When, in seconds from any beginning.
    pub at: i64,
}

/// How strengths are learnt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StrengthConfig {
    /// How far ahead is looked, in seconds, at least 1; the half-lives of the features are parts and multiples of it.
    pub horizon: i64,
    /// From how many moments of the past is learnt, 1 to 100. The last is one horizon before the end, the others each a quarter of
    /// one earlier; those before the first contact are left out.
    pub moments: usize,
    /// How the regression is fitted.
    pub regression: PoissonConfig,
}

impl Default for StrengthConfig {
    fn default() -> Self {
        Self { horizon: 30 * 86_400, moments: 4, regression: PoissonConfig::default() }
    }
}

/// Why strengths cannot be learnt or asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StrengthError {
    /// The contacts are not in the order of their times.
    #[error("contact {0} is earlier than the one before it")]
    Order(usize),
    /// A setting is outside its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// The contacts do not reach back far enough to learn from them.
    #[error("the contacts span {found} s, and at least {needed} s are needed")]
    TooShort {
        /// How long they span.
        found: i64,
        /// How long they must.
        needed: i64,
    },
    /// The regression.
    #[error(transparent)]
    Regression(#[from] PoissonError),
}

/// What is expected of two people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The smaller number of the two.
    pub a: u32,
    /// The larger.
    pub b: u32,
    /// Contacts of the two, either way, within the horizon.
    pub contacts: f64,
}

/// A fitted model of strengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrengthModel {
    horizon: i64,
    regression: Poisson,
}

impl StrengthModel {
    /// Learns from contacts before `until`, which ascend by time.
    ///
    /// # Errors
    /// Contacts out of order, a setting out of range, a past shorter than the horizon and a quarter.
    pub fn fit(contacts: &[Contact], until: i64, config: &StrengthConfig) -> Result<Self, StrengthError> {
        check(contacts, config)?;
        let contacts = before(contacts, until);
        let begin = contacts.first().map_or(until, |contact| contact.at);
        let step = (config.horizon / 4).max(1);
        let needed = config.horizon.saturating_add(step);
        if until.saturating_sub(begin) < needed {
            return Err(StrengthError::TooShort { found: until.saturating_sub(begin), needed });
        }
        let (mut features, mut counts) = (Vec::new(), Vec::new());
        let moments = (0..config.moments as i64).map(|back| until - config.horizon - back * step);
        for moment in moments.take_while(|moment| *moment >= begin.saturating_add(step)) {
            let history = History::new(before(contacts, moment), moment, config.horizon);
            counts.extend(history.counts(&contacts[before(contacts, moment).len()..]));
            history.features(&mut features);
        }
        let names = FEATURES.map(str::to_owned).to_vec();
        let regression = Poisson::fit(names, &features, &counts, &config.regression)?;
        Ok(Self { horizon: config.horizon, regression })
    }

    /// What is expected, from `moment` to the end of the horizon, of each two people who met before it; ascending. `contacts`
    /// ascend by time; those from `moment` on are not looked at.
    ///
    /// # Errors
    /// A model whose parts do not fit.
    pub fn expected(&self, contacts: &[Contact], moment: i64) -> Result<Vec<Expected>, StrengthError> {
        let history = History::new(before(contacts, moment), moment, self.horizon);
        let mut features = Vec::new();
        history.features(&mut features);
        let expected = self.regression.expected(&features)?;
        Ok(history.pairs().zip(expected).map(|((a, b), contacts)| Expected { a, b, contacts }).collect())
    }
}

fn check(contacts: &[Contact], config: &StrengthConfig) -> Result<(), StrengthError> {
    if config.horizon < 1 {
        return Err(StrengthError::OutOfRange("horizon"));
    }
    if !(1..=100).contains(&config.moments) {
        return Err(StrengthError::OutOfRange("moments"));
    }
    match contacts.windows(2).position(|two| two[0].at > two[1].at) {
        Some(place) => Err(StrengthError::Order(place + 1)),
        None => Ok(()),
    }
}

/// The contacts before a moment.
fn before(contacts: &[Contact], moment: i64) -> &[Contact] {
    &contacts[..contacts.partition_point(|contact| contact.at < moment)]
}

#[cfg(test)]
mod tests;
