//! Crashes and rotten disks: what was acknowledged stays, or the log says that it cannot go on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic here is a failed test")]

mod common;

use common::{contents, like, open, small};
use milieu_eventlog::{Log, LogError};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The journal of a log of six batches, and how long it was after each.
fn six_batches(dir: &Path) -> (PathBuf, Vec<u64>) {
    let mut ends = Vec::new();
    let journal = dir.join("events/0.jnl");
    for number in 0..6 {
        let (_, writer) = open(dir);
        writer.append(vec![like(Some(&format!("a{number}")), "ann", "p"), like(None, "ann", "p")]).unwrap();
        drop(writer);
        // The first writing leaves zeros after the end; opening cuts them off.
        Log::open(dir, &small()).unwrap();
        ends.push(std::fs::metadata(&journal).unwrap().len());
    }
    (journal, ends)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Opens a copy of the log with its journal changed; the records left, or the error.
fn check(dir: &Path, edit: impl FnOnce(&File), expected: Result<usize, ()>) {
    let copied = tempfile::tempdir().unwrap();
    copy(dir, copied.path());
    edit(&OpenOptions::new().write(true).open(copied.path().join("events/0.jnl")).unwrap());
    let log = match Log::open(copied.path(), &small()) {
        Ok(log) => log,
        Err(LogError::Corrupt { .. }) => return assert_eq!(Err(()), expected),
        Err(error) => panic!("{error}"),
    };
    let records = contents(&log);
    assert_eq!(Ok(records.len()), expected);
    // What was cut off can be sent again, and stays.
    let writer = log.start(Box::new(|_| ())).unwrap();
    writer.append(vec![like(Some("a5"), "ann", "p"), like(Some("new"), "ann", "p")]).unwrap();
    let longer = contents(&log);
    drop((log, writer));
    assert_eq!(contents(&Log::open(copied.path(), &small()).unwrap()), longer);
}

#[test]
fn a_torn_tail_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (_, ends) = six_batches(dir.path());
    check(dir.path(), |_| (), Ok(12));
    for cut in (ends[4] + 1..ends[5]).step_by(11) {
        check(dir.path(), |file| file.set_len(cut).unwrap(), Ok(10));
    }
    check(dir.path(), |file| file.set_len(ends[3]).unwrap(), Ok(8));
    check(dir.path(), |file| file.set_len(ends[5] + 4096).unwrap(), Ok(12));
    check(dir.path(), |file| file.write_all_at(b"\x01garbage", ends[5]).unwrap(), Ok(12));
    // Blocks of one write may reach the disk in any order.
    check(dir.path(), |file| file.write_all_at(&[0; 30], ends[4] + 40).unwrap(), Ok(10));
    check(dir.path(), |file| file.write_all_at(&[0; 30], ends[4]).unwrap(), Ok(10));
}

#[test]
fn damage_before_the_tail_is_an_error_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, ends) = six_batches(dir.path());
    for at in (ends[1]..ends[4]).step_by(23) {
        // The engine's own sequence number is outside the checksum and of no use to the log.
        if ends.iter().any(|end| (end + 5..end + 13).contains(&at)) {
            continue;
        }
        let byte = std::fs::read(&journal).unwrap()[at as usize] ^ 0x11;
        check(dir.path(), |file| file.write_all_at(&[byte], at).unwrap(), Err(()));
    }
    let file = OpenOptions::new().write(true).open(&journal).unwrap();
    file.write_all_at(&[0; 8], ends[1] + 30).unwrap();
    let before = std::fs::read(&journal).unwrap();
    for _ in 0..2 {
        assert!(matches!(Log::open(dir.path(), &small()), Err(LogError::Corrupt { .. })));
    }
    assert_eq!(std::fs::read(&journal).unwrap(), before);
}

#[test]
fn a_crash_while_the_log_is_made_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("events.new/keyspaces")).unwrap();
    std::fs::write(dir.path().join("events.new/0.jnl"), [0; 100]).unwrap();
    File::create(dir.path().join("fence")).unwrap();
    let (log, writer) = open(dir.path());
    writer.append(vec![like(None, "ann", "p")]).unwrap();
    assert_eq!(contents(&log).len(), 1);
}
