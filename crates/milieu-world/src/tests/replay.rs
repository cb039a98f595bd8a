//! The same records give the same world, live, replayed, or through a snapshot.

use super::{any_log, bytes, fold, go_on};
use crate::World;
use crate::canonical::Canonical;
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
