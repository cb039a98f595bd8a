//! What a job says, as server-sent events: from its beginning, then live, until it ends.
//!
//! `state` events hold the job, one at each change; `progress` events hold a line each and have its number as
//! id. A client that names the last number it saw gets what came after.

use super::folder::Lines;
use crate::state::Shared;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use milieu_api::{ApiError, Job, JobState};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

struct Listener {
    shared: Arc<Shared>,
    id: String,
    changed: watch::Receiver<()>,
    /// Where in the file the next line begins, and its number.
    at: u64,
    number: u64,
    /// Lines up to this one were seen before.
    seen: u64,
    state: Option<JobState>,
    waiting: VecDeque<Event>,
    over: bool,
}

/// The events of a job, without the lines up to number `seen`. The stream owns all there is to it: dropping it
/// leaves nothing behind.
pub(crate) fn events(
    shared: Arc<Shared>,
    id: String,
    seen: u64,
) -> Result<impl Stream<Item = Result<Event, Infallible>>, ApiError> {
    let changed = shared.jobs.look(&id, |entry| entry.changed.subscribe())?;
    let waiting = VecDeque::new();
    let listener =
        Listener { shared, id, changed, at: 0, number: 0, seen, state: None, waiting, over: false };
    Ok(unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    }))
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over || !self.read().await {
                return None;
            }
            // A job that is removed takes its sender with it.
            if self.waiting.is_empty() && !self.over && self.changed.changed().await.is_err() {
                return None;
            }
        }
    }

    /// Reads what is new. Whether there is anything to wait for.
    async fn read(&mut self) -> bool {
        self.changed.borrow_and_update();
        let (shared, id, at) = (Arc::clone(&self.shared), self.id.clone(), self.at);
        let read = tokio::task::spawn_blocking(move || {
            // The state first: a job that has ended says nothing more, so no line is missed.
            let job = shared.jobs.get(&id).ok()?;
            let lines = shared.jobs.folder(&id).progress(at).ok()?;
            Some((job, lines, shared.jobs.is_stopping()))
        });
        let Ok(Some((job, Lines { lines, end, more }, stopping))) = read.await else { return false };
        self.at = end;
        let ended = job.state.is_ended();
        if !ended {
            self.tell_state(&job);
        }
        for line in lines {
            self.number += 1;
            if self.number > self.seen {
                self.waiting
                    .push_back(Event::default().event("progress").id(self.number.to_string()).data(line));
            }
        }
        if more {
            // Not to wait for a change while there is more to read.
            self.changed.mark_changed();
        } else if ended {
            self.tell_state(&job);
            self.over = true;
        }
        self.over |= stopping;
        true
    }

    fn tell_state(&mut self, job: &Job) {
        if self.state.replace(job.state) != Some(job.state)
            && let Ok(job) = serde_json::to_string(job)
        {
            self.waiting.push_back(Event::default().event("state").data(job));
        }
    }
}
