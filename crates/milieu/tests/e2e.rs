//! The real server over loopback: bad input, paging, deletes, restart, gzip, shutdown.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

mod server;

use server::Server;
use std::io::{Read, Write};

/// Ten people in a ring of follows, and thirty items.
fn seed(server: &Server) {
    let users: Vec<String> = (0..10).map(|n| format!(r#"{{"id":"u{n}","tags":["t{}"]}}"#, n % 3)).collect();
    server.done("POST", "/v1/users", &format!("[{}]", users.join(",")));
    let items: Vec<String> = (0..30)
        .map(|n| {
            format!(
                r#"{{"id":"p{n}","author":"u{}","text":"post number {n}","tags":["t{}"]}}"#,
                n % 10,
                n % 3
            )
        })
        .collect();
    server.done("POST", "/v1/items", &format!(r#"{{"items":[{}]}}"#, items.join(",")));
    let follows: Vec<String> = (0..10)
        .map(|n| format!(r#"{{"type":"follow","actor":"u{n}","object":"u{}"}}"#, (n + 1) % 10))
        .collect();
    let stored = server.done("POST", "/v1/events", &format!("[{}]", follows.join(",")));
    assert_eq!((stored["accepted"].as_u64(), stored["duplicates"].as_u64()), (Some(10), Some(0)));
}

fn records(server: &Server) -> u64 {
    server.done("GET", "/v1/stats", "")["records"].as_u64().unwrap()
}

#[test]
fn bad_input_is_refused_exactly_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["server.batch_limit=50"]);
    seed(&server);
    server.done(
        "POST",
        "/v1/events",
        r#"{"id":"e1","type":"like","actor":"u1","object":"p2","at":"2026-01-01T00:00:00Z"}"#,
    );
    let before = records(&server);
    let check = |method: &str, path: &str, body: &str, expected: (u16, &str, Option<&str>)| {
        let (status, code, field) = server.send(method, path, body).refusal();
        let shown: String = body.chars().take(200).collect();
        assert_eq!((status, code.as_str(), field.as_deref()), expected, "{method} {path} {shown}");
    };
    let good = r#"{"type":"like","actor":"u1","object":"p3"}"#;
    let long = "x".repeat(300);
    let events = [
        ("{".to_owned(), (400, "invalid_json", None)),
        (r#"{"type":"adore","actor":"u1","object":"p1"}"#.into(), (400, "invalid_event", Some("type"))),
        (
            format!(r#"[{good},{{"type":"like","actor":"u1","object":"p1","at":"9999-01-01T00:00:00Z"}}]"#),
            (400, "invalid_time", Some("events[1].at")),
        ),
        (
            format!(r#"[{good},{{"type":"like","actor":"{long}","object":"p1"}}]"#),
            (400, "invalid_id", Some("events[1].actor")),
        ),
        (
            format!(r#"[{good},{{"type":"like","actor":"u1","object":"p1","value":1e400}}]"#),
            (400, "invalid_event", Some("events[1].value")),
        ),
        (
            format!(r#"[{good},{{"type":"like","actor":"u1","object":"p1","value":1e30}}]"#),
            (400, "invalid_event", Some("events[1].value")),
        ),
        (
            format!(r#"[{good},{{"type":"like","actor":"u1","object":"p1","value":NaN}}]"#),
            (400, "invalid_json", Some("events[1].value")),
        ),
        (
            format!(r#"[{good},{{"type":"follow","actor":"u1","object":"u1"}}]"#),
            (400, "invalid_event", Some("events[1].object")),
        ),
        (
            format!(
                r#"[{good},{{"id":"e1","type":"save","actor":"u1","object":"p2","at":"2026-01-01T00:00:00Z"}}]"#
            ),
            (409, "event_conflict", Some("events[1].id")),
        ),
        (
            format!(r#"[{good},{{"type":"undo","actor":"u2","object":"e1"}}]"#),
            (422, "unknown_event", Some("events[1].object")),
        ),
        (format!("[{}]", vec![good; 51].join(",")), (413, "batch_too_large", Some("events"))),
    ];
    for (body, expected) in &events {
        check("POST", "/v1/events", body, *expected);
    }
    check(
        "POST",
        "/v1/items",
        r#"[{"id":"new"},{"id":"new2","colour":1}]"#,
        (400, "invalid_item", Some("items[1].colour")),
    );
    check("PUT", "/v1/users/u1", r#"{"id":"u2"}"#, (400, "invalid_id", Some("id")));
    check("PUT", &format!("/v1/users/{long}"), "{}", (400, "invalid_id", Some("id")));
    check("PUT", "/v1/users/%ff", "{}", (400, "invalid_id", Some("id")));
    check("PATCH", "/v1/users/nobody", "{}", (404, "user_not_found", Some("id")));
    check("DELETE", "/v1/items/nothing", "", (404, "item_not_found", Some("id")));
    check("GET", "/v1/items/nothing/similar", "", (404, "item_not_found", Some("id")));
    check("GET", "/v1/receipts/r9-9", "", (404, "receipt_not_found", Some("id")));
    check("GET", "/v1/feed/u1?cursor=nonsense", "", (400, "invalid_cursor", Some("cursor")));
    check("GET", "/v1/feed/u1?limit=1000", "", (400, "invalid_parameter", Some("limit")));
    check("GET", "/v1/feed/u1?disable=blocked", "", (400, "invalid_parameter", Some("disable")));
    check("GET", "/v2/nothing", "", (404, "not_found", None));
    check("DELETE", "/v1/events", "", (405, "method_not_allowed", None));
    let large = format!(r#"[{{"pad":"{}"}}]"#, "x".repeat(10_000_000));
    check("POST", "/v1/events", &large, (413, "body_too_large", None));
    let form = server.call("POST", "/v1/events", &["content-type: text/plain"], good.as_bytes());
    assert_eq!(form.refusal(), (415, "unsupported_media_type".into(), None));
    assert_eq!(records(&server), before, "nothing was half applied");
    // An item without an author is one of a catalogue, and the same event again is none.
    server.done("PUT", "/v1/items/film", "{}");
    let again = server.done(
        "POST",
        "/v1/events",
        r#"{"id":"e1","type":"like","actor":"u1","object":"p2","at":"2026-01-01T00:00:00Z"}"#,
    );
    assert_eq!((again["accepted"].as_u64(), again["duplicates"].as_u64()), (Some(0), Some(1)));
}

#[test]
fn pages_follow_one_another_and_changes_take_effect_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    seed(&server);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.done("GET", &format!("/v1/feed/u1?limit=7{cursor}"), "");
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].to_string()));
        let Some(next) = page["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        let other = server.get(&format!("/v1/feed/u2?limit=7{cursor}"));
        assert_eq!(
            other.refusal(),
            (400, "invalid_cursor".into(), Some("cursor".into())),
            "another's cursor"
        );
    }
    let pages = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), pages), (27, 27), "every item of the others, each once");

    let receipt = server.done("GET", "/v1/feed/u1?limit=1&explain=true", "")["items"][0].clone();
    let replayed = server.done("GET", &format!("/v1/receipts/{}", receipt["receipt"].as_str().unwrap()), "");
    assert_eq!((&replayed["replay"]["equal"], &replayed["item"]), (&true.into(), &receipt["id"]));

    let event = |kind: &str, object: &str| {
        server.done(
            "POST",
            "/v1/events",
            &format!(r#"{{"type":"{kind}","actor":"u1","object":"{object}"}}"#),
        );
    };
    assert!(server.feed("u1", "").contains(&"p2".into()));
    event("block", "u2");
    assert!(server.feed("u1", "").iter().all(|id| !["p2", "p12", "p22"].contains(&id.as_str())), "blocked");
    assert!(
        server.feed("u2", "").iter().all(|id| !["p1", "p11", "p21"].contains(&id.as_str())),
        "either way"
    );
    event("unblock", "u2");
    assert!(server.feed("u1", "").contains(&"p2".into()));
    server.done("PATCH", "/v1/items/p2", r#"{"hidden":true}"#);
    server.done("DELETE", "/v1/items/p3", "");
    server.done("DELETE", "/v1/users/u4", "");
    let gone = ["p2", "p3", "p4", "p14", "p24"];
    for order in ["ranked", "chronological"] {
        let feed = server.feed("u1", &format!("&order={order}"));
        assert!(!feed.is_empty() && feed.iter().all(|id| !gone.contains(&id.as_str())), "{order}: {feed:?}");
    }
    assert_eq!(server.get("/v1/items/p3").status, 404);
    assert_eq!(server.get("/v1/users/u4").status, 404);
    assert!(!server.feed("nobody-yet", "").is_empty(), "a stranger gets what is new");
    server.done("PUT", "/v1/items/a%2Fb%20%E4%BD%A0", r#"{"text":"an id with a slash"}"#);
    assert_eq!(server.done("GET", "/v1/items/a%2Fb%20%E4%BD%A0", "")["id"], "a/b 你");
    assert_eq!(
        server.done("GET", "/v1/items/a%2Fb%20%E4%BD%A0/similar", "")["items"].as_array().map(Vec::len),
        Some(0)
    );
    server.done("GET", "/v1/items/p5/audience", "");
    server.done("GET", "/v1/trends", "");
}

#[test]
fn people_are_suggested_for_reasons_that_end_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["people.suggest.named=2"]);
    seed(&server);
    let event = |kind: &str, actor: &str, object: &str| {
        let body = format!(r#"{{"type":"{kind}","actor":"{actor}","object":"{object}"}}"#);
        let stored = server.done("POST", "/v1/events", &format!("[{body}]"));
        stored["events"][0]["id"].as_str().unwrap().to_owned()
    };
    // u1 and u5 have u3, u7 and u8 in common; the ring gives u1 a common friend with u3 and u9, and u0 follows u1.
    for friend in ["u3", "u7", "u8"] {
        event("follow", "u1", friend);
        event("follow", "u5", friend);
    }
    server.done("PATCH", "/v1/users/u5", r#"{"name":"Eva"}"#);
    let ask = |query: &str| server.done("GET", &format!("/v1/people/u1?limit=100{query}"), "");
    let told = |query: &str| -> Vec<(String, String)> {
        let answer = ask(query);
        let line = |person: &serde_json::Value| {
            let reasons = person["reasons"].as_array().unwrap().iter();
            let texts: Vec<&str> = reasons.map(|reason| reason["text"].as_str().unwrap()).collect();
            (person["id"].as_str().unwrap().to_owned(), texts.join("; "))
        };
        answer["people"].as_array().unwrap().iter().map(line).collect()
    };
    let of =
        |person: &str, query: &str| told(query).into_iter().find(|(id, _)| id == person).map(|(_, why)| why);
    assert!(
        told("").iter().all(|(id, _)| !["u1", "u2", "u3", "u7", "u8"].contains(&id.as_str())),
        "{:?}",
        told("")
    );
    assert_eq!(of("u5", "").as_deref(), Some("3 friends in common, among them u3 and u7"));
    assert_eq!(of("u5", "&lang=zh").as_deref(), Some("你们有u3、u7等3位共同好友"));
    assert_eq!(of("u0", "").as_deref(), Some("Follows you"));
    let eva =
        ask("&explain=true")["people"].as_array().unwrap().iter().find(|p| p["id"] == "u5").unwrap().clone();
    assert_eq!((&eva["name"], &eva["explain"]["friends"]), (&"Eva".into(), &3.0.into()));
    let reason = &eva["reasons"][0];
    assert_eq!((&reason["kind"], &reason["count"]), (&"friends_in_common".into(), &3.into()));
    assert_eq!(reason["people"].as_array().map(Vec::len), Some(2));

    // A friend who blocks u1 is no reason any more, and is named nowhere.
    event("block", "u8", "u1");
    assert_eq!(of("u5", "").as_deref(), Some("2 friends in common: u3 and u7"));
    event("unblock", "u8", "u1");
    server.done("DELETE", "/v1/users/u7", "");
    assert_eq!(of("u5", "").as_deref(), Some("2 friends in common: u8 and u3"));
    event("block", "u5", "u1");
    assert_eq!(of("u5", ""), None, "whoever blocks the asker");
    event("unblock", "u5", "u1");
    let dismissed = event("dismiss", "u1", "u5");
    assert_eq!(of("u5", ""), None, "dismissed");
    event("undo", "u1", &dismissed);
    assert!(of("u5", "").is_some());
    server.done("PATCH", "/v1/users/u5", r#"{"discoverable":false}"#);
    assert_eq!(of("u5", ""), None, "undiscoverable");
    server.done("DELETE", "/v1/users/u0", "");
    assert_eq!(of("u0", ""), None, "deleted");

    assert_eq!(server.done("GET", "/v1/people/nobody-yet", "")["people"].as_array().map(Vec::len), Some(0));
    assert_eq!(server.get("/v1/people/u1?limit=0").refusal().1, "invalid_parameter");
    assert_eq!(
        server.get("/v1/people/u1?lang=fr").refusal(),
        (400, "invalid_parameter".into(), Some("lang".into()))
    );
    assert_eq!(server.get("/v1/people/").status, 404);
}

#[test]
fn a_restart_keeps_everything() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    seed(&server);
    let before = (records(&server), server.feed("u1", ""), server.done("GET", "/v1/users/u1", ""));
    let receipt = server.done("GET", "/v1/feed/u1", "")["items"][0]["receipt"].as_str().unwrap().to_owned();
    server.stop();
    let server = Server::start(data.path(), &[]);
    let replayed = server.done("GET", &format!("/v1/receipts/{receipt}"), "");
    assert_eq!(replayed["replay"]["equal"], true, "receipts outlive a restart");
    assert_eq!(
        server.done("GET", "/v1/stats", "")["snapshot"],
        before.0,
        "the snapshot of the shutdown was read"
    );
    assert_eq!((records(&server), server.feed("u1", ""), server.done("GET", "/v1/users/u1", "")), before);
    // Without the snapshots the log tells everything again.
    server.stop();
    std::fs::remove_dir_all(data.path().join("snapshots")).unwrap();
    let server = Server::start(data.path(), &[]);
    assert_eq!((records(&server), server.feed("u1", ""), server.done("GET", "/v1/users/u1", "")), before);
    server.stop();
    let verify = std::process::Command::new(env!("CARGO_BIN_EXE_milieu"))
        .args(["log", "verify", "--json", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(verify.status.success(), "{verify:?}");
}

#[test]
fn gzip_health_and_the_page() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["server.body_limit_bytes=100000"]);
    let zip = |text: &str| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    };
    let headers = ["content-type: application/json", "content-encoding: gzip"];
    let body = zip(r#"{"type":"like","actor":"ann","object":"p"}"#);
    assert_eq!(server.call("POST", "/v1/events", &headers, &body).status, 200);
    let bomb = server.call("POST", "/v1/events", &headers, &zip(&" ".repeat(10_000_000)));
    assert_eq!(bomb.refusal(), (413, "body_too_large".into(), None));
    let described = server.call("GET", "/openapi.json", &["accept-encoding: gzip"], b"");
    assert!(described.head.contains("content-encoding: gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(described.body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, milieu_api::openapi());
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
    assert!(
        String::from_utf8_lossy(&server.get("/metrics").body)
            .contains("milieu_events_total{outcome=\"accepted\"} 1")
    );
    let page = server.get("/");
    assert!(
        page.head.contains("text/html")
            && String::from_utf8_lossy(&page.body).contains("<title>Milieu</title>")
    );
}

/// Interests, ties and communities of what was seeded, and the same as tables once no server runs.
#[test]
fn people_are_told_and_exported() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["people.every_secs=1"]);
    seed(&server);
    server.done("POST", "/v1/events", r#"{"type":"like","actor":"u1","object":"p2"}"#);
    server.done("POST", "/v1/events", r#"{"type":"message","actor":"u1","object":"u5"}"#);
    let interests = server.done("GET", "/v1/users/u1/interests", "");
    assert_eq!(interests["authors"][0]["user"], "u2");
    let tie = server.done("GET", "/v1/ties/u1/u2", "");
    assert_eq!((&tie["evidence"]["from_a"]["likes"], &tie["direction"]), (&1.into(), &"from_a".into()));
    assert!(tie.get("kind").is_none());
    assert_eq!(
        server.get("/v1/users/u1/credibility").refusal(),
        (403, "not_enabled".into(), None),
        "off until it is turned on"
    );
    let start = std::time::Instant::now();
    while server.done("GET", "/v1/communities", "")["computed_at"].is_null() {
        assert!(start.elapsed().as_secs() < 60, "communities are never computed");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    server.stop();
    let people = |arguments: &[&str]| {
        let binary = std::process::Command::new(env!("CARGO_BIN_EXE_milieu"))
            .arg("people")
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .output()
            .unwrap();
        (binary.status.code(), String::from_utf8_lossy(&[binary.stdout, binary.stderr].concat()).into_owned())
    };
    let (status, ties) = people(&["export", "--format", "csv"]);
    assert_eq!((status, ties.lines().count()), (Some(0), 11), "{ties}");
    assert!(ties.contains("u1,u2,true,1,") && !ties.contains("u1,u5"), "{ties}");
    let (status, graph) = people(&["export", "--format", "graphml"]);
    assert_eq!((status, graph.matches("<node ").count()), (Some(0), 10));
    let (status, message) = people(&["fit"]);
    assert!(status == Some(1) && message.contains("more than 60 days"), "{message}");
}

#[test]
fn usage() {
    fn check(arguments: &[&str], expected: i32, message: &str) {
        let found =
            std::process::Command::new(env!("CARGO_BIN_EXE_milieu")).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.code() == Some(expected) && text.contains(message), "{arguments:?}: {found:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    check(&["--version"], 0, "");
    check(&["fly"], 2, "fly");
    check(&["serve", "--data", data, "--set", "server.colour=1"], 2, "there is no setting server.colour");
    check(&["serve", "--data", data, "--listen", "0.0.0.0:0"], 1, "--allow-insecure-bind");
    check(&["people", "export", "--data", &format!("{data}/none")], 2, "no data directory");
    check(&["doctor", "--data", &format!("{data}/none")], 2, "no data directory");
}
