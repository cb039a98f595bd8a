//! `milieu demo`: a seeded community to look at, and models of pictures to try.

mod carried;

use super::{configuration, now};
use crate::cli::Demo;
use crate::jobs::work;
use crate::output::{bar, replay_bar};
use anyhow::{Context, Result};
use milieu_registry::Registry;
use milieu_server::store::models_dir;
use milieu_server::{Server, append_all, listen, signal, start_telemetry};
use milieu_testkit::community::{Community, Params};
use std::path::Path;

/// How many ports after the wanted one are tried.
const PORTS: u16 = 20;

pub(super) fn run(args: &Demo) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    start_telemetry(&config.telemetry);
    let listener = free_port(&config.server.listen)?;
    let temporary = match args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("milieu-demo-").tempdir()?),
    };
    let data = match (&args.data, &temporary) {
        (Some(data), _) => data.as_path(),
        (None, Some(folder)) => folder.path(),
        (None, None) => Path::new("."),
    };
    let community = Community::new(Params {
        people: args.people,
        posts: args.posts,
        seed: args.seed,
        ..Params::demo(now())
    });
    if !data.join("log").exists() {
        seed(&community, data, &config.log)?;
    }
    carried::publish(&Registry::open(models_dir(data))?)?;
    let reading = bar(0, "reading the log", false);
    let server = Server::open(data, config, listener, Some(work()), replay_bar(&reading))?;
    reading.finish_and_clear();
    let base = format!("http://{}", server.address());
    let user = community.users().next().context("the community has nobody in it")?;
    println!("page      {base}/?user={user}");
    println!("openapi   {base}/openapi.json");
    println!("metrics   {base}/metrics");
    println!("\ntry:");
    println!("  curl -s '{base}/v1/feed/{user}?limit=5&explain=true'");
    println!("  curl -s '{base}/v1/trends?limit=5'");
    println!(
        "  curl -s {base}/v1/events -H 'content-type: application/json' \
         -d '{{\"type\":\"follow\",\"actor\":\"{user}\",\"object\":\"{}\"}}'",
        community.users().nth(1).unwrap_or(user)
    );
    println!(
        "  curl -s {base}/v1/analyze/text -H 'content-type: application/json' \
         -d '{{\"text\":\"Thank you so much, can anyone recommend a good stout?\"}}'"
    );
    println!(
        "  curl -s {base}/v1/items/search -H 'content-type: application/json' -d '{{\"query\":\"wild yeast\"}}'"
    );
    println!("  curl -s --data-binary @cat.jpg '{base}/v1/analyze/image?model=image-cifar10'");
    println!("\nCtrl-C ends it");
    server.run(signal())?;
    Ok(())
}

fn seed(community: &Community, data: &Path, config: &milieu_server::config::LogConfig) -> Result<()> {
    let progress = bar(0, "making the community", false);
    progress.enable_steady_tick(std::time::Duration::from_millis(100));
    let records = community.records().inspect(|_| progress.inc(1));
    let done = append_all(data, config, records, |_| ())?;
    progress.finish_and_clear();
    eprintln!("made a community: {} records", done.accepted);
    Ok(())
}

/// The wanted port, or the next free one with a notice.
fn free_port(address: &str) -> Result<std::net::TcpListener> {
    let first = match listen(address, false) {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    let (host, port) = address.rsplit_once(':').context("server.listen has no port")?;
    let port: u16 = port.parse().context("the port of server.listen is no number")?;
    for other in port.saturating_add(1)..port.saturating_add(PORTS) {
        if let Ok(listener) = listen(&format!("{host}:{other}"), false) {
            eprintln!("port {port} is in use; using {other}");
            return Ok(listener);
        }
    }
    Err(first.into())
}
