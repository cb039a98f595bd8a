//! Optimality, descent, equivalences and quality.

use super::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Groups that take the items of their own part, `share` of them each; some users are five times as eager.
fn planted(users: usize, items: usize, groups: usize, share: f64, seed: u64) -> Interactions {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut triples = Vec::new();
    for user in 0..users {
        let share = if user % 7 == 0 { (5.0 * share).min(0.9) } else { share };
        for item in (0..items).filter(|item| item % groups == user % groups) {
            if rng.random_bool(share) {
                triples.push((user as u32, item as u32, rng.random_range(0.5..3.0)));
            }
        }
    }
    Interactions::from_triples(users, items, triples).unwrap()
}

fn history(data: &Interactions, row: usize) -> Vec<(u32, f32)> {
    data.row(row).iter().copied().zip(data.row_weights(row).iter().copied()).collect()
}

/// The textbook solution of one row in double precision: the full system, by Gaussian elimination.
fn reference_row(config: &IalsConfig, others: &[f32], row: &[(u32, f32)]) -> Vec<f64> {
    let size = config.factors;
    let count = others.len() / size;
    let unobserved = f64::from(config.unobserved_weight);
    let mut system = vec![vec![0.0; size + 1]; size];
    let mut add = |vector: &[f32], weight: f64, target: f64| {
        for (line, &a) in system.iter_mut().zip(vector) {
            for (sum, &b) in line.iter_mut().zip(vector) {
                *sum += weight * f64::from(a) * f64::from(b);
            }
            line[size] += target * f64::from(a);
        }
    };
    others.chunks_exact(size).for_each(|vector| add(vector, unobserved, 0.0));
    for &(other, weight) in row {
        let confidence = f64::from(config.alpha * weight);
        add(&others[other as usize * size..][..size], confidence, confidence + unobserved);
    }
    let penalty = f64::from(config.row_regularization(row.len(), count));
    (0..size).for_each(|k| system[k][k] += penalty);
    for pivot in 0..size {
        let top = system[pivot].clone();
        for (row, line) in system.iter_mut().enumerate().filter(|(row, _)| *row != pivot) {
            let factor = line[pivot] / top[pivot];
            debug_assert!(row != pivot);
            line.iter_mut().zip(&top).for_each(|(x, t)| *x -= factor * t);
        }
    }
    (0..size).map(|k| system[k][size] / system[k][k]).collect()
}

fn reference_side(config: &IalsConfig, others: &[f32], rows: &Interactions) -> Vec<f32> {
    let of_row = |row| reference_row(config, others, &history(rows, row)).into_iter().map(|x| x as f32);
    (0..rows.users()).flat_map(of_row).collect()
}

fn assert_close(got: &[f32], expected: &[f64]) {
    let norm = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
    for (got, expected) in got.iter().zip(expected) {
        assert!((f64::from(*got) - expected).abs() < 2e-3 * norm + 1e-5, "{got} {expected} of {norm}");
    }
}

const SMALL: IalsConfig = IalsConfig {
    factors: 12,
    iterations: 4,
    alpha: 2.0,
    unobserved_weight: 0.3,
    regularization: 0.05,
    regularization_exponent: 0.0,
    block: 12,
    start_scale: 1.0,
    seed: 3,
};

#[test]
fn every_row_is_optimal() {
    let check = |config: IalsConfig| {
        let data = planted(60, 90, 3, 0.25, 5);
        let model = Ials::train(&data, &config).unwrap();
        for user in 0..data.users() {
            assert_close(
                model.user(user),
                &reference_row(&config, model.item_factors(), &history(&data, user)),
            );
        }
    };
    check(SMALL);
    check(IalsConfig { factors: 16, block: 16, ..SMALL });
    // More factors than interactions, and fewer.
    check(IalsConfig { factors: 40, block: 64, ..SMALL });
    check(IalsConfig { factors: 3, block: 3, ..SMALL });
    check(IalsConfig { regularization_exponent: 0.7, regularization: 0.01, ..SMALL });
    check(IalsConfig { unobserved_weight: 0.0, ..SMALL });
}

#[test]
fn one_block_is_exact_alternating_least_squares() {
    let data = planted(40, 60, 4, 0.3, 11);
    let by_item = data.transpose();
    let model = Ials::train(&data, &SMALL).unwrap();
    let mut users = Table::random(40, SMALL.factors, SMALL.start_scale, SMALL.seed).into_rows();
    let mut items = Vec::new();
    for _ in 0..SMALL.iterations {
        items = reference_side(&SMALL, &users, &by_item);
        users = reference_side(&SMALL, &items, &data);
    }
    for user in 0..40 {
        for item in 0..60 {
            let product = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
            let got = product(model.user(user), model.item(item));
            let (x, y) = (&users[user * SMALL.factors..], &items[item * SMALL.factors..]);
            let expected = product(&x[..SMALL.factors], &y[..SMALL.factors]);
            assert!((got - expected).abs() < 2e-3, "{user} {item}: {got} {expected}");
        }
    }
}

#[test]
fn the_objective_falls() {
    let data = planted(80, 120, 4, 0.4, 7);
    for (factors, block) in [(24, 24), (24, 8), (40, 16), (7, 1)] {
        let values = (1..8).map(|iterations| {
            let config = IalsConfig { factors, block, iterations, ..SMALL };
            Ials::train(&data, &config).unwrap().objective(&data)
        });
        let values: Vec<f64> = values.collect();
        assert!(values.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6)), "{block}: {values:?}");
        assert!(values[6] < values[0], "{values:?}");
    }
}

#[test]
fn the_objective_is_its_definition() {
    let data = planted(10, 12, 2, 0.5, 2);
    let config = IalsConfig { regularization_exponent: 0.5, ..SMALL };
    let model = Ials::train(&data, &config).unwrap();
    let by_item = data.transpose();
    let mut expected = 0.0;
    for user in 0..10 {
        for item in 0..12 {
            let predicted = model.user(user).iter().zip(model.item(item)).map(|(x, y)| x * y).sum::<f32>();
            let place = data.row(user).iter().position(|&other| other as usize == item);
            let weight = place.map_or(0.0, |place| data.row_weights(user)[place]);
            let target = if place.is_some() { 1.0 } else { 0.0 };
            expected += (config.unobserved_weight + config.alpha * weight) * (target - predicted).powi(2);
        }
    }
    let norm = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>();
    for user in 0..10 {
        expected += config.row_regularization(data.row(user).len(), 12) * norm(model.user(user));
    }
    for item in 0..12 {
        expected += config.row_regularization(by_item.row(item).len(), 10) * norm(model.item(item));
    }
    let got = model.objective(&data);
    assert!((got - f64::from(expected)).abs() < 1e-3 * got, "{got} {expected}");
}

#[test]
fn threads_change_nothing() {
    let data = planted(700, 300, 5, 0.1, 9);
    let train = |threads, block| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Ials::train(&data, &IalsConfig { block, ..SMALL }).unwrap())
    };
    for block in [12, 4] {
        let one = train(1, block);
        assert_eq!(one, train(3, block));
        assert_ne!(one, Ials::train(&data, &IalsConfig { seed: 4, block, ..SMALL }).unwrap());
    }
}

#[test]
fn fold_in_is_what_training_does() {
    let data = planted(50, 70, 2, 0.2, 13);
    let config = IalsConfig { regularization_exponent: 1.0, regularization: 0.01, ..SMALL };
    let model = Ials::train(&data, &config).unwrap();
    for user in 0..50 {
        assert_eq!(model.fold_in_user(&history(&data, user)), model.user(user));
    }
    let by_item = data.transpose();
    for item in 0..70 {
        let takers = history(&by_item, item);
        assert_close(&model.fold_in_item(&takers), &reference_row(&config, model.user_factors(), &takers));
    }
    let nothing = vec![0.0; config.factors];
    assert_eq!(model.fold_in_user(&[]), nothing);
    assert_eq!(model.fold_in_user(&[(70, 1.0), (u32::MAX, 1.0), (1, f32::NAN), (2, -1.0)]), nothing);
}

#[test]
fn finds_what_was_planted() {
    let (users, items, groups) = (200, 160, 4);
    let data = planted(users, items, groups, 0.3, 17);
    for block in [2, 64] {
        let config = IalsConfig { factors: 4, block, ..IalsConfig::default() };
        let model = Ials::train(&data, &config).unwrap();
        let mut found = 0;
        let mut asked = 0;
        for user in 0..users {
            let known = data.row(user);
            let mut unseen: Vec<usize> = (0..items).filter(|&item| !known.contains(&(item as u32))).collect();
            let score = |item: &usize| -> f32 {
                model.user(user).iter().zip(model.item(*item)).map(|(x, y)| x * y).sum()
            };
            unseen.sort_by(|a, b| score(b).total_cmp(&score(a)));
            let own = unseen.iter().filter(|&&item| item % groups == user % groups).count();
            found += unseen[..own].iter().filter(|&&item| item % groups == user % groups).count();
            asked += own;
        }
        assert!(f64::from(found as u32) > 0.97 * f64::from(asked as u32), "{found} of {asked}");
    }
}

#[test]
fn nothing_to_learn() {
    for (users, items) in [(0, 0), (3, 0), (0, 4), (3, 4)] {
        let data = Interactions::from_triples(users, items, vec![]).unwrap();
        let model = Ials::train(&data, &SMALL).unwrap();
        assert_eq!(model.user_factors().len(), users * SMALL.factors);
        assert!(model.item_factors().iter().chain(model.user_factors()).all(|x| *x == 0.0));
        assert_eq!(model.fold_in_user(&[(0, 1.0)]), vec![0.0; SMALL.factors]);
    }
}

#[test]
fn refuses() {
    let data = planted(10, 10, 2, 0.5, 1);
    let check = |config: IalsConfig, field: &str| match Ials::train(&data, &config) {
        Err(IalsError::Setting { field: found, .. }) => assert_eq!(found, field),
        other => panic!("{field}: {other:?}"),
    };
    check(IalsConfig { factors: 0, ..SMALL }, "factors");
    check(IalsConfig { factors: 5000, ..SMALL }, "factors");
    check(IalsConfig { iterations: 0, ..SMALL }, "iterations");
    check(IalsConfig { alpha: 0.0, ..SMALL }, "alpha");
    check(IalsConfig { unobserved_weight: -1.0, ..SMALL }, "unobserved_weight");
    check(IalsConfig { regularization: f32::NAN, ..SMALL }, "regularization");
    check(IalsConfig { regularization_exponent: 1.5, ..SMALL }, "regularization_exponent");
    check(IalsConfig { block: 0, ..SMALL }, "block");
    check(IalsConfig { start_scale: f32::INFINITY, ..SMALL }, "start_scale");
    let huge = IalsConfig { alpha: f32::MAX, ..SMALL };
    assert_eq!(Ials::train(&data, &huge), Err(IalsError::NotFinite));
}

#[test]
fn survives_storage() {
    let data = planted(20, 30, 2, 0.3, 1);
    let model = Ials::train(&data, &SMALL).unwrap();
    let read: Ials = postcard::from_bytes(&postcard::to_stdvec(&model).unwrap()).unwrap();
    assert!(read.is_sound());
    assert_eq!(read, model);
    let mut cut = model;
    cut.items.pop();
    assert!(!cut.is_sound());
}
