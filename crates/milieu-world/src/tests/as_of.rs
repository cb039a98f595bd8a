//! A view of the past does not show what came later.

use super::{any_log, at, event, fold, item, user};
use crate::{UserIx, secs};
use milieu_types::{EventKind, Item, Record, TieKind};
use proptest::prelude::*;

#[test]
fn the_later_is_not_there() {
    let song = |name: &str, after| {
        Record::PutItem(Item { at: at(after), tags: vec!["jazz".into()], ..item(name, Some("bob")) })
    };
    let world = fold(&[
        Record::PutUser(user("ann")),
        Record::PutUser(user("bob")),
        song("old", 10),
        song("new", 100),
        event(EventKind::Follow, "ann", "bob", 50),
        event(EventKind::Block, "bob", "ann", 60),
        event(EventKind::Like, "ann", "old", 20),
        event(EventKind::Like, "ann", "new", 110),
    ]);
    let (ann, bob) = (world.user("ann").unwrap(), world.user("bob").unwrap());
    let (old, new) = (world.item("old").unwrap(), world.item("new").unwrap());
    let jazz = world.find_name("jazz").unwrap();
    let check = |after, items: &[_], follows: bool, blocked: bool, likes: &[_]| {
        let view = world.view(secs(at(after)));
        assert_eq!(view.newest().collect::<Vec<_>>(), items, "at {after}");
        assert_eq!(view.newest_of_tag(jazz).collect::<Vec<_>>(), items, "at {after}");
        assert_eq!(view.authored(bob).map(|(_, item)| item).collect::<Vec<_>>(), items, "at {after}");
        assert!(items.iter().all(|&item| view.is_visible(item)), "at {after}");
        assert_eq!(view.is_visible(new), items.contains(&new), "at {after}");
        assert_eq!(view.tie(TieKind::Follow, ann, bob).is_some(), follows, "at {after}");
        assert_eq!(view.following(ann).count(), usize::from(follows), "at {after}");
        assert_eq!(view.followers(bob).count(), usize::from(follows), "at {after}");
        assert_eq!(view.is_blocked(ann, bob), blocked, "at {after}");
        assert_eq!(view.history(ann).map(|done| done.item).collect::<Vec<_>>(), likes, "at {after}");
        assert_eq!(view.activity().map(|activity| activity.item).collect::<Vec<_>>(), likes, "at {after}");
    };
    check(5, &[], false, false, &[]);
    check(10, &[old], false, false, &[]);
    check(20, &[old], false, false, &[old]);
    check(50, &[old], true, false, &[old]);
    check(60, &[old], true, true, &[old]);
    check(100, &[new, old], true, true, &[old]);
    check(110, &[new, old], true, true, &[new, old]);
}

proptest! {
    #[test]
    fn nothing_is_dated_later_and_lists_descend(log in any_log(), now in 0..30_000u32) {
        let world = fold(&log);
        let now = secs(at(now));
        let view = world.view(now);
        let newest: Vec<_> = view.newest().map(|item| (view.facts(item).at, item)).collect();
        prop_assert!(newest.iter().all(|&(_, item)| view.is_visible(item)));
        prop_assert!(newest.windows(2).all(|pair| pair[0] > pair[1]));
        let visible = (0..world.item_bound() as u32).filter(|&n| view.is_visible(crate::ItemIx(n))).count();
        prop_assert_eq!(newest.len(), visible, "every visible item is listed");
        for user in (0..world.user_bound() as u32).map(UserIx) {
            let history: Vec<_> = view.history(user).map(|done| done.at).collect();
            prop_assert!(history.iter().all(|&at| at <= now));
            prop_assert!(history.windows(2).all(|pair| pair[0] >= pair[1]));
            prop_assert!(view.following(user).chain(view.followers(user)).all(|tie| tie.since <= now));
            prop_assert!(view.authored(user).all(|(at, own)| at <= now && view.facts(own).at == at));
        }
        prop_assert!(view.activity().all(|activity| activity.at <= now));
    }
}
