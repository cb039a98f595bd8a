//! A process that promotes, rolls back, tries, publishes and removes without end is killed a hundred times:
//! the registry is whole each time, and nothing that was said to be done is lost.
//!
//! A kill leaves what the operating system has cached; that a synced write outlives a power cut is the disk's
//! promise and cannot be tested here.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_registry::{Change, DataDescription, Draft, Registry, Trial};
use milieu_types::Timestamp;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const KILLS: u64 = 100;
const KIND: &str = "image-cifar10";
const CHILD: &str = "MILIEU_KILL_TEST_REGISTRY";
const AT: Timestamp = Timestamp::from_secs(1_800_000_000);

fn draft() -> Draft {
    Draft {
        kind: KIND.into(),
        created_at: AT,
        files: vec![("model.onnx".into(), vec![7; 10_000]), ("labels.json".into(), b"[]".to_vec())],
        metrics: BTreeMap::new(),
        data: DataDescription::default(),
        parent: None,
        recipe: String::new(),
        code_version: String::new(),
        attributes: BTreeMap::new(),
    }
}

/// The child's side; an empty test where it is not started by the other one.
#[test]
fn changes_without_end() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let registry = Registry::open(directory).unwrap();
    let versions = || registry.list(KIND).unwrap().iter().map(|line| line.version).collect::<Vec<_>>();
    let said = |what: &str| {
        // Straight to the pipe: what the parent reads was done.
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{what} {}", registry.changes(KIND).unwrap().len()).unwrap();
        out.flush().unwrap();
    };
    said("done");
    for round in 0_usize.. {
        let present = versions();
        let live = registry.live(KIND).unwrap();
        let other = present.iter().copied().filter(|&version| Some(version) != live).nth(round % 2).unwrap();
        registry.set_shadow(KIND, Trial { version: other, share: 1.0 }, AT).unwrap();
        registry.set_canary(KIND, Trial { version: other, share: 0.1 }, AT).unwrap();
        registry.promote(KIND, other, AT).unwrap();
        said("done");
        registry.rollback(KIND, AT).unwrap();
        registry.promote(KIND, other, AT).unwrap();
        said("done");
        registry.publish(&draft()).unwrap();
        registry.prune(KIND, 4).unwrap();
    }
}

#[test]
fn killed_at_any_moment_the_registry_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::open(directory.path()).unwrap();
    for _ in 0..4 {
        registry.publish(&draft()).unwrap();
    }
    registry.promote(KIND, 1, AT).unwrap();
    let mut history: Vec<Change> = registry.changes(KIND).unwrap();
    let mut random = 20_261_125_u64;
    let mut grown = 0;
    for kill in 0..KILLS {
        // Steele and Vigna's linear congruential multiplier: any spread of moments will do.
        random = random.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        let wait = Duration::from_micros((random >> 32) % 25_000);
        let acknowledged = run_and_kill(directory.path(), 1 + kill % 3, wait);
        let found = registry.changes(KIND).unwrap();
        assert!(found.len() >= acknowledged, "kill {kill}: {} of {acknowledged} changes", found.len());
        assert_eq!(found[..history.len()], history, "kill {kill} changed the past");
        grown += usize::from(found.len() > history.len());
        history = found;
        whole(&registry, kill);
    }
    // The next writer goes on, and sweeps what the killed ones left.
    let last = registry.publish(&draft()).unwrap().version;
    registry.promote(KIND, last, AT).unwrap();
    let left = std::fs::read_dir(directory.path().join(KIND)).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name == "publishing" || name == "stages.new"), "{left:?}");
    assert!(grown > KILLS as usize / 2, "only {grown} of the killed processes got to work");
    println!("{KILLS} kills, {} changes, version {last}", history.len());
}

fn whole(registry: &Registry, kill: u64) {
    let listed = registry.list(KIND).unwrap();
    for line in &listed {
        let loaded = registry.load(KIND, line.version).expect("a version that loads");
        assert_eq!(loaded.files["model.onnx"].len(), 10_000, "kill {kill}");
    }
    let stages = registry.stages(KIND).unwrap();
    let there = |version: u32| listed.iter().any(|line| line.version == version);
    assert!(stages.live.is_some_and(there), "kill {kill}: {stages:?}");
    let trials = [stages.canary, stages.shadow];
    assert!(trials.into_iter().flatten().all(|trial| there(trial.version)), "kill {kill}: {stages:?}");
}

/// Starts a child, kills it some time after this many words, the first of which it says before its work, and
/// gives the last count of changes it said.
fn run_and_kill(directory: &Path, words: u64, wait: Duration) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "changes_without_end", "--nocapture"])
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut last = 0;
    let mut hear = |line: &str| {
        if let Some(count) = line.strip_prefix("done ").and_then(|count| count.parse().ok()) {
            last = count;
            return true;
        }
        false
    };
    for _ in 0..words {
        assert!(lines.by_ref().any(|line| hear(&line)), "the child did not start");
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        hear(&line);
    }
    last
}
