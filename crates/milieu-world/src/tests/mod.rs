//! Properties of the fold as a whole.

mod as_of;
mod bad;
mod delete;
mod events;
mod order;
mod replay;

use crate::World;
use milieu_types::{Event, EventKind, Id, Item, ItemPatch, Record, Seq, Timestamp, User, UserPatch};
use proptest::prelude::*;
use proptest::sample::Index;

/// The start of a day, so that a few hours of it stay within every window of the heat.
const START: i64 = 20_000 * 86_400;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn at(after: u32) -> Timestamp {
    Timestamp::from_secs(START + i64::from(after))
}

fn event(kind: EventKind, actor: &str, object: &str, after: u32) -> Record {
    Record::Event(Event {
        id: None,
        kind,
        actor: id(actor),
        object: id(object),
        target: None,
        value: None,
        at: at(after),
        context: None,
    })
}

/// Takes back a record that is an event.
fn undo(record: &Record, undone_seq: Seq) -> Record {
    let Record::Event(undone) = record else { panic!("only events can be undone") };
    let event = Event { kind: EventKind::Undo, object: id("an-event"), ..undone.clone() };
    Record::Undo { event, undone: undone.clone(), undone_seq }
}

fn user(name: &str) -> User {
    User {
        id: id(name),
        name: None,
        tags: Vec::new(),
        language: None,
        muted_keywords: Vec::new(),
        discoverable: true,
        at: at(0),
    }
}

fn item(name: &str, author: Option<&str>) -> Item {
    Item {
        id: id(name),
        author: author.map(id),
        text: None,
        media: Vec::new(),
        tags: Vec::new(),
        reply_to: None,
        language: None,
        at: at(0),
        hidden: false,
    }
}

/// Applies the records as 1, 2 and so on.
fn fold(records: &[Record]) -> World {
    let mut world = World::new();
    go_on(&mut world, records, 0);
    world
}

/// Applies the records after the first `from`.
fn go_on(world: &mut World, records: &[Record], from: usize) {
    for (seq, record) in (1..).zip(records).skip(from) {
        world.apply(seq, record);
    }
}

fn bytes(world: &World) -> Vec<u8> {
    let mut bytes = Vec::new();
    world.write_snapshot(&mut bytes).unwrap();
    bytes
}

fn user_id() -> impl Strategy<Value = String> {
    (0..6u8).prop_map(|n| format!("user-{n}"))
}

fn item_id() -> impl Strategy<Value = String> {
    (0..8u8).prop_map(|n| format!("item-{n}"))
}

fn word() -> impl Strategy<Value = String> {
    (0..4u8).prop_map(|n| format!("word-{n}"))
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word(), 0..4)
}

fn maybe<T: std::fmt::Debug + Clone>(s: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(s)
}

fn any_event() -> impl Strategy<Value = Record> {
    use milieu_types::ObjectKind;
    let kinds: Vec<EventKind> = EventKind::ALL.into_iter().filter(|&kind| kind != EventKind::Undo).collect();
    let kind = prop::sample::select(kinds);
    (kind, user_id(), item_id(), user_id(), word(), 0..30_000u32).prop_map(
        |(kind, actor, item, other, group, after)| {
            let object = match kind.object_kind() {
                ObjectKind::Item => item,
                ObjectKind::User => other,
                ObjectKind::Group | ObjectKind::Event => group,
            };
            event(kind, &actor, &object, after)
        },
    )
}

fn any_user() -> impl Strategy<Value = User> {
    (user_id(), maybe(word()), words(), maybe(word()), words(), any::<bool>()).prop_map(
        |(name, shown, tags, language, muted_keywords, discoverable)| User {
            name: shown,
            tags,
            language,
            muted_keywords,
            discoverable,
            ..user(&name)
        },
    )
}

fn any_item() -> impl Strategy<Value = Item> {
    (
        item_id(),
        maybe(user_id()),
        maybe(word()),
        words(),
        maybe(item_id()),
        maybe(word()),
        0..30_000u32,
        any::<bool>(),
    )
        .prop_map(|(name, author, text, tags, reply_to, language, after, hidden)| Item {
            text,
            tags,
            reply_to: reply_to.as_deref().map(id),
            language,
            at: at(after),
            hidden,
            ..item(&name, author.as_deref())
        })
}

fn any_record() -> impl Strategy<Value = Record> {
    let patch_user = (user_id(), maybe(words()), maybe(maybe(word())), maybe(any::<bool>())).prop_map(
        |(name, tags, language, discoverable)| {
            let name = id(&name);
            let (shown, muted_keywords) = (language.clone(), tags.clone());
            Record::PatchUser(UserPatch {
                id: name,
                name: shown,
                tags,
                language,
                muted_keywords,
                discoverable,
            })
        },
    );
    let patch_item = (item_id(), maybe(words()), maybe(maybe(word())), maybe(any::<bool>())).prop_map(
        |(name, tags, text, hidden)| {
            let language = text.clone();
            Record::PatchItem(ItemPatch { id: id(&name), text, media: None, tags, language, hidden })
        },
    );
    prop_oneof![
        24 => any_event(),
        4 => any_user().prop_map(Record::PutUser),
        6 => any_item().prop_map(Record::PutItem),
        2 => patch_user,
        2 => patch_item,
        1 => user_id().prop_map(|name| Record::DeleteUser { id: id(&name), at: at(0) }),
        2 => item_id().prop_map(|name| Record::DeleteItem { id: id(&name), at: at(0) }),
    ]
}

/// A log of any records, in which some take back an earlier event, each at most once.
fn any_log() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((any_record(), prop::option::weighted(0.2, any::<Index>())), 0..120).prop_map(
        |steps| {
            let mut log = Vec::<Record>::new();
            let mut standing = Vec::new();
            for (record, back) in steps {
                let seq = log.len() as Seq + 1;
                if let Some(back) = back.filter(|_| !standing.is_empty()) {
                    let undone: Seq = standing.swap_remove(back.index(standing.len()));
                    log.push(undo(&log[undone as usize - 1], undone));
                } else {
                    if matches!(record, Record::Event(_)) {
                        standing.push(seq);
                    }
                    log.push(record);
                }
            }
            log
        },
    )
}
