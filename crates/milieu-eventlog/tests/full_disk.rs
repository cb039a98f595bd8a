//! A disk that runs full: the append fails, nothing acknowledged is lost, nothing refused is kept.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic here is a failed test")]

mod common;

use common::{contents, id, item, small};
use milieu_eventlog::{AppendError, Entry, Log, LogOptions};
use milieu_types::Record;
use std::path::PathBuf;
use std::process::Command;

/// A small file system in memory, unmounted when dropped.
struct SmallDisk {
    dir: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(megabytes: usize) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let output =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        match output {
            Ok(output) if output.status.success() => Some(Self { dir }),
            Ok(output) => {
                println!("skipped: no small disk: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                println!("skipped: no small disk: {error}");
                None
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Threads of the engine let go of their files a moment after it.
        let is_free = |_| {
            let unmounted = Command::new("umount").arg(self.dir.path()).status();
            let is_free = unmounted.is_ok_and(|status| status.success());
            if !is_free {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            is_free
        };
        assert!((0..50).any(is_free), "{} stays mounted", self.dir.path().display());
    }
}

/// Incompressible by the storage engine, so that the disk fills at a known pace.
fn noise(seed: usize) -> String {
    let mut state = seed as u64 * 2 + 1;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + ((state >> 58) as u8))
    };
    (0..1000).map(|_| letter()).collect()
}

fn batch(number: usize, size: usize) -> Vec<Entry> {
    (0..size).map(|k| Entry::PutItem(item(&format!("i{number}-{k}"), &noise(number * size + k)))).collect()
}

/// When the disk gets room again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relief {
    BeforeClose,
    AfterClose,
    AfterReopen,
}

fn check(megabytes: usize, size: usize, options: &LogOptions, relief: Relief) {
    let Some(disk) = SmallDisk::mount(megabytes) else { return };
    let ballast = disk.dir.path().join("ballast");
    std::fs::write(&ballast, vec![7; 6 << 20]).unwrap();
    let relieve = |now: Relief| {
        if now == relief {
            std::fs::remove_file(&ballast).unwrap();
        }
    };

    let log = Log::open(&disk.path(), options).unwrap();
    let writer = log.start(Box::new(|_| ())).unwrap();
    let mut stored = 0;
    let failure = loop {
        match writer.append(batch(stored, size)) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(failure, AppendError::Storage(_)), "{failure:?}");
    assert!(stored > 5, "{stored}");
    assert!(matches!(writer.append(batch(stored, size)), Err(AppendError::Storage(_))));
    assert_eq!(contents(&log).len(), stored * size, "still readable");
    relieve(Relief::BeforeClose);
    assert!(
        matches!(writer.append(batch(stored, size)), Err(AppendError::Storage(_))),
        "refused until reopened"
    );
    writer.close().unwrap();
    drop(log);

    relieve(Relief::AfterClose);
    if relief == Relief::AfterReopen {
        // Whether a log opens on a full disk is not promised; that it stays whole is.
        drop(Log::open(&disk.path(), options));
    }
    relieve(Relief::AfterReopen);
    let log = Log::open(&disk.path(), options).unwrap();
    let records = contents(&log);
    assert_eq!(records.len(), stored * size);
    for (number, (_, record)) in records.iter().enumerate() {
        let expected = id(&format!("i{}-{}", number / size, number % size));
        assert!(matches!(record, Record::PutItem(item) if item.id == expected));
    }
    let writer = log.start(Box::new(|_| ())).unwrap();
    writer.append(batch(stored, size)).unwrap();
    writer.close().unwrap();
    drop(log);
    assert_eq!(contents(&Log::open(&disk.path(), options).unwrap()).len(), (stored + 1) * size);
}

/// A table cannot be written, or a batch not to its end.
#[test]
fn large_batches() {
    for megabytes in [12, 13, 14, 15] {
        check(megabytes, 50, &small(), Relief::BeforeClose);
        check(megabytes, 50, &small(), Relief::AfterClose);
    }
    check(12, 50, &small(), Relief::AfterReopen);
}

/// A batch smaller than the engine's write buffer is whole in that buffer when the write fails. The
/// engine writes the buffer again when it is closed, which succeeds if there is room by then: without
/// the fence, the refused batch would come to life.
#[test]
fn small_batches() {
    let options = LogOptions { memtable_bytes: 64 << 20, ..small() };
    for megabytes in [8, 9] {
        check(megabytes, 3, &options, Relief::BeforeClose);
        check(megabytes, 3, &options, Relief::AfterClose);
        check(megabytes, 3, &options, Relief::AfterReopen);
    }
}
