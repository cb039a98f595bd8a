//! Training as a service, through real HTTP: upload, start, watch, read the report; wrong input; ends of every
//! kind, the server's among them.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

#[allow(dead_code, reason = "the other end to end tests use the rest of it")]
mod server;

#[path = "../../milieu-train/tests/little/mod.rs"]
mod little;

use milieu_dataset::pictures::png;
use milieu_registry::Registry;
use milieu_server::store::models_dir;
use milieu_train::texts::embedding_draft;
use milieu_types::Timestamp;
use rand::Rng;
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use server::{Answer, Server};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const RECIPE: &str = "task = 'image-classification'\n[data]\npath = 'elsewhere'\nheld_out = 0.2\n[prepare]\n\
    side = 12\n[augment]\ncutout = 0\nflip = false\nshift = 1\n[model]\narchitecture = 'pooled'\nwidth = 4\n\
    [train]\nepochs = 6\nbatch = 16\nrate = 0.1\naverage = 0.8";

const HEAD: &str = include_str!("../../../recipes/text-head.toml");

/// An archive with two classes of pictures.
fn archive() -> Vec<u8> {
    let mut random = Pcg64Mcg::new(11);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (class, base) in [("day", 90), ("night", 60)] {
        for number in 0..60 {
            let pixels: Vec<u8> = (0..12 * 12 * 3).map(|_| base + random.random_range(0..90)).collect();
            let name = format!("pictures/{class}/{number}.png");
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(&png(&pixels, 12, 12).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn start(data: &Path, settings: &[&str]) -> Server {
    Server::start(data, &[&["training.nice=0"], settings].concat())
}

fn upload(server: &Server, name: &str, content_type: &str, bytes: &[u8]) -> Answer {
    let headers = [&*format!("content-type: {content_type}")];
    server.call("POST", &format!("/v1/datasets/{name}"), &headers, bytes)
}

fn job(epochs: usize) -> String {
    let settings = [format!("train.epochs={epochs}")];
    json!({"kind": "train", "model": "day-night", "dataset": "pictures", "recipe": RECIPE, "settings": settings})
        .to_string()
}

/// Starts a job and gives its id.
fn begin(server: &Server, epochs: usize) -> String {
    server.done("POST", "/v1/jobs", &job(epochs))["id"].as_str().unwrap().to_owned()
}

fn state(server: &Server, id: &str) -> String {
    server.done("GET", &format!("/v1/jobs/{id}"), "")["state"].as_str().unwrap().to_owned()
}

#[derive(Debug, Clone, PartialEq)]
struct Event {
    kind: String,
    id: Option<u64>,
    data: Value,
}

/// The events of a job, as they come.
fn events(server: &Server, id: &str, after: u64) -> impl Iterator<Item = Event> + use<> {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The older version of HTTP, since its bodies come without chunks.
    write!(stream, "GET /v1/jobs/{id}/events HTTP/1.0\r\nlast-event-id: {after}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(|line| line.unwrap());
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(head[0].contains("200") && head.contains(&"content-type: text/event-stream".into()), "{head:?}");
    let mut event = Event { kind: String::new(), id: None, data: Value::Null };
    lines.filter_map(move |line| {
        match line.split_once(": ") {
            Some(("event", kind)) => event.kind = kind.into(),
            Some(("id", id)) => event.id = id.parse().ok(),
            Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
            None if line.is_empty() && !event.kind.is_empty() => {
                let next = Event { kind: String::new(), id: None, data: Value::Null };
                return Some(std::mem::replace(&mut event, next));
            }
            _ => {}
        }
        None
    })
}

fn of_kind(events: &[Event], kind: &str) -> Vec<Event> {
    events.iter().filter(|event| event.kind == kind).cloned().collect()
}

/// Waits until it holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process works in a job's folder.
fn is_at_work(data: &Path, id: &str) -> bool {
    File::open(data.join("jobs").join(id).join("run/lock")).is_ok_and(|lock| lock.try_lock().is_err())
}

/// What does not depend on how long things took and on what was trained before.
fn figures(server: &Server, id: &str) -> Value {
    let mut job = server.done("GET", &format!("/v1/jobs/{id}"), "");
    assert_eq!(job["state"], "done", "{job}");
    for of_run in ["seconds", "version"] {
        job["summary"].as_object_mut().unwrap().remove(of_run).unwrap();
    }
    job["summary"].take()
}

#[test]
fn a_data_set_becomes_a_model() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    let bytes = archive();
    let stored = upload(&server, "pictures", "application/zip", &bytes);
    assert_eq!((stored.status, &stored.json()["format"]), (200, &"zip".into()));
    assert_eq!(upload(&server, "pictures", "application/octet-stream", &bytes).json(), stored.json());
    assert_eq!(server.done("GET", "/v1/datasets/pictures", ""), stored.json());
    assert_eq!(server.done("GET", "/v1/datasets", "")["datasets"], json!([stored.json()]));

    let id = begin(&server, 6);
    let live: Vec<Event> = events(&server, &id, 0).collect();
    let progress = of_kind(&live, "progress");
    let found: Vec<_> = progress.iter().map(|event| (event.id, event.data["epoch"].as_u64())).collect();
    assert_eq!(found, (1..=6).map(|number| (Some(number), Some(number))).collect::<Vec<_>>());
    let last = of_kind(&live, "state").pop().unwrap();
    assert_eq!((&last.data["state"], &last.data["model"]), (&"done".into(), &"day-night".into()));
    assert_eq!(live.last().unwrap(), &last, "the end of the job is the end of the stream");

    let again: Vec<Event> = events(&server, &id, 0).collect();
    assert_eq!(of_kind(&again, "progress"), progress, "replayed from the beginning");
    assert_eq!(of_kind(&events(&server, &id, 4).collect::<Vec<_>>(), "progress"), progress[4..]);
    let job = server.done("GET", &format!("/v1/jobs/{id}"), "");
    assert_eq!(job["progress"].as_array().unwrap().len(), 6);
    let models = server.done("GET", "/v1/models/day-night", "");
    assert_eq!(
        (&job["summary"]["version"], &models["versions"][0]["version"]),
        (&1.into(), &1.into()),
        "{models}"
    );
    assert!(job["summary"]["accuracy"].as_f64().unwrap() > 0.4, "{job}");
    assert!(!job.to_string().contains(dir.path().to_str().unwrap()), "nothing of the machine: {job}");
    let report = server.get(&format!("/v1/jobs/{id}/report"));
    assert!(
        report.head.contains("text/html") && report.head.contains("default-src 'none'"),
        "{}",
        report.head
    );
    assert!(String::from_utf8_lossy(&report.body).contains("night"));
    let listed = server.done("GET", "/v1/jobs", "");
    assert_eq!((&listed["jobs"][0]["id"], listed["jobs"][0].get("progress")), (&id.into(), None));

    // The version is made smaller, by another kind of job.
    let optimize = |version: u32| {
        json!({"kind": "optimize", "model": "day-night", "version": version, "dataset": "pictures", "method": "half",
            "most_lost": 5.0})
        .to_string()
    };
    assert_eq!(server.send("POST", "/v1/jobs", &optimize(9)).refusal().1, "model_not_found");
    let half = server.done("POST", "/v1/jobs", &optimize(1))["id"].as_str().unwrap().to_owned();
    let end = events(&server, &half, 0).last().unwrap().data;
    assert_eq!((&end["state"], &end["summary"]["version"]), (&"done".into(), &2.into()), "{end}");
    // Nothing needs the data set any more.
    server.done("DELETE", "/v1/datasets/pictures", "");
    assert_eq!(server.get("/v1/datasets/pictures").refusal().1, "dataset_not_found");
    server.stop();
}

#[test]
fn own_labels_become_a_classifier_that_answers() {
    let (data, encoder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    little::little(encoder.path());
    let at = Timestamp::from_secs(0);
    let registry = Registry::open(models_dir(data.path())).unwrap();
    registry.publish(&embedding_draft(encoder.path(), "meaning", at).unwrap()).unwrap();
    registry.promote("meaning", 1, at).unwrap();
    let server = start(data.path(), &[]);
    let mut lines = String::new();
    for number in 0..300 {
        let (word, label) = [("good", "praise"), ("bad", "blame")][number % 2];
        let filler = ["film", "very", "film very"][number / 2 % 3];
        lines += &json!({"text": format!("{filler} {word} {number}"), "label": label}).to_string();
        lines.push('\n');
    }
    assert_eq!(upload(&server, "labels", "application/x-ndjson", lines.as_bytes()).status, 200);
    let job = |settings: &[&str]| {
        json!({"kind": "train", "model": "mine", "dataset": "labels", "recipe": HEAD, "settings": settings})
            .to_string()
    };
    let refused = server.call("POST", "/v1/jobs", &[], job(&["encoder.path=/srv/encoder"]).as_bytes());
    assert_eq!(refused.status, 400);
    let id =
        server.done("POST", "/v1/jobs", &job(&["encoder.model=meaning"]))["id"].as_str().unwrap().to_owned();
    until("a head is learnt", || ["done", "failed"].contains(&&*state(&server, &id)));
    let job = server.done("GET", &format!("/v1/jobs/{id}"), "");
    assert_eq!(job["state"], "done", "{job}");
    assert!(job["summary"]["accuracy"].as_f64().unwrap() > 0.95, "{job}");
    let version = json!({"version": job["summary"]["version"]}).to_string();
    server.done("POST", "/v1/models/mine/promote", &version);
    let texts = json!({"texts": ["film very good 8", "very bad 9"], "tasks": ["mine"]}).to_string();
    let said = server.done("POST", "/v1/analyze/text", &texts);
    let label = |place: usize| said["results"][place]["tasks"]["mine"]["labels"][0]["label"].clone();
    assert_eq!((label(0), label(1)), (json!("praise"), json!("blame")), "{said}");
}

#[test]
fn a_job_without_a_recipe_gets_the_one_for_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    upload(&server, "pictures", "application/zip", &archive());
    let body =
        r#"{"kind":"train","model":"m","dataset":"pictures","settings":["train.epochs=1","model.width=2"]}"#;
    let id = server.done("POST", "/v1/jobs", body)["id"].as_str().unwrap().to_owned();
    assert_eq!(events(&server, &id, 0).last().unwrap().data["state"], "done");
    server.stop();
}

#[test]
fn wrong_input_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &["datasets.max_bytes=200000"]);
    let bytes = archive();
    assert!(bytes.len() < 200_000, "{}", bytes.len());
    fn check(answer: &Answer, expected: (u16, &str, Option<&str>)) {
        let (status, code, field) = answer.refusal();
        assert_eq!((status, code.as_str(), field.as_deref()), expected, "{}", answer.json());
    }
    let uploads: [(&str, &str, &[u8], _); 7] = [
        ("Pictures", "application/zip", &bytes, (400, "invalid_parameter", Some("name"))),
        ("%2e%2e", "application/zip", &bytes, (400, "invalid_parameter", Some("name"))),
        ("pictures", "text/html", &bytes, (415, "unsupported_media_type", None)),
        ("pictures", "application/x-tar", &bytes, (400, "invalid_dataset", None)),
        ("pictures", "application/octet-stream", b"hello", (400, "invalid_dataset", None)),
        ("pictures", "application/zip", b"", (400, "invalid_dataset", None)),
        ("pictures", "application/zip", &[0; 200_001], (413, "body_too_large", None)),
    ];
    for (name, content_type, bytes, expected) in uploads {
        check(&upload(&server, name, content_type, bytes), expected);
    }
    // One that hides its length, and one that ends before it should.
    let send = |head: &str, body: &[u8], then_leave: bool| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let start = "POST /v1/datasets/pictures HTTP/1.1\r\nhost: test\r\nconnection: close\r\n";
        write!(stream, "{start}content-type: application/zip\r\n{head}\r\n\r\n").unwrap();
        stream.write_all(body).unwrap();
        if then_leave {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let chunk = format!("{:x}\r\n{}\r\n", 120_000, "P".repeat(120_000));
    let answer = send("transfer-encoding: chunked", format!("{chunk}{chunk}0\r\n\r\n").as_bytes(), false);
    assert!(answer.contains("413") && answer.contains("body_too_large"), "{answer}");
    let answer = send(&format!("content-length: {}", bytes.len()), &bytes[..bytes.len() / 2], true);
    assert!(!answer.contains("200 OK"), "{answer}");
    let left = || std::fs::read_dir(dir.path().join("datasets")).unwrap().count();
    until("nothing is left of them", || left() == 0);

    assert_eq!(upload(&server, "pictures", "application/zip", &bytes).status, 200);
    check(
        &upload(&server, "pictures", "application/zip", &bytes[..900]),
        (409, "dataset_conflict", Some("name")),
    );
    check(&server.get("/v1/datasets/others"), (404, "dataset_not_found", Some("dataset")));
    check(&server.send("DELETE", "/v1/datasets/others", ""), (404, "dataset_not_found", Some("dataset")));
    let with = |key: &str, value: Value| {
        let mut body: Value = serde_json::from_str(&job(6)).unwrap();
        body[key] = value;
        body.to_string()
    };
    let jobs = [
        ("{".to_owned(), (400, "invalid_json", None)),
        (with("kind", json!("fly")), (400, "invalid_job", Some("kind"))),
        (with("model", json!("a/b")), (400, "invalid_job", Some("model"))),
        (with("model", json!("collaborative")), (400, "invalid_job", Some("model"))),
        (with("dataset", json!("others")), (404, "dataset_not_found", Some("dataset"))),
        (with("recipe", json!(format!("{RECIPE}\nspeed = 1"))), (400, "invalid_job", Some("recipe"))),
        (with("recipe", json!("hello")), (400, "invalid_job", Some("recipe"))),
        (with("settings", json!(["train.epoch=1"])), (400, "invalid_job", Some("settings"))),
        (with("settings", json!(["--out=/"])), (400, "invalid_job", Some("settings"))),
        (with("settings", json!(["data.path=/etc"])), (400, "invalid_job", Some("settings[0]"))),
        (with("settings", json!(["x"])), (400, "invalid_job", Some("settings[0]"))),
        (with("colour", json!(1)), (400, "invalid_job", Some("colour"))),
    ];
    for (body, expected) in &jobs {
        check(&server.send("POST", "/v1/jobs", body), *expected);
    }
    assert_eq!(server.done("GET", "/v1/jobs", ""), json!({"jobs": []}));
    for path in ["/v1/jobs/j1", "/v1/jobs/j1/events", "/v1/jobs/j1/report", "/v1/jobs/..%2fj1"] {
        check(&server.get(path), (404, "job_not_found", Some("id")));
    }
    check(&server.send("POST", "/v1/jobs/j1/cancel", ""), (404, "job_not_found", Some("id")));
    // An archive that is none is found out by the trainer, and said.
    upload(&server, "torn", "application/zip", &bytes[..900]);
    let id =
        server.done("POST", "/v1/jobs", &with("dataset", json!("torn")))["id"].as_str().unwrap().to_owned();
    let end = events(&server, &id, 0).last().unwrap().data;
    assert_eq!(end["state"], "failed");
    assert!(end["error"].as_str().unwrap().contains("datasets/torn/data.zip"), "{end}");
    check(&server.get(&format!("/v1/jobs/{id}/report")), (404, "not_found", None));
    // One that misses its gate fails too, but has figures and a report.
    let strict = json!(["gate.accuracy=1", "train.rate=1e-9"]);
    let id = server.done("POST", "/v1/jobs", &with("settings", strict))["id"].as_str().unwrap().to_owned();
    let end = events(&server, &id, 0).last().unwrap().data;
    assert_eq!((&end["state"], &end["summary"]["passed"]), (&"failed".into(), &false.into()), "{end}");
    assert!(end["error"].as_str().unwrap().contains("the gate asks for"), "{end}");
    assert_eq!(server.get(&format!("/v1/jobs/{id}/report")).status, 200);
    server.stop();
}

#[test]
fn cancelling_ends_the_process_and_listeners_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &["jobs.queue=1", "jobs.keep=1"]);
    upload(&server, "pictures", "application/zip", &archive());
    let id = begin(&server, 10_000);
    let mut stream = events(&server, &id, 0);
    stream.find(|event| event.kind == "progress").expect("it has begun");
    assert!(is_at_work(dir.path(), &id));
    let metrics = || String::from_utf8_lossy(&server.get("/metrics").body).into_owned();
    assert!(metrics().contains("milieu_job_listeners 1\n") && metrics().contains("milieu_jobs_running 1\n"));
    drop(stream);
    until("the listener is forgotten", || metrics().contains("milieu_job_listeners 0\n"));

    let waiting = begin(&server, 1);
    assert_eq!(server.send("POST", "/v1/jobs", &job(1)).refusal(), (429, "overloaded".into(), None));
    let conflict = server.send("DELETE", "/v1/datasets/pictures", "").refusal();
    assert_eq!(conflict, (409, "dataset_conflict".into(), Some("name".into())));
    assert_eq!(server.done("DELETE", &format!("/v1/jobs/{waiting}"), "")["state"], "cancelled");
    assert_eq!(server.done("POST", &format!("/v1/jobs/{id}/cancel"), "")["state"], "cancelled");
    assert!(!is_at_work(dir.path(), &id), "the process is gone");
    assert_eq!(server.done("POST", &format!("/v1/jobs/{waiting}/cancel"), "")["state"], "cancelled", "still");
    // Only one job that has ended is kept beside a new one.
    let third = begin(&server, 1);
    assert_eq!(server.get(&format!("/v1/jobs/{id}")).status, 404);
    assert!(!dir.path().join("jobs").join(&id).exists());
    events(&server, &third, 0).last();
    assert_eq!(server.done("DELETE", "/v1/datasets/pictures", "")["name"], "pictures");
    server.stop();
}

#[test]
fn jobs_outlive_the_server() {
    const EPOCHS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &[]);
    upload(&server, "pictures", "application/zip", &archive());
    let (first, second) = (begin(&server, EPOCHS), begin(&server, EPOCHS));
    let mut stream = events(&server, &first, 0);
    stream.find(|event| event.kind == "progress").expect("it has begun");
    server.kill();
    until("its process ends with the server", || !is_at_work(dir.path(), &first));

    let server = start(dir.path(), &[]);
    let mut stream = events(&server, &first, 0);
    stream.find(|event| event.data["event"] == "resumed").expect("it goes on by itself");
    stream.find(|event| event.kind == "progress").expect("with another epoch");
    assert_eq!((state(&server, &first), state(&server, &second)), ("running".into(), "queued".into()));
    // An open stream does not keep the server from stopping.
    server.stop();
    let stopped: Vec<Event> = stream.collect();
    assert!(stopped.iter().all(|event| event.data["state"] != "failed"), "{stopped:?}");
    assert!(!is_at_work(dir.path(), &first));

    let server = start(dir.path(), &["jobs.parallel=2"]);
    for id in [&first, &second] {
        assert_eq!(events(&server, id, 0).last().unwrap().data["state"], "done");
    }
    assert_eq!(figures(&server, &first), figures(&server, &second), "as if it had not been cut off");
    assert_eq!(figures(&server, &first)["epochs"], EPOCHS);
    server.stop();
}
