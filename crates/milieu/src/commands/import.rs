//! `milieu import`.

use super::{configuration, now};
use crate::cli::Import;
use crate::output::{bar, json};
use anyhow::{Context, Result, bail};
use milieu_dataset::import::{Format, Options, open};
use milieu_server::append_all;
use milieu_types::{Record, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Default, Serialize)]
struct Summary {
    format: String,
    users: u64,
    items: u64,
    events: u64,
    other: u64,
    bad: u64,
    skipped: BTreeMap<&'static str, u64>,
    accepted: u64,
    duplicates: u64,
    refused: u64,
    seconds: f64,
}

pub(super) fn run(args: &Import) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    let start = std::time::Instant::now();
    let format = Format::from_name(&args.format).context("no such format")?;
    let skew = config.server.clock_skew_secs.saturating_mul(1000);
    let latest = Timestamp::from_millis(now().millis().saturating_add(skew));
    let mut import = open(format, &args.paths, Options::new(latest))?;
    let progress = bar(import.progress().total, "importing", true);
    let mut summary = Summary { format: args.format.clone(), ..Summary::default() };
    let records = std::iter::from_fn(|| {
        loop {
            let entry = import.next();
            progress.set_position(import.progress().read);
            match entry? {
                Ok(record) => {
                    match record {
                        Record::PutUser(_) => summary.users += 1,
                        Record::PutItem(_) => summary.items += 1,
                        Record::Event(_) | Record::Undo { .. } => summary.events += 1,
                        _ => summary.other += 1,
                    }
                    return Some(record);
                }
                Err(bad) => {
                    summary.bad += 1;
                    if summary.bad <= args.show_bad {
                        progress.suspend(|| eprintln!("{bad}"));
                    }
                }
            }
        }
    });
    let mut shown = 0;
    let appended = append_all(&args.data, &config.log, records, |reason| {
        shown += 1;
        if shown <= args.show_bad {
            progress.suspend(|| eprintln!("not stored: {reason}"));
        }
    })?;
    progress.finish_and_clear();
    summary.skipped = import.skipped().clone();
    (summary.accepted, summary.duplicates, summary.refused) =
        (appended.accepted, appended.duplicates, appended.refused);
    summary.seconds = start.elapsed().as_secs_f64();
    if summary.bad > args.show_bad {
        eprintln!("... and {} more bad lines", summary.bad - args.show_bad);
    }
    eprintln!(
        "read {} users, {} items, {} events, {} other records, {} bad lines in {:.1} s",
        summary.users, summary.items, summary.events, summary.other, summary.bad, summary.seconds
    );
    for (what, count) in &summary.skipped {
        eprintln!("left out by rule: {count} x {what}");
    }
    eprintln!(
        "stored {} new records; {} were there already, {} were refused",
        summary.accepted, summary.duplicates, summary.refused
    );
    if args.json {
        json(&summary)?;
    }
    if summary.accepted + summary.duplicates == 0 && summary.bad > 0 {
        bail!("not one line could be read as {}", args.format);
    }
    Ok(())
}
