//! The real binary under load, killed again and again: no acknowledged event is lost or applied twice,
//! and the world after a restart is the one that the log tells from its first record.
//!
//! A kill leaves what the operating system has cached; that a synced write outlives a power cut is the
//! disk's promise and cannot be tested here.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is a failed test")]

mod load;
#[allow(dead_code, reason = "the other end to end tests use the rest of it")]
mod server;

use load::{CLIENTS, Client, Connection, Counts, Deed, Model, Op, Tally};
use milieu_server::config::LogConfig;
use milieu_server::store::Store;
use milieu_types::{Action, EventKind};
use rand::Rng;
use rand_pcg::Pcg64Mcg;
use serde_json::Value;
use server::Server;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const KILLS: usize = 20;
const SEED: u128 = 20_261_124;
/// Small memtables: the engine writes and merges tables all the time, and is killed at that too.
const SETTINGS: [&str; 2] = ["snapshot.every_records=500", "log.memtable_bytes=131072"];

#[test]
fn nothing_acknowledged_is_lost_or_applied_twice() {
    let start = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut random = Pcg64Mcg::new(SEED);
    let mut clients: Vec<Client> = (0..CLIENTS).map(|number| Client::new(number, SEED + 1)).collect();
    let mut snapshots = Vec::new();
    for kill in 0..KILLS {
        kill_while_starting(&data, Duration::from_millis(random.random_range(0..=150)));
        let wait = Duration::from_millis(random.random_range(50..=400));
        load_and_kill(Server::start(&data, &SETTINGS), &mut clients, wait);
        // The server meets the directory as the kill left it, so the comparison has a copy of it.
        let copy = dir.path().join(format!("copy-{kill}"));
        copy_dir(&data, &copy);
        snapshots.push(verified(&copy).snapshot);
        std::fs::remove_dir_all(copy).unwrap();
    }
    let distinct =
        snapshots.iter().filter(|&&last| last > 0).collect::<std::collections::BTreeSet<_>>().len();
    assert!(distinct >= 3, "too few snapshots were written between the kills: {snapshots:?}");

    let server = Server::start(&data, &SETTINGS);
    for client in &mut clients {
        client.hold_to_account(&mut Connection::open(server.address).unwrap(), true);
    }
    let stats = server.done("GET", "/v1/stats", "");
    server.stop();
    // Stopping wrote a snapshot of the world that was lived.
    let found = verified(&data);
    assert_eq!(found.snapshot, found.records);

    let model = compare_with_log(&data, &clients);
    let counted = ["users", "items", "follows", "pairs"].map(|name| stats[name].as_u64().unwrap() as usize);
    assert_eq!(counted, model.size());
    assert_eq!(world_counts(&data, &model), model.counts());

    let sum = |of: fn(&Tally) -> usize| clients.iter().map(|client| of(&client.tally)).sum::<usize>();
    println!(
        "{KILLS} kills, {} records, {} events acknowledged, {} duplicates and {} conflicts refused; of the batches \
         without an answer {} were stored whole and {} not at all; {distinct} snapshots; {:.1} s",
        found.records,
        clients.iter().map(Client::acknowledged).sum::<usize>(),
        sum(|tally| tally.duplicates),
        sum(|tally| tally.conflicts),
        sum(|tally| tally.unanswered_stored),
        sum(|tally| tally.unanswered_lost),
        start.elapsed().as_secs_f64(),
    );
}

/// Recovery is cut short too, and on the first round the making of the directory.
fn kill_while_starting(data: &Path, wait: Duration) {
    let mut child = Server::spawn(data, &SETTINGS);
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Every client first asks for what was acknowledged before; the time to the kill runs once all have.
fn load_and_kill(server: Server, clients: &mut [Client], wait: Duration) {
    let killed = AtomicBool::new(false);
    let address = server.address;
    std::thread::scope(|scope| {
        let (settled, all_settled) = mpsc::channel::<()>();
        for client in clients {
            let (settled, killed) = (settled.clone(), &killed);
            scope.spawn(move || {
                let mut connection = Connection::open(address).unwrap();
                client.hold_to_account(&mut connection, false);
                drop(settled);
                client.load(connection, killed);
            });
        }
        drop(settled);
        // Nothing is sent: the channel ends when the last client has dropped its end.
        assert!(all_settled.recv().is_err());
        std::thread::sleep(wait);
        killed.store(true, Ordering::SeqCst);
        server.kill();
    });
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

struct Verified {
    records: u64,
    snapshot: u64,
}

fn verified(data: &Path) -> Verified {
    let found: Value = serde_json::from_str(&log_command("verify", &["--json"], data)).unwrap();
    assert_eq!(found["equal"], true, "{found}");
    let number = |name: &str| found[name].as_u64().unwrap();
    Verified { records: number("records"), snapshot: number("snapshot") }
}

fn log_command(command: &str, flags: &[&str], data: &Path) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_milieu"));
    let output = program.args(["log", command]).args(flags).arg("--data").arg(data).output().unwrap();
    assert!(output.status.success(), "log {command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The log holds what was acknowledged, where the answer said, once; of what had no answer each group
/// whole or not at all; and nothing else. Gives what the records come to.
fn compare_with_log(data: &Path, clients: &[Client]) -> Model {
    let stored = clients.iter().flat_map(|client| client.stored.iter().cloned());
    let mut acknowledged = BTreeMap::new();
    for (seq, op) in stored {
        let other = acknowledged.insert(seq, op);
        assert_eq!(other, None, "two answers name record {seq}");
    }
    let mut unanswered: Vec<Vec<Op>> = clients.iter().flat_map(|client| client.unanswered.clone()).collect();
    let mut model = Model::default();
    let mut rest_of_group = VecDeque::new();
    for (line, seq) in log_command("dump", &[], data).lines().zip(1..) {
        let (found, op) = read_line(line);
        assert_eq!(found, seq);
        if let Some(expected) = acknowledged.remove(&seq) {
            assert_eq!((op.clone(), rest_of_group.len()), (expected, 0), "record {seq}");
        } else {
            if rest_of_group.is_empty() {
                let group = unanswered.iter().position(|group| group[0] == op);
                let group = group.unwrap_or_else(|| panic!("nobody sent record {seq}: {op:?}"));
                rest_of_group = unanswered.swap_remove(group).into();
            }
            assert_eq!(rest_of_group.pop_front().as_ref(), Some(&op), "record {seq}: a group was torn");
        }
        model.apply(seq, &op);
    }
    assert!(rest_of_group.is_empty(), "a group was torn at the end");
    assert!(acknowledged.is_empty(), "acknowledged and not in the log: {acknowledged:?}");
    model
}

fn read_line(line: &str) -> (u64, Op) {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = |what: &str, name: &str| line[what][name].as_str().unwrap().to_owned();
    let what = line.as_object().unwrap().keys().find(|key| !["seq", "undone"].contains(&key.as_str()));
    let what = what.unwrap().as_str();
    let id = text(what, "id");
    let op = match what {
        "event" => Op::Deed(Deed {
            id,
            kind: EventKind::from_name(&text(what, "type")).unwrap().name(),
            actor: text(what, "actor"),
            object: text(what, "object"),
        }),
        "user" => Op::PutUser { id, name: text(what, "name") },
        "item" => Op::PutItem { id, author: text(what, "author"), text: text(what, "text") },
        "patch_item" => Op::PatchItem { id, text: text(what, "text") },
        "delete_user" => Op::DeleteUser { id },
        "delete_item" => Op::DeleteItem { id },
        other => panic!("nobody sent {other}"),
    };
    (line["seq"].as_u64().unwrap(), op)
}

/// The counts that the world holds of the model's items.
fn world_counts(data: &Path, model: &Model) -> BTreeMap<String, Counts> {
    let store = Store::open(data, &LogConfig::default(), |_, _| ()).unwrap();
    let view = store.world.view(u32::MAX);
    let counts = |id: &str| -> Option<Counts> {
        let counts = view.facts(store.world.item(id)?).counts;
        Some(
            Action::ALL
                .iter()
                .zip(counts)
                .filter(|(_, n)| *n > 0)
                .map(|(a, n)| (a.name().into(), n))
                .collect(),
        )
    };
    model.counts().into_keys().filter_map(|id| Some((id.clone(), counts(&id)?))).collect()
}
