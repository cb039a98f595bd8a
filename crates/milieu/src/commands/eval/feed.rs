//! `milieu eval feed`: single models on public data sets.

use crate::cli::EvalFeed;
use crate::output::{Usage, bar, json};
use anyhow::Result;
use milieu_dataset::import::{self, Format, Options};
use milieu_train::eval::{Budget, Dataset, Family, FeedEval, SplitChoice, evaluate_feed, table};
use milieu_train::{ReplayConfig, replay};

pub(super) fn run(args: &EvalFeed) -> Result<()> {
    if args.replay {
        return replay_feed(args);
    }
    let dataset = match args.dataset.as_str() {
        "lightgcn" => Dataset::Lightgcn,
        "lastfm-hetrec" => Dataset::LastfmHetrec,
        "movielens" => Dataset::Movielens,
        other => return Err(Usage(format!("--dataset {other} can only be replayed; add --replay")).into()),
    };
    let families = match args.model.as_str() {
        "popularity" => vec![Family::Popularity],
        "item-knn" => vec![Family::ItemKnn],
        "graph-filter" => vec![Family::GraphFilter],
        "ease" => vec![Family::Ease],
        "ials" => vec![Family::Ials],
        _ => Family::ALL.to_vec(),
    };
    let ks = if args.k.is_empty() {
        if dataset == Dataset::Lightgcn { vec![20, 10] } else { vec![10, 20] }
    } else {
        args.k.clone()
    };
    let eval = FeedEval {
        dataset,
        path: args.path.clone(),
        split: split(&args.split)?,
        families,
        seeds: args.seeds,
        ks,
        neighbours: args.neighbours,
        budget: Budget::default(),
    };
    let report = evaluate_feed(&eval, |line| eprintln!("{line}"))?;
    eprint!("{}", table(&report));
    if args.json {
        json(&report)?;
    }
    Ok(())
}

/// `8:1:1` is at random by user, `time` or `time:8:1:1` by the timeline.
fn split(text: &str) -> Result<SplitChoice> {
    let (by_time, shares) = match text.strip_prefix("time") {
        Some("") => (true, "8:1:1"),
        Some(rest) => (true, rest.trim_start_matches(':')),
        None => (false, text),
    };
    let parts: Option<Vec<f64>> = shares.split(':').map(|part| part.parse().ok()).collect();
    let (valid, test) = match parts.as_deref() {
        Some(&[train, valid, test]) if train > 0.0 && valid > 0.0 && test > 0.0 => {
            let all = train + valid + test;
            (valid / all, test / all)
        }
        _ => return Err(Usage(format!("--split {text:?} is neither like 8:1:1 nor time")).into()),
    };
    Ok(if by_time { SplitChoice::Time { valid, test } } else { SplitChoice::Random { valid, test } })
}

/// The whole pipeline against popularity and the newest first, over a log that is replayed.
fn replay_feed(args: &EvalFeed) -> Result<()> {
    let format = Format::from_name(&args.dataset)
        .ok_or_else(|| Usage(format!("--dataset {} says no times and cannot be replayed", args.dataset)))?;
    let mut import =
        import::open(format, std::slice::from_ref(&args.path), Options::new(crate::commands::now()))?;
    let mut bad = 0;
    let mut records = Vec::new();
    for entry in &mut import {
        match entry {
            Ok(record) => records.push(record),
            Err(_) => bad += 1,
        }
    }
    eprintln!("{} records, {bad} bad lines", records.len());
    let config = ReplayConfig {
        users: args.users,
        k: args.k.first().copied().unwrap_or(20).clamp(1, 100),
        ..ReplayConfig::default()
    };
    let progress = bar(0, "learning", false);
    let report = replay(&records, &config, |_| progress.tick())?;
    progress.finish_and_clear();
    eprintln!(
        "{} users, {} feeds of {}, {} users without a past",
        report.users, report.queries, report.k, report.cold_users
    );
    for (kind, model) in &report.models {
        eprintln!("{kind}: {model}");
    }
    eprintln!("{:<14} {:>24} {:>24} {:>24}", "", "hit rate", "recall", "ndcg");
    for system in &report.systems {
        let show = |name: &str| {
            let found = system.metrics.get(name).copied().unwrap_or_default();
            format!("{:.4} ({:.4} to {:.4})", found.mean, found.low, found.high)
        };
        eprintln!(
            "{:<14} {:>24} {:>24} {:>24}",
            system.system,
            show("hit_rate"),
            show("recall"),
            show("ndcg")
        );
    }
    for (system, gain) in &report.ndcg_gain {
        eprintln!("ndcg above {system}: {:.4} ({:.4} to {:.4})", gain.mean, gain.low, gain.high);
    }
    if args.json {
        json(&report)?;
    }
    Ok(())
}
