//! Examples for the action model: what was shown to whom, what was known then, and what came of it.

use crate::ActionsConfig;
use milieu_factors::Accumulator;
use milieu_feed::{Engine, INPUTS, Inputs, PREDICTED};
use milieu_ranker::{NEGATIVE, POSITIVE};
use milieu_types::{Action, Event};
use milieu_world::{ItemIx, Secs, Taste, UserIx, World, secs};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rustc_hash::FxHashMap;

/// Collects examples while the log is folded. Each event is shown before the world folds it, so that the
/// inputs of an example hold nothing of its outcome.
pub(crate) struct Exposures {
    config: ActionsConfig,
    /// Proposes what a user could have been shown, where the app does not say.
    engine: Engine,
    scores: Accumulator,
    inputs: Vec<[f32; INPUTS]>,
    labels: Vec<[u8; PREDICTED.len()]>,
    /// The latest example of a pair and its time.
    open: FxHashMap<(UserIx, ItemIx), (usize, Secs)>,
    /// The share of pairs that become examples.
    rate: f64,
    /// Whether views tell what was shown; where not, negatives are drawn.
    views: bool,
    random: Pcg64Mcg,
}

impl Exposures {
    /// `events` is about how many events will come, `views` whether the app reports views.
    pub(crate) fn new(config: &ActionsConfig, engine: Engine, events: u64, views: bool, seed: u64) -> Self {
        Self {
            config: config.clone(),
            engine,
            scores: Accumulator::default(),
            inputs: Vec::new(),
            labels: Vec::new(),
            open: FxHashMap::default(),
            rate: config.max_examples as f64
                / (events.max(1) * if views { 1 } else { 1 + config.negatives as u64 }) as f64,
            views,
            random: Pcg64Mcg::seed_from_u64(seed),
        }
    }

    /// Sees an event before the world folds it.
    pub(crate) fn observe(&mut self, world: &World, event: &Event) {
        let Some(action) = event.kind.action() else { return };
        let at = secs(event.at);
        let view = world.view(at);
        let Some(item) = world.item(event.object.as_str()).filter(|&item| view.is_visible(item)) else {
            return;
        };
        let Some(user) = world.user(event.actor.as_str()) else { return };
        if view.facts(item).author == Some(user) || !self.is_chosen(user, item) {
            return;
        }
        let window = self.config.window_hours.saturating_mul(3600);
        let open = self.open.get(&(user, item)).filter(|(_, since)| at.saturating_sub(*since) <= window);
        if let Some(&(example, _)) = open {
            label(&mut self.labels[example], action);
            return;
        }
        let (taste, models) = (Taste::gather(&view, Some(user)), self.engine.models());
        let inputs = Inputs::gather(&view, &taste, models.proposing(), &mut self.scores);
        // Without views, only what the feed would have proposed counts as shown. To count whatever was
        // liked would teach that what is liked is what no source proposes.
        let candidates = if self.views { Vec::new() } else { self.engine.candidates(&view, &inputs) };
        if !self.views && !candidates.contains(&item) {
            return;
        }
        let example = self.add(&inputs, item);
        label(&mut self.labels[example], action);
        self.open.insert((user, item), (example, at));
        if !self.views && action.is_positive() {
            self.draw_negatives(&inputs, &candidates, item);
        }
    }

    /// The examples in the order of the log.
    pub(crate) fn finish(self) -> (Vec<[f32; INPUTS]>, Vec<[u8; PREDICTED.len()]>) {
        (self.inputs, self.labels)
    }

    /// Thins by pair, so that whatever follows an exposure that was kept is kept too.
    fn is_chosen(&self, user: UserIx, item: ItemIx) -> bool {
        let pair = u64::from(user.0) << 32 | u64::from(item.0);
        let hash = (pair ^ pair >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((hash >> 11) as f64) < self.rate * (1u64 << 53) as f64
    }

    fn add(&mut self, inputs: &Inputs<'_>, item: ItemIx) -> usize {
        let mut row = [0.0; INPUTS];
        inputs.write(item, &mut row);
        self.inputs.push(row);
        self.labels.push([NEGATIVE; PREDICTED.len()]);
        self.labels.len() - 1
    }

    /// Items that the feed would have proposed then and that were not taken: what the model will have to
    /// tell from what is.
    fn draw_negatives(&mut self, inputs: &Inputs<'_>, candidates: &[ItemIx], taken: ItemIx) {
        for _ in 0..self.config.negatives {
            if candidates.is_empty() {
                return;
            }
            let item = candidates[self.random.random_range(0..candidates.len())];
            if item != taken {
                self.add(inputs, item);
            }
        }
    }
}

/// Notes an action in the labels. A quote counts as a share, a mere view as nothing.
fn label(labels: &mut [u8; PREDICTED.len()], action: Action) {
    let counted = if action == Action::Quote { Action::Share } else { action };
    if let Some(task) = PREDICTED.iter().position(|&predicted| predicted == counted) {
        labels[task] = POSITIVE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_types::{EventKind, Id, Item, Record, Timestamp};

    fn event(kind: EventKind, actor: &str, object: &str, at: i64) -> Event {
        Event {
            id: None,
            kind,
            actor: Id::new(actor).unwrap(),
            object: Id::new(object).unwrap(),
            target: None,
            value: None,
            at: Timestamp::from_secs(at),
            context: None,
        }
    }

    fn collect(events: &[Event], views: bool) -> Vec<[u8; PREDICTED.len()]> {
        let mut world = World::new();
        let mut exposures = Exposures::new(&ActionsConfig::default(), Engine::default(), 10, views, 1);
        for number in 0..8 {
            world.apply(
                number + 1,
                &Record::PutItem(Item {
                    id: Id::new(format!("p{number}")).unwrap(),
                    author: None,
                    text: None,
                    media: vec![],
                    tags: vec![],
                    reply_to: None,
                    language: None,
                    at: Timestamp::from_secs(10),
                    hidden: false,
                }),
            );
        }
        world.apply(9, &Record::Event(event(EventKind::View, "ann", "p7", 50)));
        for (number, event) in events.iter().enumerate() {
            exposures.observe(&world, event);
            world.apply(10 + number as u64, &Record::Event(event.clone()));
        }
        exposures.finish().1
    }

    #[test]
    fn labels() {
        use EventKind::{Follow, Hide, Like, Quote, View};
        fn check(events: &[(EventKind, &str, i64)], expected: &[&[usize]]) {
            let events: Vec<Event> =
                events.iter().map(|(k, object, at)| event(*k, "ann", object, *at)).collect();
            let found: Vec<Vec<usize>> = collect(&events, true)
                .iter()
                .map(|labels| (0..labels.len()).filter(|&task| labels[task] == POSITIVE).collect())
                .collect();
            assert_eq!(found, expected, "{events:?}");
        }
        check(&[(View, "p1", 100)], &[&[]]);
        check(&[(View, "p1", 100), (Like, "p1", 200), (Quote, "p1", 300)], &[&[2, 4]]);
        check(&[(View, "p1", 100), (View, "p2", 110), (Hide, "p1", 120)], &[&[6], &[]]);
        check(&[(Like, "p1", 100)], &[&[2]]);
        check(&[(View, "p1", 100), (Like, "p1", 100 + 25 * 3600)], &[&[], &[2]]);
        check(&[(Follow, "ben", 100), (View, "unknown", 100)], &[]);
    }

    #[test]
    fn without_views_negatives_are_drawn() {
        let labels = collect(&[event(EventKind::Like, "ann", "p1", 100)], false);
        assert_eq!(labels[0][2], POSITIVE);
        assert!(labels.len() > 1 && labels[1..].iter().flatten().all(|&label| label == NEGATIVE));
    }
}
