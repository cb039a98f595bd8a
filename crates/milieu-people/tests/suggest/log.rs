//! Random lives of a few people: logs of everything that can happen between them.

use milieu_types::{Event, EventKind, Id, Item, ItemPatch, Record, Seq, Timestamp, User, UserPatch};
use milieu_world::{Secs, World, secs};
use proptest::prelude::*;
use proptest::sample::Index;

/// How many users and items there are.
pub(crate) const USERS: u8 = 7;
pub(crate) const ITEMS: u8 = 10;

const START: i64 = 20_000 * 86_400;

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

pub(crate) fn at(after: u32) -> Timestamp {
    Timestamp::from_secs(START + i64::from(after))
}

/// After everything that can happen.
pub(crate) fn now() -> Secs {
    secs(at(1_000_000))
}

pub(crate) fn event(kind: EventKind, actor: &str, object: &str) -> Record {
    Record::Event(Event {
        id: None,
        kind,
        actor: id(actor),
        object: id(object),
        target: None,
        value: None,
        at: at(60),
        context: None,
    })
}

pub(crate) fn user(name: &str, tags: &[&str], discoverable: bool) -> Record {
    Record::PutUser(User {
        id: id(name),
        name: None,
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        language: None,
        muted_keywords: Vec::new(),
        discoverable,
        at: at(0),
    })
}

pub(crate) fn item(name: &str, author: Option<&str>, tags: &[&str]) -> Record {
    Record::PutItem(Item {
        id: id(name),
        author: author.map(id),
        text: None,
        media: Vec::new(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        reply_to: None,
        language: None,
        at: at(0),
        hidden: false,
    })
}

/// Takes back a record that is an event.
pub(crate) fn undo(record: &Record, undone_seq: Seq) -> Record {
    let Record::Event(undone) = record else { panic!("only events can be undone") };
    let event = Event { kind: EventKind::Undo, object: id("an-event"), ..undone.clone() };
    Record::Undo { event, undone: undone.clone(), undone_seq }
}

/// Applies the records as 1, 2 and so on.
pub(crate) fn fold(records: &[Record]) -> World {
    let mut world = World::new();
    for (seq, record) in (1..).zip(records) {
        world.apply(seq, record);
    }
    world
}

pub(crate) fn user_name(number: u8) -> String {
    format!("user-{number}")
}

pub(crate) fn item_name(number: u8) -> String {
    format!("item-{number}")
}

pub(crate) fn any_user() -> impl Strategy<Value = String> {
    (0..USERS).prop_map(user_name)
}

pub(crate) fn any_item() -> impl Strategy<Value = String> {
    (0..ITEMS).prop_map(item_name)
}

fn any_tags() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["cider", "chess", "choir"], 0..3)
}

fn between_users() -> impl Strategy<Value = Record> {
    use EventKind::{Block, Dismiss, Follow, Message, Mute, Unblock, Unfollow, Unmute};
    let kind = prop_oneof![
        14 => Just(Follow),
        2 => Just(Unfollow),
        2 => Just(Block),
        1 => Just(Unblock),
        2 => Just(Mute),
        1 => Just(Unmute),
        2 => Just(Dismiss),
        2 => Just(Message),
    ];
    (kind, 0..USERS, 1..USERS)
        .prop_map(|(kind, actor, far)| event(kind, &user_name(actor), &user_name((actor + far) % USERS)))
}

fn with_items() -> impl Strategy<Value = Record> {
    use EventKind::{Dwell, Hide, Like, Quote, Reply, Save, Share, View};
    let kind = prop_oneof![
        4 => Just(Like),
        8 => Just(Reply),
        1 => Just(Share),
        1 => Just(Quote),
        3 => Just(View),
        1 => Just(Dwell),
        1 => Just(Save),
        1 => Just(Hide),
    ];
    (kind, any_user(), any_item()).prop_map(|(kind, actor, item)| event(kind, &actor, &item))
}

fn any_record() -> impl Strategy<Value = Record> {
    let patch_user = (any_user(), prop::option::of(any_tags()), prop::option::of(any::<bool>())).prop_map(
        |(name, tags, discoverable)| {
            Record::PatchUser(UserPatch {
                id: id(&name),
                name: None,
                tags: tags.map(|tags| tags.into_iter().map(Into::into).collect()),
                language: None,
                muted_keywords: None,
                discoverable,
            })
        },
    );
    let patch_item =
        (any_item(), prop::option::of(any_tags()), any::<bool>()).prop_map(|(name, tags, hidden)| {
            Record::PatchItem(ItemPatch {
                id: id(&name),
                text: None,
                media: None,
                tags: tags.map(|tags| tags.into_iter().map(Into::into).collect()),
                language: None,
                hidden: Some(hidden),
            })
        });
    let join = (any_user(), prop::sample::select(vec!["brewers", "singers"]))
        .prop_map(|(name, group)| event(EventKind::Join, &name, group));
    let put_user = (any_user(), any_tags(), prop::bool::weighted(0.8))
        .prop_map(|(name, tags, discoverable)| user(&name, &tags, discoverable));
    let put_item = (any_item(), prop::option::weighted(0.8, any_user()), any_tags())
        .prop_map(|(name, author, tags)| item(&name, author.as_deref(), &tags));
    prop_oneof![
        40 => between_users(),
        40 => with_items(),
        4 => join,
        2 => patch_user,
        3 => patch_item,
        2 => put_user,
        2 => put_item,
        1 => any_user().prop_map(|name| Record::DeleteUser { id: id(&name), at: at(0) }),
        1 => any_item().prop_map(|name| Record::DeleteItem { id: id(&name), at: at(0) }),
    ]
}

fn is_join(record: &Record) -> bool {
    matches!(record, Record::Event(event) if event.kind == EventKind::Join)
}

/// Everybody described, each with items; then anything, of which some is taken back.
pub(crate) fn any_log() -> impl Strategy<Value = Vec<Record>> {
    let people = prop::collection::vec((any_tags(), prop::bool::weighted(0.9)), usize::from(USERS));
    let items = prop::collection::vec((0..USERS, any_tags()), usize::from(ITEMS));
    let steps = prop::collection::vec((any_record(), prop::option::weighted(0.1, any::<Index>())), 0..200);
    (people, items, steps).prop_map(|(people, items, steps)| {
        let mut log = Vec::new();
        for (number, (tags, discoverable)) in (0..).zip(people) {
            log.push(user(&user_name(number), &tags, discoverable));
        }
        for (number, (author, tags)) in (0..).zip(items) {
            log.push(item(&item_name(number), Some(&user_name(author)), &tags));
        }
        let mut standing: Vec<Seq> = Vec::new();
        for (record, back) in steps {
            if let Some(back) = back.filter(|_| !standing.is_empty()) {
                let undone = standing.swap_remove(back.index(standing.len()));
                log.push(undo(&log[undone as usize - 1], undone));
                continue;
            }
            // What the undo of one of two joins of a group means is not the matter here.
            if is_join(&record) && log.contains(&record) {
                continue;
            }
            log.push(record);
            if matches!(log.last(), Some(Record::Event(_))) {
                standing.push(log.len() as Seq);
            }
        }
        log
    })
}
