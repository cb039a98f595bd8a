//! Items that models read in the background, through stops, kills and new versions; search by meaning.

use crate::client::{Running, call, registry};
use crate::texts::{BREAKS, publish_meaning, publish_weather};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where a server that is to be killed keeps its data; it is this test in another process.
const KILLED: &str = "MILIEU_TEST_ITEMS_DATA";
const PATIENCE: Duration = Duration::from_secs(120);
/// Everything is looked for at once, and one text is read at a time.
const SETTINGS: [&str; 3] =
    ["understanding.poll_millis=10", "inference.poll_millis=10", "understanding.batch=1"];
const MANY: usize = 300;
/// So many that a server is killed long before it has read all.
const TO_KILL: usize = 1000;

pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn gauge(address: SocketAddr, name: &str) -> u64 {
    let text = String::from_utf8(call(address, "GET", "/metrics", &[], b"").body).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap().parse().unwrap()
}

fn read(address: SocketAddr) -> u64 {
    gauge(address, "milieu_understanding_read")
}

/// Nothing waits, and so many items are found by meaning.
pub(crate) fn is_done(address: SocketAddr, searched: usize) -> bool {
    let left = ["milieu_understanding_waiting", "milieu_understanding_again"];
    left.iter().all(|name| gauge(address, name) == 0)
        && gauge(address, "milieu_understanding_searched") == searched as u64
}

pub(crate) fn many(count: usize) -> Value {
    let words = ["sun", "rain", "drum", "sun drum", "rain drum"];
    let item = |number: usize| json!({"id": format!("i{number}"), "text": words[number % words.len()]});
    json!({"items": (0..count).map(item).collect::<Vec<_>>()})
}

pub(crate) fn ids(found: &Value) -> Vec<String> {
    let items = found["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn items_are_found_by_meaning() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &SETTINGS);
    let refused = |body: &str, status: u16, code: &str| {
        let reply =
            server.call("POST", "/v1/items/search", &["content-type: application/json"], body.as_bytes());
        assert_eq!(reply.refusal(), (status, code.to_owned()), "{body}");
    };
    refused(r#"{"query":"sun","mode":"meaning"}"#, 404, "model_not_found");
    refused(r#"{"query":"sun","mode":"hybrid"}"#, 404, "model_not_found");
    refused(r#"{"query":""}"#, 400, "invalid_parameter");
    let items = json!({"items": [
        {"id": "bright", "text": "sun", "author": "ann", "tags": ["sky"], "language": "en", "at": "2024-01-01T00:00:00Z"},
        {"id": "party", "text": "sun drum", "author": "bob", "tags": ["music"], "language": "en"},
        {"id": "wet", "text": "rain", "author": "ann", "tags": ["sky"], "language": "zh"},
        {"id": "secret", "text": "sun", "hidden": true},
        {"id": "silent", "tags": ["sky"]},
        {"id": "broken", "text": BREAKS},
        {"id": "search", "text": "drum"},
    ]});
    server.done("POST", "/v1/items", &items);
    std::thread::sleep(Duration::from_millis(50));
    assert!(!data.path().join("understood").exists(), "without a model nothing is kept");

    // Items that were there before the first model; one that breaks it does not keep others from being read.
    publish_meaning(&registry(data.path()));
    publish_weather(&registry(data.path()));
    until("all are read", || is_done(server.address, 5));
    assert_eq!(gauge(server.address, "milieu_understanding_failed"), 2);
    let search = |mut body: Value| {
        body["mode"] = json!("meaning");
        server.done("POST", "/v1/items/search", &body)
    };
    let found = search(json!({"query": "sun", "k": 3, "full": true}));
    assert_eq!(ids(&found), ["bright", "party", "search"]);
    assert_eq!(
        (&found["model"], &found["version"], &found["searched"]),
        (&json!("meaning"), &json!(1), &json!(5))
    );
    let score = |place: usize| found["items"][place]["score"].as_f64().unwrap();
    assert!((score(0) - 1.0).abs() < 1e-6 && (score(1) - 0.5f64.sqrt()).abs() < 1e-6, "{found}");
    assert_eq!(found["items"][0]["item"]["author"], "ann");
    assert_eq!(found["mode"], "meaning");
    assert_eq!(found["items"][1]["by"].as_object().map(serde_json::Map::len), Some(1), "{found}");
    let check = |filter: Value, expected: &[&str]| {
        let mut body = filter.clone();
        body["query"] = json!("sun");
        assert_eq!(ids(&search(body)), expected, "{filter}");
    };
    check(json!({"tags": ["sky", "nothing"]}), &["bright", "wet"]);
    check(json!({"tags": ["nothing"]}), &[]);
    check(json!({"language": "zh"}), &["wet"]);
    check(json!({"language": "fr"}), &[]);
    check(json!({"author": "ann", "k": 1}), &["bright"]);
    check(json!({"ids": ["wet", "party", "nobody", "secret"]}), &["party", "wet"]);
    check(json!({"before": "2024-01-02T00:00:00Z"}), &["bright"]);
    check(json!({"after": "2024-01-02T00:00:00Z", "k": 1}), &["party"]);

    let known =
        |id: &str| server.done("GET", &format!("/v1/items/{id}/understood"), &Value::Null)["models"].clone();
    let bright = known("bright");
    assert_eq!(bright["meaning"], json!({"version": 1, "dimensions": 2, "failed": false}));
    assert_eq!(bright["weather"]["labels"][0]["label"], "sunny");
    assert_eq!(known("broken")["meaning"], json!({"version": 1, "failed": true}));
    assert_eq!(known("silent"), json!({}));
    assert_eq!(server.done("GET", "/v1/items/search", &Value::Null)["text"], "drum", "an item of this id");

    // Changes: another text, shown, hidden, gone, gone with its author, made anew.
    let before = read(server.address);
    server.done("PATCH", "/v1/items/wet", &json!({"text": "sun"}));
    server.done("PATCH", "/v1/items/secret", &json!({"hidden": false}));
    server.done("PATCH", "/v1/items/party", &json!({"hidden": true}));
    until("the new text is found", || {
        ids(&search(json!({"query": "sun", "k": 3}))) == ["bright", "wet", "secret"]
    });
    assert_eq!(read(server.address), before + 2, "one text, two models");
    server.done("DELETE", "/v1/items/secret", &Value::Null);
    assert_eq!(ids(&search(json!({"query": "sun", "k": 2}))), ["bright", "wet"], "gone at once");
    server.done("PUT", "/v1/users/ann", &json!({}));
    server.done("DELETE", "/v1/users/ann", &Value::Null);
    assert_eq!(ids(&search(json!({"query": "sun", "k": 5}))), ["search"]);
    until("their vectors are gone", || is_done(server.address, 2));
    server.done("PUT", "/v1/items/bright", &json!({"text": "sun"}));
    until("it is read anew", || ids(&search(json!({"query": "sun", "k": 5}))) == ["bright", "search"]);
    assert_eq!(read(server.address), before + 4, "what was known of it had gone");
}

fn has_terms(address: SocketAddr, items: usize) -> bool {
    gauge(address, "milieu_understanding_terms") == items as u64
}

#[test]
fn items_are_found_by_terms_from_the_first_start_on() {
    let data = tempfile::tempdir().unwrap();
    let items = json!({"items": [
        {"id": "dogs", "text": "Two dogs bark at the moon", "author": "ann", "tags": ["pets"], "language": "en",
            "at": "2024-01-01T00:00:00Z"},
        {"id": "dog", "text": "A dog, a dog!", "author": "bob", "tags": ["pets"], "language": "en"},
        {"id": "moon", "text": "the moon", "author": "ann"},
        {"id": "pot", "text": "城里最好的火鍋店", "language": "zh"},
        {"id": "secret", "text": "a dog", "hidden": true},
        {"id": "later", "text": "a dog", "author": "cat"},
        {"id": "silent", "tags": ["pets"]},
    ]});
    let server = Running::start(data.path(), &SETTINGS);
    server.done("POST", "/v1/items", &items);
    until("all are there", || has_terms(server.address, 6));
    assert!(!data.path().join("understood").exists(), "on disk nothing is kept");
    let by = |server: &Running, body: Value| server.done("POST", "/v1/items/search", &body);
    let check = |body: Value, expected: &[&str]| {
        for mode in [json!("terms"), Value::Null] {
            let mut body = body.clone();
            body["mode"] = mode;
            assert_eq!(ids(&by(&server, body.clone())), expected, "{body}");
        }
    };
    check(json!({"query": "dog"}), &["dog", "later", "dogs"]);
    check(json!({"query": "DOGS", "k": 1}), &["dog"]);
    check(json!({"query": "火锅"}), &["pot"]);
    check(json!({"query": "cats"}), &[]);
    check(json!({"query": "moon dog"}), &["moon", "dogs", "dog", "later"]);
    check(json!({"query": "dog", "author": "ann"}), &["dogs"]);
    check(json!({"query": "dog", "tags": ["pets"]}), &["dog", "dogs"]);
    check(json!({"query": "dog", "tags": ["nothing"]}), &[]);
    check(json!({"query": "dog", "language": "en"}), &["dog", "dogs"]);
    check(json!({"query": "dog", "ids": ["dogs", "moon", "secret"]}), &["dogs"]);
    check(json!({"query": "dog", "before": "2024-01-02T00:00:00Z"}), &["dogs"]);
    check(json!({"query": "dog", "after": "2024-01-02T00:00:00Z"}), &["dog", "later"]);
    let found = by(&server, json!({"query": "dog", "k": 1, "full": true}));
    assert_eq!((&found["mode"], &found["searched"]), (&json!("terms"), &json!(6)));
    assert_eq!((&found["model"], &found["items"][0]["item"]["author"]), (&Value::Null, &json!("bob")));
    let hit = &found["items"][0];
    assert_eq!(hit["by"], json!({"terms": {"place": 1, "score": hit["score"]}}));

    // Changes: another text, no text, shown, hidden, gone, gone with its author, made anew.
    server.done("PATCH", "/v1/items/moon", &json!({"text": "dog dog dog"}));
    server.done("PATCH", "/v1/items/secret", &json!({"hidden": false}));
    server.done("PATCH", "/v1/items/later", &json!({"hidden": true}));
    server.done("PATCH", "/v1/items/dogs", &json!({"text": null}));
    until("the new texts are found", || {
        ids(&by(&server, json!({"query": "dog"}))) == ["moon", "dog", "secret"]
    });
    server.done("DELETE", "/v1/items/secret", &Value::Null);
    server.done("PUT", "/v1/users/ann", &json!({}));
    server.done("DELETE", "/v1/users/ann", &Value::Null);
    assert_eq!(ids(&by(&server, json!({"query": "dog"}))), ["dog"], "gone at once");
    until("their terms are gone", || has_terms(server.address, 3));
    server.done("PUT", "/v1/items/moon", &json!({"text": "dog"}));
    until("it is found anew", || ids(&by(&server, json!({"query": "dog"}))).contains(&"moon".to_owned()));
    drop(server);

    // Made again from the world; and not at all where it is not wanted.
    let server = Running::start(data.path(), &SETTINGS);
    until("all are there again", || has_terms(server.address, 4));
    assert_eq!(ids(&by(&server, json!({"query": "火鍋"}))), ["pot"]);
    drop(server);
    let server = Running::start(data.path(), &["understanding.terms=false"]);
    for (body, status, code) in [
        (r#"{"query":"dog","mode":"terms"}"#, 503, "unavailable"),
        (r#"{"query":"dog"}"#, 404, "model_not_found"),
    ] {
        let reply =
            server.call("POST", "/v1/items/search", &["content-type: application/json"], body.as_bytes());
        assert_eq!(reply.refusal(), (status, code.to_owned()), "{body}");
    }
}

#[test]
fn meaning_and_terms_are_joined() {
    let data = tempfile::tempdir().unwrap();
    publish_meaning(&registry(data.path()));
    let server = Running::start(data.path(), &SETTINGS);
    let items = json!({"items": [
        {"id": "both", "text": "sun drum"},
        {"id": "meant", "text": "太阳"},
        {"id": "said", "text": "rain sun rain rain"},
        {"id": "neither", "text": "rain"},
        {"id": "exact", "text": "sun"},
    ]});
    server.done("POST", "/v1/items", &items);
    until("all are read", || is_done(server.address, 5) && has_terms(server.address, 5));
    let search =
        |mode: Value| server.done("POST", "/v1/items/search", &json!({"query": "sun", "mode": mode, "k": 4}));
    let found = search(Value::Null);
    assert_eq!(
        (&found["mode"], &found["model"], &found["searched"]),
        (&json!("hybrid"), &json!("meaning"), &json!(5))
    );
    assert_eq!(found["items"], search(json!("hybrid"))["items"]);
    // What both find comes before what is first by meaning alone.
    assert_eq!(ids(&found), ["exact", "both", "said", "meant"]);
    let hit = |place: usize| &found["items"][place];
    assert_eq!((&hit(0)["by"]["meaning"]["place"], &hit(0)["by"]["terms"]["place"]), (&json!(2), &json!(1)));
    assert_eq!((&hit(3)["by"]["meaning"]["place"], &hit(3)["by"]["terms"]), (&json!(1), &Value::Null));
    let score = hit(0)["score"].as_f64().unwrap();
    assert!((score - 1.0 / 61.0 - 1.0 / 62.0).abs() < 1e-6, "{found}");
    assert_eq!(ids(&search(json!("terms"))), ["exact", "both", "said"]);
}

#[test]
fn a_stop_in_the_middle_and_a_new_version() {
    let data = tempfile::tempdir().unwrap();
    publish_meaning(&registry(data.path()));
    publish_weather(&registry(data.path()));
    let mut total = 0;
    {
        let server = Running::start(data.path(), &SETTINGS);
        server.done("POST", "/v1/items", &many(MANY));
        until("some are read", || read(server.address) >= 40);
    }
    {
        let server = Running::start(data.path(), &SETTINGS);
        until("all are read", || is_done(server.address, MANY));
        let after = read(server.address);
        assert!(after > 0 && after <= 2 * MANY as u64 - 40, "{after}");
        total += after;
    }
    let server = Running::start(data.path(), &SETTINGS);
    until("the vectors are there again", || is_done(server.address, MANY));
    assert_eq!(read(server.address), 0, "nothing is read twice");
    assert!(total > 0);

    publish_meaning(&registry(data.path()));
    let version = |id: &str, model: &str| {
        let known = server.done("GET", &format!("/v1/items/{id}/understood"), &Value::Null);
        known["models"][model]["version"].as_u64()
    };
    until("the new version has read all", || {
        version("i0", "meaning") == Some(2) && is_done(server.address, MANY)
    });
    assert_eq!(read(server.address), MANY as u64, "the other model reads nothing again");
    assert_eq!((version("i299", "meaning"), version("i299", "weather")), (Some(2), Some(1)));
    let found =
        server.done("POST", "/v1/items/search", &json!({"query": "drum", "k": 100, "mode": "meaning"}));
    assert_eq!(found["version"], 2);
    assert!(
        found["items"].as_array().unwrap().iter().take(60).all(|hit| hit["score"].as_f64().unwrap() > 0.999)
    );
}

#[test]
fn what_cannot_be_read_is_made_again() {
    let data = tempfile::tempdir().unwrap();
    publish_meaning(&registry(data.path()));
    for round in 0..3 {
        let server = Running::start(data.path(), &SETTINGS);
        if round == 0 {
            server.done("PUT", "/v1/items/a", &json!({"text": "sun"}));
        }
        until("it is read", || is_done(server.address, 1));
        assert_eq!(read(server.address), 1);
        drop(server);
        let folder = data.path().join("understood");
        if round == 0 {
            std::fs::remove_dir_all(&folder).unwrap();
        } else {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    std::fs::write(path, b"not what was written").unwrap();
                }
            }
        }
    }
}

/// A server in another process, to be killed.
fn start(data: &Path) -> (Child, SocketAddr) {
    let place = data.join("address");
    let _ = std::fs::remove_file(&place);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "items::a_kill_in_the_middle"])
        .env(KILLED, data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut address = None;
    until("it listens", || {
        address = std::fs::read_to_string(&place).ok().and_then(|text| text.parse().ok());
        address.is_some()
    });
    (child, address.unwrap())
}

#[test]
fn a_kill_in_the_middle() {
    if let Some(data) = std::env::var_os(KILLED) {
        let server = Running::start(data.as_ref(), &SETTINGS);
        std::fs::write(Path::new(&data).join("address"), server.address.to_string()).unwrap();
        std::thread::sleep(2 * PATIENCE);
        return;
    }
    let data = tempfile::tempdir().unwrap();
    publish_meaning(&registry(data.path()));
    let mut done_before = 0;
    for round in 1..=3 {
        let (mut child, address) = start(data.path());
        if round == 1 {
            let sent = call(
                address,
                "POST",
                "/v1/items",
                &["content-type: application/json"],
                many(TO_KILL).to_string().as_bytes(),
            );
            assert_eq!(sent.status, 200);
        }
        let mut seen = 0;
        until("some are read", || {
            seen = read(address);
            seen >= 20
        });
        child.kill().unwrap();
        child.wait().unwrap();
        // A text is counted before what was said of it is on disk.
        done_before += seen - 1;
    }
    let server = Running::start(data.path(), &SETTINGS);
    until("all are read", || is_done(server.address, TO_KILL));
    let rest = read(server.address);
    assert!(rest > 0, "the last kill came after the end");
    assert!(done_before + rest <= TO_KILL as u64, "{done_before} and {rest}: some are read twice");
    for number in 0..TO_KILL {
        let known = server.done("GET", &format!("/v1/items/i{number}/understood"), &Value::Null);
        assert_eq!(known["models"]["meaning"]["version"], 1, "i{number}");
    }
}
