//! `milieu doctor`.

use super::{configuration, must_be_data, now};
use crate::cli::OnData;
use crate::output::{bar, json, replay_bar};
use anyhow::Result;
use milieu_server::doctor::examine;

pub(super) fn run(args: &OnData) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    must_be_data(&args.data)?;
    let reading = bar(0, "reading the log", false);
    let report = examine(&args.data, &config.log, now(), replay_bar(&reading))?;
    reading.finish_and_clear();
    if args.json {
        return json(&report);
    }
    let percent = |share: f64| format!("{:.0}%", share * 100.0);
    println!("records              {}", report.records);
    println!(
        "users                {} ({} without any positive action)",
        report.users,
        percent(report.cold_users)
    );
    println!(
        "items                {} ({} without any positive action)",
        report.items,
        percent(report.cold_items)
    );
    println!("follow ties          {}", report.follows);
    println!(
        "positive actions     {} by {} users, median {}",
        report.positives, report.active_users, report.median_positives
    );
    if let Some(user) = &report.busiest_user {
        println!("busiest user         {user}, {} of the positive actions", percent(report.busiest_share));
    }
    println!("items without author {}", percent(report.without_author));
    println!("items without tags   {}", percent(report.without_tags));
    println!("dated in the future  {}", report.future_events);
    println!("late by over a day   {}", report.late_events);
    println!("memory of the world  {} MiB", report.memory_bytes >> 20);
    for line in &report.advice {
        println!("- {line}");
    }
    Ok(())
}
