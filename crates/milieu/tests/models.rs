//! `milieu models` and `/v1/models`, through the real binary: a hub on loopback, the command line, the server.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

mod hub;
#[allow(dead_code, reason = "the other end to end tests use the rest of it")]
mod server;

use hub::{COMMIT, Hub, HubFile};
use milieu_dataset::pictures::{Fit, Preparation};
use milieu_registry::{PicturePreparation, Registry, Trial};
use milieu_types::Timestamp;
use serde_json::{Value, json};
use server::Server;
use std::path::Path;
use std::process::{Command, Output};

/// Reads `numbers: f32[batch, 4]`, gives `logits: f32[batch, 2]`.
const MODEL: &[u8] = include_bytes!("../../../testdata/models/mini.onnx");

fn repository() -> Vec<HubFile> {
    vec![
        HubFile::new("README.md", b"# Mini"),
        HubFile::new(
            "config.json",
            br#"{"architectures": ["BertForSequenceClassification"], "id2label": {"0": "no", "1": "yes"}}"#,
        ),
        HubFile::new("pytorch_model.bin", b"never asked for"),
        HubFile::new("onnx/model.onnx", MODEL),
        HubFile::new("onnx/model_int8.onnx", MODEL),
        HubFile::new("tokenizer.json", b"{}"),
    ]
}

fn milieu(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milieu"));
    for name in ["HF_TOKEN", "HF_ENDPOINT", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command.arg("models").args(arguments).arg("--data").arg(data).output().unwrap()
}

/// Runs with `--json`, expects success, gives the last line.
fn done(data: &Path, arguments: &[&str]) -> Value {
    let output = milieu(data, &[arguments, &["--json"]].concat());
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}");
    serde_json::from_str(out.lines().last().unwrap_or_default()).unwrap()
}

fn fails(data: &Path, arguments: &[&str], status: i32, expected: &str) {
    let output = milieu(data, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {error}");
    assert!(error.contains(expected), "{arguments:?}: {error}");
}

/// What is left of downloads.
fn left(data: &Path) -> Vec<String> {
    let Ok(folders) = std::fs::read_dir(data.join("models/.pull")) else { return Vec::new() };
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_model_of_the_hub_becomes_a_candidate() {
    let data = tempfile::tempdir().unwrap();
    let hub = Hub::start(repository(), 0);
    let card = done(data.path(), &["pull", "hf:org/mini", "--hub", &hub.url, "--token", "secret"]);
    assert_eq!(
        (&card["name"], &card["version"], &card["stage"]),
        (&json!("mini"), &json!(1), &json!("candidate"))
    );
    let attributes = &card["attributes"];
    assert_eq!(attributes["source"], format!("hf:org/mini@{COMMIT}"));
    assert_eq!(attributes["licence"], "apache-2.0");
    assert_eq!(attributes["labels"], json!(["no", "yes"]));
    assert_eq!(attributes["task"], "text_classification");
    assert_eq!(attributes["preprocessing"]["tokenizer"], "tokenizer.json");
    assert_eq!(attributes["model_file"], "model.onnx");
    let input = json!({"name": "numbers", "element": "f32", "shape": ["batch", 4]});
    assert_eq!(attributes["inputs"], json!([input]));
    let files: Vec<_> =
        card["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(files, ["README.md", "config.json", "model.onnx", "tokenizer.json"]);
    let loaded = Registry::open(data.path().join("models")).unwrap().load("mini", 1).unwrap();
    assert_eq!(loaded.files["model.onnx"], MODEL);
    assert!(left(data.path()).is_empty());
    let requests = hub.requests();
    assert!(requests.iter().all(|request| request.ends_with(" signed")), "{requests:?}");
    assert!(!requests.iter().any(|request| request.contains("pytorch") || request.contains("int8")));

    // Another file of the same repository, under another name; HF_ENDPOINT says where.
    let mut command = Command::new(env!("CARGO_BIN_EXE_milieu"));
    command.args([
        "models",
        "pull",
        "hf:org/mini",
        "--name",
        "mini-int8",
        "--file",
        "onnx/model_int8.onnx",
        "--data",
    ]);
    let output =
        command.arg(data.path()).env("HF_ENDPOINT", &hub.url).env_remove("HF_TOKEN").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = done(data.path(), &["list"]);
    let names: Vec<_> = list["models"].as_array().unwrap().iter().map(|model| &model["name"]).collect();
    assert_eq!(names, ["mini", "mini-int8"]);
    assert!(!hub.requests().last().unwrap().ends_with(" signed"));
}

#[test]
fn a_download_that_is_cut_off_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let hub = Hub::start(repository(), 2);
    let pull = ["pull", "hf:org/mini", "--hub", &hub.url];
    fails(data.path(), &pull, 1, "was cut off");
    fails(data.path(), &pull, 1, "was cut off");
    assert!(left(data.path()).contains(&"model.onnx.part".to_owned()), "{:?}", left(data.path()));
    assert_eq!(done(data.path(), &["list"])["models"], json!([]));
    assert_eq!(done(data.path(), &pull)["version"], 1);
    assert!(left(data.path()).is_empty());
    let loaded = Registry::open(data.path().join("models")).unwrap().load("mini", 1).unwrap();
    assert_eq!(loaded.files["model.onnx"], MODEL);
    let requests = hub.requests();
    let first = MODEL.len() / 2;
    for from in [first, first + (MODEL.len() - first) / 2] {
        let wanted = format!("/elsewhere/onnx/model.onnx from {from}");
        assert!(requests.contains(&wanted), "{wanted} is not among {requests:?}");
    }
}

#[test]
fn what_the_hub_sends_is_not_trusted() {
    fn check(edit: impl Fn(&mut HubFile), expected: &str) {
        let data = tempfile::tempdir().unwrap();
        let mut files = repository();
        edit(files.iter_mut().find(|file| file.path == "onnx/model.onnx").unwrap());
        let hub = Hub::start(files, 0);
        fails(data.path(), &["pull", "hf:org/mini", "--hub", &hub.url], 1, expected);
        assert_eq!(done(data.path(), &["list"])["models"], json!([]));
        let left = left(data.path());
        assert!(!left.iter().any(|name| name.starts_with("model.onnx")), "{left:?}");
    }
    check(|file| file.said = Some(3 << 30), "exceeds the limit of 2147483647 bytes");
    check(|file| file.said = Some(100), "onnx/model.onnx exceeds the limit of 100 bytes");
    check(|file| file.checksum = Some("ab".repeat(32)), "the checksum of onnx/model.onnx");
    check(|file| *file = HubFile::new("onnx/model.onnx", &MODEL[..150]), "is no usable model");
    check(|file| *file = HubFile::new("onnx/model.onnx", b"<html>log in</html>"), "is no usable model");

    let data = tempfile::tempdir().unwrap();
    let hub = Hub::start(vec![HubFile::new("pytorch_model.bin", b"x")], 0);
    fails(data.path(), &["pull", "hf:org/mini", "--hub", &hub.url], 1, "no .onnx file");
    fails(data.path(), &["pull", "hf:org/other", "--hub", &hub.url], 1, "the hub has no org/other");
    fails(data.path(), &["pull", "hf:org/mini@v9", "--hub", &hub.url], 1, "the hub has no org/mini");
    fails(
        data.path(),
        &["pull", "hf:org/mini", "--hub", "http://127.0.0.1:9"],
        1,
        "the hub cannot be reached",
    );
    fails(data.path(), &["pull", "org/mini"], 2, "must begin with hf:");
    fails(data.path(), &["pull", "hf:../mini"], 2, "no name of a repository");
}

#[test]
fn the_life_of_a_version_on_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let from = tempfile::tempdir().unwrap();
    fails(data.path(), &["list"], 2, "holds no models");
    std::fs::write(from.path().join("Net 1.onnx"), MODEL).unwrap();
    std::fs::write(from.path().join("net.onnx"), MODEL).unwrap();
    let file = from.path().join("net.onnx");
    let file = file.to_str().unwrap();
    fails(data.path(), &["import", from.path().to_str().unwrap(), "--name", "net"], 1, "must be chosen");
    assert_eq!(done(data.path(), &["import", file])["name"], "net");
    assert_eq!(done(data.path(), &["import", file, "--name", "net"])["version"], 2);
    fails(data.path(), &["import", file, "--name", "No"], 1, "is no name of a kind");

    assert_eq!(done(data.path(), &["promote", "net", "1"])["live"], 1);
    let shown = done(data.path(), &["promote", "net", "2"]);
    assert_eq!(shown["live"], 2);
    let stages: Vec<_> =
        shown["versions"].as_array().unwrap().iter().map(|version| &version["stage"]).collect();
    assert_eq!(stages, ["retired", "live"]);
    let out = from.path().join("out");
    let out = out.to_str().unwrap();
    assert_eq!(done(data.path(), &["export", "net", out])["version"], 2);
    fails(data.path(), &["export", "net@1", out], 1, "not empty");
    assert_eq!(done(data.path(), &["import", out, "--name", "net"])["version"], 3);
    assert_eq!(done(data.path(), &["rollback", "net"])["live"], 1);
    fails(data.path(), &["rollback", "net"], 1, "no earlier version");

    let shown = done(data.path(), &["show", "net"]);
    let changes: Vec<_> =
        shown["changes"].as_array().unwrap().iter().map(|change| &change["change"]).collect();
    assert_eq!(changes, ["promote", "promote", "rollback"]);
    assert_eq!(done(data.path(), &["show", "net@3"])["lineage"]["end"], "origin");
    let text = String::from_utf8(milieu(data.path(), &["show", "net@1"]).stdout).unwrap();
    assert!(text.starts_with("net@1  live"), "{text}");
    let text = String::from_utf8(milieu(data.path(), &["list"]).stdout).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    fails(data.path(), &["show", "net@9"], 1, "no version 9");
    fails(data.path(), &["show", "nothing"], 1, "no model nothing");
    fails(data.path(), &["show", "net@x"], 2, "no number of a version");
    fails(data.path(), &["promote", "net", "9"], 1, "no version 9");
}

#[test]
fn models_over_http() {
    let data = tempfile::tempdir().unwrap();
    let from = tempfile::tempdir().unwrap();
    let file = from.path().join("net.onnx");
    std::fs::write(&file, MODEL).unwrap();
    for _ in 0..3 {
        done(data.path(), &["import", file.to_str().unwrap()]);
    }
    let server = Server::start(data.path(), &[]);
    let models = server.done("GET", "/v1/models", "");
    assert_eq!(models["models"].as_array().unwrap().len(), 3);
    assert_eq!(models["models"][0]["name"], "net");

    let promote = |version: u32| {
        server.done("POST", "/v1/models/net/promote", &json!({"version": version}).to_string())
    };
    assert_eq!(promote(1)["live"], 1);
    assert_eq!(promote(2)["versions"][0]["stage"], "retired");
    assert_eq!(server.done("POST", "/v1/models/net/rollback", "")["live"], 1);

    // Another process puts a version on trial.
    let registry = Registry::open(data.path().join("models")).unwrap();
    registry
        .set_canary("net", Trial { version: 3, share: 0.25 }, Timestamp::from_secs(1_800_000_000))
        .unwrap();
    let model = server.done("GET", "/v1/models/net", "");
    assert_eq!(model["canary"], json!({"version": 3, "share": 0.25}));
    assert_eq!(model["changes"].as_array().unwrap().len(), 4);
    assert_eq!(
        model["changes"][3],
        json!({"change": "canary", "version": 3, "at": "2027-01-15T08:00:00Z", "share": 0.25})
    );
    assert_eq!(server.done("GET", "/v1/models/net/3", "")["stage"], "canary");
    assert_eq!(server.done("GET", "/v1/models/net/3", "")["attributes"]["model_file"], "net.onnx");
    server.done("POST", "/v1/models/net/promote", r#"{"version":3}"#);
    let stages = server.done("GET", "/v1/models/net", "");
    assert_eq!((&stages["live"], &stages["canary"]), (&json!(3), &Value::Null));

    let refused = |method: &str, path: &str, body: &str, status: u16, code: &str, field: Option<&str>| {
        let expected = (status, code.to_owned(), field.map(String::from));
        assert_eq!(server.send(method, path, body).refusal(), expected, "{method} {path} {body}");
    };
    refused("GET", "/v1/models/other", "", 404, "model_not_found", Some("name"));
    refused("GET", "/v1/models/net/9", "", 404, "model_not_found", Some("version"));
    refused("GET", "/v1/models/net/x", "", 400, "invalid_parameter", Some("version"));
    refused("GET", "/v1/models/..%2F..", "", 400, "invalid_parameter", Some("name"));
    refused("POST", "/v1/models/net/promote", r#"{"version":9}"#, 404, "model_not_found", Some("version"));
    refused("POST", "/v1/models/other/promote", r#"{"version":1}"#, 404, "model_not_found", Some("name"));
    refused("POST", "/v1/models/net/promote", r#"{"version":-1}"#, 400, "invalid_parameter", Some("version"));
    refused("POST", "/v1/models/net/promote", "{}", 400, "invalid_parameter", Some("version"));
    refused("POST", "/v1/models/net/promote", "", 400, "invalid_json", None);
    refused("POST", "/v1/models/other/rollback", "", 404, "model_not_found", Some("name"));
    refused("GET", "/v1/models/net/promote", "", 405, "method_not_allowed", None);
    done(data.path(), &["import", file.to_str().unwrap(), "--name", "lone"]);
    refused("POST", "/v1/models/lone/rollback", "", 400, "invalid_parameter", Some("name"));

    // A damaged version is refused, and what is live stays.
    std::fs::write(data.path().join("models/net/v000002/net.onnx"), b"").unwrap();
    refused("POST", "/v1/models/net/promote", r#"{"version":2}"#, 422, "model_refused", Some("version"));
    assert_eq!(server.done("GET", "/v1/models/net", "")["live"], 3);
    server.stop();
}

/// What a trainer does to pictures is written into the card as it is, and read there by servers.
#[test]
fn trainers_and_cards_say_the_same_of_pictures() {
    for fit in [Fit::Crop, Fit::Squash] {
        let (mean, deviation) = ([0.491_4, 0.482_2, 0.446_5], [0.247, 0.243_5, 0.261_6]);
        let trained = Preparation { side: 32, fit, mean, deviation };
        let text = serde_json::to_string(&trained).unwrap();
        let card: PicturePreparation = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&card).unwrap(), text);
        assert_eq!((card.mean, card.deviation), (mean, deviation));
    }
}
