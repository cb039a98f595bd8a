//! What searches find, against sorting all scores.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use milieu_vector::{IndexConfig, Scratch, VectorError, VectorIndex, kernels};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::BTreeMap;

/// Lists from the first vector on, so that small tests go through them.
fn approximate() -> IndexConfig {
    IndexConfig { exact_below: 1, ..IndexConfig::default() }
}

/// Vectors around `centres` directions, of lengths that vary.
fn clustered(count: usize, dim: usize, centres: usize, seed: u64) -> Vec<f32> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut normal = || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
    let directions: Vec<f32> = (0..centres * dim).map(|_| normal()).collect();
    (0..count)
        .flat_map(|row| {
            let length = (0.4 * normal()).exp();
            let centre = &directions[row % centres * dim..][..dim];
            centre.iter().map(|c| (c + 0.8 * normal()) * length).collect::<Vec<f32>>()
        })
        .collect()
}

fn brute_force(vectors: &BTreeMap<u32, Vec<f32>>, query: &[f32], k: usize) -> Vec<(u32, f32)> {
    let mut all: Vec<(u32, f32)> = vectors.iter().map(|(id, row)| (*id, kernels::dot(row, query))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

fn numbered(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

#[derive(Debug, Clone)]
enum Change {
    Add(u32, Vec<f32>),
    Remove(u32),
    Rebuild,
}

fn change() -> impl Strategy<Value = Change> {
    // Few different values, so that equal scores occur.
    let row = proptest::collection::vec((-3i8..=3).prop_map(f32::from), 3);
    prop_oneof![
        6 => (0u32..40, row).prop_map(|(id, row)| Change::Add(id, row)),
        3 => (0u32..40).prop_map(Change::Remove),
        1 => Just(Change::Rebuild),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn exact_search_equals_brute_force_after_any_changes(
        changes in proptest::collection::vec(change(), 1..80),
        query in proptest::collection::vec((-3i8..=3).prop_map(f32::from), 3),
        k in 0usize..50,
        lists in any::<bool>(),
    ) {
        let config = if lists { approximate() } else { IndexConfig::default() };
        let mut index = VectorIndex::build(3, &[7], &[1.0, 2.0, 3.0], &config).unwrap();
        let mut truth = BTreeMap::from([(7, vec![1.0, 2.0, 3.0])]);
        let mut scratch = Scratch::new();
        for change in changes {
            match change {
                Change::Add(id, row) => {
                    index.add(id, &row).unwrap();
                    truth.insert(id, row);
                }
                Change::Remove(id) => prop_assert_eq!(index.remove(id), truth.remove(&id).is_some()),
                Change::Rebuild => index.rebuild(),
            }
        }
        prop_assert_eq!(index.len(), truth.len());
        for (id, row) in &truth {
            prop_assert_eq!(index.get(*id).unwrap(), &row[..]);
        }
        let expected = brute_force(&truth, &query, k);
        prop_assert_eq!(index.search_exact(&query, k, |_| true, &mut scratch).unwrap(), &expected[..]);
        let even: BTreeMap<u32, Vec<f32>> = truth.iter().filter(|(id, _)| *id % 2 == 0).map(|(id, row)| (*id, row.clone())).collect();
        let expected = brute_force(&even, &query, k);
        prop_assert_eq!(index.search_exact(&query, k, |id| id % 2 == 0, &mut scratch).unwrap(), &expected[..]);

        // The lists may miss some, but what they return is there, wanted, scored exactly, in order and once.
        let found = index.search(&query, k, |id| id % 2 == 0, &mut scratch).unwrap();
        let ids: std::collections::BTreeSet<u32> = found.iter().map(|(id, _)| *id).collect();
        prop_assert_eq!(ids.len(), found.len());
        prop_assert_eq!(found.len(), k.min(even.len()));
        prop_assert!(found.is_sorted_by(|a, b| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0)));
        for (id, score) in found {
            prop_assert_eq!(*score, kernels::dot(&even[id], &query));
        }
    }

    #[test]
    fn kernels_equal_their_definitions(
        pairs in proptest::collection::vec((-2.0f32..2.0, -2.0f32..2.0), 0..150),
        alpha in -2.0f32..2.0,
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
        let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            pairs.iter().map(|(a, b)| f(f64::from(*a), f64::from(*b))).sum()
        };
        let near = |found: f32, exact: f64| (f64::from(found) - exact).abs() < 1e-3;
        prop_assert!(near(kernels::dot(&a, &b), sum(&|a, b| a * b)));
        prop_assert!(near(kernels::squared_distance(&a, &b), sum(&|a, b| (a - b) * (a - b))));
        let mut y = b.clone();
        kernels::axpy(alpha, &a, &mut y);
        for ((y, a), b) in y.iter().zip(&a).zip(&b) {
            prop_assert!((y - (alpha * a + b)).abs() < 1e-5);
        }
        let mut out = [0.0; 2];
        let rows = [a.clone(), b.clone()].concat();
        kernels::matvec(&rows, &a, &mut out);
        prop_assert_eq!(out, [kernels::dot(&a, &a), kernels::dot(&b, &a)]);

        let stride = a.len().next_multiple_of(kernels::CODE_ALIGN);
        let (mut codes, mut query) = (vec![0; stride], vec![0; stride]);
        let scale = kernels::quantise_i8(&a, &mut codes) * kernels::quantise_query(&b, &mut query);
        let mut out = [0.0];
        kernels::matvec_i8(&codes, &query, &mut out);
        let whole: i64 = codes.iter().zip(&query).map(|(c, q)| i64::from(*c) * i64::from(*q)).sum();
        prop_assert_eq!(out[0], whole as f32);
        prop_assert!((f64::from(out[0] * scale) - sum(&|a, b| a * b)).abs() < 0.05 * (1.0 + a.len() as f64).sqrt());
    }

    #[test]
    fn broken_files_give_errors(at in 0usize..2000, to in any::<u8>(), cut in 0usize..2000) {
        let rows = clustered(40, 4, 3, 1);
        let index = VectorIndex::build(4, &numbered(40), &rows, &approximate()).unwrap();
        let mut bytes = Vec::new();
        index.write_to(&mut bytes).unwrap();
        let cut = cut % bytes.len();
        prop_assert!(VectorIndex::read_from(&bytes[..cut]).is_err());
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(index) = VectorIndex::read_from(&bytes[..]) {
            index.search(&[1.0; 4], 5, |_| true, &mut Scratch::new()).unwrap();
        }
    }
}

#[test]
fn lists_find_most_of_the_best_and_calibration_sets_how_many() {
    let (dim, k) = (24, 50);
    let rows = clustered(6000, dim, 60, 2);
    let mut index = VectorIndex::build(dim, &numbered(6000), &rows, &approximate()).unwrap();
    assert!(index.is_approximate());
    let queries = clustered(80, dim, 60, 2);
    let (sample, others) = queries.split_at(40 * dim);
    let recall = |index: &VectorIndex| {
        let mut scratch = Scratch::new();
        let mut hits = 0;
        for query in others.chunks_exact(dim) {
            let truth = index.search_exact(query, k, |_| true, &mut scratch).unwrap().to_vec();
            let found = index.search(query, k, |_| true, &mut scratch).unwrap();
            hits += found.iter().filter(|pair| truth.contains(pair)).count();
        }
        hits as f64 / (40 * k) as f64
    };
    assert!(recall(&index) > 0.85, "{}", recall(&index));
    let reached = index.calibrate(sample, k, 0.97).unwrap();
    assert!(reached >= 0.97 && recall(&index) > 0.94, "{reached} {}", recall(&index));
}

#[test]
fn equal_input_gives_equal_answers_also_from_a_file_and_with_other_threads() {
    let rows = clustered(3000, 10, 20, 3);
    let build = || VectorIndex::build(10, &numbered(3000), &rows, &approximate()).unwrap();
    let index = build();
    let mut bytes = Vec::new();
    index.write_to(&mut bytes).unwrap();
    let read = VectorIndex::read_from(&bytes[..]).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = pool.install(build);
    let mut again = Vec::new();
    alone.write_to(&mut again).unwrap();
    assert!(bytes == again);
    let mut scratch = Scratch::new();
    for query in rows.chunks_exact(10).step_by(100) {
        let found = index.search(query, 20, |id| id % 3 > 0, &mut scratch).unwrap().to_vec();
        assert_eq!(found.len(), 20);
        assert_eq!(read.search(query, 20, |id| id % 3 > 0, &mut scratch).unwrap(), &found[..]);
    }
}

#[test]
fn narrow_filters_are_exact() {
    let rows = clustered(4000, 8, 10, 4);
    let index = VectorIndex::build(8, &numbered(4000), &rows, &approximate()).unwrap();
    let mut scratch = Scratch::new();
    let narrow = |id: u32| id % 50 == 3;
    for query in rows.chunks_exact(8).take(20) {
        let truth = index.search_exact(query, 30, narrow, &mut scratch).unwrap().to_vec();
        assert_eq!(truth.len(), 30);
        assert_eq!(index.search(query, 30, narrow, &mut scratch).unwrap(), &truth[..]);
    }
    assert_eq!(index.search(&[1.0; 8], 5, |_| false, &mut scratch).unwrap(), &[]);
}

#[test]
fn wishes_for_a_rebuild_when_it_has_grown() {
    let config = IndexConfig { exact_below: 10, ..IndexConfig::default() };
    let mut index = VectorIndex::build(2, &[], &[], &config).unwrap();
    for id in 0..10 {
        assert!(!index.wants_rebuild());
        index.add(id, &[id as f32, 1.0]).unwrap();
    }
    assert!(index.wants_rebuild() && !index.is_approximate());
    index.rebuild();
    assert!(!index.wants_rebuild() && index.is_approximate());
    (0..6).for_each(|id| assert!(index.remove(id)));
    assert!(index.wants_rebuild());
    index.rebuild();
    assert!(!index.is_approximate());
}

#[test]
fn strange_input_gives_errors() {
    let config = approximate();
    let build = |dim, ids: &[u32], rows: &[f32]| VectorIndex::build(dim, ids, rows, &config);
    assert!(matches!(build(0, &[], &[]), Err(VectorError::UnsupportedDimensions(0))));
    assert!(matches!(build(2, &[1], &[1.0]), Err(VectorError::Dimensions { .. })));
    assert!(matches!(build(1, &[1, 1], &[1.0, 2.0]), Err(VectorError::DuplicateId(1))));
    assert!(matches!(build(1, &[4], &[f32::NAN]), Err(VectorError::NotFinite(4))));
    assert!(matches!(build(1, &[4], &[f32::MAX]), Err(VectorError::NotFinite(4))));
    let mut index = build(2, &[1, 2], &[0.0, 0.0, 1.0, -1.0]).unwrap();
    let mut scratch = Scratch::new();
    assert!(matches!(index.add(3, &[f32::INFINITY, 0.0]), Err(VectorError::NotFinite(3))));
    assert!(matches!(index.add(3, &[0.0]), Err(VectorError::Dimensions { .. })));
    assert!(matches!(
        index.search(&[f32::NAN, 0.0], 1, |_| true, &mut scratch),
        Err(VectorError::QueryNotFinite)
    ));
    assert!(index.search(&[0.0], 1, |_| true, &mut scratch).is_err());
    assert_eq!(index.search(&[0.0, 0.0], 5, |_| true, &mut scratch).unwrap(), &[(1, 0.0), (2, 0.0)]);
    assert!(!index.remove(9) && index.len() == 2);
}
