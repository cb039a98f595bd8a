//! The thread that runs the engine of one version.

use super::BatchOptions;
use super::pending::Answer;
use super::queue::{Job, Queue};
use crate::engine::guarded;
use crate::join::{have_rows, join, rows};
use crate::metrics::{Metrics, count};
use crate::{Engine, InferError, RunError, Tensor};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(super) struct Worker {
    version: Arc<str>,
    engine: Box<dyn Engine>,
    options: BatchOptions,
    queue: Arc<Queue>,
    metrics: Arc<Metrics>,
    batched: bool,
}

/// When a run was started, how long it took, and how many rows it had.
struct Timing {
    start: Instant,
    ran: Duration,
    rows: usize,
}

impl Worker {
    pub(super) fn new(
        version: Arc<str>,
        engine: Box<dyn Engine>,
        options: BatchOptions,
        queue: Arc<Queue>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let batched = engine.signature().is_batched();
        Self { version, engine, options, queue, metrics, batched }
    }

    /// Runs what comes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        loop {
            let (most_rows, most_wait) = match self.batched {
                true => (self.options.most_rows.get(), self.wait()),
                false => (1, Duration::ZERO),
            };
            let Some(jobs) = self.queue.take(most_rows, most_wait) else { break };
            let mut jobs = self.sort_out(jobs);
            if jobs.len() > 1 {
                jobs = self.answer_together(jobs);
            }
            for job in jobs {
                self.answer_alone(job);
            }
        }
    }

    /// How long a request waits for others now.
    fn wait(&self) -> Duration {
        let BatchOptions { most_wait, within_a_run, .. } = self.options;
        if within_a_run { most_wait.min(self.metrics.mean_run()) } else { most_wait }
    }

    /// Those that are still to be run.
    fn sort_out(&self, jobs: Vec<Job>) -> Vec<Job> {
        let now = Instant::now();
        let mut due = Vec::with_capacity(jobs.len());
        for job in jobs {
            if job.reply.is_abandoned() {
                count(&self.metrics.abandoned);
                self.queue.release();
            } else if job.deadline.is_some_and(|deadline| deadline <= now) {
                count(&self.metrics.timed_out);
                self.queue.release();
                job.reply.send(job.inputs, Err(InferError::TimedOut));
            } else {
                self.metrics.waiting.add(now.duration_since(job.since));
                due.push(job);
            }
        }
        due
    }

    /// Answers them by one run. Gives them back where that fails, since one bad request (an index out of
    /// bounds, say) is no reason for the others to fail.
    fn answer_together(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let Some(first) = jobs.first() else { return jobs };
        let inputs = (0..first.inputs.len())
            .map(|at| join(jobs.iter().filter_map(|job| job.inputs.get(at))))
            .collect::<Option<Vec<Tensor>>>();
        let Some(inputs) = inputs else { return jobs };
        let total = jobs.iter().map(|job| job.rows).sum();
        let start = Instant::now();
        let Ok(outputs) = self.engine_run(&inputs, total) else { return jobs };
        if !have_rows(&outputs, total) {
            // The outputs' declared shapes did not tell.
            self.batched = false;
            return jobs;
        }
        let ran = start.elapsed();
        let mut at = 0;
        for job in jobs {
            let part = outputs.iter().map(|output| rows(output, at..at + job.rows)).collect();
            at += job.rows;
            let part = Option::ok_or_else(part, || RunError::Output("too few rows".to_owned()));
            self.reply(job, part, Timing { start, ran, rows: total });
        }
        Vec::new()
    }

    fn answer_alone(&mut self, job: Job) {
        let start = Instant::now();
        let most = self.options.most_rows.get();
        let outputs = if self.batched && job.rows > most {
            self.run_in_parts(&job.inputs, job.rows, most)
        } else {
            self.engine_run(&job.inputs, job.rows)
        };
        let timing = Timing { start, ran: start.elapsed(), rows: job.rows };
        self.reply(job, outputs, timing);
    }

    fn run_in_parts(
        &mut self,
        inputs: &[Tensor],
        total: usize,
        most: usize,
    ) -> Result<Vec<Tensor>, RunError> {
        let mut parts = Vec::with_capacity(total.div_ceil(most));
        for start in (0..total).step_by(most) {
            let end = total.min(start + most);
            let part = inputs.iter().map(|input| rows(input, start..end)).collect::<Option<Vec<_>>>();
            let part = part.ok_or_else(|| RunError::Failed("the inputs have too few rows".to_owned()))?;
            parts.push(self.engine_run(&part, end - start)?);
        }
        let outputs = parts.first().map_or(0, Vec::len);
        let joined = (0..outputs).map(|at| join(parts.iter().filter_map(|part| part.get(at))));
        joined.collect::<Option<Vec<_>>>().filter(|joined| have_rows(joined, total)).ok_or_else(|| {
            RunError::Output(format!("the outputs of {total} rows, run in parts of {most}, cannot be joined"))
        })
    }

    fn engine_run(&mut self, inputs: &[Tensor], total: usize) -> Result<Vec<Tensor>, RunError> {
        let start = Instant::now();
        let outputs = guarded(|| self.engine.run(inputs)).map_err(RunError::Panicked)?;
        self.metrics.running.add(start.elapsed());
        count(&self.metrics.batches);
        self.metrics.rows.fetch_add(total as u64, Ordering::Relaxed);
        outputs
    }

    fn reply(&self, job: Job, outputs: Result<Vec<Tensor>, RunError>, timing: Timing) {
        count(if outputs.is_ok() { &self.metrics.answered } else { &self.metrics.failed });
        let answer = outputs.map(|outputs| Answer {
            outputs: Arc::new(outputs),
            version: self.version.clone(),
            waited: timing.start.duration_since(job.since),
            ran: timing.ran,
            batch_rows: timing.rows,
        });
        // Before the answer: a caller that sends its next request upon it must find the permit free.
        self.queue.release();
        job.reply.send(job.inputs, answer.map_err(InferError::Run));
    }
}
