//! `milieu serve`.

use super::configuration;
use crate::cli::Serve;
use crate::jobs::work;
use crate::output::{bar, replay_bar};
use anyhow::Result;
use milieu_server::{Server, listen, signal, start_telemetry};

pub(super) fn run(args: &Serve) -> Result<()> {
    let listen_flag = args.listen.as_ref().map(|address| format!("server.listen={address:?}"));
    let config = configuration(&args.settings, listen_flag.as_slice())?;
    start_telemetry(&config.telemetry);
    let listener = listen(&config.server.listen, args.allow_insecure_bind)?;
    let reading = bar(0, "reading the log", false);
    let server = Server::open(&args.data, config, listener, Some(work()), replay_bar(&reading))?;
    reading.finish_and_clear();
    let opened = server.opened();
    for notice in &opened.notices {
        eprintln!("a snapshot was passed over: {notice}");
    }
    eprintln!("read a snapshot of record {} and {} records after it", opened.snapshot, opened.replayed);
    println!("listening on http://{}", server.address());
    server.run(signal())?;
    eprintln!("stopped");
    Ok(())
}
