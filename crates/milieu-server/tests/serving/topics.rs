//! Topics of items: learnt from their vectors, named by their words, kept through a restart.

use crate::client::{Running, registry};
use crate::items::{ids, is_done, many, until};
use crate::texts::publish_meaning;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SETTINGS: [&str; 3] =
    ["understanding.poll_millis=10", "inference.poll_millis=10", "understanding.batch=8"];
/// Of five texts in turn.
const MANY: usize = 300;

/// The id and the size of each topic, by its terms in the order of the alphabet.
fn topics(server: &Running) -> BTreeMap<String, (u64, u64)> {
    let list = server.done("GET", "/v1/topics", &Value::Null);
    let entry = |topic: &Value| {
        let mut terms: Vec<&str> =
            topic["terms"].as_array().unwrap().iter().map(|term| term.as_str().unwrap()).collect();
        terms.sort_unstable();
        assert!(!topic["examples"].as_array().unwrap().is_empty() && topic["newest"].is_string(), "{topic}");
        (terms.join(" "), (topic["id"].as_u64().unwrap(), topic["size"].as_u64().unwrap()))
    };
    list["topics"].as_array().unwrap().iter().map(entry).collect()
}

fn sizes(server: &Running) -> Vec<(String, u64)> {
    topics(server).into_iter().map(|(terms, (_, size))| (terms, size)).collect()
}

#[test]
fn topics_are_learnt_named_and_kept() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &SETTINGS);
    assert_eq!(server.done("GET", "/v1/topics", &Value::Null), json!({"searched": 0, "topics": []}));
    publish_meaning(&registry(data.path()));
    server.done("POST", "/v1/items", &many(MANY));
    let all = |size| {
        ["drum", "drum rain", "drum sun", "rain", "sun"].map(|terms| (terms.to_owned(), size)).to_vec()
    };
    until("all have a topic", || is_done(server.address, MANY) && sizes(&server) == all(60));
    let first = topics(&server);
    let sun = first["sun"].0;

    // New ones have one at once, and what is like nothing has none.
    let topic = |server: &Running, id: &str| {
        server.done("GET", &format!("/v1/items/{id}/understood"), &Value::Null)["topic"].clone()
    };
    assert_eq!(topic(&server, "i0"), json!({"id": sun, "terms": ["sun"]}));
    server.done("PUT", "/v1/items/new", &json!({"text": "sun sun"}));
    server.done("PUT", "/v1/items/odd", &json!({"text": "sun sun sun drum"}));
    until("they are read", || is_done(server.address, MANY + 2));
    assert_eq!((topic(&server, "new")["id"].as_u64(), topic(&server, "odd")), (Some(sun), Value::Null));

    let search = |query: &str, mode: &str, topics: Value| {
        let body = json!({"query": query, "mode": mode, "topics": topics, "k": 3});
        ids(&server.done("POST", "/v1/items/search", &body))
    };
    assert_eq!(search("drum", "meaning", json!([sun])), ["i0", "i5", "i10"]);
    assert_eq!(search("drum", "terms", json!([sun])), [] as [&str; 0]);
    assert_eq!(search("drum", "terms", json!([sun, first["drum sun"].0])), ["i3", "i8", "i13"]);
    assert_eq!(search("sun", "hybrid", json!([first["rain"].0])), ["i1", "i6", "i11"]);
    assert_eq!(search("sun", "hybrid", json!([987_654])), [] as [&str; 0]);

    // Hidden and deleted ones are of no topic; another text is of another.
    server.done("PATCH", "/v1/items/i0", &json!({"hidden": true}));
    server.done("DELETE", "/v1/items/i5", &Value::Null);
    assert_eq!(topics(&server)["sun"], (sun, 59));
    server.done("PATCH", "/v1/items/i10", &json!({"text": "rain"}));
    until("it is read anew", || topic(&server, "i10")["id"].as_u64() == Some(first["rain"].0));
    let last = topics(&server);
    assert_eq!(last["sun"], (sun, 58));
    drop(server);

    let server = Running::start(data.path(), &SETTINGS);
    until("they are there again", || is_done(server.address, MANY + 1));
    assert_eq!(topics(&server), last);
    // Vectors of another version have topics of their own.
    publish_meaning(&registry(data.path()));
    until("the new version has topics", || {
        let list = server.done("GET", "/v1/topics", &Value::Null);
        list["version"] == 2 && list["topics"].as_array().is_some_and(|topics| topics.len() == 5)
    });
    let old: Vec<u64> = last.values().map(|(id, _)| *id).collect();
    assert!(topics(&server).values().all(|(id, _)| !old.contains(id)));
    drop(server);

    let without: Vec<&str> = SETTINGS.into_iter().chain(["topics.enabled=false"]).collect();
    let server = Running::start(data.path(), &without);
    until("vectors are there again", || is_done(server.address, MANY + 1));
    assert!(topics(&server).is_empty());
}
