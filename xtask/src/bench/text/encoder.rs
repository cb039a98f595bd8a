//! An encoder in 8 bits over HTTP, from texts to vectors, against onnxruntime in Python in its own process.

use super::super::live::http::Client;
use super::super::live::process::Server;
use super::super::python::Talk;
use super::{Against, Args, Pair, data, library, settings};
use anyhow::{Context, Result, ensure};
use milieu_onnx::rewrite::quantise_dynamic;
use milieu_onnx::{Limits, Model};
use milieu_registry::{Draft, Registry};
use milieu_train::texts::embedding_draft;
use milieu_types::Timestamp;
use serde::Serialize;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::time::Instant;

const SCRIPT: &str = include_str!("encoder_peer.py");
/// Its graph in 8 bits by this project, and the file that Python runs, under these names.
pub(super) const NAMES: [&str; 2] = ["meaning", "meaning-theirs"];
/// Texts of a request, and of a batch there.
const BATCH: usize = 32;
/// Tokens of a text that are read, on both sides.
const TOKENS: usize = 256;

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    /// Vectors a second by the graph in 8 bits that this project makes.
    own_file: Against,
    /// By the file that Python runs.
    their_file: Against,
    clients: usize,
    #[serde(skip)]
    pub(super) library: String,
}

pub(super) fn run(args: &Args, pairs: &[Pair], python: &Path, binary: &Path, folder: &Path) -> Result<Found> {
    publish(args, folder)?;
    let texts: Vec<&str> = pairs.iter().take(args.vectors).map(|pair| pair.0.as_str()).collect();
    let file = folder.join("texts.txt");
    fs::write(&file, texts.iter().map(|text| format!("{text}\n")).collect::<String>())?;
    let theirs = args.models.join("minilm-l6-v2-int8");
    let mut peer = Talk::start(
        Command::new(python)
            .args(["-c", SCRIPT])
            .args([theirs.join("model.onnx"), theirs.join("tokenizer.json"), file])
            .args([args.threads.to_string(), BATCH.to_string(), TOKENS.to_string()]),
    )?;
    let greeting = peer.answer()?;
    let library = library(&greeting)?.to_owned();
    let server = Server::start(binary, &data(folder), &settings(args, &library))?;
    let mut turn = || -> Result<(f64, f64)> {
        writeln!(peer.requests, "run")?;
        let answer = peer.answer()?;
        let (seconds, mean) = answer.split_once(' ').context("Python answers in another way")?;
        Ok((seconds.parse()?, mean.parse()?))
    };
    let (_, expected) = turn()?;
    let requests: Vec<String> = texts
        .chunks(BATCH)
        .map(|some| serde_json::to_string(&serde_json::json!({ "inputs": some })))
        .collect::<serde_json::Result<_>>()?;
    let path = |name: &str| format!("/embed?model={name}");
    for name in NAMES {
        let found = mean(server.address, &path(name), &requests)?;
        ensure!((found - expected).abs() < 0.02 * expected, "{name}: {found} where {expected} is due");
        ask(server.address, &path(name), &requests, args.clients)?;
    }
    let (mut ours, mut theirs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..args.repeats {
        for (place, name) in NAMES.iter().enumerate() {
            ours[place].push(ask(server.address, &path(name), &requests, args.clients)?);
            theirs[place].push(turn()?.0);
        }
    }
    peer.stop()?;
    let [own_file, their_file] = [0, 1].map(|place| Against::of(texts.len(), &ours[place], &theirs[place]));
    for (what, Against { ours, theirs, ratio }) in [("own 8 bits", own_file), ("Python's file", their_file)] {
        println!(
            "encoder    {what:<22} {ours:9.1} texts/s over HTTP, Python {theirs:9.1}, {ratio:5.2} of it"
        );
    }
    Ok(Found { own_file, their_file, clients: args.clients, library })
}

/// Publishes both files, live.
fn publish(args: &Args, folder: &Path) -> Result<()> {
    let registry = Registry::open(milieu_server::store::models_dir(&data(folder)))?;
    let at = Timestamp::from_secs(0);
    let whole = embedding_draft(&args.models.join("minilm-l6-v2"), NAMES[0], at)?;
    let graph = |draft: &Draft| -> Result<Vec<u8>> {
        let found = draft.files.iter().find(|(name, _)| name.ends_with(".onnx"));
        Ok(found.context("it has no graph")?.1.clone())
    };
    let small = quantise_dynamic(&Model::read(&graph(&whole)?, &Limits::default())?)?.write();
    let other = fs::read(args.models.join("minilm-l6-v2-int8/model.onnx"))?;
    for (name, bytes) in NAMES.into_iter().zip([small, other]) {
        let mut draft = Draft { kind: name.to_owned(), ..whole.clone() };
        if name == NAMES[1] {
            describe(&mut draft, &bytes)?;
        }
        draft
            .files
            .iter_mut()
            .filter(|(name, _)| name.ends_with(".onnx"))
            .for_each(|file| file.1 = bytes.clone());
        let version = registry.publish(&draft)?.version;
        registry.promote(name, version, at)?;
    }
    Ok(())
}

/// Says what a file of others takes and gives.
fn describe(draft: &mut Draft, bytes: &[u8]) -> Result<()> {
    let signature = milieu_registry::check_model(bytes).map_err(anyhow::Error::msg)?;
    draft.attributes.insert("inputs".to_owned(), serde_json::to_value(&signature.inputs)?);
    draft.attributes.insert("outputs".to_owned(), serde_json::to_value(&signature.outputs)?);
    Ok(())
}

/// The seconds that some clients need for all requests.
fn ask(address: SocketAddr, path: &str, requests: &[String], clients: usize) -> Result<f64> {
    let barrier = Barrier::new(clients + 1);
    std::thread::scope(|scope| {
        let ask = |client: usize| -> Result<()> {
            let connected = Client::connect(address);
            barrier.wait();
            let mut connected = connected?;
            for request in requests.iter().skip(client).step_by(clients) {
                let (status, answer) = connected.call("POST", path, request.as_bytes())?;
                ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
            }
            Ok(())
        };
        let handles: Vec<_> = (0..clients).map(|client| scope.spawn(move || ask(client))).collect();
        barrier.wait();
        let start = Instant::now();
        for handle in handles {
            handle.join().map_err(|_| anyhow::anyhow!("a client broke down"))??;
        }
        Ok(start.elapsed().as_secs_f64())
    })
}

/// The mean absolute value of all vectors.
fn mean(address: SocketAddr, path: &str, requests: &[String]) -> Result<f64> {
    let mut client = Client::connect(address)?;
    let (mut sum, mut count) = (0.0, 0usize);
    for request in requests {
        let found: Vec<Vec<f64>> = serde_json::from_value(client.json("POST", path, request)?)?;
        for value in found.iter().flatten() {
            sum += value.abs();
            count += 1;
        }
    }
    Ok(sum / count.max(1) as f64)
}
