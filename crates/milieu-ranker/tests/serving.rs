//! The forward pass and the file of a model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use milieu_ranker::{ActionModel, Parameters, RankerError};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

fn random_model(features: usize, hidden: usize, tasks: usize, seed: u64) -> ActionModel {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut values =
        |count: usize, size: f32| (0..count).map(|_| random.random_range(-size..=size)).collect::<Vec<f32>>();
    let parameters = Parameters {
        version: 1,
        feature_names: (0..features).map(|n| format!("f{n}")).collect(),
        task_names: (0..tasks).map(|n| format!("t{n}")).collect(),
        mean: values(features, 1.0),
        deviation: values(features, 2.0).iter().map(|d| d.max(0.0)).collect(),
        clamp: 8.0,
        hidden_weights: values(features * hidden, 0.5),
        hidden_bias: values(hidden, 0.5),
        head_weights: values(hidden * tasks, 0.5),
        head_bias: values(tasks, 3.0),
        calibration_slope: values(tasks, 0.2).iter().map(|s| 1.0 + s).collect(),
        calibration_offset: values(tasks, 0.5),
    };
    ActionModel::try_from(parameters).unwrap()
}

/// The model by its definition, in f64.
fn by_definition(p: &Parameters, row: &[f32]) -> Vec<f64> {
    let (hidden, tasks) = (p.hidden_bias.len(), p.task_names.len());
    let z: Vec<f64> = (0..row.len())
        .map(|f| {
            if p.deviation[f] == 0.0 || row[f].is_nan() {
                return 0.0;
            }
            let z = (f64::from(row[f]) - f64::from(p.mean[f])) / f64::from(p.deviation[f]);
            z.clamp(-f64::from(p.clamp), f64::from(p.clamp))
        })
        .collect();
    let units: Vec<f64> = (0..hidden)
        .map(|h| {
            let sum: f64 = (0..z.len()).map(|f| z[f] * f64::from(p.hidden_weights[f * hidden + h])).sum();
            (sum + f64::from(p.hidden_bias[h])).max(0.0)
        })
        .collect();
    (0..tasks)
        .map(|t| {
            let sum: f64 = (0..hidden).map(|h| units[h] * f64::from(p.head_weights[h * tasks + t])).sum();
            let logit = sum + f64::from(p.head_bias[t]);
            let logit = f64::from(p.calibration_slope[t]) * logit + f64::from(p.calibration_offset[t]);
            1.0 / (1.0 + (-logit).exp())
        })
        .collect()
}

fn value() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -5.0f32..5.0,
        1 => Just(f32::NAN),
        1 => Just(f32::INFINITY),
        1 => Just(f32::NEG_INFINITY),
        1 => any::<f32>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_row_gets_the_same_alone_and_in_any_batch(
        seed in any::<u64>(),
        features in 1usize..40,
        hidden in 1usize..40,
        tasks in 1usize..20,
        count in 1usize..14,
        pool in proptest::collection::vec(value(), 40 * 14),
    ) {
        let model = random_model(features, hidden, tasks, seed);
        let rows = &pool[..count * features];
        let mut batch = vec![0.0; count * tasks];
        model.predict(rows, &mut batch).unwrap();
        prop_assert!(batch.iter().all(|p| *p > 0.0 && *p < 1.0));
        for (row, together) in rows.chunks(features).zip(batch.chunks(tasks)) {
            let mut alone = vec![0.0; tasks];
            model.predict(row, &mut alone).unwrap();
            let bits = |p: &[f32]| p.iter().map(|p| p.to_bits()).collect::<Vec<u32>>();
            prop_assert_eq!(bits(&alone), bits(together));
        }
        // Any order, too.
        let reversed: Vec<f32> = rows.chunks(features).rev().flatten().copied().collect();
        let mut backwards = vec![0.0; count * tasks];
        model.predict(&reversed, &mut backwards).unwrap();
        for (a, b) in batch.chunks(tasks).zip(backwards.chunks(tasks).rev()) {
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn equals_the_definition(seed in any::<u64>(), row in proptest::collection::vec(value(), 33)) {
        let model = random_model(33, 32, 8, seed);
        let mut found = vec![0.0; 8];
        model.predict(&row, &mut found).unwrap();
        for (found, exact) in found.iter().zip(by_definition(model.parameters(), &row)) {
            prop_assert!((f64::from(*found) - exact).abs() < 1e-4 * (exact + 1e-3), "{found} {exact}");
        }
    }
}

#[test]
fn survives_postcard_and_json() {
    let model = random_model(5, 6, 3, 1);
    let bytes = postcard::to_allocvec(&model).unwrap();
    assert_eq!(postcard::from_bytes::<ActionModel>(&bytes).unwrap(), model);
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<ActionModel>(&text).unwrap(), model);
}

#[test]
fn refuses_what_does_not_fit() {
    let model = random_model(2, 3, 1, 1);
    assert_eq!(model.check_names(&["f0", "f1"], &["t0"]), Ok(()));
    let features = |place, expected: &str, found: &str| {
        Err(RankerError::Features { place, expected: expected.into(), found: found.into() })
    };
    assert_eq!(model.check_names(&["f0", "x"], &["t0"]), features(1, "x", "f1"));
    assert_eq!(model.check_names(&["f0"], &["t0"]), features(1, "", "f1"));
    assert_eq!(model.check_names(&["f0", "f1", "f2"], &["t0"]), features(2, "f2", ""));
    assert!(matches!(model.check_names(&["f0", "f1"], &["t1"]), Err(RankerError::Tasks { .. })));

    let broken = |change: fn(&mut Parameters)| {
        let mut parameters = model.parameters().clone();
        change(&mut parameters);
        let text = serde_json::to_string(&parameters).unwrap();
        serde_json::from_str::<ActionModel>(&text).map_err(|e| e.to_string()).unwrap_err()
    };
    assert!(broken(|p| p.version = 2).contains("model format 2"));
    assert!(broken(|p| p.head_bias.push(0.0)).contains("head_bias: 2 values where 1 were expected"));
    assert!(broken(|p| p.hidden_bias.clear()).contains("hidden units"));
    assert!(broken(|p| p.head_weights[0] = 1e9).contains("head_weights is out of range"));
    assert!(broken(|p| p.deviation[0] = -1.0).contains("deviation"));

    let mut out = [0.0; 2];
    assert!(matches!(model.predict(&[0.0; 3], &mut out), Err(RankerError::Shape { .. })));
    assert!(matches!(model.predict(&[0.0; 2], &mut out), Err(RankerError::Shape { .. })));
    assert_eq!(model.predict(&[], &mut []), Ok(()));
}

#[test]
fn explains_by_occlusion() {
    let mut parameters = random_model(3, 2, 2, 1).parameters().clone();
    parameters.mean = vec![0.5, 0.0, 0.0];
    parameters.deviation = vec![1.0, 1.0, 0.0];
    parameters.hidden_weights = vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    parameters.hidden_bias = vec![4.0, 4.0];
    parameters.head_weights = vec![1.0, 0.0, 0.0, -1.0];
    let model = ActionModel::try_from(parameters).unwrap();
    let found = model.explain(&[2.0, 1.0, 9.0], &[1.0, 1.0]).unwrap();
    assert!(found[0] > 0.0 && found[1] < 0.0 && found[2] == 0.0, "{found:?}");
    let against = model.explain(&[2.0, 1.0, 9.0], &[-1.0, -1.0]).unwrap();
    assert_eq!(against, found.iter().map(|x| -x).collect::<Vec<f32>>());
    assert_eq!(model.explain(&[0.5, 0.0, 3.0], &[1.0, 1.0]).unwrap(), [0.0; 3]);
    assert!(model.explain(&[0.5], &[1.0, 1.0]).is_err());
}
