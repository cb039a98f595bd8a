//! What is read of one account before all are compared.

use milieu_types::TieKind;
use milieu_world::{Secs, UserIx, View, secs};

/// The newest own texts that are compared with those of others.
const TEXTS: usize = 64;
/// Shorter texts, in bytes, are the same by chance.
const SHORTEST: u32 = 24;

/// What is read of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traits {
    /// When the user joined.
    pub joined: Secs,
    /// The most follow ties that the user began within an hour, of those that still are.
    pub most_in_an_hour: u32,
    /// Whom the user follows.
    pub follows: u32,
    /// How many of them follow back.
    pub returned: u32,
    /// Hashes of own texts, each once, ascending; short ones are left out.
    pub texts: Vec<u64>,
    /// How many own texts were looked at, short ones left out.
    pub written: u32,
}

impl Traits {
    /// Reads the traits of a described user.
    #[must_use]
    pub fn of(view: &View<'_>, user: UserIx) -> Self {
        let joined = view.user(user).map_or(0, |user| secs(user.at));
        let mut since: Vec<Secs> = view.following(user).map(|tie| tie.since).collect();
        since.sort_unstable();
        let returned = view
            .following(user)
            .filter(|tie| view.tie_from(TieKind::Follow, user, tie.other).is_some())
            .count();
        let items =
            view.authored(user).map(|(_, item)| item).filter(|item| view.is_visible(*item)).take(TEXTS);
        let mut texts: Vec<u64> = items
            .map(|item| view.facts(item))
            .filter(|facts| facts.text_len >= SHORTEST && facts.text_hash != 0)
            .map(|facts| facts.text_hash)
            .collect();
        let written = texts.len() as u32;
        texts.sort_unstable();
        texts.dedup();
        Self {
            joined,
            most_in_an_hour: most_within(&since, 3600),
            follows: since.len() as u32,
            returned: returned as u32,
            texts,
            written,
        }
    }
}

/// The most of ascending times that lie within a span.
fn most_within(times: &[Secs], span: Secs) -> u32 {
    let mut most = 0;
    let mut first = 0;
    for (place, &time) in times.iter().enumerate() {
        while times.get(first).is_some_and(|start| time - start >= span) {
            first += 1;
        }
        most = most.max(place + 1 - first);
    }
    most as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Town;
    use milieu_types::EventKind as E;

    #[test]
    fn spans_slide() {
        let check = |times: &[Secs], expected: u32| assert_eq!(most_within(times, 10), expected, "{times:?}");
        check(&[], 0);
        check(&[5], 1);
        check(&[0, 9, 10, 18, 19], 3);
        check(&[7, 7, 7, 30], 3);
    }

    #[test]
    fn traits_are_read() {
        let mut town = Town::new(&["ann", "ben", "cat"]);
        town.event("ann", E::Follow, "ben", 3.0);
        town.event("ann", E::Follow, "cat", 9.0);
        town.event("cat", E::Follow, "ann", 2.0);
        town.text("p1", "ann", "Buy my cheap watches here!", 1.0);
        town.text("p2", "ann", "buy my  cheap WATCHES here!", 1.0);
        town.text("p3", "ann", "hi", 1.0);
        let traits = Traits::of(&town.view(), town.number("ann"));
        assert_eq!(traits.joined, town.ago(400.0));
        assert_eq!((traits.follows, traits.returned, traits.most_in_an_hour), (2, 1, 1));
        assert_eq!((traits.texts.len(), traits.written), (1, 2));
    }
}
