//! A recipe for the next item, from a file to figures.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_train::sequences::{Recipe, Report, TrainError, TrainEvent, train};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RECIPE: &str = "task = 'next-item'\n[data]\npath = ''\n\
    [model]\narchitecture = 'self_attentive'\nwidth = 16\nheads = 2\nblocks = 1\nlength = 8\ndropout = 0.1\n\
    [train]\nepochs = 12\nbatch = 16\nrate = 0.01\npatience = 0\n";
/// Where a killed run works: set for the process that is killed only.
const VARIABLE: &str = "MILIEU_TEST_KILLED_RUN";

/// Users who walk along a ring of 40 items, one or two items a step as they always do.
fn write(path: &Path) {
    let mut text = String::new();
    for user in 0..160 {
        let (begin, stride) = (user * 7 % 40, 1 + user % 2);
        let _ = write!(text, "u{user}");
        for step in 0..4 + user % 9 {
            let _ = write!(text, " i{}", (begin + step * stride) % 40);
        }
        text.push('\n');
    }
    std::fs::write(path, text).unwrap();
}

fn run(data: &Path, folder: &Path, settings: &[&str]) -> Result<(Report, usize), TrainError> {
    let mut settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
    settings.push(format!("data.path={:?}", data.to_str().unwrap()));
    let recipe = Recipe::read(RECIPE, &settings).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let mut resumed = 0;
    let (report, _) = train(&recipe, folder, &mut |event| {
        if let TrainEvent::Resumed { epochs } = event {
            resumed = epochs;
        }
    })?;
    Ok((report, resumed))
}

/// What does not depend on the clock.
fn figures(report: &Report) -> (String, Vec<(f64, f64, f64)>) {
    let epochs = report.epochs.iter().map(|epoch| (epoch.loss, epoch.hit_rate, epoch.ndcg)).collect();
    (serde_json::to_string(&report.test).unwrap(), epochs)
}

#[test]
fn a_ring_is_learnt_whoever_competes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("ring");
    write(&data);
    for (name, settings) in [("all", &["gate.hit_rate=0.9"][..]), ("drawn", &["train.negatives=12"])] {
        let (report, _) = run(&data, &folder.path().join(name), settings).unwrap();
        assert_eq!(report.parts[1..], [160, 160]);
        assert_eq!(report.items.len(), 40);
        let hits = report.test.hit_rate[&5].mean;
        assert!(hits > 0.9 && report.passed, "{name}: {hits}");
    }
}

#[test]
fn too_little_data_and_other_runs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(&data, "a 1 2 3\nb 1 2\n").unwrap();
    assert!(matches!(run(&data, folder.path(), &[]), Err(TrainError::TooFew { count: 1 })));
    write(&data);
    run(&data, folder.path(), &["train.epochs=1"]).unwrap();
    assert!(matches!(run(&data, folder.path(), &["train.epochs=2"]), Err(TrainError::Checkpoint(_))));
}

/// The process that is killed; on its own it has nothing to do.
#[test]
fn a_run_to_be_killed() {
    if let Some(folder) = std::env::var_os(VARIABLE) {
        let folder = Path::new(&folder);
        run(&folder.join("data"), &folder.join("killed"), &[]).unwrap();
    }
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_been() {
    let folder = tempfile::tempdir().unwrap();
    let (data, killed) = (folder.path().join("data"), folder.path().join("killed"));
    write(&data);
    let (whole, _) = run(&data, &folder.path().join("whole"), &[]).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_run_to_be_killed"])
        .env(VARIABLE, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !killed.join("checkpoint").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no checkpoint came");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (resumed, epochs) = run(&data, &killed, &[]).unwrap();
    assert!(epochs > 0);
    assert_eq!(figures(&resumed), figures(&whole));
}
