//! Versions change while requests go on.

use crate::client::{Running, call, registry};
use crate::models::{AT, NAME, plain, publish_colours};
use milieu_registry::Trial;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ANALYZE: &str = "/v1/analyze/image?top=1";

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends the clients also where the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn swaps_under_load_fail_no_request() {
    const SWAPS: usize = 24;
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    publish_colours(&registry, 10.0, 0);
    publish_colours(&registry, 10.0, 1);
    let server = Running::start(data.path(), &[]);
    let picture = plain([255, 0, 0]);
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let reply = call(server.address, "POST", ANALYZE, &[], &picture);
                    let found = reply.json();
                    assert_eq!(reply.status, 200, "{found}");
                    // Each version says of red what only it says.
                    let expected = if found["version"] == 1 { "red" } else { "green" };
                    assert_eq!(found["labels"][0]["label"], expected, "{found}");
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for swap in 0..SWAPS {
            let before = answered.load(Ordering::SeqCst);
            wait_for("answers", || answered.load(Ordering::SeqCst) >= before + 4);
            let model = match swap % 3 {
                2 => server.done("POST", "/v1/models/colours/rollback", &Value::Null),
                one => server.done("POST", "/v1/models/colours/promote", &json!({"version": 2 - one})),
            };
            let live = model["live"].as_u64().unwrap();
            // A request that begins after the change is answered by the new version.
            assert_eq!(server.post(ANALYZE, &picture).json()["version"], live);
            assert_eq!(model["serving"]["versions"][0]["version"], live);
        }
    });
    assert!(answered.load(Ordering::SeqCst) >= 4 * SWAPS);
}

#[test]
fn a_canary_gets_its_share() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    publish_colours(&registry, 10.0, 0);
    publish_colours(&registry, 10.0, 1);
    let server = Running::start(data.path(), &[]);
    let picture = plain([255, 0, 0]);
    let version = |key: usize| {
        let found = server.post(&format!("{ANALYZE}&key=user-{key}"), &picture).json();
        found["version"].as_u64().unwrap()
    };
    let canaries = |keys: usize| (0..keys).filter(|key| version(*key) == 2).count();
    assert_eq!(canaries(20), 0);
    let model = server.done("POST", "/v1/models/colours/canary", &json!({"version": 2, "share": 0.25}));
    assert_eq!(model["serving"]["versions"][1]["role"], "canary");
    let found = canaries(300);
    assert!((45..105).contains(&found), "{found} of 300 at a share of 0.25");
    // A user stays with the version.
    let first: Vec<u64> = (0..40).map(version).collect();
    assert_eq!((0..40).map(version).collect::<Vec<_>>(), first);
    // Requests without a key are spread as well.
    let without = (0..100).filter(|_| server.post(ANALYZE, &picture).json()["version"] == 2).count();
    assert!((8..50).contains(&without), "{without} of 100");
    let model = server.done("DELETE", "/v1/models/colours/canary", &Value::Null);
    assert_eq!((&model["canary"], model["serving"]["versions"].as_array().unwrap().len()), (&Value::Null, 1));
    assert_eq!(canaries(20), 0);
}

#[test]
fn a_shadow_is_compared_and_answers_nobody() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    publish_colours(&registry, 10.0, 0);
    publish_colours(&registry, 10.0, 1);
    let server = Running::start(data.path(), &[]);
    server.done("POST", "/v1/models/colours/shadow", &json!({"version": 2, "share": 1.0}));
    for colour in [[255, 0, 0], [255, 255, 255]] {
        for _ in 0..5 {
            assert_eq!(server.post(ANALYZE, &plain(colour)).json()["version"], 1);
        }
    }
    let shadow = || {
        let model = server.done("GET", "/v1/models/colours", &Value::Null);
        model["serving"]["versions"][1].clone()
    };
    wait_for("copies", || shadow()["agreement"]["compared"] == 10);
    let shadow = shadow();
    assert_eq!((&shadow["role"], &shadow["agreement"]["agreed"]), (&json!("shadow"), &json!(5)), "{shadow}");
    assert_eq!(shadow["agreement"]["same_first"], 5);

    let text = String::from_utf8(server.get("/metrics").body).unwrap();
    for line in [
        r#"milieu_model_share{model="colours",version="1",role="live"} 1"#,
        r#"milieu_model_requests_total{model="colours",version="1",outcome="answered"} 10"#,
        r#"milieu_model_requests_total{model="colours",version="2",outcome="answered"} 10"#,
        r#"milieu_model_run_seconds_bucket{model="colours",version="1",le="+Inf"} 10"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[test]
fn changes_of_other_processes_are_found() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    publish_colours(&registry, 10.0, 0);
    publish_colours(&registry, 10.0, 1);
    let server = Running::start(data.path(), &["inference.poll_millis=100"]);
    let picture = plain([255, 0, 0]);
    let version = || server.post(ANALYZE, &picture).json()["version"].as_u64().unwrap();
    assert_eq!(version(), 1);
    registry.promote(NAME, 2, AT).unwrap();
    wait_for("the promotion", || version() == 2);
    assert_eq!(registry.rollback(NAME, AT).unwrap(), 1);
    wait_for("the roll back", || version() == 1);
    registry.set_canary(NAME, Trial { version: 2, share: 1.0 }, AT).unwrap();
    wait_for("the canary", || version() == 2);
    registry.end_canary(NAME, AT).unwrap();
    wait_for("the canary's end", || version() == 1);
}
