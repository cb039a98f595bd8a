//! Prints what the demo community and the serving load hold, and how fast they are made.
//!
//!     cargo run --release -p milieu-testkit --example census

use milieu_testkit::community::{Community, Params};
use milieu_testkit::load::Load;
use milieu_types::{Record, Timestamp};
use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

const NOW: Timestamp = Timestamp::from_secs(1_795_507_200);

fn main() {
    let begun = Instant::now();
    let community = Community::new(Params::demo(NOW));
    count("demo", begun, community.records());
    println!("some posts:");
    let items = community.records().filter_map(|record| match record {
        Record::PutItem(item) => Some(item),
        _ => None,
    });
    let items: Vec<_> = items.collect();
    let texts: HashSet<_> = items.iter().filter_map(|item| item.text.as_deref()).collect();
    println!("  ({} different texts of {})", texts.len(), items.len());
    for item in items.iter().step_by(1_700) {
        let author = item.author.as_ref().map_or("", |author| author.as_str());
        println!("  {author}: {} {:?}", item.text.as_deref().unwrap_or(""), item.tags);
    }
    count("load", Instant::now(), Load::bench(NOW).records());
}

fn count(name: &str, begun: Instant, records: impl Iterator<Item = Record>) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for record in records {
        let kind = match &record {
            Record::PutUser(_) => "users",
            Record::PutItem(_) => "items",
            Record::Event(event) => event.kind.name(),
            _ => "other",
        };
        *counts.entry(kind).or_default() += 1;
    }
    let (total, seconds) = (counts.values().sum::<u64>(), begun.elapsed().as_secs_f64());
    println!("{name}: {total} records in {seconds:.2} s, {:.0} a second: {counts:?}", total as f64 / seconds);
}
