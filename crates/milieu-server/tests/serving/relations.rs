//! Interests, ties, communities and credibility over real HTTP.

use crate::client::{Running, registry};
use crate::items::until;
use crate::texts::publish;
use milieu_registry::ModelCard;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

const FAST: [&str; 3] = ["understanding.poll_millis=10", "inference.poll_millis=10", "people.every_secs=1"];
const OPEN: [&str; 2] = ["people.kinds=true", "people.credibility=true"];

fn get(server: &Running, path: &str) -> Value {
    server.done("GET", path, &Value::Null)
}

fn event(server: &Running, actor: &str, kind: &str, object: &str) {
    server.done("POST", "/v1/events", &json!({"type": kind, "actor": actor, "object": object}));
}

/// The values of one field of all entries of a list, in order.
fn list<'v>(found: &'v Value, name: &str, field: &str) -> Vec<&'v str> {
    found[name].as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

fn tell(server: &Running) {
    let users = ["ann", "ben", "cat", "d/e"].map(|id| json!({"id": id, "at": "2020-01-01T00:00:00Z"}));
    server.done("POST", "/v1/users", &json!(users));
    let items = json!([
        {"id": "a1", "author": "ann", "tags": ["tea"], "text": "leaves"},
        {"id": "b1", "author": "ben", "tags": ["tea"], "text": "pots"},
        {"id": "b2", "author": "ben", "tags": ["chess"], "text": "openings"},
        {"id": "c1", "author": "cat", "tags": ["jazz"], "text": "horns"},
        {"id": "d1", "author": "d/e", "tags": ["tea"], "text": "cups"},
        // Answers: the one sounds well, the other badly.
        {"id": "r1", "author": "ann", "reply_to": "b1", "text": "sun"},
        {"id": "r2", "author": "ben", "reply_to": "a1", "text": "drum"},
    ]);
    server.done("POST", "/v1/items", &items);
    for (actor, kind, object) in [
        ("ann", "like", "b1"),
        ("ann", "like", "b2"),
        ("ann", "share", "b2"),
        ("ann", "save", "c1"),
        ("ann", "follow", "ben"),
        ("ann", "message", "ben"),
        ("d/e", "like", "a1"),
    ] {
        event(server, actor, kind, object);
    }
}

#[test]
fn interests_and_ties() {
    let data = tempfile::tempdir().unwrap();
    let card = ModelCard {
        task: "text_classification".into(),
        labels: vec!["positive".into(), "negative".into()],
        ..ModelCard::default()
    };
    publish(&registry(data.path()), "tone", true, card);
    let server = Running::start(data.path(), &FAST);
    tell(&server);
    let interests = get(&server, "/v1/users/ann/interests");
    assert_eq!(list(&interests, "authors", "user"), ["ben", "cat"]);
    assert_eq!(list(&interests, "tags", "tag")[..2], ["chess", "tea"]);
    let why = &interests["authors"][0]["why"];
    assert_eq!((&why["actions"], &why["declared"]), (&json!({"like": 2, "share": 1}), &json!(false)));
    assert_eq!(get(&server, "/v1/users/ann/interests?limit=1")["tags"].as_array().unwrap().len(), 1);
    assert_eq!(list(&get(&server, "/v1/users/d%2Fe/interests"), "authors", "user"), ["ann"]);

    let tie = |server: &Running| get(server, "/v1/ties/ann/ben");
    until("models have read the answers", || tie(&server)["tone"]["answers"] == 2);
    let found = tie(&server);
    let (from_a, from_b) = (&found["evidence"]["from_a"], &found["evidence"]["from_b"]);
    for (side, name, count) in [
        (from_a, "likes", 2),
        (from_a, "shares", 1),
        (from_a, "answers", 1),
        (from_a, "messages", 1),
        (from_b, "answers", 1),
    ] {
        assert_eq!(side[name], count, "{name}: {found}");
    }
    assert!(from_a["follows_since"].is_string() && from_b.get("follows_since").is_none());
    assert!(
        found["strength"]["expected"].as_f64().unwrap() > 1.0 && found["strength"]["days"] == 30,
        "{found}"
    );
    assert_eq!((&found["direction"], &found["trend"]["course"]), (&json!("from_a"), &json!("warming")));
    assert!(found["tone"]["from_a"]["mean"].as_f64() > found["tone"]["from_b"]["mean"].as_f64(), "{found}");
    assert_eq!(found["shared"]["tags"][0]["tag"], "tea");
    assert_eq!(get(&server, "/v1/ties/ann/d%2Fe")["evidence"]["from_b"]["likes"], 1);

    // Sensitive inferences are off until the configuration turns them on.
    assert!(found.get("kind").is_none());
    let refused = server.get("/v1/users/ann/credibility");
    assert_eq!(refused.refusal(), (403, "not_enabled".into()));
    assert!(String::from_utf8_lossy(&refused.body).contains("people.credibility"));
    for (path, expected) in [
        ("/v1/ties/ann/ann", (400, "invalid_parameter")),
        ("/v1/ties/ann/nobody", (404, "user_not_found")),
        ("/v1/ties/nobody/ann", (404, "user_not_found")),
        ("/v1/ties/ann/", (404, "not_found")),
        ("/v1/ties/ann", (404, "not_found")),
        ("/v1/users/nobody/interests", (404, "user_not_found")),
        ("/v1/users/ann/interests?most=3", (400, "invalid_parameter")),
        ("/v1/communities/7", (404, "community_not_found")),
        ("/v1/communities/seven", (404, "community_not_found")),
    ] {
        assert_eq!(server.get(path).refusal(), (expected.0, expected.1.into()), "{path}");
    }
    drop(server);

    let server = Running::start(data.path(), &[&FAST[..], &OPEN[..]].concat());
    assert_eq!(tie(&server)["kind"]["name"], "acquaintance");
    // A block is answered at once as if nothing had been, to whoever asks.
    event(&server, "ben", "block", "ann");
    for path in ["/v1/ties/ann/ben", "/v1/ties/ben/ann"] {
        let (mut found, mut strangers) = (get(&server, path), get(&server, "/v1/ties/ben/cat"));
        assert_eq!(found["kind"]["name"], "stranger");
        for name in ["a", "b", "shared"] {
            (found[name], strangers[name]) = (Value::Null, Value::Null);
        }
        assert_eq!(found, strangers);
    }
    assert_eq!(list(&get(&server, "/v1/users/ann/interests"), "authors", "user"), ["cat"]);
    server.done("DELETE", "/v1/users/ben", &Value::Null);
    assert_eq!(server.get("/v1/ties/ann/ben").refusal(), (404, "user_not_found".into()));
}

/// Two groups who follow each other, of six each.
fn groups(server: &Running) {
    for group in ["tea", "chess"] {
        let name = |number: usize| format!("{group}{number}");
        let user =
            |number| json!({"id": name(number), "tags": [group, "news"], "at": "2024-01-01T00:00:00Z"});
        server.done("POST", "/v1/users", &json!((0..6).map(user).collect::<Vec<_>>()));
        let pairs = (0..6).flat_map(|a| (0..6).map(move |b| (a, b))).filter(|(a, b)| a != b);
        let follow = |(a, b)| json!({"type": "follow", "actor": name(a), "object": name(b)});
        server.done("POST", "/v1/events", &json!(pairs.map(follow).collect::<Vec<_>>()));
    }
    event(server, "tea0", "follow", "chess0");
}

#[test]
fn communities_and_credibility() {
    let data = tempfile::tempdir().unwrap();
    let settings = [&FAST[..], &OPEN[..]].concat();
    let server = Running::start(data.path(), &settings);
    assert_eq!(get(&server, "/v1/communities"), json!({"modularity": 0.0, "communities": []}));
    groups(&server);
    until("communities are found", || {
        get(&server, "/v1/communities")["communities"].as_array().unwrap().len() == 2
    });
    let found = get(&server, "/v1/communities");
    let tea = found["communities"].as_array().unwrap().iter().find(|c| c["name"] == "tea").unwrap().clone();
    assert_eq!((&tea["size"], tea["members"].as_array().unwrap().len()), (&json!(6), 5));
    assert_eq!(list(&tea, "bridges", "user"), ["tea0"]);
    let path = format!("/v1/communities/{}", tea["id"]);
    let members = |server: &Running| -> Vec<String> {
        let found = get(server, &path);
        let mut members: Vec<String> =
            found["members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        assert_eq!(found["size"], members.len());
        members.sort();
        members
    };
    assert_eq!(members(&server), ["tea0", "tea1", "tea2", "tea3", "tea4", "tea5"]);
    assert_eq!(get(&server, &format!("{path}?after=4&limit=10"))["members"].as_array().unwrap().len(), 2);

    // Who does not want to be found, and who is gone, is not named from that moment on.
    server.done("PATCH", "/v1/users/tea1", &json!({"discoverable": false}));
    server.done("DELETE", "/v1/users/tea2", &Value::Null);
    assert_eq!(members(&server), ["tea0", "tea3", "tea4", "tea5"]);
    let credible = get(&server, "/v1/users/tea3/credibility");
    let percentile = credible["percentile"].as_f64().unwrap();
    assert!(
        percentile > 0.0 && percentile < 1.0 && credible["inauthentic"]["score"].as_f64().unwrap() < 0.5,
        "{credible}"
    );
    assert_eq!(list(&credible["inauthentic"], "signs", "name"), ["burst", "one_sided", "duplicates", "ring"]);
    assert_eq!(server.get("/v1/users/tea2/credibility").refusal(), (404, "user_not_found".into()));
    server.done("PUT", "/v1/users/new", &json!({}));
    assert_eq!(server.get("/v1/users/nobody/credibility").status, 404);
    drop(server);

    // They are there again at once, and keep their ids when they are computed anew.
    let server = Running::start(data.path(), &[&OPEN[..], &["people.every_secs=0"]].concat());
    assert_eq!(members(&server), ["tea0", "tea3", "tea4", "tea5"]);
    let before = get(&server, "/v1/communities")["computed_at"].clone();
    drop(server);
    let server = Running::start(data.path(), &settings);
    // Something has changed.
    server.done("PUT", "/v1/users/newer", &json!({}));
    until("they are computed anew", || get(&server, "/v1/communities")["computed_at"] != before);
    assert_eq!((members(&server).len(), &get(&server, &path)["name"]), (4, &json!("tea")));
}

/// Whatever happens in whatever order, no answer names who is gone, and no interest a user who is blocked.
#[test]
fn no_answer_names_who_is_gone_or_blocked() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[&FAST[..], &OPEN[..]].concat());
    let mut random = Pcg64Mcg::seed_from_u64(11);
    let name = |number: usize| format!("person-{number}-");
    let users: Vec<Value> = (0..12).map(|number| json!({"id": name(number), "tags": ["common"]})).collect();
    server.done("POST", "/v1/users", &json!(users));
    let items: Vec<Value> = (0..48)
        .map(|number| json!({"id": format!("i{number}"), "author": name(number % 12), "tags": [format!("t{}", number % 5)]}))
        .collect();
    server.done("POST", "/v1/items", &json!(items));
    let kinds = [
        "like", "share", "reply", "save", "hide", "follow", "follow", "unfollow", "message", "mute", "block",
    ];
    let mut gone: Vec<String> = Vec::new();
    for round in 0..4 {
        let mut events = Vec::new();
        for _ in 0..300 {
            let (kind, actor, other) = (
                kinds[random.random_range(0..kinds.len())],
                random.random_range(0..12),
                random.random_range(0..12),
            );
            if actor == other || gone.contains(&name(actor)) || gone.contains(&name(other)) {
                continue;
            }
            let rare = ["mute", "block"].contains(&kind) && random.random_bool(0.8);
            let object = match kind {
                "follow" | "unfollow" | "message" | "mute" | "block" => name(other),
                _ => format!("i{}", random.random_range(0..4) * 12 + other),
            };
            if !rare {
                events.push(json!({"type": kind, "actor": name(actor), "object": object}));
            }
        }
        server.done("POST", "/v1/events", &json!(events));
        let before = get(&server, "/v1/communities")["computed_at"].clone();
        until("communities are computed", || get(&server, "/v1/communities")["computed_at"] != before);
        let leaves = name(round * 3 + 1);
        server.done("DELETE", &format!("/v1/users/{leaves}"), &Value::Null);
        gone.push(leaves);
        let mut paths = vec!["/v1/communities?limit=100".to_owned()];
        let found = get(&server, &paths[0]);
        paths.extend(
            found["communities"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| format!("/v1/communities/{}?limit=100", c["id"])),
        );
        for a in (0..12).map(name).filter(|a| !gone.contains(a)) {
            paths.push(format!("/v1/users/{a}/interests?limit=100"));
            paths.push(format!("/v1/users/{a}/credibility"));
            let others = (0..12).map(name).filter(|b| *b != a && !gone.contains(b));
            paths.extend(others.map(|b| format!("/v1/ties/{a}/{b}")));
        }
        for path in paths {
            let text = String::from_utf8_lossy(&server.get(&path).body).into_owned();
            for gone in &gone {
                assert!(!text.contains(gone.as_str()), "{path} names {gone}: {text}");
            }
        }
        for a in (0..12).map(name).filter(|a| !gone.contains(a)) {
            let interests = get(&server, &format!("/v1/users/{a}/interests?limit=100"));
            for b in list(&interests, "authors", "user") {
                let tie = get(&server, &format!("/v1/ties/{a}/{b}"));
                let acts = &tie["evidence"]["from_a"];
                let public = ["likes", "answers", "shares"].iter().any(|name| acts[*name].as_u64() > Some(0));
                let why =
                    interests["authors"].as_array().unwrap().iter().find(|one| one["user"] == b).unwrap();
                let liked =
                    ["like", "reply", "share"].iter().any(|name| why["why"]["actions"].get(*name).is_some());
                // A pair with a block has a tie without evidence, and neither is then an interest of the other.
                assert_eq!(public, liked, "{a} {b}: {tie} {why}");
            }
        }
    }
}
