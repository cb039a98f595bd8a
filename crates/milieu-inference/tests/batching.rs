//! The batcher: what is run together, what is refused, what happens to the others when one fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use milieu_inference::{BatchOptions, Batcher, Data, InferError, InputError, LoadOptions, Pending, RunError};
use milieu_inference::{MetricsSnapshot, Tensor};
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{engines, floats, onnx, scripted};

fn options(permits: usize, most_rows: usize, most_wait: u64) -> BatchOptions {
    BatchOptions {
        permits: NonZeroUsize::new(permits).unwrap(),
        most_rows: NonZeroUsize::new(most_rows).unwrap(),
        most_wait: Duration::from_millis(most_wait),
        ..BatchOptions::default()
    }
}

/// A version that doubles its input, and waits before each run until it is told to go on; tells the shape
/// of each run.
struct Gated {
    batcher: Batcher,
    go: mpsc::Sender<()>,
    shapes: Arc<Mutex<Vec<Vec<usize>>>>,
}

fn double(input: &Tensor) -> Tensor {
    let values = input.as_f32().unwrap().iter().map(|value| value * 2.0).collect();
    Tensor::new(input.shape().to_vec(), Data::F32(values)).unwrap()
}

fn gated(input: &[usize], options: BatchOptions) -> Gated {
    let (go, gate) = mpsc::channel();
    let shapes = Arc::new(Mutex::new(Vec::new()));
    let seen = shapes.clone();
    let engine = scripted(input, input, move |inputs| {
        seen.lock().unwrap().push(inputs[0].shape().to_vec());
        let _ = gate.recv();
        Ok(vec![double(&inputs[0])])
    });
    Gated { batcher: Batcher::start("v1", engine, options).unwrap(), go, shapes }
}

impl Gated {
    fn submit(&self, input: Tensor) -> Result<Pending, InferError> {
        self.batcher.submit(vec![input], None)
    }

    /// Hands in a request and waits until it is running.
    fn occupy(&self) -> Pending {
        let runs = self.shapes.lock().unwrap().len();
        let pending = self.submit(floats(&[0.0], 1)).unwrap();
        while self.shapes.lock().unwrap().len() == runs {
            std::thread::yield_now();
        }
        pending
    }

    fn open(self) -> (Batcher, Arc<Mutex<Vec<Vec<usize>>>>) {
        (self.batcher, self.shapes)
    }
}

fn settled(metrics: MetricsSnapshot) -> u64 {
    let MetricsSnapshot { invalid, refused, timed_out, abandoned, answered, failed, .. } = metrics;
    invalid + refused + timed_out + abandoned + answered + failed
}

#[test]
fn requests_of_one_shape_share_a_run() {
    let gated = gated(&[0, 0], options(100, 4, 0));
    let first = gated.occupy();
    let widths = [2, 3, 2, 2, 3, 2, 2];
    let pending: Vec<_> = widths
        .iter()
        .enumerate()
        .map(|(at, width)| gated.submit(floats(&[at as f32], *width)).unwrap())
        .collect();
    let (batcher, shapes) = gated.open();
    first.wait().unwrap();
    for (at, (pending, width)) in pending.into_iter().zip(widths).enumerate() {
        let answer = pending.wait().unwrap();
        assert_eq!(*answer.outputs, [floats(&[2.0 * at as f32], width)]);
        assert_eq!(&*answer.version, "v1");
        assert_eq!(answer.batch_rows, if width == 3 { 2 } else { [4, 1][usize::from(at == 6)] });
    }
    assert_eq!(*shapes.lock().unwrap(), [vec![1, 1], vec![4, 2], vec![2, 3], vec![1, 2]]);
    let metrics = batcher.metrics();
    assert_eq!((metrics.requests, metrics.answered, metrics.batches, metrics.rows), (8, 8, 4, 8));
    assert_eq!((metrics.waiting.count(), metrics.running.count()), (8, 4));
}

#[test]
fn a_batch_waits_to_fill_but_not_for_long() {
    let engine = scripted(&[0, 0], &[0, 0], |inputs| Ok(vec![double(&inputs[0])]));
    let batcher = Batcher::start("v1", engine, options(100, 2, 60_000)).unwrap();
    let start = Instant::now();
    let pending = [1.0, 2.0].map(|value| batcher.submit(vec![floats(&[value], 1)], None).unwrap());
    for pending in pending {
        assert_eq!(pending.wait().unwrap().batch_rows, 2);
    }
    // Nobody else comes, but other work waits, and then closing ends the wait.
    let alone = batcher.submit(vec![floats(&[1.0], 1)], None).unwrap();
    let other = batcher.submit(vec![floats(&[1.0], 2)], None).unwrap();
    assert_eq!(alone.wait().unwrap().batch_rows, 1);
    batcher.drain();
    assert_eq!(other.wait().unwrap().batch_rows, 1);
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_request_waits_no_longer_than_a_run_takes_where_that_is_wanted() {
    let engine = scripted(&[0, 0], &[0, 0], |inputs| Ok(vec![double(&inputs[0])]));
    let options = BatchOptions { within_a_run: true, ..options(100, 2, 60_000) };
    let batcher = Batcher::start("v1", engine, options).unwrap();
    let start = Instant::now();
    for _ in 0..20 {
        batcher.submit(vec![floats(&[1.0], 1)], None).unwrap().wait().unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn permits_bound_the_queue() {
    let gated = gated(&[0, 0], options(3, 8, 0));
    let running = gated.occupy();
    let waiting = [1.0, 2.0].map(|value| gated.submit(floats(&[value], 1)).unwrap());
    let refused = gated.submit(floats(&[3.0], 1)).unwrap_err();
    let InferError::Overloaded { retry_after } = refused else { panic!("{refused}") };
    assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(60));
    gated.go.send(()).unwrap();
    running.wait().unwrap();
    // The permit of what was answered is free at once.
    let fourth = gated.submit(floats(&[4.0], 1)).unwrap();
    let (batcher, _) = gated.open();
    for pending in waiting.into_iter().chain([fourth]) {
        pending.wait().unwrap();
    }
    let metrics = batcher.metrics();
    assert_eq!((metrics.requests, metrics.refused, metrics.answered), (5, 1, 4));
}

#[test]
fn a_client_in_turns_needs_one_permit() {
    let engine = scripted(&[0, 0], &[0, 0], |inputs| Ok(vec![double(&inputs[0])]));
    let batcher = Batcher::start("v1", engine, options(1, 8, 0)).unwrap();
    for _ in 0..2_000 {
        batcher.submit(vec![floats(&[1.0], 1)], None).unwrap().wait().unwrap();
    }
}

#[test]
fn late_and_abandoned_requests_are_not_run() {
    let gated = gated(&[0, 0], options(10, 8, 0));
    let running = gated.occupy();
    let late = gated.batcher.submit(vec![floats(&[1.0], 1)], Some(Duration::ZERO)).unwrap();
    let in_time = gated.batcher.submit(vec![floats(&[1.0], 1)], Some(Duration::from_secs(600))).unwrap();
    let endless = gated.batcher.submit(vec![floats(&[1.0], 1)], Some(Duration::MAX)).unwrap();
    drop(gated.submit(floats(&[1.0], 1)).unwrap());
    let (batcher, shapes) = gated.open();
    running.wait().unwrap();
    assert_eq!(late.wait().unwrap_err(), InferError::TimedOut);
    in_time.wait().unwrap();
    endless.wait().unwrap();
    assert_eq!(*shapes.lock().unwrap(), [vec![1, 1], vec![2, 1]]);
    let metrics = batcher.metrics();
    assert_eq!((metrics.timed_out, metrics.abandoned, metrics.answered), (1, 1, 3));
    assert_eq!(settled(metrics), metrics.requests);
}

#[test]
fn one_bad_request_fails_alone() {
    for panics in [false, true] {
        let engine =
            scripted(&[0, 0], &[0, 0], move |inputs| match inputs[0].as_f32().unwrap().contains(&13.0) {
                true if panics => panic!("thirteen"),
                true => Err(RunError::Failed("thirteen".into())),
                false => Ok(vec![double(&inputs[0])]),
            });
        let batcher = Batcher::start("v1", engine, options(100, 3, 60_000)).unwrap();
        for _ in 0..3 {
            let pending =
                [1.0, 13.0, 3.0].map(|value| batcher.submit(vec![floats(&[value], 1)], None).unwrap());
            let [one, thirteen, three] = pending.map(Pending::wait);
            assert_eq!(*one.unwrap().outputs, [floats(&[2.0], 1)]);
            assert_eq!(*three.unwrap().outputs, [floats(&[6.0], 1)]);
            let expected = match panics {
                true => RunError::Panicked("thirteen".into()),
                false => RunError::Failed("thirteen".into()),
            };
            assert_eq!(thirteen.unwrap_err(), InferError::Run(expected));
        }
        let metrics = batcher.metrics();
        assert_eq!((metrics.answered, metrics.failed), (6, 3));
    }
}

#[test]
fn a_real_engine_fails_for_the_bad_request_alone() {
    for engines in engines() {
        let engine = engines.load(&onnx::table(), LoadOptions::default()).unwrap();
        let batcher = Batcher::start("v1", engine, options(100, 3, 60_000)).unwrap();
        let ids = |id| Tensor::new(vec![1, 1], Data::I64(vec![id])).unwrap();
        let pending = [1, 99, 3].map(|id| batcher.submit(vec![ids(id)], None).unwrap());
        let [one, bad, three] = pending.map(Pending::wait);
        assert_eq!(one.unwrap().outputs[0].as_f32().unwrap(), [10.0, 11.0]);
        assert_eq!(three.unwrap().outputs[0].as_f32().unwrap(), [30.0, 31.0]);
        assert!(matches!(bad.unwrap_err(), InferError::Run(RunError::Failed(_))));
    }
}

#[test]
fn large_requests_are_run_in_parts() {
    let gated = gated(&[0, 0], options(10, 4, 0));
    let rows: Vec<f32> = (0..10).map(|row| row as f32).collect();
    let pending = gated.submit(floats(&rows, 3)).unwrap();
    let (batcher, shapes) = gated.open();
    let answer = pending.wait().unwrap();
    assert_eq!(*answer.outputs, [double(&floats(&rows, 3))]);
    assert_eq!(*shapes.lock().unwrap(), [vec![4, 3], vec![4, 3], vec![2, 3]]);
    assert_eq!((batcher.metrics().batches, batcher.metrics().rows), (3, 10));
    let limited = BatchOptions { most_bytes: 11, ..options(10, 4, 0) };
    let engine = scripted(&[0, 0], &[0, 0], |inputs| Ok(vec![double(&inputs[0])]));
    let batcher = Batcher::start("v1", engine, limited).unwrap();
    let error = batcher.submit(vec![floats(&[1.0], 3)], None).unwrap_err();
    assert_eq!(error, InferError::Input(InputError::TooLarge { given: 12, limit: 11 }));
    assert_eq!(batcher.metrics().invalid, 1);
}

#[test]
fn a_model_without_a_batch_dimension_runs_one_by_one() {
    let gated = gated(&[1, 1], options(10, 8, 60_000));
    let first = gated.occupy();
    let others = [1.0, 2.0].map(|value| gated.submit(floats(&[value], 1)).unwrap());
    assert!(matches!(gated.submit(floats(&[1.0, 2.0], 1)), Err(InferError::Input(_))));
    let (_batcher, shapes) = gated.open();
    first.wait().unwrap();
    for (pending, expected) in others.into_iter().zip([2.0, 4.0]) {
        assert_eq!(*pending.wait().unwrap().outputs, [floats(&[expected], 1)]);
    }
    assert_eq!(*shapes.lock().unwrap(), [vec![1, 1], vec![1, 1], vec![1, 1]]);
}

/// Its output says nothing of rows: the mean of all values, of a shape that is declared to have rows.
#[test]
fn a_model_whose_outputs_have_no_rows_runs_one_by_one() {
    let engine = scripted(&[0, 0], &[0], |inputs| {
        let values = inputs[0].as_f32().unwrap();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        Ok(vec![Tensor::new(vec![1], Data::F32(vec![mean])).unwrap()])
    });
    let batcher = Batcher::start("v1", engine, options(10, 2, 60_000)).unwrap();
    for _ in 0..2 {
        let pending = [1.0, 5.0].map(|value| batcher.submit(vec![floats(&[value], 1)], None).unwrap());
        let [one, five] = pending.map(|pending| pending.wait().unwrap());
        assert_eq!(one.outputs[0].as_f32().unwrap(), [1.0]);
        assert_eq!(five.outputs[0].as_f32().unwrap(), [5.0]);
    }
    assert_eq!(batcher.metrics().batches, 5);
}

#[test]
fn what_is_queued_is_answered_before_the_engine_goes() {
    let gated = gated(&[0, 0], options(100, 2, 0));
    let first = gated.occupy();
    let pending: Vec<_> = (0..20).map(|at| gated.submit(floats(&[at as f32], 1)).unwrap()).collect();
    let (batcher, _) = gated.open();
    batcher.drain();
    first.wait().unwrap();
    for pending in pending {
        pending.wait().unwrap();
    }
}

/// Many threads with requests of many shapes: each gets the answer to its own request.
#[test]
fn answers_are_not_mixed_up() {
    for engines in engines() {
        let engine = engines.load(&onnx::table(), LoadOptions::default()).unwrap();
        let batcher = Batcher::start("v1", engine, options(1_000, 16, 1)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8_usize {
                let batcher = &batcher;
                scope.spawn(move || {
                    for turn in 0..200_usize {
                        let (rows, length) = (1 + (thread + turn) % 3, 1 + (thread * 7 + turn) % 4);
                        let ids: Vec<i64> =
                            (0..rows * length).map(|at| ((at + thread + turn) % 4) as i64).collect();
                        let expected: Vec<f32> =
                            ids.iter().flat_map(|id| [10.0 * *id as f32, 10.0 * *id as f32 + 1.0]).collect();
                        let input = Tensor::new(vec![rows, length], Data::I64(ids)).unwrap();
                        let answer = batcher.submit(vec![input], None).unwrap().wait().unwrap();
                        let output = Tensor::new(vec![rows, length, 2], Data::F32(expected)).unwrap();
                        assert_eq!(*answer.outputs, [output]);
                    }
                });
            }
        });
        let metrics = batcher.metrics();
        assert_eq!((metrics.requests, metrics.answered), (1_600, 1_600));
        assert!(metrics.batches < metrics.requests, "nothing was batched");
    }
}
