//! What the log's own past teaches about strengths: features as of a time, and what was done after it.
//!
//! Whoever folds a log takes a [`Past`] when the world has come to the time, and hands every later record to [`Later`]
//! before the world takes it up. So features and labels are made by the same code as answers, and features see no future.

use super::strength::HORIZON;
use super::{Deal, Dealings, Features, Fit, FitError, Sample, TieModel, features, fit};
use milieu_types::{Event, EventKind, Record};
use milieu_world::{ItemIx, Secs, UserIx, View, World, secs};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Ties as they were at a time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// What was known of each direction of a pair with anything between them.
    pairs: FxHashMap<(UserIx, UserIx), Features>,
    /// Whose ties they are.
    users: BTreeSet<UserIx>,
    /// Pairs of these users with somebody with whom there was nothing.
    strangers: u64,
}

/// What a past teaches.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lesson {
    /// One for each direction of a pair with anything between them, ascending by their numbers.
    pub samples: Vec<Sample>,
    /// Pairs with nothing between them.
    pub strangers: u64,
    /// What was done between them all the same, in the 30 days.
    pub of_strangers: u64,
}

impl Past {
    /// The ties at the time of the view of at most so many described users, spread over all, with everybody with whom they
    /// had to do. Those of whom one blocks the other are left out.
    #[must_use]
    pub fn of(view: &View<'_>, users: usize) -> Self {
        let described = described(view);
        let step = described.len().div_ceil(users.max(1)).max(1);
        let known = known(view, &described);
        let mut past = Self::default();
        for &from in described.iter().step_by(step) {
            let Some(known) = known.get(&from) else { continue };
            past.users.insert(from);
            past.strangers += (described.len() - 1 - known.len()) as u64;
            for &to in known.iter().filter(|to| !view.is_blocked(from, **to)) {
                let (there, back) = (Dealings::between(view, from, to), Dealings::between(view, to, from));
                if !(there.is_nothing() && back.is_nothing()) {
                    past.pairs.insert((from, to), features(view, from, to, &there, &back));
                }
            }
        }
        past
    }

    /// For each described user, those with whom they had to do, either way.
    pub(crate) fn known(view: &View<'_>) -> FxHashMap<UserIx, BTreeSet<UserIx>> {
        known(view, &described(view))
    }

    /// Puts beside what was known what came after.
    #[must_use]
    pub fn lesson(self, later: Later) -> Lesson {
        let counts = later.counts();
        let between = |pair: &(UserIx, UserIx)| counts.get(pair).copied().unwrap_or(0);
        let mut pairs: Vec<_> = self.pairs.iter().collect();
        pairs.sort_unstable_by_key(|(pair, _)| **pair);
        let samples = pairs.into_iter().map(|(pair, features)| Sample {
            between: *pair,
            features: *features,
            count: between(pair),
        });
        let is_of_strangers =
            |pair: &(UserIx, UserIx)| self.users.contains(&pair.0) && !self.pairs.contains_key(pair);
        let of_strangers = counts.iter().filter(|(pair, _)| is_of_strangers(pair));
        Lesson {
            samples: samples.collect(),
            strangers: self.strangers,
            of_strangers: of_strangers.map(|(_, count)| u64::from(*count)).sum(),
        }
    }
}

impl Lesson {
    /// All lessons together.
    #[must_use]
    pub fn joined(lessons: impl IntoIterator<Item = Lesson>) -> Self {
        lessons.into_iter().fold(Self::default(), |mut all, lesson| {
            all.samples.extend(lesson.samples);
            all.strangers += lesson.strangers;
            all.of_strangers += lesson.of_strangers;
            all
        })
    }

    /// Learns a model: coefficients by [`fit`], and what is to be expected of strangers as the mean of what was done
    /// between such, beside one further pair that is as `known` has it.
    ///
    /// # Errors
    /// As [`fit`].
    pub fn learn(&self, known: &TieModel, pull: f64) -> Result<Fit, FitError> {
        let mut learnt = fit(&self.samples, known, pull)?;
        learnt.model.strangers = (self.of_strangers as f64 + known.strangers) / (self.strangers as f64 + 1.0);
        Ok(learnt)
    }
}

fn described(view: &View<'_>) -> Vec<UserIx> {
    (0..view.world().user_bound() as u32).map(UserIx).filter(|user| view.is_described(*user)).collect()
}

/// For each of the described users, those among them with whom they had to do, either way.
fn known(view: &View<'_>, described: &[UserIx]) -> FxHashMap<UserIx, BTreeSet<UserIx>> {
    let mut known: FxHashMap<UserIx, BTreeSet<UserIx>> =
        described.iter().map(|user| (*user, BTreeSet::new())).collect();
    let author = |item: ItemIx| view.facts(item).author;
    for &user in described {
        let acts = view.history(user).filter(|done| Deal::of(done.action).is_some());
        let acted = acts.filter_map(|done| author(done.item));
        let answered = view.authored(user).filter_map(|(_, item)| author(view.facts(item).reply_to?));
        let follows = view.following(user).map(|tie| tie.other);
        let wrote = view.contacts(user).map(|(other, _)| other);
        let others: BTreeSet<UserIx> = acted.chain(answered).chain(follows).chain(wrote).collect();
        for other in others.into_iter().filter(|other| *other != user && view.is_described(*other)) {
            for (one, two) in [(user, other), (other, user)] {
                if let Some(known) = known.get_mut(&one) {
                    known.insert(two);
                }
            }
        }
    }
    known
}

/// What is done after a time, by who does it and whose the items are.
#[derive(Debug, Clone, Default)]
pub struct Later {
    from: Secs,
    /// Acts other than answers.
    acts: FxHashMap<(UserIx, UserIx), u32>,
    /// Answers, as events and as items tell of them, by the item that is answered.
    answers: FxHashMap<(UserIx, ItemIx), (UserIx, u32, u32)>,
}

impl Later {
    /// Counts the 30 days after `from`.
    #[must_use]
    pub fn after(from: Secs) -> Self {
        Self { from, ..Self::default() }
    }

    fn is_in(&self, at: Secs) -> bool {
        at > self.from && at - self.from <= HORIZON
    }

    /// Takes a record into account; `world` is as it was before the record.
    pub fn note(&mut self, world: &World, record: &Record) {
        match record {
            Record::Event(event) if self.is_in(secs(event.at)) => self.event(world, event),
            Record::PutItem(item) if self.is_in(secs(item.at)) && world.item(item.id.as_str()).is_none() => {
                let parent = item.reply_to.as_ref().and_then(|parent| world.item(parent.as_str()));
                let author = item.author.as_ref().and_then(|author| world.user(author.as_str()));
                if let (Some(parent), Some(author)) = (parent, author)
                    && let Some(to) = world.view(Secs::MAX).facts(parent).author.filter(|to| *to != author)
                {
                    self.answers.entry((author, parent)).or_insert((to, 0, 0)).1 += 1;
                }
            }
            _ => {}
        }
    }

    fn event(&mut self, world: &World, event: &Event) {
        let Some(actor) = world.user(event.actor.as_str()) else { return };
        if event.kind == EventKind::Message {
            if let Some(to) = world.user(event.object.as_str()) {
                *self.acts.entry((actor, to)).or_default() += 1;
            }
            return;
        }
        let Some(deal) = event.kind.action().and_then(Deal::of) else { return };
        let Some(item) = world.item(event.object.as_str()) else { return };
        let Some(to) = world.view(Secs::MAX).facts(item).author.filter(|to| *to != actor) else { return };
        if deal == Deal::Answer {
            self.answers.entry((actor, item)).or_insert((to, 0, 0)).2 += 1;
        } else {
            *self.acts.entry((actor, to)).or_default() += 1;
        }
    }

    /// How much each did with what is another's.
    #[must_use]
    pub fn counts(self) -> FxHashMap<(UserIx, UserIx), u32> {
        let mut counts = self.acts;
        for ((actor, _), (to, items, events)) in self.answers {
            *counts.entry((actor, to)).or_default() += items.max(events);
        }
        counts
    }
}
