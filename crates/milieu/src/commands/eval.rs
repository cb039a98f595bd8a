//! `milieu eval feed`: single models on public data sets.

use crate::cli::EvalFeed;
use crate::output::{Usage, json};
use anyhow::Result;
use milieu_train::eval::{Budget, Dataset, Family, FeedEval, SplitChoice, evaluate_feed, table};

pub(super) fn run(args: &EvalFeed) -> Result<()> {
    let dataset = match args.dataset.as_str() {
        "lightgcn" => Dataset::Lightgcn,
        "lastfm-hetrec" => Dataset::LastfmHetrec,
        _ => Dataset::Movielens,
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
