//! `milieu train` as its users run it: figures last on standard output, wrong usage told apart from failure, and
//! a run killed again and again that ends as if it had not been.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

#[allow(dead_code, reason = "the other end to end tests use the rest of it")]
mod server;

use milieu_dataset::pictures::png;
use rand::Rng;
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use server::Server;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SIDE: usize = 12;
const RECIPE: &str = "task = 'image-classification'\n[data]\npath = 'pictures'\nheld_out = 0.2\n[prepare]\n\
    side = 12\n[augment]\ncutout = 0\nflip = false\nshift = 1\n[model]\narchitecture = 'pooled'\nwidth = 4\n\
    [train]\nepochs = 6\nbatch = 16\nrate = 0.1\naverage = 0.8\n[gate]\naccuracy = 0.5";

/// A folder with two classes of pictures and a recipe.
fn make(folder: &Path) {
    let mut random = Pcg64Mcg::new(11);
    for (class, name) in ["day", "night"].iter().enumerate() {
        let of_class = folder.join("pictures").join(name);
        fs::create_dir_all(&of_class).unwrap();
        for number in 0..60 {
            let base = if class == 0 { 90 } else { 60 };
            let pixels: Vec<u8> = (0..SIDE * SIDE * 3).map(|_| base + random.random_range(0..90)).collect();
            fs::write(of_class.join(format!("{number}.png")), png(&pixels, 12, 12).unwrap()).unwrap();
        }
    }
    fs::write(folder.join("day-night.toml"), RECIPE).unwrap();
}

fn milieu(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milieu"));
    command.current_dir(folder).args(arguments);
    command
}

fn last_line(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// What does not depend on how long things took.
fn figures(mut summary: Value) -> Value {
    for of_time in ["seconds", "folder"] {
        assert!(summary.as_object_mut().unwrap().remove(of_time).is_some());
    }
    summary
}

#[test]
fn a_killed_run_ends_as_if_it_had_not_been() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let whole = milieu(dir.path(), &["train", "day-night.toml", "--json"]).output().unwrap();
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let epochs = String::from_utf8_lossy(&whole.stderr).lines().filter(|line| line.starts_with('{')).count();
    assert_eq!(epochs, 6, "one line for each epoch");
    for file in ["report.html", "report.json", "checkpoint"] {
        assert!(dir.path().join("runs/day-night").join(file).is_file(), "{file}");
    }
    let arguments = ["train", "day-night.toml", "--json", "--out", "killed"];
    for _ in 0..3 {
        let mut child =
            milieu(dir.path(), &arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        // It is killed after an epoch, wherever it is by then.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        lines.by_ref().find(|line| line.as_ref().unwrap().starts_with('{'));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let resumed = milieu(dir.path(), &arguments).output().unwrap();
    assert!(String::from_utf8_lossy(&resumed.stderr).contains("going on after epoch"));
    assert_eq!(figures(last_line(&resumed)), figures(last_line(&whole)));
}

#[test]
fn failure_and_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let check = |arguments: &[&str], status: i32, part: &str| {
        let output = milieu(dir.path(), arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    };
    check(&["train", "nowhere.toml"], 2, "nowhere.toml");
    check(&["train", "day-night.toml", "--set", "train.epochs=0"], 2, "train.epochs must be 1 to 10000");
    check(&["train", "day-night.toml", "--set", "train.epoch=1"], 2, "unknown field `epoch`");
    check(&["train", "day-night.toml", "--set", "data.path=void"], 1, "void");
    let strict = ["--set", "gate.accuracy=1", "--set", "train.rate=1e-9", "--out", "strict"];
    check(&[&["train", "day-night.toml"], &strict[..]].concat(), 1, "the gate asks for an accuracy of 1");
}

/// Sequences in which the next one in the circle comes next, whatever came last; and a recipe for them.
fn circle(folder: &Path) {
    let lines: Vec<String> = (0..60)
        .map(|user| {
            let items: Vec<String> = (0..8).map(|place| format!("i{}", (user + place) % 12)).collect();
            format!("u{user} {}", items.join(" "))
        })
        .collect();
    fs::write(folder.join("sequences.txt"), lines.join("\n")).unwrap();
    let recipe = "task = 'next-item'\n[data]\npath = 'sequences.txt'\n[model]\narchitecture = 'self_attentive'\n\
        width = 16\nheads = 2\nblocks = 1\nlength = 6\ndropout = 0.0\n\
        [train]\nepochs = 30\nbatch = 16\nrate = 0.01\n[gate]\nhit_rate = 0.9";
    fs::write(folder.join("circle.toml"), recipe).unwrap();
}

#[test]
fn a_next_item_network_is_published() {
    let dir = tempfile::tempdir().unwrap();
    circle(dir.path());
    let data_path = format!("data.path={}", dir.path().join("sequences.txt").display());
    let arguments = ["train", "circle.toml", "--set", &data_path, "--json", "--data", "data", "--promote"];
    let output = milieu(dir.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(last_line(&output)["version"], 1);
    let shown =
        milieu(dir.path(), &["models", "show", "circle@1", "--data", "data", "--json"]).output().unwrap();
    let card = last_line(&shown);
    assert_eq!((&card["attributes"]["task"], &card["stage"]), (&"next_item".into(), &"live".into()));
    assert_eq!(card["attributes"]["labels"].as_array().unwrap().len(), 12);
    assert!(card["recipe"].as_str().unwrap().contains("path = \"sequences.txt\""), "{}", card["recipe"]);
}

#[test]
fn what_is_promoted_as_the_feeds_sequence_becomes_a_source_of_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    circle(dir.path());
    let data = dir.path().join("data");
    let server = Server::start(&data, &["inference.poll_millis=100"]);
    for number in 0..12 {
        let path = format!("/v1/items/i{number}");
        server.done("PUT", &path, &json!({"text": path}).to_string());
    }
    let likes: Vec<Value> = ["i3", "i4", "i5"]
        .iter()
        .map(|item| json!({"id": item, "type": "like", "actor": "ann", "object": item}))
        .collect();
    server.done("POST", "/v1/events", &json!(likes).to_string());
    let first = || {
        let sources = "followed,collaborative,similar,friends,trending,popular,topics,fresh,explore";
        let page = server.send("GET", &format!("/v1/feed/ann?limit=1&disable={sources}"), "").json();
        page["items"].as_array().and_then(|entries| entries.first().cloned())
    };
    assert_eq!(first(), None, "nothing knows what comes next yet");
    let arguments =
        ["train", "circle.toml", "--json", "--name", "feed-sequence", "--data", "data", "--promote"];
    let output = milieu(dir.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let begun = Instant::now();
    let entry = loop {
        match first() {
            Some(entry) => break entry,
            None => assert!(begun.elapsed() < Duration::from_secs(20), "the server does not look"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!((&entry["id"], &entry["source"]), (&"i6".into(), &"next".into()), "{entry}");
}

#[test]
fn texts_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..200)
        .map(|number| {
            format!(
                "{{\"text\":\"{} {number}\",\"label\":{}}}",
                ["well done", "做得不好"][number % 2],
                number % 2
            )
        })
        .collect();
    fs::write(dir.path().join("said.jsonl"), lines.join("\n")).unwrap();
    fs::write(dir.path().join("said.toml"), "task = 'text-classification'\n[data]\ntrain = 'said.jsonl'")
        .unwrap();
    let output = milieu(dir.path(), &["train", "said.toml", "--json", "--data", "data", "--promote"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = last_line(&output);
    assert_eq!((&summary["version"], &summary["classes"]), (&1.into(), &2.into()), "{summary}");
    assert!(summary["accuracy"].as_f64().unwrap() > 0.95, "{summary}");
    let wrong = ["train", "said.toml", "--set", "data.text=words"];
    let output = milieu(dir.path(), &wrong).output().unwrap();
    assert!(!output.status.success());
    let server = Server::start(&dir.path().join("data"), &["inference.request_bytes=4000000"]);
    let analyze = |body: Value| server.done("POST", "/v1/analyze/text", &body.to_string());
    let said = analyze(
        json!({"texts": ["Well done!", "他做得不好", " \u{200b}", "well ".repeat(200_000)], "top": 1}),
    );
    let label = |place: usize| said["results"][place]["tasks"]["said"]["labels"][0]["label"].clone();
    assert_eq!(
        (label(0), label(1), label(2), label(3)),
        (json!("0"), json!("1"), Value::Null, json!("0")),
        "{said}"
    );
    assert_eq!(said["results"][0]["tasks"]["said"]["version"], 1);
    let many = analyze(json!({"texts": vec!["做得 well"; 1000], "tasks": ["said"], "key": "ann"}));
    assert_eq!(many["results"].as_array().unwrap().len(), 1000);
    let refused = |body: Value| server.send("POST", "/v1/analyze/text", &body.to_string()).refusal();
    let (status, code, field) = refused(json!({"text": "x", "tasks": ["nothing"]}));
    assert_eq!((status, code.as_str(), field.as_deref()), (404, "model_not_found", Some("tasks")));
    let empty = Server::start(&dir.path().join("empty"), &[]);
    // Where there is no model, rules are answer enough.
    let by_rules = empty.done("POST", "/v1/analyze/text", r#"{"text":"他做得不好, mail me@example.org"}"#);
    let by_rules = &by_rules["results"][0];
    assert_eq!((&by_rules["tasks"], &by_rules["language"]["code"]), (&json!({}), &json!("zh")), "{by_rules}");
    assert_eq!(by_rules["redacted"], "他做得不好, mail [EMAIL]");
    let (status, code, field) = empty.send("POST", "/predict", "{\"inputs\":\"x\"}").refusal();
    assert_eq!((status, code.as_str(), field.as_deref()), (400, "invalid_parameter", Some("model")));
    let (status, code, field) = refused(json!({"texts": []}));
    assert_eq!((status, code.as_str(), field.as_deref()), (400, "invalid_parameter", Some("texts")));
    let (status, code, _) = refused(json!({"text": "x".repeat(5_000_000)}));
    assert_eq!((status, code.as_str()), (413, "body_too_large"));
    let wrong =
        server.call("POST", "/v1/analyze/text", &["content-type: application/json"], b"{\"text\":\"\xff\"}");
    assert_eq!(wrong.refusal().1, "invalid_json");
    let picture = server.call("POST", "/v1/analyze/image?model=said", &["content-type: image/png"], b"x");
    assert_eq!(picture.refusal().1, "invalid_parameter");
}

#[test]
fn a_network_trained_here_is_pruned_and_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let done = |arguments: &[&str]| {
        let output = milieu(dir.path(), arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        last_line(&output)
    };
    let sides = ["--set", "answer.mirrored=true"];
    done(&[&["train", "day-night.toml", "--json", "--data", "data", "--promote"][..], &sides].concat());
    for method in ["channels", "magnitude"] {
        let arguments = ["models", "optimize", "day-night", "--method", method, "--epochs", "2", "--json"];
        let of = ["--most-lost", "60", "--engine", "rten", "--examples", "pictures", "--data", "data"];
        let summary = done(&[&arguments[..], &of].concat());
        let bytes = |side: &str| summary[side]["bytes"].as_u64().unwrap();
        assert!(method == "magnitude" || bytes("after") * 2 < bytes("before"), "{summary}");
        assert!(summary["version"].is_u64(), "{summary}");
    }
}
