//! `milieu log verify`.

use super::{configuration, must_be_data};
use crate::cli::OnData;
use crate::output::{bar, json, replay_bar};
use anyhow::{Result, bail};
use milieu_server::store::verify;

pub(super) fn run(args: &OnData) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    must_be_data(&args.data)?;
    let reading = bar(0, "folding the log", false);
    let found = verify(&args.data, &config.log, replay_bar(&reading))?;
    reading.finish_and_clear();
    let equal = found.digest == found.replayed;
    let (digest, replayed) = (format!("{:016x}", found.digest), format!("{:016x}", found.replayed));
    if args.json {
        json(&serde_json::json!({
            "records": found.records, "snapshot": found.snapshot,
            "digest": digest, "replayed": replayed, "equal": equal,
        }))?;
    } else {
        println!(
            "records   {}\nsnapshot  {}\ndigest    {digest}\nreplayed  {replayed}",
            found.records, found.snapshot
        );
    }
    if !equal {
        bail!("the world from snapshot and tail differs from the replayed one");
    }
    Ok(())
}
