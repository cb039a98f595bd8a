//! Durable ingest over HTTP: events a second, each acknowledged only when it is on disk and in the world.

use super::live::community::clear;
use super::live::http::Client;
use super::live::median;
use super::live::process::{Server, build};
use anyhow::{Result, ensure};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Events of one repeat
    #[arg(long, default_value_t = 500_000)]
    events: usize,
    /// Events a request
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Connections, each with one request under way
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Repeats
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// One JSON object last on standard output
    #[arg(long)]
    json: bool,
}

/// What is posted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posts {
    pub(crate) events: usize,
    pub(crate) batch: usize,
    pub(crate) connections: usize,
    /// Events are by and about the first so many users and items.
    pub(crate) users: u32,
    pub(crate) items: u32,
    /// Tells the ids of one repeat from those of another.
    pub(crate) repeat: usize,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Ingested {
    pub(crate) events_per_second: f64,
    /// Of one request, in milliseconds.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Of the server, per event, in microseconds.
    pub(crate) processor_us_per_event: f64,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    let binary = build(root)?;
    let data = root.join("target").join("bench").join("ingest");
    clear(&data)?;
    let server = Server::start(&binary, &data, &[])?;
    let mut runs = Vec::new();
    for repeat in 0..args.repeats.max(1) {
        let posts = Posts {
            events: args.events,
            batch: args.batch,
            connections: args.connections,
            users: 100_000,
            items: 1_000_000,
            repeat,
        };
        let done = post(&server, posts)?;
        println!("{}", line(&done));
        runs.push(done);
    }
    let memory = server.memory()?;
    server.stop()?;
    clear(&data)?;
    let rates: Vec<f64> = runs.iter().map(|run| run.events_per_second).collect();
    println!(
        "durable ingest, batches of {}, {} connections: {:.0} events/s (median of {}), memory {:.0} MB",
        args.batch,
        args.connections,
        median(&rates),
        runs.len(),
        memory as f64 / 1e6
    );
    if args.json {
        let summary = serde_json::json!({
            "events_per_second": median(&rates), "runs": runs, "memory_bytes": memory,
            "batch": args.batch, "connections": args.connections,
        });
        println!("{summary}");
    }
    Ok(())
}

pub(crate) fn line(done: &Ingested) -> String {
    format!(
        "ingest    {:.0} events/s, a request p50 {:.2} ms, p99 {:.2} ms, server {:.2} us processor time an event",
        done.events_per_second, done.p50_ms, done.p99_ms, done.processor_us_per_event
    )
}

/// Posts batches over several connections and measures until the last acknowledgement. The bodies are made
/// before the clock starts: client and server share the processors.
pub(crate) fn post(server: &Server, posts: Posts) -> Result<Ingested> {
    ensure!(posts.batch > 0 && posts.connections > 0, "batch and connections must be positive");
    let batches = (posts.events / posts.batch / posts.connections).max(1);
    let bodies: Vec<Vec<String>> = (0..posts.connections).map(|c| bodies(posts, c, batches)).collect();
    let before = server.processor_seconds()?;
    let start = Instant::now();
    let latencies: Vec<Result<Vec<f64>>> = std::thread::scope(|scope| {
        let work = |bodies: Vec<String>| scope.spawn(move || send(server.address, &bodies, posts.batch));
        let threads: Vec<_> = bodies.into_iter().map(work).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|result| result.unwrap_or_else(|_| anyhow::bail!("a client panicked"))).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let processor = server.processor_seconds()? - before;
    let mut latencies: Vec<f64> =
        latencies.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    latencies.sort_unstable_by(f64::total_cmp);
    let events = (latencies.len() * posts.batch) as f64;
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize] * 1e3;
    Ok(Ingested {
        events_per_second: events / seconds,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        processor_us_per_event: processor / events * 1e6,
    })
}

fn bodies(posts: Posts, connection: usize, batches: usize) -> Vec<String> {
    const KINDS: [&str; 4] = ["view", "click", "like", "share"];
    let mut random = Pcg64Mcg::seed_from_u64((posts.repeat * 1000 + connection) as u64);
    let mut body = |batch: usize| {
        let mut text = String::from("[");
        for place in 0..posts.batch {
            let number = batch * posts.batch + place;
            let comma = if place == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                r#"{comma}{{"id":"b{}-{connection}-{number}","type":"{}","actor":"u{}","object":"i{}"}}"#,
                posts.repeat,
                KINDS[random.random_range(0..KINDS.len())],
                random.random_range(0..posts.users),
                random.random_range(0..posts.items),
            );
        }
        text.push(']');
        text
    };
    (0..batches).map(&mut body).collect()
}

/// One connection's share: seconds of each request.
fn send(address: SocketAddr, bodies: &[String], batch: usize) -> Result<Vec<f64>> {
    let mut client = Client::connect(address)?;
    let all = format!("{{\"accepted\":{batch},");
    bodies
        .iter()
        .map(|body| {
            let start = Instant::now();
            let (status, answer) = client.call("POST", "/v1/events", body.as_bytes())?;
            let stored = status == 200 && answer.starts_with(all.as_bytes());
            ensure!(stored, "{status}: {}", String::from_utf8_lossy(&answer));
            Ok(start.elapsed().as_secs_f64())
        })
        .collect()
}
