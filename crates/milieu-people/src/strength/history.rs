//! What was known of each pair at a moment.

use super::Contact;
use rustc_hash::FxHashMap;

/// Half-lives of fading numbers, in horizons.
const HALF_LIVES: [f64; 5] = [1.0 / 30.0, 0.1, 1.0 / 3.0, 1.0, 3.0];
/// A list that covers less of the past of a number than this is taken to cover this much.
const LEAST_COVERED: f64 = 0.1;
/// Places in [`HALF_LIVES`]: of a third of a horizon and of one.
const THIRD: usize = 2;
const ONE: usize = 3;
/// Those of the fading numbers of single people.
const OF_PEOPLE: [usize; 2] = [1, ONE];

/// What a pair is known by. All but newness and balance are `ln(1 + x)`. Nothing here grows with the length of the list: a number
/// that does (all contacts so far, the age of a tie) tells the moments of learning from each other, and says nothing of a later
/// one. So faded numbers are divided by the share of their past that the list covers.
///
/// - `faded_K`: contacts of the pair, faded with the half-life `K` of a thirtieth, a tenth, a third, one and three horizons;
/// - `days`: thirtieths of a horizon in which there was a contact, faded with a half-life of one horizon;
/// - `since_last`: time since the last contact, in thirtieths of a horizon;
/// - `newness`: 1 at the pair's first contact, half of that a third of a horizon later, and so on;
/// - `balance`: contacts of whoever began fewer, divided by those of the other;
/// - `quieter_K`, `livelier_K`: faded contacts of the two people with anybody, the less and the more active one's;
/// - `silence`: times since each of the two met anybody, added.
pub const FEATURES: [&str; 14] = [
    "faded_30th",
    "faded_10th",
    "faded_3rd",
    "faded_1",
    "faded_3",
    "days",
    "since_last",
    "newness",
    "balance",
    "quieter_10th",
    "livelier_10th",
    "quieter_1",
    "livelier_1",
    "silence",
];

/// A number that fades: its value at the moment of the history.
#[derive(Clone, Copy, Default)]
struct Faded([f64; HALF_LIVES.len()]);

/// A pair's past.
struct Pair {
    faded: Faded,
    /// Contacts begun by the smaller and by the larger number.
    begun: [u32; 2],
    first: i64,
    last: i64,
    /// Days with a contact, faded.
    days: f64,
}

/// A person's past.
struct Person {
    faded: Faded,
    last: i64,
}

/// What was known at a moment.
pub(super) struct History {
    moment: i64,
    horizon: i64,
    pairs: Vec<((u32, u32), Pair)>,
    people: FxHashMap<u32, Person>,
}

impl History {
    /// From contacts before `moment`, ascending by time. Contacts of somebody with themselves say nothing of a pair.
    pub(super) fn new(contacts: &[Contact], moment: i64, horizon: i64) -> Self {
        let day = (horizon / 30).max(1);
        // What a number that fades would have lost at the beginning of the list is not there to be counted.
        let covered = contacts.first().map_or(1.0, |first| (moment - first.at) as f64 / horizon as f64);
        let whole =
            HALF_LIVES.map(|half_life| 1.0 / (1.0 - (-covered / half_life).exp2()).max(LEAST_COVERED));
        let mut pairs: FxHashMap<(u32, u32), Pair> = FxHashMap::default();
        let mut people: FxHashMap<u32, Person> = FxHashMap::default();
        for contact in contacts.iter().filter(|contact| contact.from != contact.to) {
            let age = (moment - contact.at) as f64 / horizon as f64;
            let mut weights = HALF_LIVES.map(|half_life| (-age / half_life).exp2());
            weights.iter_mut().zip(&whole).for_each(|(weight, whole)| *weight *= whole);
            let ends = (contact.from.min(contact.to), contact.from.max(contact.to));
            let pair = pairs.entry(ends).or_insert(Pair {
                faded: Faded::default(),
                begun: [0; 2],
                first: contact.at,
                // A day before, so that the day of the first contact counts.
                last: contact.at.saturating_sub(day),
                days: 0.0,
            });
            pair.faded.add(&weights);
            pair.begun[usize::from(contact.from > contact.to)] += 1;
            if contact.at.div_euclid(day) != pair.last.div_euclid(day) {
                pair.days += weights[ONE];
            }
            pair.last = contact.at;
            for person in [contact.from, contact.to] {
                let person =
                    people.entry(person).or_insert(Person { faded: Faded::default(), last: contact.at });
                person.faded.add(&weights);
                person.last = contact.at;
            }
        }
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_unstable_by_key(|pair| pair.0);
        Self { moment, horizon, pairs, people }
    }

    /// The pairs, ascending.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.pairs.iter().map(|pair| pair.0)
    }

    /// Adds a row of [`FEATURES`] for each pair.
    pub(super) fn features(&self, out: &mut Vec<f32>) {
        out.reserve(self.pairs.len() * FEATURES.len());
        let days = |since: i64| (self.moment - since) as f64 * 30.0 / self.horizon as f64;
        for ((a, b), pair) in &self.pairs {
            let begin = out.len();
            out.extend(pair.faded.0.iter().map(|&count| log(count)));
            let (fewer, more) = (pair.begun[0].min(pair.begun[1]), pair.begun[0].max(pair.begun[1]));
            out.push(log(pair.days));
            out.push(log(days(pair.last)));
            let age = (self.moment - pair.first) as f64 / self.horizon as f64;
            out.push((-age / HALF_LIVES[THIRD]).exp2() as f32);
            out.push(fewer as f32 / more.max(1) as f32);
            let ends = [self.people.get(a), self.people.get(b)];
            for place in OF_PEOPLE {
                let of = ends.map(|person| person.map_or(0.0, |person| person.faded.0[place]));
                out.push(log(of[0].min(of[1])));
                out.push(log(of[0].max(of[1])));
            }
            out.push(ends.iter().flatten().map(|person| log(days(person.last))).sum());
            debug_assert_eq!(out.len() - begin, FEATURES.len());
        }
    }

    /// How often each pair meets in the horizon after the moment; `after` are the contacts from the moment on.
    pub(super) fn counts(&self, after: &[Contact]) -> Vec<f32> {
        let end = self.moment.saturating_add(self.horizon);
        let mut met: FxHashMap<(u32, u32), f32> = FxHashMap::default();
        for contact in after.iter().take_while(|contact| contact.at < end) {
            *met.entry((contact.from.min(contact.to), contact.from.max(contact.to))).or_default() += 1.0;
        }
        self.pairs().map(|pair| met.get(&pair).copied().unwrap_or_default()).collect()
    }
}

impl Faded {
    fn add(&mut self, weights: &[f64; HALF_LIVES.len()]) {
        self.0.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
    }
}

fn log(x: f64) -> f32 {
    x.max(0.0).ln_1p() as f32
}
