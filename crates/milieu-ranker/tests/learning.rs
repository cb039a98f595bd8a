//! What training finds, on data whose truth is known.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use milieu_ranker::{Examples, NEGATIVE, POSITIVE, RankerError, TrainConfig, UNLABELLED, train};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

/// Examples of two independent uniform features and noise; task 0 is an exclusive or, task 1 logistic, task 2 is
/// labelled in a tenth of the examples.
fn made_up(count: usize, seed: u64) -> (Examples, Vec<f32>) {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut examples = Examples::new(names("f", 4), names("t", 3));
    let mut truth = Vec::new();
    for _ in 0..count {
        let x: [f32; 4] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
        let p = 1.0 / (1.0 + (-(2.0 * x[0] - 3.0 * x[2] - 4.0)).exp());
        truth.push(p);
        let seldom = random.random_bool(0.1);
        let label = |happened: bool| if happened { POSITIVE } else { NEGATIVE };
        let labels = [
            label((x[0] > 0.0) != (x[1] > 0.0)),
            label(random.random::<f32>() < p),
            if seldom { label(x[3] > 0.5) } else { UNLABELLED },
        ];
        examples.push(&x, &labels, 1.0).unwrap();
    }
    (examples, truth)
}

#[test]
fn learns_interaction_rare_logistic_and_seldom_labelled_tasks() {
    let (examples, _) = made_up(12_000, 1);
    let (later, truth) = made_up(4_000, 2);
    let config = TrainConfig { hidden: 16, batch: 128, ..TrainConfig::default() };
    let (model, report) = train(&examples, &config).unwrap();
    let heads = model.evaluate(&later).unwrap();
    assert!(heads[0].auc.unwrap() > 0.97, "{heads:?}");
    assert!(heads[2].auc.unwrap() > 0.97, "{heads:?}");
    let mut predicted = vec![0.0; 3 * later.len()];
    model.predict(&later.features, &mut predicted).unwrap();
    let off: f32 =
        predicted.iter().skip(1).step_by(3).zip(&truth).map(|(p, t)| (p - t).abs()).sum::<f32>() / 4_000.0;
    assert!(off < 0.012, "mean distance from the true probability {off}");
    assert!(heads[1].calibration_error.unwrap() < 0.02, "{heads:?}");
    assert_eq!(report.validation_examples, 1_800);
    assert!(report.best_epoch >= 1 && report.best_epoch <= report.epochs);
}

#[test]
fn left_out_negatives_do_not_change_the_probabilities() {
    let mut random = Pcg64Mcg::seed_from_u64(5);
    let mut examples = Examples::new(names("f", 1), names("t", 2));
    for _ in 0..30_000 {
        let x: f32 = random.random_range(-1.0..1.0);
        let p = 0.02 * (1.0 + x);
        let labels = [u8::from(random.random::<f32>() < p), u8::from(random.random::<f32>() < 0.005)];
        examples.push(&[x], &labels, 1.0).unwrap();
    }
    let config = TrainConfig { negatives_per_positive: 3.0, hidden: 8, ..TrainConfig::default() };
    let (model, report) = train(&examples, &config).unwrap();
    assert!(report.used_examples < report.training_examples / 5, "{report:?}");
    let mut p = [0.0; 6];
    model.predict(&[-0.9, 0.0, 0.9], &mut p).unwrap();
    let likes = [p[0], p[2], p[4]];
    assert!(likes[0] < 0.009 && (likes[1] - 0.02).abs() < 0.007 && (likes[2] - 0.038).abs() < 0.01, "{p:?}");
    assert!([p[1], p[3], p[5]].iter().all(|p| (p - 0.005).abs() < 0.003), "{p:?}");
}

#[test]
fn equal_seeds_give_equal_models() {
    let (examples, _) = made_up(1_500, 3);
    let config = TrainConfig { max_epochs: 2, negatives_per_positive: 1.0, ..TrainConfig::default() };
    let first = train(&examples, &config).unwrap();
    let second = train(&examples, &config).unwrap();
    assert_eq!(first, second);
    let other = train(&examples, &TrainConfig { seed: 1, ..config }).unwrap();
    assert_ne!(first.0, other.0);
}

#[test]
fn strange_input_gives_errors_or_sound_models() {
    let empty = Examples::new(names("f", 2), names("t", 1));
    assert_eq!(train(&empty, &TrainConfig::default()).unwrap_err(), RankerError::NoExamples);

    let mut examples = empty.clone();
    assert!(matches!(examples.push(&[1.0], &[0], 1.0), Err(RankerError::Shape { .. })));
    assert!(matches!(examples.push(&[1.0, 2.0], &[3], 1.0), Err(RankerError::Label(3))));
    assert!(matches!(examples.push(&[1.0, 2.0], &[0], f32::NAN), Err(RankerError::OutOfRange(_))));
    examples.push(&[1.0, 2.0], &[UNLABELLED], 1.0).unwrap();
    assert_eq!(train(&examples, &TrainConfig::default()).unwrap_err(), RankerError::NoExamples);

    for (features, labels) in [
        (vec![[f32::NAN, f32::INFINITY]; 3], vec![0, 0, 0]),
        (vec![[1.0, f32::MAX], [1.0, f32::MIN], [1.0, 0.0]], vec![1, 1, 1]),
        (vec![[0.0, 0.0]], vec![1]),
    ] {
        let mut examples = empty.clone();
        for (row, label) in features.iter().zip(labels) {
            examples.push(row, &[label], 1.0).unwrap();
        }
        let (model, _) = train(&examples, &TrainConfig::default()).unwrap();
        let mut p = [0.0];
        model.predict(&[f32::NAN, f32::NEG_INFINITY], &mut p).unwrap();
        assert!(p[0] > 0.0 && p[0] < 1.0, "{p:?}");
    }

    let bad = TrainConfig { learning_rate: f32::NAN, ..TrainConfig::default() };
    assert_eq!(train(&examples, &bad).unwrap_err(), RankerError::OutOfRange("learning_rate"));
}
