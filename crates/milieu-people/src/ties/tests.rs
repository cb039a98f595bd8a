use super::*;
use crate::samples::{NOW, Town};
use milieu_types::EventKind as E;
use proptest::prelude::*;

const USERS: [&str; 5] = ["ann", "ben", "cat", "dan", "eve"];

fn read(town: &Town, a: &str, b: &str) -> Tie {
    let model = TieModel::default();
    let lookups = Lookups { model: &model, topic: &|item| Some(item.0 % 3), valence: &|_| Some(0.5) };
    tie(&town.view(), town.number(a), town.number(b), &lookups)
}

fn busy() -> Town {
    let mut town = Town::new(&USERS);
    for number in 0..6 {
        town.item(&format!("a{number}"), "ann", &["tea"], 40.0);
        town.item(&format!("b{number}"), "ben", &["tea", "chess"], 40.0);
        town.event("ann", E::Like, &format!("b{number}"), f64::from(number) + 1.0);
    }
    town.answer("r1", "ben", "a1", 3.0);
    town.event("ann", E::Follow, "ben", 60.0);
    town.event("ben", E::Follow, "cat", 60.0);
    town.event("ann", E::Follow, "cat", 60.0);
    town.event("ann", E::Message, "ben", 2.0);
    town
}

#[test]
fn a_tie_is_read_from_both_sides() {
    let town = busy();
    let found = read(&town, "ann", "ben");
    assert_eq!((found.a.dealings.done.len(), found.b.dealings.done.len()), (6, 1));
    assert_eq!((found.direction, found.sign), (Some(Direction::FromFirst), Some(Sign::Positive)));
    assert_eq!((found.common_followed, found.shared_groups), (1, 0));
    assert_eq!(found.tone, Some(Tone { mean: 0.5, answers: 1 }));
    assert!(found.a.expected > found.b.expected && found.strength > 1.0, "{found:?}");
    let reciprocity = found.reciprocity.unwrap();
    assert!(reciprocity > 0.0 && reciprocity < 0.4, "{reciprocity}");
    assert_eq!(found.shared_tags.first().map(|(tag, _)| town.world.name(*tag)), Some(Some("tea")));
    // The same tie from the other end.
    let turned = read(&town, "ben", "ann");
    assert_eq!(
        (&turned.a, &turned.b, turned.strength),
        (&found.b, &found.a, found.b.expected + found.a.expected)
    );
    assert_eq!(turned.direction, Some(Direction::FromSecond));
    let nothing = read(&town, "dan", "eve");
    assert!(nothing.strength < 0.1 && nothing.direction.is_none() && nothing.sign.is_none());
}

#[test]
fn more_is_expected_of_who_does_more() {
    let expected = |likes: u32, days: f64, follows: bool| {
        let mut town = Town::new(&USERS);
        for number in 0..likes {
            town.item(&format!("b{number}"), "ben", &[], 100.0);
            town.event("ann", E::Like, &format!("b{number}"), days);
        }
        if follows {
            town.event("ann", E::Follow, "ben", 90.0);
        }
        read(&town, "ann", "ben").strength
    };
    let rising =
        [expected(0, 1.0, false), expected(1, 20.0, false), expected(1, 2.0, false), expected(5, 2.0, false)];
    assert!(rising.windows(2).all(|pair| pair[0] < pair[1]), "{rising:?}");
    assert!(expected(1, 2.0, true) > expected(1, 2.0, false));
}

/// One thing that may happen between two.
#[derive(Debug, Clone)]
struct Step {
    kind: E,
    actor: usize,
    other: usize,
    item: usize,
    days: f64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kinds = prop::sample::select(vec![
        E::Like,
        E::Reply,
        E::Share,
        E::Save,
        E::Hide,
        E::Report,
        E::Follow,
        E::Unfollow,
        E::Message,
        E::Block,
        E::Unblock,
        E::Mute,
        E::Unmute,
    ]);
    let step = (kinds, 0..5_usize, 0..5_usize, 0..4_usize, 0.0..120.0_f64)
        .prop_map(|(kind, actor, other, item, days)| Step { kind, actor, other, item, days });
    prop::collection::vec(step, 0..60)
}

/// A town in which these steps were taken, but for those that `leave_out` says.
fn lived(steps: &[Step], leave_out: impl Fn(&Step) -> bool) -> Town {
    let mut town = Town::new(&USERS);
    for (number, user) in USERS.iter().enumerate() {
        for item in 0..4 {
            let tag = ["tea", "chess", "jazz"][(number + item) % 3];
            town.item(&format!("{user}{item}"), user, &[tag], 130.0);
        }
    }
    for step in steps.iter().filter(|step| step.actor != step.other && !leave_out(step)) {
        let (actor, other) = (USERS[step.actor], USERS[step.other]);
        match step.kind.action() {
            Some(_) => town.event(actor, step.kind, &format!("{other}{}", step.item), step.days),
            None => town.event(actor, step.kind, other, step.days),
        }
    }
    town
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A block is answered as if the two had never met, and mutes change nothing.
    #[test]
    fn no_tie_tells_of_a_block_or_a_mute(steps in steps()) {
        let town = lived(&steps, |_| false);
        let unmuted = lived(&steps, |step| matches!(step.kind, E::Mute | E::Unmute));
        for (a, b) in [(0, 1), (1, 0), (2, 3), (4, 0), (3, 4)] {
            let found = read(&town, USERS[a], USERS[b]);
            prop_assert_eq!(&found, &read(&unmuted, USERS[a], USERS[b]));
            if town.view().is_blocked(town.number(USERS[a]), town.number(USERS[b])) {
                let between = |step: &Step| [(a, b), (b, a)].contains(&(step.actor, step.other));
                let never = lived(&steps, between);
                prop_assert_eq!(&found, &read(&never, USERS[a], USERS[b]));
                prop_assert_eq!(judge(&found), judge(&read(&never, USERS[a], USERS[b])));
            }
        }
    }

    /// A user who is gone leaves no trace in the ties of the others.
    #[test]
    fn no_tie_tells_of_the_deleted(steps in steps()) {
        let mut town = lived(&steps, |_| false);
        town.delete_user("eve");
        let never = lived(&steps, |step| [step.actor, step.other].contains(&4));
        for (a, b) in [("ann", "ben"), ("cat", "dan"), ("ben", "cat")] {
            prop_assert_eq!(read(&town, a, b), read(&never, a, b));
        }
        prop_assert!(town.world.user("eve").is_none());
    }
}

/// The time that a record tells of, 0 for one without.
fn secs_of(record: &milieu_types::Record) -> Secs {
    match record {
        milieu_types::Record::Event(event) => milieu_world::secs(event.at),
        milieu_types::Record::PutItem(item) => milieu_world::secs(item.at),
        _ => 0,
    }
}

/// What was done in the past teaches what is to be expected: learnt at one time, measured at a later one.
#[test]
fn strengths_learnt_from_the_past_are_calibrated() {
    use milieu_testkit::community::{Community, Params};
    use milieu_types::Timestamp;
    use milieu_world::World;
    let now = Timestamp::from_secs(i64::from(NOW));
    let params = Params { people: 150, posts: 3_000, days: 120, sessions: 60.0, ..Params::small(now, 5) };
    let community = Community::new(params);
    let cuts = [90, 75, 60, 30].map(|days| NOW - days * 86_400);
    let mut world = World::new();
    let mut open: Vec<(Past, Later)> = Vec::new();
    for (seq, record) in (1..).zip(community.records()) {
        let at = secs_of(&record);
        if let Some(&cut) = cuts.get(open.len()).filter(|cut| at > **cut) {
            open.push((Past::of(&world.view(cut), 1000), Later::after(cut)));
        }
        open.iter_mut().for_each(|(_, later)| later.note(&world, &record));
        world.apply(seq, &record);
    }
    let mut lessons: Vec<Lesson> = open.into_iter().map(|(past, later)| past.lesson(later)).collect();
    let second = lessons.pop().unwrap();
    let first = Lesson::joined(lessons);
    let learnt = first.learn(&TieModel::default(), 1.0).unwrap();
    let table = |model: &TieModel| {
        reliability(second.samples.iter().map(|sample| (model.expected(&sample.features), sample.count)))
    };
    let (after, before) = (table(&learnt.model), table(&TieModel::default()));
    println!("{} pairs, explained {:.3}", second.samples.len(), learnt.explained);
    println!("learnt {after:#?}\nwith the coefficients that come along {before:#?}\n{:.2?}", learnt.model);
    assert!(after.ratio > 0.7 && after.ratio < 1.4, "{after:?}");
    assert!(after.error < before.error && after.error < 0.35, "{after:?}");
    let strangers = second.of_strangers as f64 / second.strangers as f64;
    assert!(
        learnt.model.strangers > strangers / 3.0 && learnt.model.strangers < strangers * 3.0,
        "{strangers}"
    );
}
