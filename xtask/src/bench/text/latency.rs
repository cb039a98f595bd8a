//! How soon one short text is answered, by one client that waits for each answer.

use super::super::live::http::Client;
use super::super::live::process::Server;
use super::{Args, data, encoder, fast, settings};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

/// A text as people send them.
const TEXT: &str = "this was far better than i thought , thank you !";

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
struct Times {
    p50_ms: f64,
    p99_ms: f64,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    fast: Times,
    encoder: Times,
}

pub(super) fn run(args: &Args, binary: &Path, library: &str, folder: &Path) -> Result<Found> {
    let server = Server::start(binary, &data(folder), &settings(args, library))?;
    let fast = serde_json::json!({ "text": TEXT, "tasks": [fast::NAME] }).to_string();
    let encoder = serde_json::json!({ "inputs": TEXT }).to_string();
    let path = format!("/embed?model={}", encoder::NAMES[0]);
    let found = Found {
        fast: times(&server, "/v1/analyze/text", &fast, args.requests)?,
        encoder: times(&server, &path, &encoder, args.requests.div_ceil(4))?,
    };
    for (what, Times { p50_ms, p99_ms }) in [("fast", found.fast), ("encoder", found.encoder)] {
        println!(
            "latency    {what:<22} half within {p50_ms:.3} ms, 99 of 100 within {p99_ms:.3} ms over HTTP"
        );
    }
    Ok(found)
}

fn times(server: &Server, path: &str, request: &str, count: usize) -> Result<Times> {
    let mut client = Client::connect(server.address)?;
    let mut taken = Vec::with_capacity(count);
    for number in 0..count + count / 10 {
        let start = Instant::now();
        let (status, answer) = client.call("POST", path, request.as_bytes())?;
        let seconds = start.elapsed().as_secs_f64();
        ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
        // The first ones warm up.
        if number >= count / 10 {
            taken.push(1e3 * seconds);
        }
    }
    taken.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    Ok(Times { p50_ms: at(0.5), p99_ms: at(0.99) })
}
