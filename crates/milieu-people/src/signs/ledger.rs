//! What is known of everybody at a moment.

use super::SignedEdge;

/// How many half-lives counts fade with.
pub(super) const FADING: usize = 3;

/// Counts of good and bad opinions, of one person and one direction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Side {
    /// Good ones, bad ones.
    pub(super) count: [f64; 2],
    /// The sum of the values, each from -1 to 1.
    pub(super) sum: f64,
    /// Good and bad ones for each half-life, as of [`Side::last`].
    faded: [[f64; 2]; FADING],
    /// When the last was.
    pub(super) last: Option<i64>,
    /// What it was, from -1 to 1.
    pub(super) value: f64,
}

impl Side {
    /// The fading counts at a moment not before the last opinion.
    pub(super) fn faded(&self, moment: i64, half_lives: &[f64; FADING]) -> [[f64; 2]; FADING] {
        let age = self.last.map_or(0.0, |last| (moment - last) as f64);
        let mut faded = self.faded;
        for (counts, half_life) in faded.iter_mut().zip(half_lives) {
            let left = (-age / half_life).exp2();
            counts.iter_mut().for_each(|count| *count *= left);
        }
        faded
    }

    fn add(&mut self, value: f64, at: i64, half_lives: &[f64; FADING]) {
        let sign = usize::from(value < 0.0);
        self.faded = self.faded(at, half_lives);
        self.faded.iter_mut().for_each(|counts| counts[sign] += 1.0);
        self.count[sign] += 1.0;
        self.sum += value;
        self.last = Some(at);
        self.value = value;
    }
}

/// One person: what they gave and got, and to and from whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    /// Ascending by whom, with the newest value of each, from -1 to 1.
    pub(super) given: Vec<(u32, f32)>,
    pub(super) got: Vec<(u32, f32)>,
    pub(super) giving: Side,
    pub(super) getting: Side,
    pub(super) first: Option<i64>,
}

/// Everybody, up to a moment. Opinions are added in the order of time.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(super) people: Vec<Person>,
    /// Good ones, bad ones.
    pub(super) count: [f64; 2],
    pub(super) half_lives: [f64; FADING],
    scale: f32,
}

impl Ledger {
    /// Nothing is known yet of `nodes` people.
    #[must_use]
    pub fn new(nodes: usize, units: &super::Units) -> Self {
        Self {
            people: vec![Person::default(); nodes],
            count: [0.0; 2],
            half_lives: units.half_lives,
            scale: units.scale,
        }
    }

    /// How many opinions it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.count[0] + self.count[1]) as usize
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an opinion, not older than those before. One of somebody who is not there is passed over.
    pub fn add(&mut self, edge: &SignedEdge) {
        let (from, to) = (edge.from as usize, edge.to as usize);
        if from.max(to) >= self.people.len() {
            return;
        }
        let value = (edge.value / self.scale).clamp(-1.0, 1.0);
        self.count[usize::from(value < 0.0)] += 1.0;
        let giver = &mut self.people[from];
        put(&mut giver.given, edge.to, value);
        giver.giving.add(f64::from(value), edge.at, &self.half_lives);
        giver.first.get_or_insert(edge.at);
        let receiver = &mut self.people[to];
        put(&mut receiver.got, edge.from, value);
        receiver.getting.add(f64::from(value), edge.at, &self.half_lives);
        receiver.first.get_or_insert(edge.at);
    }

    /// Whether something is known of a person.
    #[must_use]
    pub fn knows(&self, person: u32) -> bool {
        self.people.get(person as usize).is_some_and(|person| person.first.is_some())
    }
}

/// Sets the value of a key in a list that ascends.
fn put(list: &mut Vec<(u32, f32)>, key: u32, value: f32) {
    match list.binary_search_by_key(&key, |entry| entry.0) {
        Ok(place) => list[place].1 = value,
        Err(place) => list.insert(place, (key, value)),
    }
}

/// The value of a key in a list that ascends.
pub(super) fn get(list: &[(u32, f32)], key: u32) -> Option<f32> {
    list.binary_search_by_key(&key, |entry| entry.0)
        .ok()
        .and_then(|place| list.get(place))
        .map(|entry| entry.1)
}
