//! Receipts on disk: they outlive a restart, and the oldest go when there are too many.
//!
//! A folder of segments, each named by the number of its first page. Format, version 2, integers little
//! endian: magic `MILIEURC`, version `u32`; then for each page its number `u64`, bytes `u32`, 64-bit XXH3
//! of the bytes `u64`, and the receipts in postcard. A torn end is passed over.
//!
//! Receipts are written behind the answers, by a thread of their own. They are no part of the truth: at a
//! crash the last ones are lost, and pages that come faster than the disk takes them are counted as lost.

use milieu_feed::Receipt;
use milieu_types::Timestamp;
use parking_lot::Mutex;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"MILIEURC";
const VERSION: u32 = 2;
const SEGMENT_BYTES: u64 = 4 << 20;
/// A page has at most 100 receipts of about a kilobyte.
const MOST_PAGE_BYTES: usize = 4 << 20;
/// Pages that wait to be written.
const QUEUE: usize = 1024;

type Page = (u64, Arc<[Receipt]>);

/// See the module.
pub(crate) struct ReceiptStore {
    dir: PathBuf,
    queue: Mutex<Option<SyncSender<Page>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: Arc<AtomicU64>,
}

impl ReceiptStore {
    pub(crate) fn open(dir: &Path, retention_bytes: u64) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let (queue, pages) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let (of_dir, of_lost) = (dir.to_path_buf(), Arc::clone(&lost));
        let writer = std::thread::Builder::new()
            .name("receipts".into())
            .spawn(move || write_all(&of_dir, retention_bytes, &pages, &of_lost))?;
        Ok(Self {
            dir: dir.to_path_buf(),
            queue: Mutex::new(Some(queue)),
            writer: Mutex::new(Some(writer)),
            lost,
        })
    }

    /// A page number that no page on disk reaches. The time is in it, so that pages which were served and
    /// never written do not give their numbers to others.
    pub(crate) fn next_page(&self, now: Timestamp) -> u64 {
        let by_time = u64::try_from(now.millis()).unwrap_or(0) << 10;
        let last = segments(&self.dir).pop().and_then(|(_, path)| {
            let mut last = None;
            scan(&path, |page, _| {
                last = Some(page);
                true
            });
            last
        });
        by_time.max(last.map_or(0, |last| last + 1))
    }

    /// Hands a page over; never waits.
    pub(crate) fn keep(&self, page: u64, receipts: Arc<[Receipt]>) {
        let taken = self.queue.lock().as_ref().is_some_and(|queue| queue.try_send((page, receipts)).is_ok());
        if !taken {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Pages whose receipts were not written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// A receipt on disk.
    pub(crate) fn find(&self, page: u64, place: usize) -> Option<Receipt> {
        let (_, path) = segments(&self.dir).into_iter().rev().find(|(first, _)| *first <= page)?;
        let mut found = None;
        scan(&path, |number, bytes| {
            if number == page {
                let receipts: Option<Vec<Receipt>> = postcard::from_bytes(bytes).ok();
                found = receipts.and_then(|receipts| receipts.into_iter().nth(place));
            }
            number < page
        });
        found
    }

    /// Writes what waits and ends.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().take());
        if let Some(writer) = self.writer.lock().take() {
            // Its panic has been reported by itself.
            let _ = writer.join();
        }
    }
}

/// The segments, the oldest first.
fn segments(dir: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let named = |path: PathBuf| {
        let first = path.file_name()?.to_str()?.strip_suffix(".seg")?;
        Some((u64::from_str_radix(first, 16).ok()?, path))
    };
    let mut found: Vec<_> = entries.filter_map(|entry| named(entry.ok()?.path())).collect();
    found.sort();
    found
}

/// Reads the pages of a segment until `visit` has enough or the file is torn.
fn scan(path: &Path, mut visit: impl FnMut(u64, &[u8]) -> bool) {
    let mut read = || -> io::Result<()> {
        let mut file = BufReader::new(File::open(path)?);
        let mut head = [0; 12];
        file.read_exact(&mut head)?;
        if head[..8] != *MAGIC || head[8..] != VERSION.to_le_bytes() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        loop {
            let (mut page, mut length, mut check) = ([0; 8], [0; 4], [0; 8]);
            file.read_exact(&mut page)?;
            file.read_exact(&mut length)?;
            file.read_exact(&mut check)?;
            let length = u32::from_le_bytes(length) as usize;
            if length > MOST_PAGE_BYTES {
                return Ok(());
            }
            bytes.resize(length, 0);
            file.read_exact(&mut bytes)?;
            if xxh3_64(&bytes) != u64::from_le_bytes(check) || !visit(u64::from_le_bytes(page), &bytes) {
                return Ok(());
            }
        }
    };
    // The end of the file, whole or torn, is where reading ends.
    let _ = read();
}

fn write_all(dir: &Path, retention_bytes: u64, pages: &Receiver<Page>, lost: &AtomicU64) {
    let mut segment: Option<Segment> = None;
    while let Ok(first) = pages.recv() {
        let mut next = Some(first);
        while let Some((page, receipts)) = next {
            if let Err(error) = write_page(dir, retention_bytes, &mut segment, page, &receipts) {
                if lost.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!(%error, "receipts cannot be written");
                }
                segment = None;
            }
            next = pages.try_recv().ok();
        }
        if segment.as_mut().is_some_and(|segment| segment.file.flush().is_err()) {
            segment = None;
        }
    }
}

struct Segment {
    file: BufWriter<File>,
    bytes: u64,
}

fn write_page(
    dir: &Path,
    retention_bytes: u64,
    segment: &mut Option<Segment>,
    page: u64,
    receipts: &Arc<[Receipt]>,
) -> io::Result<()> {
    if segment.as_ref().is_none_or(|segment| segment.bytes >= SEGMENT_BYTES) {
        if let Some(mut full) = segment.take() {
            full.file.flush()?;
        }
        forget(dir, retention_bytes);
        let mut file = BufWriter::new(File::create(dir.join(format!("{page:016x}.seg")))?);
        file.write_all(MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        *segment = Some(Segment { file, bytes: 12 });
    }
    let Some(segment) = segment else { return Ok(()) };
    let bytes = postcard::to_stdvec(receipts.as_ref()).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    segment.file.write_all(&page.to_le_bytes())?;
    segment.file.write_all(&length.to_le_bytes())?;
    segment.file.write_all(&xxh3_64(&bytes).to_le_bytes())?;
    segment.file.write_all(&bytes)?;
    segment.bytes += bytes.len() as u64 + 20;
    Ok(())
}

/// Removes the oldest segments until the others fit.
fn forget(dir: &Path, retention_bytes: u64) {
    let mut kept = SEGMENT_BYTES;
    for (_, path) in segments(dir).into_iter().rev() {
        kept += std::fs::metadata(&path).map_or(0, |file| file.len());
        if kept > retention_bytes {
            // Tried again at the next segment where it fails.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_feed::{ActionWeights, Source};

    fn page(number: u64, count: usize) -> Arc<[Receipt]> {
        let receipt = |place: usize| Receipt {
            id: format!("r{number:x}-{place:x}"),
            user: "ann".into(),
            item: format!("p{place}"),
            at: Timestamp::from_secs(1_800_000_000),
            applied: 7,
            source: Source::Fresh,
            inputs: vec![0.5; milieu_feed::INPUTS],
            collaborative_version: None,
            next_version: Some("feed-sequence/2".into()),
            action_version: "prior/1".into(),
            probabilities: [0.1; 8],
            weights: ActionWeights::default(),
            network_factor: 1.0,
            score: 0.75,
            diversity_factor: 1.0,
            rank: place,
        };
        (0..count).map(receipt).collect()
    }

    #[test]
    fn what_is_kept_is_found_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = ReceiptStore::open(dir.path(), 64 << 20).unwrap();
        for number in 100..110 {
            store.keep(number, page(number, 3));
        }
        store.close();
        store.keep(110, page(110, 3));
        assert_eq!(store.lost(), 1, "nothing is taken after the end");
        let store = ReceiptStore::open(dir.path(), 64 << 20).unwrap();
        assert_eq!(store.find(105, 2).as_ref(), page(105, 3).get(2));
        assert_eq!(store.next_page(Timestamp::from_millis(0)), 110);
        assert_eq!(store.next_page(Timestamp::from_millis(1)), 1024);
        for (number, place) in [(99, 0), (110, 0), (105, 3)] {
            assert_eq!(store.find(number, place), None);
        }
        let (_, path) = segments(dir.path()).pop().unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length - 5).unwrap();
        assert!(store.find(108, 0).is_some() && store.find(109, 0).is_none(), "a torn end");
    }

    #[test]
    fn the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let lost = AtomicU64::new(0);
        let mut segment = None;
        for number in 0..400 {
            write_page(dir.path(), 3 * SEGMENT_BYTES, &mut segment, number, &page(number, 200)).unwrap();
        }
        let bytes: u64 = segments(dir.path()).iter().map(|(_, path)| path.metadata().unwrap().len()).sum();
        assert!(bytes <= 3 * SEGMENT_BYTES + SEGMENT_BYTES / 8, "{bytes}");
        assert!(segments(dir.path()).first().unwrap().0 > 0);
        assert_eq!(lost.load(Ordering::Relaxed), 0);
    }
}
