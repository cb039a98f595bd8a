//! The thread: follow the log, choose items, let models read them, keep what they say.

use super::again::Again;
use super::follow::Follower;
use super::meanings::{self, Meanings};
use super::readers::{Reader, Readers};
use super::results::{Covered, Found, Results, ResultsError, Said, Understood};
use crate::serving::ServingError;
use crate::state::{Shared, now};
use milieu_types::Seq;
use milieu_vector::IndexConfig;
use milieu_world::{ItemIx, secs};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_128;

/// A view that sees what is dated by a clock ahead of the server's too.
pub(super) const ALL_TIME: u32 = u32::MAX;
/// Batches that are chosen at once, so that texts of about one length share a batch.
const BATCHES: usize = 8;
/// How long a failure of the disk is waited for.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// The longest sleep without a look at whether the server stops.
const NAP: Duration = Duration::from_millis(250);

pub(super) struct Worker<'s> {
    pub(super) shared: &'s Shared,
    pub(super) results: Arc<Results>,
    pub(super) follower: Follower,
    pub(super) covered: Covered,
    pub(super) again: Option<Again>,
}

/// The life of the thread.
pub(crate) fn run(shared: &Arc<Shared>) {
    let config = &shared.config.understanding;
    let (mut readers, mut worker) = (Readers::default(), None);
    while config.enabled && shared.ready.load(Ordering::Acquire) {
        match step(shared, &mut readers, &mut worker) {
            Ok(true) => {}
            Ok(false) => sleep(shared, Duration::from_millis(config.poll_millis)),
            Err(error) => {
                tracing::error!(%error, "what the texts of items say cannot be kept");
                sleep(shared, AFTER_FAILURE);
            }
        }
    }
    if let Some(Err(error)) = worker.as_mut().map(Worker::close) {
        tracing::error!(%error, "how far the log was followed cannot be kept");
    }
}

fn sleep(shared: &Shared, long: Duration) {
    let mut left = long;
    while !left.is_zero() && shared.ready.load(Ordering::Acquire) {
        std::thread::sleep(left.min(NAP));
        left = left.saturating_sub(NAP);
    }
}

/// Does some of what there is to do. Returns whether there is more.
fn step<'s>(
    shared: &'s Shared,
    readers: &mut Readers,
    worker: &mut Option<Worker<'s>>,
) -> Result<bool, ResultsError> {
    readers.look(shared);
    let worker = match worker {
        Some(worker) => worker,
        // Without a model there is nothing to keep, and nothing that was kept.
        None if readers.ready.is_empty() && !shared.understanding.dir.try_exists()? => return Ok(false),
        empty => empty.insert(Worker::open(shared, readers)?),
    };
    worker.step(readers)
}

/// The items that are to be looked at, by id, with the places at which each waits.
type Visits = BTreeMap<String, Vec<Seq>>;

/// A text that models are to read.
struct Job {
    id: String,
    number: u32,
    text: String,
    places: Vec<Seq>,
    old: Option<Understood>,
    new: Understood,
}

impl Job {
    fn lacks(&self, reader: &Reader) -> bool {
        self.new.by.get(&reader.name).is_none_or(|said| said.version != reader.version())
    }
}

impl<'s> Worker<'s> {
    fn open(shared: &'s Shared, readers: &Readers) -> Result<Self, ResultsError> {
        let results = Arc::new(Results::open(&shared.understanding.dir, shared.log.last_seq())?);
        *shared.understanding.results.write() = Some(Arc::clone(&results));
        let (follower, covered) = (Follower::new(&results)?, results.covered()?);
        let worker = Self { shared, results, follower, covered, again: None };
        worker.read_labels(readers)?;
        Ok(worker)
    }

    fn step(&mut self, readers: &mut Readers) -> Result<bool, ResultsError> {
        // Before the log is followed: that nobody reads what it brings has to be known after a crash.
        self.plan(&readers.versions())?;
        self.follow(!readers.ready.is_empty())?;
        self.keep_meanings(readers)?;
        self.keep_labels(readers);
        if readers.ready.is_empty() {
            return Ok(self.follower.position() < self.shared.log.last_seq());
        }
        let most = self.shared.config.understanding.batch * BATCHES;
        let mut visits = Visits::new();
        for (place, id) in self.results.waiting(most)? {
            visits.entry(id).or_default().push(place);
        }
        let (again, next) = self.items_again(most.saturating_sub(visits.len()));
        for id in again {
            visits.entry(id).or_default();
        }
        let more = !visits.is_empty() || self.again.is_some();
        let broken = self.read(visits, readers)?;
        if self.stops() {
            return Ok(false);
        }
        // Where one broke, the next plan is another.
        if broken.is_empty() {
            self.went_on(next)?;
        }
        self.improve_meanings();
        self.learn_topics()?;
        Ok(more || self.follower.position() < self.shared.log.last_seq())
    }

    fn stops(&self) -> bool {
        !self.shared.ready.load(Ordering::Acquire)
    }

    /// Sees to it that the vectors in memory are those of the live version.
    fn keep_meanings(&self, readers: &Readers) -> Result<(), ResultsError> {
        let held = &self.shared.understanding.meanings;
        let Some(reader) = readers.ready.iter().find(|reader| reader.embeds) else {
            let mut held = held.write();
            if held.as_ref().is_some_and(|held| !readers.known.contains(&held.model)) {
                *held = None;
            }
            return Ok(());
        };
        let is_it = |held: &Meanings| held.model == reader.name && held.version == reader.version();
        if !held.read().as_ref().is_some_and(is_it) {
            let mut made = Meanings::new(&reader.name, reader.version(), IndexConfig::default());
            let topics = if self.shared.config.topics.enabled { self.results.topics()? } else { None };
            made.read(&self.results, topics, |id| meanings::number(&self.shared.world.read(), id))?;
            *held.write() = Some(made);
        }
        Ok(())
    }

    /// Learns beside the searches that are under way. No other thread changes the vectors meanwhile.
    fn improve_meanings(&self) {
        let held = &self.shared.understanding.meanings;
        let copy = held.read().as_ref().filter(|held| held.wants_to_improve()).cloned();
        if let Some(mut copy) = copy {
            copy.improve();
            *held.write() = Some(copy);
        }
    }

    /// Learns topics beside the searches that are under way. No other thread changes the vectors meanwhile.
    fn learn_topics(&self) -> Result<(), ResultsError> {
        let held = &self.shared.understanding.meanings;
        let text = |number| {
            let world = self.shared.world.read();
            let view = world.view(secs(now()));
            // What is not to be shown names nothing.
            view.text(ItemIx(number)).filter(|_| view.is_visible(ItemIx(number))).map(str::to_owned)
        };
        let learnt = held.read().as_ref().and_then(|held| {
            let topics = held.new_topics(&self.shared.config.topics, text)?;
            Some((topics.kept(&held.model, held.version), topics))
        });
        let Some((kept, topics)) = learnt else { return Ok(()) };
        tracing::info!(topics = topics.all().len(), "topics of items are learnt");
        // On disk first: what requests have seen keeps its id after a restart.
        if let Some(kept) = kept {
            let mut batch = self.results.batch();
            batch.topics(&kept)?;
            batch.commit()?;
        }
        if let Some(held) = held.write().as_mut() {
            held.set_topics(topics);
        }
        Ok(())
    }

    /// Lets models read what they have not read. Returns the names of those that cannot be used.
    fn read(&mut self, visits: Visits, readers: &mut Readers) -> Result<BTreeSet<String>, ResultsError> {
        let mut broken = BTreeSet::new();
        let mut jobs = self.jobs(visits, readers)?;
        jobs.sort_by_key(|job| job.text.len());
        for some in jobs.chunks_mut(self.shared.config.understanding.batch) {
            if self.stops() {
                break;
            }
            let mut failed = Vec::new();
            for reader in readers.ready.iter().filter(|reader| !broken.contains(&reader.name)) {
                if let Err(error) = self.read_some(some, reader) {
                    failed.push((reader.name.clone(), error));
                }
            }
            if self.stops() && !failed.is_empty() {
                break;
            }
            for (name, error) in failed {
                readers.rest(&name, &error);
                broken.insert(name);
            }
            // Before anything is done without them: they read all items anew once they can be used.
            let mut covered = self.covered.clone();
            covered.retain(|name, _| !broken.contains(name));
            self.cover(covered)?;
            let mut batch = self.results.batch();
            for job in some.iter() {
                batch.put(&job.id, job.old.as_ref(), &job.new)?;
                job.places.iter().for_each(|place| batch.done(*place));
            }
            batch.commit()?;
            for job in some.iter() {
                self.find_by(&job.id, job.number, &job.new);
            }
        }
        Ok(broken)
    }

    fn read_some(&self, jobs: &mut [Job], reader: &Reader) -> Result<(), ServingError> {
        let lacking: Vec<&mut Job> = jobs.iter_mut().filter(|job| job.lacks(reader)).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = lacking.iter().map(|job| job.text.as_str()).collect();
        let found = reader.read(self.shared, &texts)?;
        let failed = found.iter().filter(|found| **found == Found::Failed).count();
        let of = &self.shared.understanding;
        of.read.fetch_add(found.len() as u64, Ordering::Relaxed);
        of.failed.fetch_add(failed as u64, Ordering::Relaxed);
        for (job, found) in lacking.into_iter().zip(found) {
            job.new.by.insert(reader.name.clone(), Said { version: reader.version(), found });
        }
        Ok(())
    }

    /// The items that some model has to read, with their texts as they are now. What needs no reading is done at once.
    fn jobs(&self, visits: Visits, readers: &Readers) -> Result<Vec<Job>, ResultsError> {
        let mut jobs = Vec::new();
        let mut batch = self.results.batch();
        let mut written = false;
        let mut gone = Vec::new();
        for (id, places) in visits {
            let old = self.results.get(&id)?;
            let Some((number, text, author)) = self.text(&id) else {
                if let Some(old) = &old {
                    batch.remove(&id, old);
                    written = true;
                }
                places.iter().for_each(|place| batch.done(*place));
                written |= !places.is_empty();
                gone.push(id);
                continue;
            };
            let hash = xxh3_128(text.as_bytes());
            let mut new = Understood { text: hash, author, by: BTreeMap::new() };
            if let Some(old) = old.as_ref().filter(|old| old.text == hash) {
                new.by = old.by.clone();
                new.by.retain(|name, _| readers.known.contains(name));
            }
            let job = Job { id, number, text, places, old, new };
            if readers.ready.iter().any(|reader| job.lacks(reader)) {
                jobs.push(job);
                continue;
            }
            if job.old.as_ref() != Some(&job.new) {
                batch.put(&job.id, job.old.as_ref(), &job.new)?;
                written = true;
            }
            job.places.iter().for_each(|place| batch.done(*place));
            written |= !job.places.is_empty();
            self.find_by(&job.id, job.number, &job.new);
        }
        if written {
            batch.commit()?;
        }
        if let Some(held) = self.shared.understanding.meanings.write().as_mut() {
            gone.iter().for_each(|id| held.remove(id));
        }
        gone.iter().for_each(|id| self.unlabel(id));
        Ok(jobs)
    }

    /// Number, text and author of an item; `None` without a text.
    fn text(&self, id: &str) -> Option<(u32, String, Option<String>)> {
        let world = self.shared.world.read();
        let item = world.item(id)?;
        let view = world.view(ALL_TIME);
        let author = view.facts(item).author.and_then(|author| world.user_id(author));
        Some((item.0, view.text(item)?.to_owned(), author.map(String::from)))
    }

    /// Has searches find an item, and feeds know it, by what is known of its text, and by nothing else.
    fn find_by(&self, id: &str, number: u32, known: &Understood) {
        self.label(number, known);
        let of = &self.shared.understanding.meanings;
        let is_so = |held: &Meanings| match held.vector_of(known) {
            Some(vector) => held.get(id) == Some((number, vector)),
            None => held.get(id).is_none(),
        };
        if of.read().as_ref().is_none_or(is_so) {
            return;
        }
        if let Some(held) = of.write().as_mut() {
            match held.vector_of(known) {
                Some(vector) => held.put(id, number, vector),
                None => held.remove(id),
            }
        }
    }
}
