//! What models say of items, in feeds: filters, what harms, and reasons.

use crate::client::{Running, registry};
use crate::texts::publish;
use milieu_registry::ModelCard;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const FAST: [&str; 2] = ["understanding.poll_millis=10", "inference.poll_millis=10"];

/// Of a sun it says `sunny`, of a drum `insult`, of both both, a little less surely.
fn publish_tone(data: &Path) {
    let card = ModelCard {
        task: "text_classification".into(),
        labels: vec!["sunny".into(), "insult".into()],
        thresholds: vec![0.8, 0.8],
        ..ModelCard::default()
    };
    publish(&registry(data), "tone", true, card);
}

fn start(data: &Path, settings: &[&str]) -> Running {
    Running::start(data, &[&FAST, settings].concat())
}

/// The ids of a feed, sorted; `query` begins with `&`.
fn feed(server: &Running, query: &str) -> Vec<String> {
    let found = server.done("GET", &format!("/v1/feed/ann?limit=50{query}"), &Value::Null);
    let items = found["items"].as_array().unwrap();
    let mut ids: Vec<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn until(server: &Running, query: &str, expected: &[&str]) {
    let start = Instant::now();
    while feed(server, query) != expected {
        assert!(start.elapsed() < PATIENCE, "{query} gives {:?} and never {expected:?}", feed(server, query));
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn tell(server: &Running) {
    let items = json!({"items": [
        {"id": "bright", "text": "sun", "author": "ben"},
        {"id": "loud", "text": "drum", "author": "ben"},
        {"id": "party", "text": "sun drum", "author": "cat"},
        {"id": "silent", "author": "cat"},
        {"id": "odd", "text": "nothing that is known", "author": "dan"},
    ]});
    server.done("POST", "/v1/items", &items);
}

#[test]
fn labels_filter_feeds() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path(), &[]);
    tell(&server);
    let all = ["bright", "loud", "odd", "party", "silent"];
    // Before any model is live, nothing is known of any item.
    assert_eq!(feed(&server, "&exclude_labels=tone/sunny"), all);
    assert!(feed(&server, "&only_labels=tone/sunny").is_empty());
    publish_tone(data.path());
    until(&server, "&only_labels=tone/sunny", &["bright", "party"]);
    for order in ["", "&order=chronological"] {
        let check = |query: &str, expected: &[&str]| {
            assert_eq!(feed(&server, &format!("{query}{order}")), expected, "{query}{order}");
        };
        check("", &all);
        check("&exclude_labels=tone/insult", &["bright", "odd", "silent"]);
        check("&exclude_labels=tone/insult:0.5,tone/sunny:0.99", &["silent"]);
        check("&only_labels=tone/sunny:0.4", &["bright", "loud", "odd", "party"]);
        check("&only_labels=tone/sunny&exclude_labels=tone/insult", &["bright"]);
        check("&exclude_labels=tone/cloudy,other/sunny", &all);
    }
    for query in ["exclude_labels=sunny", "only_labels=tone/sunny:2", "only_labels=/a"] {
        let refused = server.get(&format!("/v1/feed/ann?{query}"));
        assert_eq!(refused.refusal(), (400, "invalid_parameter".into()), "{query}");
    }
    // A decision is made again without the filter: it is no part of a score.
    let found = server.done("GET", "/v1/feed/ann?only_labels=tone/sunny", &Value::Null);
    let receipt = found["items"][0]["receipt"].as_str().unwrap();
    let receipt = server.done("GET", &format!("/v1/receipts/{receipt}"), &Value::Null);
    assert_eq!(receipt["replay"]["equal"], true);

    // Another text, none, and gone.
    server.done("PATCH", "/v1/items/loud", &json!({"text": "sun sun"}));
    until(&server, "&only_labels=tone/sunny", &["bright", "loud", "party"]);
    server.done("PUT", "/v1/items/bright", &json!({"author": "ben"}));
    until(&server, "&only_labels=tone/sunny", &["loud", "party"]);
    server.done("DELETE", "/v1/items/loud", &Value::Null);
    assert_eq!(feed(&server, "&only_labels=tone/sunny"), ["party"]);
    server.done("PUT", "/v1/items/loud", &json!({"text": "drum"}));
    until(&server, "&only_labels=tone/insult", &["loud", "party"]);
    drop(server);
    // From what is stored.
    let server = start(data.path(), &[]);
    until(&server, "&only_labels=tone/insult", &["loud", "party"]);
}

#[test]
fn what_harms_is_hidden() {
    let data = tempfile::tempdir().unwrap();
    publish_tone(data.path());
    let server = start(data.path(), &["feed.hide_harmful=0.95"]);
    tell(&server);
    until(&server, "", &["bright", "odd", "party", "silent"]);
    assert_eq!(feed(&server, "&order=chronological"), ["bright", "odd", "party", "silent"]);
    assert_eq!(feed(&server, "&disable=harmful").len(), 5);
    drop(server);
    // Another label is said to harm, and this one not.
    let said = "moderation.labels={'tone/sunny'='violence', insult='none'}";
    let server = start(data.path(), &["feed.hide_harmful=0.95", said]);
    until(&server, "", &["loud", "odd", "party", "silent"]);
    drop(server);
    let server = start(data.path(), &["feed.hide_harmful=0.95", "moderation.models=[\"other\"]"]);
    assert_eq!(feed(&server, "").len(), 5);
    drop(server);
    let server = start(data.path(), &["understanding.enabled=false"]);
    let refused = server.get("/v1/feed/ann?exclude_labels=tone/sunny");
    assert_eq!(refused.refusal(), (503, "unavailable".into()));
}

#[test]
fn a_label_is_a_reason() {
    let data = tempfile::tempdir().unwrap();
    publish_tone(data.path());
    let server = start(data.path(), &["feed.reason_models=[\"tone\"]"]);
    let item = |number: usize| {
        // Of two items that say the same, a feed shows one.
        let text = if number < 5 { "sun " } else { "rain " }.repeat(number + 1);
        json!({"id": format!("i{number:02}"), "text": text, "author": format!("u{number}")})
    };
    server.done("POST", "/v1/items", &json!({"items": (0..20).map(item).collect::<Vec<_>>()}));
    until(&server, "&only_labels=tone/sunny", &["i00", "i01", "i02", "i03", "i04"]);
    let like = |number: usize| json!({"id": format!("e{number}"), "type": "like", "actor": "ann", "object": format!("i{number:02}")});
    server.done("POST", "/v1/events", &json!((0..3).map(like).collect::<Vec<_>>()));
    let found = server.done("GET", "/v1/feed/ann?limit=50&lang=zh", &Value::Null);
    let reason = |id: &str| {
        let items = found["items"].as_array().unwrap();
        items.iter().find(|item| item["id"] == id).unwrap()["reason"].clone()
    };
    assert_eq!(reason("i03"), json!({"kind": "taste_label", "text": "你常喜欢“sunny”类的内容"}));
    assert_ne!(reason("i07")["kind"], "taste_label");
}
