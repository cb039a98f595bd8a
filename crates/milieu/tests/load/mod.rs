//! Clients that keep a server busy, remember what it acknowledged, and hold it to it.

mod connection;
mod model;

pub(crate) use connection::Connection;
pub(crate) use model::{Counts, Model};

use crate::server::Answer;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// A guest is deleted one day. Milieu takes a deleted user's actions back exactly as long as the
/// user's history holds them all.
const GUEST_DEEDS: u32 = 200;
const RESEND: usize = 500;

/// How many clients there are, with the numbers from 0.
pub(crate) const CLIENTS: usize = 4;

/// An event as far as this test looks at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deed {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) actor: String,
    pub(crate) object: String,
}

/// What becomes one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    Deed(Deed),
    PutUser { id: String, name: String },
    PutItem { id: String, author: String, text: String },
    PatchItem { id: String, text: String },
    DeleteUser { id: String },
    DeleteItem { id: String },
}

#[derive(Clone)]
struct Sent {
    deed: Deed,
    body: Value,
}

enum Kind {
    /// Stored whole, those known before answered as duplicates.
    Events(Vec<Sent>),
    /// Refused whole: one event has the id of another.
    Conflict,
    /// Users and items.
    Entities(Vec<Op>),
    Read,
}

struct Request {
    method: &'static str,
    path: String,
    body: String,
    kind: Kind,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) requests: usize,
    pub(crate) duplicates: usize,
    pub(crate) conflicts: usize,
    /// Batches of events that were not answered, and turned out to be stored.
    pub(crate) unanswered_stored: usize,
    /// The same, and not stored.
    pub(crate) unanswered_lost: usize,
}

struct Guest {
    id: String,
    deeds: u32,
}

pub(crate) struct Client {
    number: usize,
    random: Pcg64Mcg,
    /// How many ids of a kind were made.
    made: HashMap<&'static str, usize>,
    /// Who acts and stays, and who will be deleted.
    residents: Vec<String>,
    guests: Vec<Guest>,
    /// Own items with their authors.
    items: Vec<(String, String)>,
    /// Every acknowledged event, and how many of them the last restart was asked for.
    events: Vec<Sent>,
    asked: usize,
    /// The record that stands for an acknowledged event.
    places: HashMap<String, u64>,
    /// The record of the undo of an event.
    undone: HashMap<String, u64>,
    in_flight: Option<Request>,
    /// The acknowledged records.
    pub(crate) stored: Vec<(u64, Op)>,
    /// Users and items that were sent and not answered: each group is in the log whole or not at all.
    pub(crate) unanswered: Vec<Vec<Op>>,
    pub(crate) tally: Tally,
}

impl Client {
    pub(crate) fn new(number: usize, seed: u128) -> Self {
        Self {
            number,
            random: Pcg64Mcg::new(seed + number as u128),
            made: HashMap::new(),
            residents: Vec::new(),
            guests: Vec::new(),
            items: Vec::new(),
            events: Vec::new(),
            asked: 0,
            places: HashMap::new(),
            undone: HashMap::new(),
            in_flight: None,
            stored: Vec::new(),
            unanswered: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// How many events were acknowledged as new.
    pub(crate) fn acknowledged(&self) -> usize {
        self.stored.iter().filter(|(_, op)| matches!(op, Op::Deed(_))).count()
    }

    /// Sends one request after the other until the server is gone.
    pub(crate) fn load(&mut self, mut connection: Connection, killed: &AtomicBool) {
        loop {
            let request = self.next_request();
            let sent = connection.send(request.method, &request.path, &request.body);
            match sent {
                Ok(answer) => self.answered(request, &answer, false),
                Err(error) => {
                    assert!(killed.load(Ordering::SeqCst), "the server broke off by itself: {error}");
                    self.in_flight = Some(request);
                    return;
                }
            }
        }
    }

    /// After a restart: settles what was under way at the kill, then sends what was acknowledged since
    /// the last restart (or ever) again, none of which may be new.
    pub(crate) fn hold_to_account(&mut self, connection: &mut Connection, ever: bool) {
        if let Some(request) = self.in_flight.take() {
            if let Kind::Entities(ops) = &request.kind {
                self.unanswered.push(ops.clone());
            }
            let answer = connection.send(request.method, &request.path, &request.body).unwrap();
            self.answered(request, &answer, true);
        }
        let from = if ever { 0 } else { self.asked };
        let again = self.events[from..].to_vec();
        for chunk in again.chunks(RESEND) {
            let request = events_request(chunk.to_vec());
            let answer = connection.send(request.method, &request.path, &request.body).unwrap();
            assert_eq!(answer.json()["accepted"], 0, "an acknowledged event was lost");
            self.answered(request, &answer, false);
        }
        self.asked = self.events.len();
    }

    fn answered(&mut self, request: Request, answer: &Answer, again: bool) {
        self.tally.requests += 1;
        let Request { method, path, body, kind } = request;
        let shown = || format!("{method} {path} {body}: {}", String::from_utf8_lossy(&answer.body));
        match kind {
            Kind::Conflict => {
                assert_eq!(answer.refusal().1, "event_conflict", "{}", shown());
                self.tally.conflicts += 1;
            }
            // Whoever asks again for a deletion that was stored hears that there is nothing.
            Kind::Entities(ops) if method == "DELETE" && again && answer.status == 404 => self.live(&ops[0]),
            _ if answer.status != 200 => panic!("{}", shown()),
            Kind::Events(events) => self.events_answered(events, answer, again),
            Kind::Entities(ops) => {
                let answer = answer.json();
                let last = answer["seq"].as_u64().or(answer["last_seq"].as_u64()).unwrap();
                let first = last + 1 - ops.len() as u64;
                for (seq, op) in (first..).zip(ops) {
                    self.live(&op);
                    self.stored.push((seq, op));
                }
            }
            Kind::Read => {}
        }
    }

    fn events_answered(&mut self, events: Vec<Sent>, answer: &Answer, again: bool) {
        let answer = answer.json();
        let answers = answer["events"].as_array().unwrap();
        assert_eq!(answers.len(), events.len());
        // Of those that are new to this client: their places, and whether the server knew them.
        let (mut places, mut known) = (Vec::new(), Vec::new());
        for (Sent { deed, body }, answer) in events.into_iter().zip(answers) {
            assert_eq!(answer["id"], deed.id);
            let seq = answer["seq"].as_u64().unwrap();
            let duplicate = answer["duplicate"] == true;
            self.tally.duplicates += usize::from(duplicate);
            let undone = (deed.kind == "undo").then(|| self.undone.get(&deed.object)).flatten();
            if let Some(place) = self.places.get(&deed.id).or(undone) {
                assert_eq!((seq, duplicate), (*place, true), "{deed:?}");
            } else {
                places.push(seq);
                known.push(duplicate);
                if deed.kind == "undo" {
                    self.undone.insert(deed.object.clone(), seq);
                }
                self.stored.push((seq, Op::Deed(deed.clone())));
            }
            if self.places.insert(deed.id.clone(), seq).is_none() {
                self.events.push(Sent { deed, body });
            }
        }
        assert!(places.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a batch was torn: {places:?}");
        let Some(&before) = known.first() else { return };
        assert!(known.iter().all(|&known| known == before), "a batch was half stored: {known:?}");
        assert!(again || !before, "an event that was never sent is known");
        self.tally.unanswered_stored += usize::from(before);
        self.tally.unanswered_lost += usize::from(again && !before);
    }

    /// Keeps the lists of who and what there is.
    fn live(&mut self, op: &Op) {
        match op {
            Op::PutUser { id, .. } if id.starts_with("guest") => {
                self.guests.push(Guest { id: id.clone(), deeds: 0 });
            }
            Op::PutUser { id, .. } => self.residents.push(id.clone()),
            Op::PutItem { id, author, .. } => {
                self.items.retain(|(item, _)| item != id);
                self.items.push((id.clone(), author.clone()));
            }
            Op::DeleteUser { id } => {
                self.guests.retain(|guest| guest.id != *id);
                self.items.retain(|(_, author)| author != id);
            }
            Op::DeleteItem { id } => self.items.retain(|(item, _)| item != id),
            Op::PatchItem { .. } | Op::Deed(_) => {}
        }
    }

    fn next_request(&mut self) -> Request {
        let chance = self.random.random_range(0..100);
        if self.residents.len() < 4 || chance < 2 {
            return self.put_user(if self.residents.len() < 4 { "user" } else { "guest" });
        }
        match chance {
            2..8 => self.put_item(),
            8..11 => self.post_items(),
            11..13 if !self.items.is_empty() => self.patch_item(),
            13..15 if self.items.len() > 5 => self.delete_item(),
            15 if !self.guests.is_empty() => self.delete_guest(),
            16 if !self.events.is_empty() => self.conflict(),
            17..20 => {
                let path = format!("/v1/feed/{}?limit=20", self.residents[0]);
                Request { method: "GET", path, body: String::new(), kind: Kind::Read }
            }
            _ => self.batch(),
        }
    }

    fn fresh(&mut self, what: &'static str) -> String {
        let made = self.made.entry(what).or_default();
        *made += 1;
        format!("{what}-{}-{made}", self.number)
    }

    fn put_user(&mut self, what: &'static str) -> Request {
        let (id, name) = (self.fresh(what), self.fresh("name"));
        let body = json!({"name": name, "tags": [format!("topic-{}", self.number)]});
        entity("PUT", format!("/v1/users/{id}"), body, Op::PutUser { id, name })
    }

    fn put_item(&mut self) -> Request {
        // Now and then one that is there already, under another author.
        let known = if self.random.random_bool(0.3) { self.items.choose(&mut self.random) } else { None };
        let id = known.map(|(id, _)| id.clone());
        let id = id.unwrap_or_else(|| self.fresh("item"));
        let (author, text) = (self.anyone(), self.fresh("text"));
        let body = json!({"author": author, "text": text, "tags": ["topic-0"]});
        entity("PUT", format!("/v1/items/{id}"), body, Op::PutItem { id, author, text })
    }

    fn post_items(&mut self) -> Request {
        let (mut items, mut ops) = (Vec::new(), Vec::new());
        for _ in 0..self.random.random_range(2..20) {
            let (id, author, text) = (self.fresh("item"), self.anyone(), self.fresh("text"));
            items.push(json!({"id": id, "author": author, "text": text}));
            ops.push(Op::PutItem { id, author, text });
        }
        let body = json!({ "items": items }).to_string();
        Request { method: "POST", path: "/v1/items".into(), body, kind: Kind::Entities(ops) }
    }

    fn patch_item(&mut self) -> Request {
        let (id, text) = (self.own_item(), self.fresh("text"));
        let body = json!({ "text": text });
        entity("PATCH", format!("/v1/items/{id}"), body, Op::PatchItem { id, text })
    }

    fn delete_item(&mut self) -> Request {
        let id = self.own_item();
        entity("DELETE", format!("/v1/items/{id}"), Value::Null, Op::DeleteItem { id })
    }

    fn delete_guest(&mut self) -> Request {
        let id = self.guests[0].id.clone();
        entity("DELETE", format!("/v1/users/{id}"), Value::Null, Op::DeleteUser { id })
    }

    /// A batch with new events and one whose id stands for something else.
    fn conflict(&mut self) -> Request {
        let mut wrong = self.known().body;
        wrong["target"] = json!("something else");
        let batch = [self.act().body, wrong, self.act().body];
        let body = json!(batch).to_string();
        Request { method: "POST", path: "/v1/events".into(), body, kind: Kind::Conflict }
    }

    fn batch(&mut self) -> Request {
        let mut batch: Vec<Sent> = Vec::new();
        for _ in 0..self.random.random_range(1..60) {
            let event = match self.random.random_range(0..100) {
                0..8 if !self.events.is_empty() => self.known(),
                8..11 if !batch.is_empty() => batch[self.random.random_range(0..batch.len())].clone(),
                11..18 if !self.events.is_empty() => {
                    let undone = self.known().deed;
                    self.undo(undone)
                }
                18..20 if !batch.is_empty() => {
                    let undone = batch[self.random.random_range(0..batch.len())].deed.clone();
                    self.undo(undone)
                }
                20..32 => self.follow(),
                _ => self.act(),
            };
            batch.push(event);
        }
        events_request(batch)
    }

    /// An event that was acknowledged.
    fn known(&mut self) -> Sent {
        self.events[self.random.random_range(0..self.events.len())].clone()
    }

    /// Takes an event back, maybe for the second time; something new where it is an undo itself.
    fn undo(&mut self, undone: Deed) -> Sent {
        if undone.kind == "undo" { self.act() } else { self.event("undo", undone.actor, undone.id) }
    }

    fn follow(&mut self) -> Sent {
        let actor = self.anyone();
        let kind = if self.random.random_bool(0.7) { "follow" } else { "unfollow" };
        // Somebody of any client, described, not yet described or deleted.
        let what = if self.random.random_bool(0.5) { "user" } else { "guest" };
        let object = self.anything(what);
        if object == actor { self.act() } else { self.event(kind, actor, object) }
    }

    fn act(&mut self) -> Sent {
        let kinds = ["view", "view", "view", "click", "dwell", "like", "reply", "share", "save", "hide"];
        let kind = kinds[self.random.random_range(0..kinds.len())];
        let actor = self.actor();
        let object = if self.random.random_bool(0.5) && !self.items.is_empty() {
            self.own_item()
        } else {
            self.anything("item")
        };
        self.event(kind, actor, object)
    }

    fn event(&mut self, kind: &'static str, actor: String, object: String) -> Sent {
        let id = self.fresh("event");
        let mut body = json!({"id": id, "type": kind, "actor": actor, "object": object});
        if kind == "dwell" {
            body["value"] = json!(self.random.random_range(1..60));
        }
        // Without a time the server takes its own, which must not make a repetition another event.
        if self.random.random_bool(0.5) {
            let minute = self.made["event"] % 1440;
            body["at"] = json!(format!("2025-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60));
        }
        Sent { deed: Deed { id, kind, actor, object }, body }
    }

    /// An id that some client uses, used or will use.
    fn anything(&mut self, what: &str) -> String {
        let client = self.random.random_range(0..CLIENTS);
        let made = self.made.get(what).copied().unwrap_or_default();
        format!("{what}-{client}-{}", self.random.random_range(1..made + 3))
    }

    fn own_item(&mut self) -> String {
        self.items[self.random.random_range(0..self.items.len())].0.clone()
    }

    fn anyone(&mut self) -> String {
        let at = self.random.random_range(0..self.residents.len() + self.guests.len());
        match at.checked_sub(self.residents.len()) {
            Some(guest) => self.guests[guest].id.clone(),
            None => self.residents[at].clone(),
        }
    }

    /// Somebody who may act on an item.
    fn actor(&mut self) -> String {
        let id = self.anyone();
        match self.guests.iter_mut().find(|guest| guest.id == id) {
            Some(guest) if guest.deeds >= GUEST_DEEDS => self.residents[0].clone(),
            Some(guest) => {
                guest.deeds += 1;
                id
            }
            None => id,
        }
    }
}

fn entity(method: &'static str, path: String, body: Value, op: Op) -> Request {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Request { method, path, body, kind: Kind::Entities(vec![op]) }
}

fn events_request(events: Vec<Sent>) -> Request {
    let bodies: Vec<&Value> = events.iter().map(|event| &event.body).collect();
    let body = json!(bodies).to_string();
    Request { method: "POST", path: "/v1/events".into(), body, kind: Kind::Events(events) }
}
