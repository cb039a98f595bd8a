//! Items that are understood in the background beside their storing, and found by meaning, by terms and by both, over HTTP.

use super::live::http::Client;
use super::live::process::{Server, build};
use anyhow::{Result, ensure};
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
pub(super) const PATIENCE: Duration = Duration::from_secs(3600);
/// Different words of texts that are made here.
const WORDS: usize = 50_000;
/// Words of a query.
const QUERY: usize = 5;
/// Syllables that words are made of.
const SYLLABLES: [&str; 16] =
    ["ra", "lo", "mi", "ten", "ka", "vo", "der", "su", "pin", "ga", "lu", "ne", "bor", "ti", "fa", "sel"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A folder with config.json, model.safetensors and tokenizer.json of an encoder that gives vectors; without one, items
    /// are found by terms alone
    #[arg(long)]
    encoder: Option<PathBuf>,
    /// Items of 5 to 24 words
    #[arg(long, default_value_t = 2000)]
    items: usize,
    /// Searches of each mode, by one client that waits for each answer
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
    searches: Vec<Searches>,
}

/// How long searches of a mode took.
#[derive(Serialize)]
struct Searches {
    mode: &'static str,
    p50_ms: f64,
    p99_ms: f64,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.items > 0 && args.searches > 0, "items and searches must be positive");
    let binary = build(root)?;
    let folder = tempfile::tempdir()?;
    if let Some(encoder) = &args.encoder {
        promote(folder.path(), encoder)?;
    }
    let texts = texts(args.items);
    let server = Server::start(&binary, folder.path(), &args.set)?;
    let mut client = server.client()?;
    let start = Instant::now();
    put(&mut client, &texts)?;
    let stored = start.elapsed().as_secs_f64();
    let of_meaning = if args.encoder.is_some() { args.items } else { 0 };
    while !is_done(&mut client, args.items, of_meaning)? {
        ensure!(start.elapsed() < PATIENCE, "the items are never understood");
        std::thread::sleep(Duration::from_millis(20));
    }
    let understood = start.elapsed().as_secs_f64();
    let modes: &[&str] = if args.encoder.is_some() { &["meaning", "terms", "hybrid"] } else { &["terms"] };
    let searches = modes.iter().map(|mode| search(&mut client, mode, &texts, args.searches));
    let searches = searches.collect::<Result<Vec<Searches>>>()?;
    server.stop()?;
    let found = Found {
        items: args.items,
        stored,
        understood,
        items_per_second: args.items as f64 / understood,
        searches,
    };
    println!(
        "items      {} stored in {stored:.3} s, understood in {understood:.1} s, {:.1} a second",
        found.items, found.items_per_second
    );
    for Searches { mode, p50_ms, p99_ms } in &found.searches {
        println!("{mode:<10} a search half within {p50_ms:.2} ms, 99 of 100 within {p99_ms:.2} ms");
    }
    if args.json {
        println!("{}", serde_json::to_string(&found)?);
    }
    Ok(())
}

/// Makes an encoder live in a data directory.
pub(super) fn promote(data: &Path, encoder: &Path) -> Result<()> {
    let registry = Registry::open(milieu_server::store::models_dir(data))?;
    let at = Timestamp::from_secs(0);
    let version = registry.publish(&embedding_draft(encoder, NAME, at)?)?.version;
    registry.promote(NAME, version, at)?;
    Ok(())
}

/// Stores an item of each text, under `i` and its number.
pub(super) fn put(client: &mut Client, texts: &[String]) -> Result<()> {
    for (batch, texts) in texts.chunks(TOGETHER).enumerate() {
        let item = |(place, text): (usize, &String)| json!({"id": format!("i{}", batch * TOGETHER + place), "text": text});
        let items = json!({"items": texts.iter().enumerate().map(item).collect::<Vec<Value>>()});
        client.json("POST", "/v1/items", &items.to_string())?;
    }
    Ok(())
}

/// Searches by some words of items' texts.
fn search(client: &mut Client, mode: &'static str, texts: &[String], count: usize) -> Result<Searches> {
    let mut taken = Vec::with_capacity(count);
    for number in 0..count {
        let text = &texts[number * 7 % texts.len()];
        let query = text.split(' ').take(QUERY).collect::<Vec<_>>().join(" ");
        let begun = Instant::now();
        let found =
            client.json("POST", "/v1/items/search", &json!({"query": query, "mode": mode}).to_string())?;
        taken.push(1e3 * begun.elapsed().as_secs_f64());
        ensure!(
            found["items"][0]["score"].as_f64().is_some_and(|best| best > 0.0),
            "nothing is found: {found}"
        );
    }
    taken.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    Ok(Searches { mode, p50_ms: at(0.5), p99_ms: at(0.99) })
}

/// Nothing waits, so many items are found by terms, and so many by meaning.
pub(super) fn is_done(client: &mut Client, terms: usize, meaning: usize) -> Result<bool> {
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
        && gauge("milieu_understanding_terms") == Some(terms as u64)
        && gauge("milieu_understanding_searched") == Some(meaning as u64))
}

/// Texts of words that a fixed seed draws (Knuth's linear congruence), the n-th word as often as 1 / n, which is how
/// often words are written (Zipf 1949).
fn texts(count: usize) -> Vec<String> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let word = |number: usize| {
        let syllable = |digit: u32| SYLLABLES[number >> (4 * digit) & 15];
        let length = number.checked_ilog(16).unwrap_or(0);
        (0..=length).map(syllable).collect::<String>()
    };
    let mut text = |_| {
        let length = 5 + (20.0 * next()) as usize;
        (0..length).map(|_| word((WORDS as f64).powf(next()) as usize)).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(&mut text).collect()
}
