//! Feed serving on a large synthetic community, by the released binary over HTTP: requests a second and
//! latency under `wrk`, memory, restart, how soon an event shows, durable ingest.

mod freshness;
mod wrk;

use super::ingest::{self, Posts};
use super::live::community::{self, Size};
use super::live::median;
use super::live::process::{Server, build};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Users of the community
    #[arg(long, default_value_t = 100_000)]
    users: u32,
    /// Items of the community
    #[arg(long, default_value_t = 1_000_000)]
    items: u32,
    /// Events on items, before the measurement
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Serve with a collaborative model trained on the community (by the server, once)
    #[arg(long)]
    train: bool,
    /// Make the community anew where an earlier run left one
    #[arg(long)]
    fresh: bool,
    /// Seconds of each run of wrk
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Connections of wrk, each with one request under way
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Threads of wrk; one keeps up with a server on two cores and takes the least from it
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Runs of wrk and of the ingest
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Trials of each kind of event
    #[arg(long, default_value_t = 50)]
    trials: u32,
    /// Events of each run of the ingest, 0 to leave it out
    #[arg(long, default_value_t = 500_000)]
    ingest: usize,
    /// One setting of the server; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One JSON object last on standard output
    #[arg(long)]
    json: bool,
}

/// One run of `wrk`, with the server's own use of the processor.
#[derive(Debug, Clone, Copy, Serialize)]
struct Run {
    wrk: wrk::Counted,
    processor_us_per_request: f64,
}

#[derive(Debug, Serialize)]
struct Summary {
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    errors: u64,
    processor_us_per_request: f64,
    /// Shares of the entries of sampled feeds, by source.
    sources: BTreeMap<String, f64>,
    models: serde_json::Value,
    memory_bytes: u64,
    memory_after_bytes: u64,
    restart_seconds: f64,
    restart_after_kill_seconds: f64,
    like_to_feed_ms: f64,
    follow_to_feed_ms: f64,
    slowest_to_feed_ms: f64,
    ingest_events_per_second: Option<f64>,
    runs: Vec<Run>,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    ensure!(args.repeats > 0 && args.trials > 0, "repeats and trials must be positive");
    let version = wrk::version()?;
    let binary = build(root)?;
    let dir = root.join("target").join("bench").join("serve");
    std::fs::create_dir_all(&dir)?;
    let size = Size { users: args.users, items: args.items, events: args.events };
    let loaded = community::make(&dir, &binary, size, args.train, args.fresh)?;
    println!(
        "community {} users, {} items, {} events, ended {:.1} hours ago; training {}",
        args.users,
        args.items,
        args.events,
        loaded.age_secs as f64 / 3600.0,
        loaded.trained.map_or("none".to_owned(), |seconds| format!("{seconds:.0} s")),
    );
    let data = dir.join("run");
    community::copy(&loaded.data, &data)?;

    let server = Server::start(&binary, &data, &args.set)?;
    let restart_seconds = server.ready_after.as_secs_f64();
    let memory_bytes = server.memory()?;
    println!("restart   {restart_seconds:.2} s from the snapshot to /readyz, memory {}", mb(memory_bytes));
    let (sources, models) = sample(&server, args.users)?;
    let shares: Vec<String> =
        sources.iter().map(|(source, share)| format!("{source} {:.0}%", share * 100.0)).collect();
    println!("feeds     {}; models {models}", shares.join(", "));

    let runs =
        (0..args.repeats).map(|repeat| one_run(&dir, &server, args, repeat)).collect::<Result<Vec<_>>>()?;
    let memory_after_bytes = server.memory()?;
    let times = freshness::measure(&server, args.users, args.trials)?;
    println!(
        "freshness like -> gone from the feed {:.2} ms, follow -> source followed {:.2} ms (medians of {})",
        median(&times.like),
        median(&times.follow),
        args.trials
    );
    let ingest = ingest_rate(&server, args)?;
    server.kill()?;
    let server = Server::start(&binary, &data, &args.set)?;
    let restart_after_kill_seconds = server.ready_after.as_secs_f64();
    println!(
        "restart   {restart_after_kill_seconds:.2} s after a kill, from the snapshot and what came since"
    );
    server.kill()?;
    community::clear(&data)?;

    let of = |figure: fn(&Run) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
    let summary = Summary {
        requests_per_second: of(|run| run.wrk.per_second()),
        p50_ms: of(|run| run.wrk.p50 as f64 / 1e3),
        p99_ms: of(|run| run.wrk.p99 as f64 / 1e3),
        errors: runs.iter().map(|run| run.wrk.errors).sum(),
        processor_us_per_request: of(|run| run.processor_us_per_request),
        sources,
        models,
        memory_bytes,
        memory_after_bytes,
        restart_seconds,
        restart_after_kill_seconds,
        like_to_feed_ms: median(&times.like),
        follow_to_feed_ms: median(&times.follow),
        slowest_to_feed_ms: times.like.iter().chain(&times.follow).copied().fold(0.0, f64::max),
        ingest_events_per_second: ingest,
        runs,
    };
    report(&summary, args, &version);
    if args.json {
        println!("{}", serde_json::to_string(&summary)?);
    }
    Ok(())
}

fn mb(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// Shares of the sources in the feeds of some users, and the models in use: whether the feed is personal.
fn sample(server: &Server, users: u32) -> Result<(BTreeMap<String, f64>, serde_json::Value)> {
    const SAMPLED: u32 = 200;
    let mut client = server.client()?;
    let (mut counts, mut all) = (BTreeMap::<String, f64>::new(), 0.0);
    for number in 0..SAMPLED {
        let user = (u64::from(number) * 104_729) % u64::from(users);
        let feed = client.json("GET", &format!("/v1/feed/u{user}"), "")?;
        for item in feed["items"].as_array().into_iter().flatten() {
            *counts.entry(item["source"].as_str().unwrap_or_default().to_owned()).or_default() += 1.0;
            all += 1.0;
        }
    }
    counts.values_mut().for_each(|count| *count /= all);
    Ok((counts, client.json("GET", "/v1/stats", "")?["models"].clone()))
}

fn one_run(dir: &Path, server: &Server, args: &Args, repeat: usize) -> Result<Run> {
    let before = server.processor_seconds()?;
    let load = wrk::Load {
        users: args.users,
        threads: args.threads,
        connections: args.connections,
        seconds: args.seconds,
        seed: repeat as u64 + 1,
    };
    let counted = wrk::run(dir, server.address, load)?;
    let processor = server.processor_seconds()? - before;
    let processor_us_per_request = processor / counted.requests.max(1) as f64 * 1e6;
    println!(
        "run {}     {:.0} requests/s, p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, {} errors, \
         server {processor_us_per_request:.0} us processor time a request",
        repeat + 1,
        counted.per_second(),
        counted.p50 as f64 / 1e3,
        counted.p90 as f64 / 1e3,
        counted.p99 as f64 / 1e3,
        counted.p999 as f64 / 1e3,
        counted.errors,
    );
    Ok(Run { wrk: counted, processor_us_per_request })
}

/// The median rate over the repeats.
fn ingest_rate(server: &Server, args: &Args) -> Result<Option<f64>> {
    if args.ingest == 0 {
        return Ok(None);
    }
    let mut rates = Vec::new();
    for repeat in 0..args.repeats {
        let (users, items) = (args.users, args.items);
        let posts = Posts { events: args.ingest, batch: 100, connections: 16, users, items, repeat };
        let done = ingest::post(server, posts)?;
        println!("{}", ingest::line(&done));
        rates.push(done.events_per_second);
    }
    Ok(Some(median(&rates)))
}

fn report(summary: &Summary, args: &Args, version: &str) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!();
    println!("| {cores} cores, {version} included, {} connections | |", args.connections);
    println!("|---|---|");
    println!("| feed requests a second | {:.0} |", summary.requests_per_second);
    println!("| feed p50, p99 | {:.2} ms, {:.2} ms |", summary.p50_ms, summary.p99_ms);
    println!("| errors | {} |", summary.errors);
    println!("| server's processor time a feed | {:.0} us |", summary.processor_us_per_request);
    println!(
        "| memory after the start, after the load | {}, {} |",
        mb(summary.memory_bytes),
        mb(summary.memory_after_bytes)
    );
    println!("| restart from the snapshot | {:.2} s |", summary.restart_seconds);
    println!(
        "| like, follow shown in the next feed | {:.2} ms, {:.2} ms |",
        summary.like_to_feed_ms, summary.follow_to_feed_ms
    );
    println!("| slowest of all | {:.2} ms |", summary.slowest_to_feed_ms);
    if let Some(rate) = summary.ingest_events_per_second {
        println!("| durable ingest, batches of 100 | {rate:.0} events/s |");
    }
}
