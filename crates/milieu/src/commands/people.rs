//! `milieu people export` and `milieu people fit`.

use super::{configuration, must_be_data, now};
use crate::cli::{ExportPeople, OnData, PeopleCommand};
use crate::output::{bar, json, replay_bar};
use anyhow::{Context, Result};
use milieu_people::communities::PeopleIndex;
use milieu_people::export::{Format, Table, write};
use milieu_people::ties::Reliability;
use milieu_server::store::Store;
use milieu_server::{KeptModel, learn_ties};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};

pub(super) fn run(command: PeopleCommand) -> Result<()> {
    match command {
        PeopleCommand::Export(args) => export(&args),
        PeopleCommand::Fit(args) => fit(&args),
    }
}

fn export(args: &ExportPeople) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    must_be_data(&args.data)?;
    let reading = bar(0, "reading the log", false);
    let store = Store::open(&args.data, &config.log, replay_bar(&reading))?;
    reading.finish_and_clear();
    let view = store.world.view(u32::try_from(now().secs()).unwrap_or(u32::MAX));
    let model = KeptModel::read(&args.data)?.unwrap_or_default();
    let index = PeopleIndex::of(&view, |_| None, &PeopleIndex::default())?;
    let format = match args.format.as_str() {
        "csv" => Format::Csv,
        "graphml" => Format::Graphml,
        _ => Format::Jsonl,
    };
    let table = match args.what.as_str() {
        "users" => Table::Users,
        "communities" => Table::Communities,
        _ => Table::Ties,
    };
    let out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(File::create(path).with_context(|| path.display().to_string())?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut out = BufWriter::new(out);
    let written = write(&view, &index, &model, (table, format), &mut out).and_then(|()| out.flush());
    match written {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn bins(table: &Reliability) -> Value {
    let bins = table
        .bins
        .iter()
        .map(|bin| json!({"from": bin.from, "ties": bin.pairs, "expected": bin.expected, "came": bin.came}));
    json!({"ratio": table.ratio, "error": table.error, "bins": bins.collect::<Vec<_>>()})
}

fn fit(args: &OnData) -> Result<()> {
    let config = configuration(&args.settings, &[])?;
    must_be_data(&args.data)?;
    let reading = bar(0, "folding the log", false);
    let learnt = learn_ties(&args.data, &config.log, replay_bar(&reading))?;
    reading.finish_and_clear();
    let (measured, before) = (&learnt.measured, &learnt.before);
    // What is no better than what comes along is not worth a change of all answers.
    let written = measured.error < before.error;
    let path = if written { Some(learnt.model.write(&args.data)?) } else { None };
    if args.json {
        return json(&json!({
            "written": written,
            "ties": learnt.ties,
            "interactions": learnt.interactions,
            "model": learnt.model,
            "measured": bins(measured),
            "before": bins(before),
        }));
    }
    println!("learnt from {} ties with {} interactions", learnt.ties, learnt.interactions);
    match path {
        Some(path) => println!("written to {}; a server takes it up when it starts", path.display()),
        None => println!("not written, since it is no better than what comes along"),
    }
    println!("of the last 30 days, by coefficients learnt from the time before:");
    println!("{:>10} {:>10} {:>10} {:>10}", "from", "ties", "expected", "came");
    for bin in &measured.bins {
        println!("{:>10} {:>10} {:>10.4} {:>10.4}", bin.from, bin.pairs, bin.expected, bin.came);
    }
    println!(
        "expected by come  {:.3}; by the coefficients that come along {:.3}",
        measured.ratio, before.ratio
    );
    println!(
        "error             {:.3}; by the coefficients that come along {:.3}",
        measured.error, before.error
    );
    Ok(())
}
