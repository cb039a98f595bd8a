//! Of what kind a tie is: rules over structure (follow ties, groups, common neighbours), rhythm (how much, on how many
//! days, from which side) and tone.

use super::tone::CLEAR;
use super::{Deal, Tie};
use std::collections::BTreeSet;

/// Answers from which on a tone is taken for how they deal with each other.
const TONE_ANSWERS: u32 = 3;
/// Days with interactions from which on it is a habit.
const HABIT_DAYS: usize = 3;
/// Interactions from which on one side makes a fan.
const FAN: u32 = 3;
/// By which factor the fan does more than the other.
const FAN_FACTOR: u32 = 6;
/// Common neighbours that make a tie in a group, beside a group that both joined.
const COMMON: u32 = 3;

/// A kind of tie between a first and a second user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What they write to each other is mostly negative.
    Hostile,
    /// Both seek the other, again and again.
    MutualFriend,
    /// The first reacts to the second, who does not react.
    FanOfSecond,
    /// The second reacts to the first, who does not react.
    FanOfFirst,
    /// They belong to the same group and know the same people.
    Group,
    /// They had to do with each other.
    Acquaintance,
    /// There is nothing between them.
    Stranger,
}

/// What a kind is read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ground {
    /// Each follows the other.
    MutualFollow,
    /// One follows the other.
    Follow,
    /// Both wrote messages.
    MessagesBothWays,
    /// Both reacted to items of the other.
    BothReact,
    /// One alone reacted, so often.
    OneReacts(u32),
    /// On so many days something was done.
    Days(usize),
    /// The mean tone of so many answers.
    Tone(f32, u32),
    /// Groups that both joined.
    SharedGroups(u32),
    /// Users whom both follow.
    CommonFollowed(u32),
}

/// A kind and what it is read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which.
    pub kind: Kind,
    /// Why.
    pub grounds: Vec<Ground>,
}

/// The kind of a tie: the first rule that holds, in the order of [`Kind`].
///
/// - hostile: at least 3 answers with a known tone, whose mean, drawn towards neutral by two, is at most -0.3
/// - mutual friend: both do something on at least 3 days in all and follow each other or both write messages
/// - fan: at least 3 interactions of one, at least 6 times those of the other, who neither follows nor writes back
/// - group: a group that both joined, and 3 users whom both follow or something between them
/// - acquaintance: anything between them
/// - stranger: nothing
#[must_use]
pub fn judge(tie: &Tie) -> Judged {
    let (a, b) = (&tie.a.dealings, &tie.b.dealings);
    let acts = |of: &super::Dealings| Deal::ALL.map(|deal| of.count(deal)).iter().sum::<u32>();
    let (of_a, of_b) = (acts(a), acts(b));
    let day = |&(at, _): &(u32, Deal)| at / 86_400;
    let days = a.done.iter().chain(&b.done).map(day).collect::<BTreeSet<u32>>().len();
    let mutual = a.follows.is_some() && b.follows.is_some();
    let letters = a.messages > 0 && b.messages > 0;
    let groups = Ground::SharedGroups(tie.shared_groups);

    if let Some(tone) = tie.tone.filter(|tone| tone.answers >= TONE_ANSWERS && tone.drawn() <= -CLEAR) {
        return Judged { kind: Kind::Hostile, grounds: vec![Ground::Tone(tone.mean, tone.answers)] };
    }
    if of_a > 0 && of_b > 0 && days >= HABIT_DAYS && (mutual || letters) {
        let ties = [(mutual, Ground::MutualFollow), (letters, Ground::MessagesBothWays)];
        let grounds = ties.into_iter().filter(|(holds, _)| *holds).map(|(_, ground)| ground);
        let grounds = grounds.chain([Ground::BothReact, Ground::Days(days)]).collect();
        return Judged { kind: Kind::MutualFriend, grounds };
    }
    let is_fan = |own: u32, other: &super::Dealings, theirs: u32| {
        own >= FAN && own >= FAN_FACTOR * theirs && other.follows.is_none() && other.messages == 0
    };
    for (kind, own, other, theirs) in [(Kind::FanOfSecond, of_a, b, of_b), (Kind::FanOfFirst, of_b, a, of_a)]
    {
        if is_fan(own, other, theirs) {
            return Judged { kind, grounds: vec![Ground::OneReacts(own), Ground::Days(days)] };
        }
    }
    let something = !(a.is_nothing() && b.is_nothing());
    if tie.shared_groups > 0 && (something || tie.common_followed >= COMMON) {
        return Judged {
            kind: Kind::Group,
            grounds: vec![groups, Ground::CommonFollowed(tie.common_followed)],
        };
    }
    if !something {
        return Judged { kind: Kind::Stranger, grounds: vec![] };
    }
    let held = [
        (mutual, Ground::MutualFollow),
        (!mutual && (a.follows.is_some() || b.follows.is_some()), Ground::Follow),
        (letters, Ground::MessagesBothWays),
        (of_a > 0 && of_b > 0, Ground::BothReact),
        ((of_a > 0) != (of_b > 0), Ground::OneReacts(of_a.max(of_b))),
        (days > 0, Ground::Days(days)),
    ];
    let grounds = held.into_iter().filter(|(holds, _)| *holds).map(|(_, ground)| ground).collect();
    Judged { kind: Kind::Acquaintance, grounds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Town;
    use crate::ties::{Lookups, TieModel, tie};
    use milieu_types::EventKind as E;

    /// A town in which each of two has ten items.
    fn check(tell: impl Fn(&mut Town), valence: Option<f32>, expected: Kind) {
        let mut town = Town::new(&["ann", "ben", "cat", "dan", "eve"]);
        for number in 0..10 {
            town.item(&format!("a{number}"), "ann", &[], 90.0);
            town.item(&format!("b{number}"), "ben", &[], 90.0);
        }
        tell(&mut town);
        let model = TieModel::default();
        let lookups = Lookups { model: &model, topic: &|_| None, valence: &|_| valence };
        let judge =
            |a: &str, b: &str| judge(&tie(&town.view(), town.number(a), town.number(b), &lookups)).kind;
        assert_eq!(judge("ann", "ben"), expected);
        let turned = match expected {
            Kind::FanOfSecond => Kind::FanOfFirst,
            Kind::FanOfFirst => Kind::FanOfSecond,
            same => same,
        };
        assert_eq!(judge("ben", "ann"), turned);
    }

    fn likes(town: &mut Town, actor: &str, of: &str, times: u32) {
        (0..times).for_each(|n| town.event(actor, E::Like, &format!("{of}{n}"), 20.0 + f64::from(n)));
    }

    fn follow_each_other(town: &mut Town) {
        town.event("ann", E::Follow, "ben", 80.0);
        town.event("ben", E::Follow, "ann", 80.0);
    }

    fn quarrel(town: &mut Town) {
        (0..4).for_each(|n| town.answer(&format!("r{n}"), "ann", &format!("b{n}"), 9.0));
    }

    #[test]
    fn rules() {
        check(|_| (), None, Kind::Stranger);
        check(|town| town.event("ann", E::Follow, "ben", 9.0), None, Kind::Acquaintance);
        check(follow_each_other, None, Kind::Acquaintance);
        check(
            |town| {
                follow_each_other(town);
                likes(town, "ann", "b", 3);
                likes(town, "ben", "a", 2);
            },
            None,
            Kind::MutualFriend,
        );
        check(|town| likes(town, "ann", "b", 4), None, Kind::FanOfSecond);
        check(|town| likes(town, "ben", "a", 4), None, Kind::FanOfFirst);
        check(|town| likes(town, "ann", "b", 2), None, Kind::Acquaintance);
        check(
            |town| {
                likes(town, "ann", "b", 6);
                likes(town, "ben", "a", 2);
            },
            None,
            Kind::Acquaintance,
        );
        check(quarrel, Some(-0.9), Kind::Hostile);
        check(quarrel, Some(0.9), Kind::FanOfSecond);
        let join =
            |town: &mut Town| ["ann", "ben"].iter().for_each(|who| town.event(who, E::Join, "choir", 60.0));
        check(join, None, Kind::Stranger);
        check(
            |town| {
                join(town);
                for who in ["ann", "ben"] {
                    ["cat", "dan", "eve"].iter().for_each(|whom| town.event(who, E::Follow, whom, 50.0));
                }
            },
            None,
            Kind::Group,
        );
        check(
            |town| {
                likes(town, "ann", "b", 4);
                town.event("ben", E::Block, "ann", 1.0);
            },
            None,
            Kind::Stranger,
        );
    }
}
