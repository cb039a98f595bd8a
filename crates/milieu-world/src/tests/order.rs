//! Independent records may come in any order.

use super::{any_item, any_user, event, fold, item_id, user_id};
use crate::canonical::Canonical;
use milieu_types::{Action, Record};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn records() -> impl Strategy<Value = Vec<Record>> {
    let moments = prop::collection::btree_map(
        (user_id(), item_id(), 0..30_000u32),
        prop::sample::select(&Action::ALL[..]),
        0..80,
    );
    let users = prop::collection::vec(any_user(), 0..8);
    let items = prop::collection::vec(any_item(), 0..12);
    (moments, users, items).prop_map(|(moments, users, items)| {
        let users: BTreeMap<_, _> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
        let items: BTreeMap<_, _> = items.into_iter().map(|item| (item.id.clone(), item)).collect();
        let events = moments
            .into_iter()
            .map(|((user, item, after), action)| event(action.event_kind(), &user, &item, after));
        let described =
            users.into_values().map(Record::PutUser).chain(items.into_values().map(Record::PutItem));
        described.chain(events).collect()
    })
}

proptest! {
    #[test]
    fn order_of_independent_records_does_not_matter(
        (records, shuffled) in records().prop_flat_map(|records| {
            let shuffled = Just(records.clone()).prop_shuffle();
            (Just(records), shuffled)
        })
    ) {
        prop_assert_eq!(Canonical::of(&fold(&records)), Canonical::of(&fold(&shuffled)));
    }
}
