//! The community is what it is said to be.

use super::*;
use milieu_types::{EventKind, Record, validate};
use std::collections::{HashMap, HashSet};

const NOW: Timestamp = Timestamp::from_secs(1_795_507_200);

fn small() -> Community {
    Community::new(Params::small(NOW, 3))
}

#[test]
fn valid_and_in_order() {
    let community = small();
    let mut last = Timestamp::from_millis(i64::MIN);
    let (mut users, mut items, mut ids) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut counts: HashMap<EventKind, usize> = HashMap::new();
    for record in community.records() {
        let at = match &record {
            Record::PutUser(user) => {
                validate::user(user, NOW).unwrap();
                assert!(users.insert(user.id.clone()), "{} twice", user.id);
                user.at
            }
            Record::PutItem(item) => {
                validate::item(item, NOW).unwrap();
                assert!(users.contains(item.author.as_ref().unwrap()));
                assert!(item.reply_to.as_ref().is_none_or(|parent| items.contains(parent)));
                assert!(items.insert(item.id.clone()));
                item.at
            }
            Record::Event(event) => {
                validate::event(event, NOW).unwrap();
                assert!(users.contains(&event.actor));
                assert!(ids.insert(event.id.clone()));
                match event.kind.object_kind() {
                    milieu_types::ObjectKind::Item => assert!(items.contains(&event.object)),
                    milieu_types::ObjectKind::User => assert!(users.contains(&event.object), "{event:?}"),
                    _ => {}
                }
                *counts.entry(event.kind).or_default() += 1;
                event.at
            }
            other => panic!("{other:?}"),
        };
        assert!(at >= last && at <= NOW, "{record:?}");
        last = at;
    }
    assert_eq!((users.len(), items.len()), (200, 2_000));
    for kind in [
        EventKind::View,
        EventKind::Click,
        EventKind::Dwell,
        EventKind::Like,
        EventKind::Reply,
        EventKind::Share,
        EventKind::Save,
        EventKind::Hide,
        EventKind::Follow,
        EventKind::Unfollow,
        EventKind::Block,
        EventKind::Mute,
        EventKind::Message,
        EventKind::Join,
    ] {
        assert!(counts.contains_key(&kind), "no {}", kind.name());
    }
}

#[test]
fn a_seed_is_a_community() {
    let first: Vec<Record> = small().records().collect();
    assert!(small().records().eq(first.iter().cloned()));
    assert!(!Community::new(Params::small(NOW, 4)).records().eq(first));
}

#[test]
fn likes_follow_the_truth_and_follows_the_homes() {
    let community = small();
    let (mut views, mut expected, mut likes) = (0, 0.0, 0);
    let (mut at_home, mut follows) = (0, 0);
    for record in community.records() {
        let Record::Event(event) = record else { continue };
        match event.kind {
            EventKind::View => {
                views += 1;
                expected += community.affinity(&event.actor, &event.object, event.at).unwrap();
            }
            EventKind::Like => likes += 1,
            EventKind::Follow => {
                follows += 1;
                at_home += usize::from(community.home(&event.actor) == community.home(&event.object));
            }
            _ => {}
        }
    }
    let (expected, found) = (expected / views as f32, likes as f32 / views as f32);
    assert!((expected - found).abs() < 0.01, "expected {expected}, found {found}");
    assert!((0.05..0.3).contains(&found), "{found}");
    assert!(at_home * 100 > follows * 55, "{at_home} of {follows}");
}

#[test]
fn a_known_post_is_liked_by_those_it_is_for() {
    let community = small();
    let items: Vec<Id> = community.items().map(|(item, _)| item).collect();
    for user in community.users().take(20) {
        let mut likes: Vec<f32> =
            items.iter().filter_map(|item| community.affinity(user, item, NOW)).collect();
        likes.sort_by(f32::total_cmp);
        let (median, best) = (likes[likes.len() / 2], likes[likes.len() - 10]);
        assert!(best > 4.0 * median, "{user}: {median} {best}");
        assert!(!community.interests(user).unwrap().is_empty());
    }
    assert_eq!(community.affinity(&Id::new("nobody").unwrap(), &items[0], NOW), None);
    assert_eq!(community.affinity(&community.people[0].id, &Id::new("x").unwrap(), NOW), None);
}

#[test]
fn sizes_out_of_range_are_bounded() {
    let params = Params {
        people: 0,
        posts: 0,
        days: 0,
        communities: 0,
        topics: 99,
        sessions: f32::NAN,
        seed: 0,
        now: NOW,
    };
    assert!(Community::new(params).records().count() > 16);
}
