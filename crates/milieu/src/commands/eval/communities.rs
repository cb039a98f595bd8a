//! `milieu eval communities`: circles of ego networks.

use crate::cli::EvalCommunities;
use crate::output::{Usage, json};
use anyhow::Result;
use milieu_dataset::egos::read;
use milieu_people::circles::{Alters, CirclesConfig, Ego, Match, Way, compare};
use milieu_train::eval::{Interval, bootstrap};
use serde::Serialize;

/// A measure's name, and how it is read from a match.
type Measure = (&'static str, fn(&Match) -> f64);

const MEASURES: [Measure; 4] = [
    ("f1", |found| found.f1),
    ("balanced", |found| found.balanced),
    ("average_f1", |found| found.average_f1),
    ("recall_f1", |found| found.recall_f1),
];

#[derive(Serialize)]
struct Report {
    egos: Vec<String>,
    ways: Vec<Summary>,
}

#[derive(Serialize)]
struct Summary {
    #[serde(flatten)]
    way: Way,
    /// Each measure's mean over the egos, with the middle 95% of means of resampled egos.
    means: Vec<(&'static str, Interval)>,
    /// The first way's gain in F1 over this one, by ego.
    gain: Interval,
}

pub(super) fn run(args: &EvalCommunities) -> Result<()> {
    let found = read(&args.egos)?;
    let networks: Vec<_> = found.networks.iter().filter(|network| !network.circles.is_empty()).collect();
    if networks.is_empty() {
        return Err(Usage(format!("{}: no ego network with circles", args.egos.display())).into());
    }
    eprintln!("{} egos with circles; {} bad lines left out", networks.len(), found.bad.count);
    let egos: Vec<Ego<'_>> = networks
        .iter()
        .map(|network| Ego {
            alters: Alters {
                count: network.alters.len(),
                edges: &network.edges,
                features: &network.features,
            },
            given: &network.circles,
        })
        .collect();
    let config = CirclesConfig { seed: args.seed, ..CirclesConfig::default() };
    let ways = compare(&egos, &config)?;

    eprintln!("f1 (number of circles), by ego:");
    let names: Vec<&str> = ways.iter().map(|way| way.name).collect();
    eprintln!("{:>10} {:>7} {:>6}  {}", "ego", "alters", "given", names.join(" | "));
    for (place, network) in networks.iter().enumerate() {
        let cells: Vec<String> = ways
            .iter()
            .filter_map(|way| way.matches.get(place))
            .map(|found| format!("{:.4} ({})", found.f1, found.predicted))
            .collect();
        let (alters, given) = (network.alters.len(), network.circles.len());
        eprintln!("{:>10} {alters:>7} {given:>6}  {}", network.ego, cells.join(" | "));
    }
    let first: Vec<f64> = ways.first().map_or_else(Vec::new, f1s);
    let summaries: Vec<Summary> = ways
        .into_iter()
        .map(|way| {
            let mean = |(name, measure): Measure| {
                let values: Vec<f64> = way.matches.iter().map(measure).collect();
                (name, bootstrap(&values, args.seed))
            };
            let gains: Vec<f64> = first.iter().zip(f1s(&way)).map(|(first, own)| first - own).collect();
            Summary { means: MEASURES.map(mean).to_vec(), gain: bootstrap(&gains, args.seed), way }
        })
        .collect();
    eprintln!("means over egos (95% interval over egos):");
    eprintln!(
        "{:<26} {:>24} {:>24} {:>24} {:>24}",
        "", "f1", "balanced (1 - BER)", "average f1", "recall f1"
    );
    for summary in &summaries {
        let cells: Vec<String> =
            summary.means.iter().map(|(_, mean)| format!("{:>24}", shown(mean))).collect();
        eprintln!("{:<26} {}", summary.way.name, cells.join(" "));
    }
    for summary in summaries.iter().skip(1) {
        eprintln!("f1 above {}: {}", summary.way.name, shown(&summary.gain));
    }
    if args.json {
        let egos = networks.iter().map(|network| network.ego.clone()).collect();
        json(&Report { egos, ways: summaries })?;
    }
    Ok(())
}

fn f1s(way: &Way) -> Vec<f64> {
    way.matches.iter().map(|found| found.f1).collect()
}

fn shown(mean: &Interval) -> String {
    format!("{:.4} ({:.4} to {:.4})", mean.mean, mean.low, mean.high)
}
