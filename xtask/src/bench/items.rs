//! Items that are understood in the background beside their storing, and found by meaning, over HTTP.

use super::live::http::Client;
use super::live::process::{Server, build};
use anyhow::{Context, Result, ensure};
use milieu_registry::Registry;
use milieu_train::texts::embedding_draft;
use milieu_types::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const NAME: &str = "meaning";
/// Items of a request.
const TOGETHER: usize = 1000;
/// The most that understanding may take.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Words of texts that are made here.
const WORDS: &str = "the a of and river city night light music small quiet old green road train winter bread window friend \
    letter market rain garden story idea machine ocean mountain song kitchen summer people";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A folder with config.json, model.safetensors and tokenizer.json of an encoder that gives vectors
    #[arg(long)]
    encoder: PathBuf,
    /// Items of 5 to 24 words
    #[arg(long, default_value_t = 2000)]
    items: usize,
    /// Searches, by one client that waits for each answer
    #[arg(long, default_value_t = 200)]
    searches: usize,
    /// Settings of the server, such as inference.library=FILE
    #[arg(long)]
    set: Vec<String>,
    /// One JSON object last on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found {
    items: usize,
    /// Seconds until all are on disk.
    stored: f64,
    /// Seconds until all are understood and found.
    understood: f64,
    items_per_second: f64,
    search_p50_ms: f64,
    search_p99_ms: f64,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.items > 0 && args.searches > 0, "items and searches must be positive");
    let binary = build(root)?;
    let folder = tempfile::tempdir()?;
    let registry = Registry::open(milieu_server::store::models_dir(folder.path()))?;
    let at = Timestamp::from_secs(0);
    let version = registry.publish(&embedding_draft(&args.encoder, NAME, at)?)?.version;
    registry.promote(NAME, version, at)?;
    let texts = texts(args.items);
    let server = Server::start(&binary, folder.path(), &args.set)?;
    let mut client = server.client()?;
    let start = Instant::now();
    for (batch, texts) in texts.chunks(TOGETHER).enumerate() {
        let item = |(place, text): (usize, &String)| json!({"id": format!("i{}", batch * TOGETHER + place), "text": text});
        let items = json!({"items": texts.iter().enumerate().map(item).collect::<Vec<Value>>()});
        client.json("POST", "/v1/items", &items.to_string())?;
    }
    let stored = start.elapsed().as_secs_f64();
    while !is_done(&mut client, args.items)? {
        ensure!(start.elapsed() < PATIENCE, "the items are never understood");
        std::thread::sleep(Duration::from_millis(20));
    }
    let understood = start.elapsed().as_secs_f64();
    let mut taken = Vec::with_capacity(args.searches);
    for number in 0..args.searches {
        let query = &texts[number * 7 % texts.len()];
        let begun = Instant::now();
        let found = client.json("POST", "/v1/items/search", &json!({"query": query}).to_string())?;
        taken.push(1e3 * begun.elapsed().as_secs_f64());
        let best = found["items"][0]["score"].as_f64().context("nothing is found")?;
        ensure!(best > 0.99, "an item's own text finds it: {found}");
    }
    server.stop()?;
    taken.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    let found = Found {
        items: args.items,
        stored,
        understood,
        items_per_second: args.items as f64 / understood,
        search_p50_ms: at(0.5),
        search_p99_ms: at(0.99),
    };
    println!(
        "items      {} stored in {stored:.3} s, understood in {understood:.1} s, {:.1} a second; a search half within {:.2} ms, \
         99 of 100 within {:.2} ms",
        found.items, found.items_per_second, found.search_p50_ms, found.search_p99_ms
    );
    if args.json {
        println!("{}", serde_json::to_string(&found)?);
    }
    Ok(())
}

/// Nothing waits, and so many items are found by meaning.
fn is_done(client: &mut Client, items: usize) -> Result<bool> {
    let (status, body) = client.call("GET", "/metrics", b"")?;
    ensure!(status == 200, "/metrics answers {status}");
    let text = String::from_utf8(body)?;
    let gauge = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        lines.next().and_then(|value| value.parse::<u64>().ok())
    };
    let none = |name| gauge(name).is_some_and(|count| count == 0);
    Ok(none("milieu_understanding_waiting")
        && none("milieu_understanding_again")
        && gauge("milieu_understanding_searched") == Some(items as u64))
}

/// Texts of words in a row that a fixed seed draws (Knuth's linear congruence).
fn texts(count: usize) -> Vec<String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = 1u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut text = |_| {
        let length = 5 + next(20);
        (0..length).map(|_| words[next(words.len())]).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(&mut text).collect()
}
