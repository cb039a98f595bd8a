//! Versions that cannot be served, and more requests than can be answered.

use crate::client::{Reply, Running, call, registry};
use crate::models::{AT, NAME, card, colours, heavy, plain, publish, publish_colours};
use milieu_registry::{ElementType, ModelCard, TensorSpec};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const ANALYZE: &str = "/v1/analyze/image?top=1";

fn model_file(data: &Path, version: u32) -> std::path::PathBuf {
    data.join(format!("models/{NAME}/v{version:06}/model.onnx"))
}

#[test]
fn what_cannot_be_served_is_refused_and_the_live_version_stays() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    publish_colours(&registry, 10.0, 0);
    let model = colours(10.0, 1);
    let cut = publish(&registry, NAME, &model, &card(&model));
    std::fs::write(model_file(data.path(), cut), &model[..model.len() / 2]).unwrap();
    let altered = publish(&registry, NAME, &model, &card(&model));
    let mut bytes = model.clone();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(model_file(data.path(), altered), bytes).unwrap();
    // Its checksum is right: it was cut before it was published.
    let cut_before = publish(&registry, NAME, &model[..model.len() - 9], &card(&model));
    let html = publish(&registry, NAME, b"<html>", &card(&model));
    let inputs = vec![TensorSpec::new("pixels", ElementType::F32, &[0, 3, 9, 9])];
    let other = publish(&registry, NAME, &model, &ModelCard { inputs, ..card(&model) });
    let large = heavy(300_000);
    let large = publish(&registry, NAME, &large, &card(&large));
    let much = heavy(200_000);
    let much = publish(&registry, NAME, &much, &card(&much));

    let settings =
        ["inference.model_bytes=1000000", "inference.memory_bytes=2000000", "inference.poll_millis=50"];
    let server = Running::start(data.path(), &settings);
    let works = || {
        let found = server.post(ANALYZE, &plain([255, 0, 0])).json();
        assert_eq!((&found["version"], &found["labels"][0]["label"]), (&json!(1), &json!("red")), "{found}");
    };
    let refused = |version: u32, expected: &str| {
        for (path, body) in
            [("promote", json!({"version": version})), ("canary", json!({"version": version, "share": 0.5}))]
        {
            let path = format!("/v1/models/{NAME}/{path}");
            let reply = server.call("POST", &path, &[], body.to_string().as_bytes());
            let message = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
            assert_eq!(reply.refusal(), (422, "model_refused".to_owned()), "{message}");
            assert!(message.contains(expected), "{message}");
            let model = server.done("GET", &format!("/v1/models/{NAME}"), &Value::Null);
            assert_eq!((&model["live"], &model["canary"]), (&json!(1), &Value::Null));
            works();
        }
    };
    refused(cut, "where the manifest says");
    refused(altered, "the checksum differs");
    refused(cut_before, "is not what its manifest says");
    refused(html, "is not what its manifest says");
    refused(other, "f32[batch, 3, 9, 9]");
    refused(large, "the limit of inference.model_bytes is 1000000");
    refused(much, "inference.memory_bytes are taken");

    // Another process, which looks less closely, makes one of them live.
    registry.promote(NAME, other, AT).unwrap();
    let start = Instant::now();
    let error = loop {
        let model = server.done("GET", &format!("/v1/models/{NAME}"), &Value::Null);
        if let Some(error) = model["serving"]["error"].as_str() {
            break error.to_owned();
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{model}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(error.contains("f32[batch, 3, 9, 9]"), "{error}");
    works();
    server.done("POST", &format!("/v1/models/{NAME}/rollback"), &Value::Null);
    works();
}

#[test]
fn what_is_live_and_broken_at_the_start_is_said() {
    let data = tempfile::tempdir().unwrap();
    publish_colours(&registry(data.path()), 10.0, 0);
    std::fs::write(model_file(data.path(), 1), b"").unwrap();
    let server = Running::start(data.path(), &[]);
    let reply = server.post("/v1/analyze/image?model=colours", &plain([0; 3]));
    assert_eq!(reply.refusal(), (422, "model_refused".to_owned()));
    assert_eq!(server.get("/v2/models/colours/ready").status, 422);
    assert_eq!(server.get("/readyz").status, 200);
}

/// A picture that takes a while to decode.
fn large() -> Vec<u8> {
    let side = 1_500;
    let pixels: Vec<u8> =
        (0..side * side * 3u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    milieu_media::png(&pixels, side, side).unwrap()
}

#[test]
fn too_much_at_once_is_refused_with_a_time_to_come_back() {
    let data = tempfile::tempdir().unwrap();
    publish_colours(&registry(data.path()), 10.0, 0);
    let server = Running::start(data.path(), &["inference.queue=1", "inference.timeout_millis=60000"]);
    let picture = large();
    let send = || call(server.address, "POST", ANALYZE, &[], &picture);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let mut refused = 0;
    for reply in &replies {
        if reply.status != 200 {
            assert_eq!(reply.refusal(), (429, "overloaded".to_owned()));
            let wait: u64 = reply.header("retry-after").expect("when to come back").parse().unwrap();
            assert!((1..=60).contains(&wait));
            refused += 1;
        }
    }
    assert!((1..=7).contains(&refused), "{refused} of 8");
    assert_eq!(send().status, 200);
}

#[test]
fn what_takes_too_long_is_given_up() {
    let data = tempfile::tempdir().unwrap();
    publish_colours(&registry(data.path()), 10.0, 0);
    let server = Running::start(data.path(), &["inference.timeout_millis=1"]);
    assert_eq!(server.post(ANALYZE, &large()).refusal(), (504, "timed_out".to_owned()));
}
