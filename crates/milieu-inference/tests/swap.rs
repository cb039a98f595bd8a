//! Versions change under load: no request fails, and each is answered by one version.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use milieu_inference::{
    BatchOptions, Batcher, Data, Deployment, InferError, LoadOptions, Role, Share, Tensor,
};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use support::{engines, floats, onnx, scripted};

const PATIENT: BatchOptions = BatchOptions {
    permits: NonZeroUsize::new(64).unwrap(),
    most_rows: NonZeroUsize::new(8).unwrap(),
    most_wait: Duration::ZERO,
    within_a_run: false,
    most_bytes: 1 << 20,
};

/// Counts the engines that are alive.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A version that multiplies by its number, and is named by it.
fn version(number: usize, alive: &Arc<AtomicUsize>) -> Arc<Batcher> {
    let alive = Alive::new(alive);
    let engine = scripted(&[0, 1], &[0, 1], move |inputs| {
        let _held = &alive;
        let values = inputs[0].as_f32().unwrap().iter().map(|value| value * number as f32).collect();
        Ok(vec![Tensor::new(inputs[0].shape().to_vec(), Data::F32(values)).unwrap()])
    });
    Arc::new(Batcher::start(&number.to_string(), engine, PATIENT).unwrap())
}

#[test]
fn a_hundred_swaps_fail_no_request() {
    let alive = Arc::new(AtomicUsize::new(0));
    let deployment = Deployment::new(version(1, &alive), 7);
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut served = 0;
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (deployment, stop, answered) = (&deployment, &stop, &answered);
            scope.spawn(move || {
                let mut last = 0;
                while !stop.load(Ordering::SeqCst) {
                    let key = format!("{thread}").into_bytes();
                    let pending = deployment.submit(&key, vec![floats(&[1.0], 1)], None).unwrap();
                    let answer = pending.wait().unwrap();
                    let number: usize = answer.version.parse().unwrap();
                    assert_eq!(answer.outputs[0].as_f32().unwrap(), [number as f32]);
                    assert!(number >= last, "{number} answered after {last}");
                    last = number;
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for number in 2..=101 {
            let before = answered.load(Ordering::SeqCst);
            while answered.load(Ordering::SeqCst) < before + 20 {
                std::thread::yield_now();
            }
            let old = deployment.replace(version(number, &alive));
            assert_eq!(old.version(), (number - 1).to_string());
            // A request may still be on its way into the old version; the last hold drops it.
            match Arc::try_unwrap(old) {
                Ok(old) => {
                    served += old.metrics().answered;
                    old.drain();
                }
                Err(held) => served += held.metrics().answered,
            }
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert_eq!(deployment.live().version(), "101");
    served += deployment.report()[0].metrics.answered;
    let answered = answered.load(Ordering::SeqCst) as u64;
    assert!(answered >= 2_000 && served <= answered, "{served} counted of {answered}");
    drop(deployment);
    for _ in 0..1_000 {
        if alive.load(Ordering::SeqCst) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{} engines were never dropped", alive.load(Ordering::SeqCst));
}

#[test]
fn real_engines_are_swapped_under_load() {
    for engines in engines() {
        let version = |name: &str| {
            let engine = engines.load(&onnx::linear(), LoadOptions::default()).unwrap();
            Arc::new(Batcher::start(name, engine, PATIENT).unwrap())
        };
        let deployment = Deployment::new(version("0"), 7);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !stop.load(Ordering::SeqCst) {
                        let pending = deployment.submit(b"", vec![floats(&[1.0], 3)], None).unwrap();
                        assert_eq!(pending.wait().unwrap().outputs[0].as_f32().unwrap(), [19.0, 32.0]);
                    }
                });
            }
            for number in 1..=20 {
                deployment.replace(version(&number.to_string()));
            }
            stop.store(true, Ordering::SeqCst);
        });
    }
}

#[test]
fn a_canary_answers_its_share_and_keeps_its_users() {
    let alive = Arc::default();
    let deployment = Deployment::new(version(1, &alive), 7);
    let ask = |key: usize| {
        let pending = deployment.submit(&key.to_le_bytes(), vec![floats(&[1.0], 1)], None).unwrap();
        pending.wait().unwrap().version.parse::<usize>().unwrap()
    };
    assert!(deployment.promote_canary().is_none());
    deployment.set_canary(Some((version(2, &alive), Share::new(0.2).unwrap())));
    let first: Vec<usize> = (0..1_000).map(ask).collect();
    let canary = first.iter().filter(|version| **version == 2).count();
    assert!((150..250).contains(&canary), "{canary} of 1000");
    assert_eq!((0..1_000).map(ask).collect::<Vec<_>>(), first);
    let report = deployment.report();
    assert_eq!([report[0].role, report[1].role], [Role::Live, Role::Canary]);
    assert_eq!(report[1].metrics.answered, 2 * canary as u64);
    assert_eq!(report[0].metrics.answered, 2_000 - 2 * canary as u64);

    assert_eq!(deployment.promote_canary().unwrap().version(), "1");
    assert!((0..100).map(ask).all(|version| version == 2));
    deployment.set_canary(Some((version(3, &alive), Share::ALL)));
    assert!((0..100).map(ask).all(|version| version == 3));
    assert_eq!(deployment.set_canary(None).unwrap().version(), "3");
    assert!((0..100).map(ask).all(|version| version == 2));
}

fn settle(deployment: &Deployment, until: impl Fn(milieu_inference::AgreementSnapshot) -> bool) {
    for _ in 0..1_000 {
        if deployment.report().last().and_then(|report| report.agreement).is_some_and(&until) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{:?}", deployment.report());
}

#[test]
fn a_shadow_is_compared_and_never_answers() {
    let alive = Arc::default();
    let deployment = Deployment::new(version(1, &alive), 7);
    let ask = |value: f32| {
        let pending = deployment.submit(b"key", vec![floats(&[value], 1)], None).unwrap();
        assert_eq!(&*pending.wait().unwrap().version, "1");
    };
    deployment.set_shadow(Some((version(1, &alive), Share::ALL)), 0.0);
    (0..50).for_each(|value| ask(value as f32));
    settle(&deployment, |agreement| agreement.compared == 50);
    let report = deployment.report();
    assert_eq!((report[1].role, report[1].agreement.unwrap().agreed), (Role::Shadow, 50));

    deployment.set_shadow(Some((version(2, &alive), Share::ALL)), 0.5);
    // Twice the value is within 0.5 of it for 0 and 0.25.
    [0.0, 0.25, 1.0, 2.0].into_iter().for_each(ask);
    settle(&deployment, |agreement| agreement.compared == 4);
    assert_eq!(deployment.report()[1].agreement.unwrap().agreed, 2);

    deployment.set_shadow(Some((version(2, &alive), Share::new(0.0).unwrap())), 0.5);
    ask(1.0);
    assert_eq!(deployment.report()[1].metrics.requests, 0);
    assert_eq!(deployment.set_shadow(None, 0.0).unwrap().version(), "2");
}

#[test]
fn a_shadow_that_hangs_or_fails_slows_nobody() {
    let alive = Arc::default();
    let deployment = Deployment::new(version(1, &alive), 7);
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let hanging = scripted(&[0, 1], &[0, 1], move |inputs| {
        let _ = gate.recv();
        assert!(inputs[0].as_f32().unwrap()[0] < 0.0, "a shadow that breaks down");
        Ok(inputs.to_vec())
    });
    let shadow = Arc::new(Batcher::start("shadow", hanging, PATIENT).unwrap());
    deployment.set_shadow(Some((shadow, Share::ALL)), 0.0);
    for value in 0..200 {
        let pending = deployment.submit(b"key", vec![floats(&[value as f32], 1)], None).unwrap();
        pending.wait().unwrap();
    }
    settle(&deployment, |agreement| agreement.dropped == 136);
    drop(go);
    settle(&deployment, |agreement| agreement.failed == 64);
}

#[test]
fn what_is_no_input_is_refused_and_so_is_everything_after_the_end() {
    let deployment = Deployment::new(version(1, &Arc::default()), 7);
    let submit = |inputs| deployment.submit(b"", inputs, None).unwrap_err();
    assert!(matches!(submit(vec![]), InferError::Input(_)));
    let wide = submit(vec![floats(&[1.0], 2)]);
    assert!(wide.to_string().contains("[-1, 1]"), "{wide}");
    deployment.live().close();
    assert_eq!(submit(vec![floats(&[1.0], 1)]), InferError::Closed);
}
