//! The same records give the same world, live, replayed, or through a snapshot.

use super::{any_log, bytes, event, fold, go_on, undo};
use crate::World;
use crate::canonical::Canonical;
use milieu_types::EventKind;
use proptest::prelude::*;
use proptest::sample::Index;

proptest! {
    #[test]
    fn replay_equals_live(log in any_log()) {
        let (live, replayed) = (fold(&log), fold(&log));
        prop_assert_eq!(Canonical::of(&live), Canonical::of(&replayed));
        prop_assert_eq!(bytes(&live), bytes(&replayed));
        prop_assert_eq!(live.digest(), replayed.digest());
    }

    #[test]
    fn a_snapshot_goes_on_as_the_world_would(log in any_log(), cut in any::<Index>()) {
        let cut = cut.index(log.len() + 1);
        let live = fold(&log);
        let mut resumed = World::read_snapshot(&bytes(&fold(&log[..cut]))).unwrap();
        prop_assert_eq!(resumed.digest(), fold(&log[..cut]).digest());
        go_on(&mut resumed, &log, cut);
        prop_assert_eq!(resumed.digest(), live.digest());
        prop_assert_eq!(bytes(&resumed), bytes(&live));
    }

    #[test]
    fn old_records_change_nothing(log in any_log(), from in any::<Index>()) {
        let mut world = fold(&log);
        let before = bytes(&world);
        go_on(&mut world, &log, from.index(log.len() + 1));
        world.apply(0, &super::event(milieu_types::EventKind::Like, "a", "b", 0));
        prop_assert_eq!(bytes(&world), before);
    }
}

/// Pairs with a past are kept in a table: how large it once was may not show in its order.
#[test]
fn a_snapshot_of_many_changed_ties_goes_on_the_same() {
    let names: Vec<String> = (0..12).map(|number| format!("user-{number}")).collect();
    let mut log = Vec::new();
    for (place, name) in names.iter().enumerate() {
        for far in 1..names.len() {
            let other = &names[(place + far) % names.len()];
            log.extend((0..2).map(|after| event(EventKind::Follow, name, other, after)));
        }
    }
    for place in (0..log.len()).filter(|place| place % 2 == 1 && place % 5 > 1) {
        log.push(undo(&log[place], place as u64 + 1));
    }
    let live = bytes(&fold(&log));
    for cut in (0..=log.len()).step_by(7) {
        let mut resumed = World::read_snapshot(&bytes(&fold(&log[..cut]))).unwrap();
        go_on(&mut resumed, &log, cut);
        assert_eq!(bytes(&resumed), live, "cut at {cut}");
    }
}
