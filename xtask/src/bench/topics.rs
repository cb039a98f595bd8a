//! Topics that a server learns of labelled texts, against their labels, which it does not see.

use super::items::{PATIENCE, is_done, promote, put};
use super::live::process::{Server, build};
use anyhow::{Context, Result, ensure};
use milieu_dataset::tables::{TableConfig, read_table};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Topics that do not change for so long are those of all texts.
const QUIET: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A folder with config.json, model.safetensors and tokenizer.json of an encoder that gives vectors
    #[arg(long)]
    encoder: PathBuf,
    /// A table of texts with labels: .csv, .tsv, .jsonl or .json, each also as .gz
    #[arg(long)]
    data: PathBuf,
    /// The column of the text
    #[arg(long, default_value = "text")]
    text: String,
    /// The column of the label
    #[arg(long, default_value = "label")]
    label: String,
    /// A JSON object of groups, each with a list of its labels; labels of no group are of none
    #[arg(long)]
    groups: Option<PathBuf>,
    /// Texts at most
    #[arg(long, default_value_t = 100_000)]
    texts: usize,
    /// Settings of the server, such as topics.count=20
    #[arg(long)]
    set: Vec<String>,
    /// One JSON object last on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found {
    texts: usize,
    topics: usize,
    /// The share of texts with a topic.
    covered: f64,
    /// The same of texts whose label is of no group.
    covered_of_no_group: Option<f64>,
    labels: Agreement,
    groups: Option<Agreement>,
}

/// How far topics agree with classes, over texts that have both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Agreement {
    classes: usize,
    /// The share of texts whose class is the most frequent of their topic.
    purity: f64,
    /// Mutual information over the mean of both entropies (Strehl and Ghosh 2002, with the arithmetic mean), 0 to 1.
    nmi: f64,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    let config =
        TableConfig { text: args.text.clone(), label: Some(args.label.clone()), ..TableConfig::default() };
    let table = read_table(&args.data, &config)?;
    let labelled = table.examples.into_iter().filter_map(|example| {
        let label = table.classes.get(*example.labels.first()?)?;
        Some((example.value, label.clone()))
    });
    let (texts, labels): (Vec<String>, Vec<String>) = labelled.take(args.texts).unzip();
    ensure!(!texts.is_empty(), "there are no texts");
    let groups = args.groups.as_deref().map(group_of_label).transpose()?;

    let binary = build(root)?;
    let folder = tempfile::tempdir()?;
    promote(folder.path(), &args.encoder)?;
    let server = Server::start(&binary, folder.path(), &args.set)?;
    let mut client = server.client()?;
    let start = Instant::now();
    put(&mut client, &texts)?;
    while !is_done(&mut client, texts.len(), texts.len())? {
        ensure!(start.elapsed() < PATIENCE, "the texts are never read");
        std::thread::sleep(Duration::from_millis(200));
    }
    // Topics may still be learnt from what was read last.
    let mut list = Value::Null;
    loop {
        let now = client.json("GET", "/v1/topics", "")?;
        if now == list {
            break;
        }
        list = now;
        std::thread::sleep(QUIET);
    }
    let mut topics = Vec::with_capacity(texts.len());
    for number in 0..texts.len() {
        let known = client.json("GET", &format!("/v1/items/i{number}/understood"), "")?;
        topics.push(known["topic"]["id"].as_u64());
    }
    server.stop()?;

    let of_labels = topics.iter().zip(&labels).filter_map(|(topic, label)| Some(((*topic)?, label.as_str())));
    let group = |label: &String| groups.as_ref().and_then(|groups| groups.get(label)).map(String::as_str);
    let of_groups = topics.iter().zip(&labels).filter_map(|(topic, label)| Some(((*topic)?, group(label)?)));
    let of_no_group = || topics.iter().zip(&labels).filter(|(_, label)| group(label).is_none());
    let covered = |all: usize, with: usize| with as f64 / all.max(1) as f64;
    let listed = list["topics"].as_array().context("no topics")?;
    let found = Found {
        texts: texts.len(),
        topics: listed.len(),
        covered: covered(texts.len(), topics.iter().flatten().count()),
        covered_of_no_group: groups.as_ref().map(|_| {
            covered(of_no_group().count(), of_no_group().filter(|(topic, _)| topic.is_some()).count())
        }),
        labels: agreement(of_labels),
        groups: groups.as_ref().map(|_| agreement(of_groups)),
    };
    println!("topics     {} of {} texts, {:.3} of which have one", found.topics, found.texts, found.covered);
    if let Some(share) = found.covered_of_no_group {
        println!("no group   {share:.3} of the texts whose label is of no group have one");
    }
    for (what, agreement) in [("labels", Some(found.labels)), ("groups", found.groups)] {
        if let Some(Agreement { classes, purity, nmi }) = agreement {
            println!("{what:<10} {classes}: purity {purity:.3}, NMI {nmi:.3}");
        }
    }
    for topic in listed.iter().take(20) {
        let terms: Vec<&str> =
            topic["terms"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        println!("  {:>6} {}", topic["size"], terms.join(", "));
    }
    if args.json {
        println!("{}", serde_json::to_string(&found)?);
    }
    Ok(())
}

fn group_of_label(file: &Path) -> Result<HashMap<String, String>> {
    let groups: BTreeMap<String, Vec<String>> = serde_json::from_slice(&std::fs::read(file)?)?;
    let labels =
        |(group, labels): (String, Vec<String>)| labels.into_iter().map(move |label| (label, group.clone()));
    Ok(groups.into_iter().flat_map(labels).collect())
}

fn agreement<'t>(pairs: impl Iterator<Item = (u64, &'t str)>) -> Agreement {
    let (mut both, mut topics, mut classes) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut all = 0.0;
    for (topic, class) in pairs {
        *both.entry((topic, class)).or_insert(0.0) += 1.0;
        *topics.entry(topic).or_insert(0.0) += 1.0;
        *classes.entry(class).or_insert(0.0) += 1.0;
        all += 1.0;
    }
    let mut best: HashMap<u64, f64> = HashMap::new();
    let mut information = 0.0;
    for (&(topic, class), &count) in &both {
        let most = best.entry(topic).or_default();
        *most = most.max(count);
        information += count / all * (count * all / (topics[&topic] * classes[class])).ln();
    }
    let entropy = |counts: &mut dyn Iterator<Item = f64>| {
        -counts.map(|count| count / all * (count / all).ln()).sum::<f64>()
    };
    let entropies = entropy(&mut topics.values().copied()) + entropy(&mut classes.values().copied());
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    Agreement {
        classes: classes.len(),
        purity: share(best.values().sum(), all),
        nmi: share(2.0 * information, entropies),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreements() {
        fn check(pairs: &[(u64, &str)], purity: f64, nmi: f64) {
            let found = agreement(pairs.iter().copied());
            assert!(
                (found.purity - purity).abs() < 1e-9 && (found.nmi - nmi).abs() < 1e-9,
                "{pairs:?}: {found:?}"
            );
        }
        check(&[], 0.0, 0.0);
        check(&[(1, "a"), (1, "a"), (2, "b"), (2, "b")], 1.0, 1.0);
        check(&[(1, "a"), (1, "b"), (2, "a"), (2, "b")], 0.5, 0.0);
        check(&[(1, "a"), (2, "a"), (3, "b"), (4, "b")], 1.0, 2.0 / 3.0);
    }
}
