//! A delete leaves no trace.

use super::{any_event, any_log, at, bytes, fold, go_on, id, item, user};
use crate::World;
use crate::canonical::Canonical;
use milieu_types::{ObjectKind, Record};
use proptest::prelude::*;

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn leaves_no_trace(world: &World, gone: &[&str]) -> Result<(), TestCaseError> {
    let (bytes, words) = (bytes(world), format!("{:?}", Canonical::of(world)));
    for gone in gone {
        prop_assert!(!holds(&bytes, gone), "{} is in the snapshot", gone);
        prop_assert!(!words.contains(gone), "{} is in the world", gone);
    }
    prop_assert!(world.activity.newest().all(|activity| world.is_alive(activity)));
    prop_assert!(!words.contains("(deleted)"), "{}", words);
    prop_assert!(!words.contains("(released)"), "{}", words);
    let again = World::read_snapshot(&bytes).unwrap();
    prop_assert_eq!(again.digest(), world.digest());
    Ok(())
}

fn delete_user(name: &str) -> Record {
    Record::DeleteUser { id: id(name), at: at(40_000) }
}

fn delete_item(name: &str) -> Record {
    Record::DeleteItem { id: id(name), at: at(40_000) }
}

/// Every user and item described; two items of each user's own, the second an answer to the first.
fn population() -> Vec<Record> {
    let users = (0..6).map(|n| Record::PutUser(user(&format!("user-{n}"))));
    let items = (0..8).map(|n| {
        let author = format!("user-{}", n / 2);
        let mut item = item(&format!("item-{n}"), Some(&author));
        item.reply_to = (n % 2 == 1).then(|| id(&format!("item-{}", n - 1)));
        item.tags = vec![format!("tag-{}", n % 3)];
        Record::PutItem(item)
    });
    users.chain(items).collect()
}

proptest! {
    #[test]
    fn of_any_log(log in any_log(), users in prop::collection::btree_set(0..6u8, 1..4),
                  items in prop::collection::btree_set(0..8u8, 1..4)) {
        let users: Vec<_> = users.iter().map(|n| format!("user-{n}")).collect();
        let items: Vec<_> = items.iter().map(|n| format!("item-{n}")).collect();
        let mut whole = log.clone();
        whole.extend(users.iter().map(|name| delete_user(name)));
        whole.extend(items.iter().map(|name| delete_item(name)));
        let gone: Vec<&str> = users.iter().chain(&items).map(String::as_str).collect();
        leaves_no_trace(&fold(&whole), &gone)?;
    }

    #[test]
    fn everything_deleted_is_an_empty_world(log in any_log()) {
        let mut log = log;
        log.extend((0..6).map(|n| delete_user(&format!("user-{n}"))));
        log.extend((0..8).map(|n| delete_item(&format!("item-{n}"))));
        let world = fold(&log);
        prop_assert_eq!(Canonical::of(&world), Canonical::of(&World::new()));
        prop_assert!(!holds(&bytes(&world), "word-"), "a text, tag, language or group is left");
        prop_assert_eq!(world.size(), crate::Size::default());
    }

    /// Once a user is deleted the world is as if they had never been.
    #[test]
    fn a_deleted_user_has_never_been(events in prop::collection::vec(any_event(), 0..120)) {
        let gone = ["user-0", "item-0", "item-1"];
        let mut whole = [population(), events].concat();
        let mut world = fold(&whole);
        whole.push(delete_user("user-0"));
        let from = whole.len() - 1;
        go_on(&mut world, &whole, from);
        whole.pop();
        let without: Vec<Record> = whole
            .into_iter()
            .filter(|record| match record {
                Record::Event(event) => {
                    let object = event.kind.object_kind() != ObjectKind::Group && gone.contains(&event.object.as_str());
                    event.actor.as_str() != "user-0" && !object
                }
                Record::PutUser(user) => user.id.as_str() != "user-0",
                Record::PutItem(item) => !gone.contains(&item.id.as_str()),
                _ => true,
            })
            .collect();
        leaves_no_trace(&world, &gone)?;
        prop_assert_eq!(Canonical::of(&world), Canonical::of(&fold(&without)));
    }
}
