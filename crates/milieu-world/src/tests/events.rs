//! What each kind of event does to the world, and that taking it back leaves nothing.

use super::{event, fold, id, item, undo, user};
use crate::canonical::Canonical;
use crate::ties::Ties;
use crate::{UserIx, World};
use milieu_types::{Action, EventKind, Record};
use std::fmt::Write;

/// Ann, Bob, and an item of Bob's.
fn scene() -> Vec<Record> {
    vec![
        Record::PutUser(user("ann")),
        Record::PutUser(user("bob")),
        Record::PutItem(item("song", Some("bob"))),
    ]
}

/// Everything that events leave behind, in a few words.
fn told(world: &World) -> String {
    let id = |user: UserIx| world.user_id(user).unwrap();
    let mut told = String::new();
    for (number, state) in world.users.iter().enumerate() {
        let name = id(UserIx(number as u32));
        let mut ties = |kind: &str, ties: &Ties| {
            for tie in ties.all() {
                write!(told, "{name} {kind} {}; ", id(tie.other)).unwrap();
            }
        };
        ties("follows", &state.following);
        ties("followed by", &state.followers);
        ties("blocks", &state.blocking);
        ties("blocked by", &state.blocked_by);
        ties("mutes", &state.muting);
        ties("muted by", &state.muted_by);
        ties("dismisses", &state.dismissing);
        ties("dismissed by", &state.dismissed_by);
        for contact in &state.contacts {
            write!(told, "{name} wrote {} to {}; ", contact.sent, id(contact.other)).unwrap();
        }
        for &other in &state.contacted_by {
            write!(told, "{name} heard from {}; ", id(other)).unwrap();
        }
        for &group in &state.groups {
            write!(told, "{name} in {}; ", world.name(group).unwrap()).unwrap();
        }
        for done in state.history.iter() {
            write!(told, "{name} did {}; ", done.action.name()).unwrap();
        }
        for (_, times) in state.met.iter() {
            write!(told, "{name} met {times}; ").unwrap();
        }
        let reception = state.reception;
        if reception != crate::Reception::default() {
            let (views, positives, negatives) = (reception.views, reception.positives, reception.negatives);
            write!(told, "{name} received {views}/{positives}/{negatives}; ").unwrap();
        }
    }
    for (facts, rest) in world.facts.iter().zip(&world.rests) {
        for action in Action::ALL.into_iter().filter(|&action| facts.counts[action as usize] > 0) {
            write!(told, "{} {}; ", action.name(), facts.counts[action as usize]).unwrap();
        }
        if let [(_, hour)] = facts.heat.held()[0][..] {
            write!(told, "heat {hour}; ").unwrap();
        }
        if !rest.audience.is_empty() {
            write!(told, "seen by {}; ", rest.audience.len()).unwrap();
        }
    }
    write!(told, "activity {}", world.activity.newest().count()).unwrap();
    told
}

fn log(before: &[Record], records: &[Record]) -> Vec<Record> {
    [before, records].concat()
}

/// `records` on the scene tell `expected`; the last of them taken back, the world is as without it.
fn check(records: &[Record], expected: &str) {
    let log = log(&scene(), records);
    assert_eq!(told(&fold(&log)), expected, "{records:?}");
    let (last, before) = log.split_last().unwrap();
    let mut undone = log.clone();
    undone.push(undo(last, log.len() as u64));
    assert_eq!(Canonical::of(&fold(&undone)), Canonical::of(&fold(before)), "undone {records:?}");
}

#[test]
fn every_kind_and_its_undo() {
    use EventKind::*;
    let on_song = |kind| event(kind, "ann", "song", 60);
    let on_bob = |kind| event(kind, "ann", "bob", 60);

    check(&[on_song(View)], "ann met 1; bob received 1/0/0; view 1; seen by 1; activity 0");
    for kind in [Click, Dwell, Like, Reply, Share, Quote, Save] {
        let name = kind.name();
        let once =
            format!("ann did {name}; ann met 1; bob received 0/1/0; {name} 1; heat 1; seen by 1; activity 1");
        check(&[on_song(kind)], &once);
        let twice = format!(
            "ann did {name}; ann did {name}; ann met 2; bob received 0/2/0; {name} 2; heat 2; seen by 1; activity 2"
        );
        check(&[on_song(kind), on_song(kind)], &twice);
        let after_view = format!(
            "ann did {name}; ann met 2; bob received 1/1/0; view 1; {name} 1; heat 1; seen by 1; activity 1"
        );
        check(&[on_song(View), on_song(kind)], &after_view);
    }
    for kind in [Hide, Report] {
        let name = kind.name();
        let once = format!("ann did {name}; ann met 1; bob received 0/0/1; {name} 1; seen by 1; activity 0");
        check(&[on_song(kind)], &once);
    }

    check(&[on_bob(Follow)], "ann follows bob; bob followed by ann; activity 0");
    check(&[on_bob(Block)], "ann blocks bob; bob blocked by ann; activity 0");
    check(&[on_bob(Mute)], "ann mutes bob; bob muted by ann; activity 0");
    check(&[on_bob(Dismiss)], "ann dismisses bob; bob dismissed by ann; activity 0");
    check(&[on_bob(Dismiss), on_bob(Dismiss)], "ann dismisses bob; bob dismissed by ann; activity 0");
    check(&[on_bob(Follow), on_bob(Unfollow)], "activity 0");
    check(&[on_bob(Block), on_bob(Unblock)], "activity 0");
    check(&[on_bob(Mute), on_bob(Unmute)], "activity 0");
    check(&[on_bob(Message)], "ann wrote 1 to bob; bob heard from ann; activity 0");
    check(&[on_bob(Message), on_bob(Message)], "ann wrote 2 to bob; bob heard from ann; activity 0");
    check(&[event(Join, "ann", "choir", 60)], "ann in choir; activity 0");
}

#[test]
fn an_undo_takes_back_a_newer_hour() {
    let like = |after| event(EventKind::Like, "ann", "song", after);
    let without = log(&scene(), &[like(60)]);
    let with = log(&without, &[like(5 * 3600), undo(&like(5 * 3600), 5)]);
    assert_eq!(Canonical::of(&fold(&with)), Canonical::of(&fold(&without)));
}

#[test]
fn an_undo_does_not_reach_a_later_bearer_of_the_id() {
    let like = event(EventKind::Like, "ann", "song", 60);
    let put = Record::PutItem(item("song", Some("bob")));
    let delete = Record::DeleteItem { id: id("song"), at: super::at(70) };
    let before = log(&scene(), &[like.clone(), delete, put, like.clone()]);
    let after = log(&before, &[undo(&like, 4)]);
    assert_eq!(Canonical::of(&fold(&after)), Canonical::of(&fold(&before)));
}

#[test]
fn events_make_bare_entities_that_a_put_describes() {
    let like = event(EventKind::Like, "ann", "song", 60);
    let world = fold(std::slice::from_ref(&like));
    assert_eq!((world.size().users, world.size().items, world.size().pairs), (0, 0, 1));
    let late = log(std::slice::from_ref(&like), &scene());
    let early = log(&scene(), &[like]);
    assert_eq!(Canonical::of(&fold(&late)), Canonical::of(&fold(&early)));
}

#[test]
fn an_undo_leaves_what_other_events_say_of_a_tie() {
    use EventKind::*;
    /// After all but the undone (by its number from 1), and with the undo: the same ties.
    fn check(kinds: &[(EventKind, u32)], undone: usize, expected: &str) {
        let events: Vec<Record> = kinds.iter().map(|&(kind, at)| event(kind, "ann", "bob", at)).collect();
        let log = log(&scene(), &events);
        let place = scene().len() + undone;
        let mut with = log.clone();
        with.push(undo(&log[place - 1], place as u64));
        assert_eq!(told(&fold(&with)), expected, "{kinds:?} without {undone}");
        let mut without = log;
        without.remove(place - 1);
        assert_eq!(Canonical::of(&fold(&with)), Canonical::of(&fold(&without)), "{kinds:?} without {undone}");
    }
    let tied = "ann follows bob; bob followed by ann; activity 0";
    let none = "activity 0";
    check(&[(Follow, 60)], 1, none);
    check(&[(Unfollow, 60)], 1, none);
    check(&[(Follow, 60), (Unfollow, 120)], 2, tied);
    check(&[(Follow, 60), (Unfollow, 120)], 1, none);
    check(&[(Follow, 60), (Follow, 120)], 1, tied);
    check(&[(Follow, 60), (Follow, 120)], 2, tied);
    check(&[(Unfollow, 60), (Follow, 120), (Follow, 180)], 1, tied);
    check(&[(Follow, 60), (Unfollow, 120), (Follow, 180)], 2, tied);
    check(&[(Follow, 60), (Unfollow, 120), (Follow, 180)], 3, none);
    check(&[(Follow, 60), (Unfollow, 120), (Follow, 180)], 1, tied);
    let often: Vec<(EventKind, u32)> =
        (0..100).map(|n| (if n % 2 == 0 { Follow } else { Unfollow }, 60 * n)).collect();
    check(&often, 100, tied);
    check(&often, 99, none);
}

#[test]
fn a_delete_forgets_the_turns_of_a_tie() {
    for gone in ["ann", "bob"] {
        let turns = [EventKind::Follow, EventKind::Unfollow].map(|kind| event(kind, "ann", "bob", 60));
        let mut log = log(&scene(), &turns);
        assert_eq!(fold(&log).turns.len(), 1);
        log.push(Record::DeleteUser { id: id(gone), at: super::at(90) });
        assert_eq!(fold(&log).turns.len(), 0, "without {gone}");
    }
}
