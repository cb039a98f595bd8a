//! `milieu eval people`: links of a list of edges.

use crate::cli::EvalPeople;
use crate::output::json;
use anyhow::Result;
use milieu_dataset::edges;
use milieu_train::people::{LinkEval, LinkTraining, SplitBy, evaluate_links, link_table};

/// Bad lines that are shown.
const SHOWN_BAD: usize = 5;

pub(super) fn run(args: &EvalPeople) -> Result<()> {
    let list = edges::read(&args.edges)?;
    for bad in list.bad.first.iter().take(SHOWN_BAD) {
        eprintln!("{}:{}: {}", bad.file, bad.line, bad.reason);
    }
    if list.bad.count > SHOWN_BAD {
        eprintln!("... {} bad lines in all", list.bad.count);
    }
    let by = match args.by.as_deref() {
        Some("time") => SplitBy::Time,
        Some(_) => SplitBy::Random,
        None if list.is_timed() => SplitBy::Time,
        None => SplitBy::Random,
    };
    let eval = LinkEval {
        hide: args.hide,
        by,
        seeds: args.seeds,
        hard: args.hard,
        training: LinkTraining::default(),
    };
    let report = evaluate_links(&list, &eval, |line| eprintln!("{line}"))?;
    eprint!("{}", link_table(&report));
    if args.json {
        json(&report)?;
    }
    Ok(())
}
