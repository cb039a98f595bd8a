//! What happened to a tie, kept for pairs with more than one event: so that taking one event back leaves
//! what the others say.

use crate::{Secs, UserIx};
use milieu_types::{Seq, TieKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most turns kept of a pair; what is older can no longer be taken back.
const KEPT: usize = 32;
/// The place of the first turn, of which a tie keeps only the time.
const FIRST: Seq = 0;
/// The place of what older turns came to.
const SETTLED: Seq = Seq::MAX;

/// A tie's kind and both its ends.
pub(crate) type Pair = (TieKind, UserIx, UserIx);

/// A tie began or ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) seq: Seq,
    pub(crate) at: Secs,
    pub(crate) starts: bool,
}

/// The standing turns of each pair with more than one, in the order of the log. Sorted by pair, so that equal
/// worlds have equal snapshots.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Turns(BTreeMap<Pair, Vec<Turn>>);

/// Since when the tie is, after these turns.
fn since(turns: &[Turn]) -> Option<Secs> {
    turns.iter().fold(None, |since: Option<Secs>, turn| {
        turn.starts.then(|| since.map_or(turn.at, |earlier| earlier.min(turn.at)))
    })
}

impl Turns {
    /// Notes a turn of a pair whose tie is `since` now. A lone first turn needs no note.
    pub(crate) fn note(&mut self, pair: Pair, since_now: Option<Secs>, turn: Turn) {
        if since_now.is_none() && !self.0.contains_key(&pair) {
            return;
        }
        let turns = self.0.entry(pair).or_insert_with(|| {
            since_now.map(|at| Turn { seq: FIRST, at, starts: true }).into_iter().collect()
        });
        turns.push(turn);
        if turns.len() > KEPT {
            let at = since(&turns[..2]);
            turns[1] = Turn { seq: SETTLED, at: at.unwrap_or_default(), starts: at.is_some() };
            turns.remove(0);
        }
    }

    /// Takes a turn back. What the pair's tie comes to: since when it is, or `None` for no tie.
    pub(crate) fn take_back(&mut self, pair: Pair, since_now: Option<Secs>, gone: Turn) -> Option<Secs> {
        let Some(turns) = self.0.get_mut(&pair) else {
            // Alone: a start made the tie, and an end had nothing to end.
            return since_now.filter(|_| !gone.starts);
        };
        let place = |seq: Seq| turns.iter().position(|turn| turn.seq == seq);
        // A start without a place of its own is the one that was there before the second turn.
        let found = place(gone.seq).or_else(|| place(FIRST).filter(|_| gone.starts));
        if let Some(place) = found {
            turns.remove(place);
        }
        let since = since(turns);
        if turns.len() < 2 {
            self.0.remove(&pair);
        }
        since
    }

    /// How many pairs are noted.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all pairs of a user.
    pub(crate) fn forget(&mut self, user: UserIx) {
        self.0.retain(|&(_, from, to), _| from != user && to != user);
    }
}
