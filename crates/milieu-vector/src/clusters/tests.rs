use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const DIM: usize = 24;

fn unit(row: &mut [f32]) {
    let length = dot(row, row).sqrt();
    row.iter_mut().for_each(|x| *x /= length);
}

/// Unit rows about `centres` directions in turn, each off by noise of such a size; with centre 0 nothing but noise.
fn planted(rows: usize, centres: usize, noise: f32, seed: u64) -> Vec<f32> {
    let mut random = Pcg64Mcg::seed_from_u64(7);
    let normal = |random: &mut Pcg64Mcg| (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
    let directions: Vec<f32> = (0..centres * DIM).map(|_| normal(&mut random)).collect();
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut all = Vec::with_capacity(rows * DIM);
    for row in 0..rows {
        let centre = (centres > 0).then(|| &directions[row % centres * DIM..][..DIM]);
        let mut values: Vec<f32> = (0..DIM)
            .map(|at| centre.map_or(0.0, |centre| centre[at]) + noise * normal(&mut random))
            .collect();
        unit(&mut values);
        all.extend(values);
    }
    all
}

/// For each planted group, the cluster of each of its rows.
fn found(clusters: &Clusters, rows: &[f32], centres: usize) -> Vec<Vec<Option<usize>>> {
    let mut groups = vec![Vec::new(); centres];
    for (number, row) in rows.chunks_exact(DIM).enumerate() {
        groups[number % centres].push(clusters.nearest(row).map(|(cluster, _)| cluster));
    }
    groups
}

#[test]
fn planted_groups_are_found() {
    // Few rows, and so many that mini-batches are learnt from.
    for total in [600, 30_000] {
        let rows = planted(total, 6, 0.4, 1);
        let config = ClusterConfig { count: 6, ..ClusterConfig::default() };
        let clusters = Clusters::learn(&rows, DIM, &config).unwrap();
        assert_eq!(clusters.len(), 6);
        let mut of_groups = Vec::new();
        for group in found(&clusters, &rows, 6) {
            let cluster = group.iter().copied().flatten().next().unwrap();
            let in_it = group.iter().filter(|of| **of == Some(cluster)).count();
            assert!(in_it * 100 > group.len() * 90, "{in_it} of {}", group.len());
            of_groups.push(cluster);
        }
        of_groups.sort_unstable();
        assert_eq!(of_groups, [0, 1, 2, 3, 4, 5]);
        assert_eq!(clusters, Clusters::learn(&rows, DIM, &config).unwrap());
    }
}

#[test]
fn noise_and_few_rows_make_no_cluster() {
    let learn = |rows: &[f32], config: &ClusterConfig| Clusters::learn(rows, DIM, config).unwrap();
    let config = ClusterConfig::default();
    assert!(learn(&[], &config).is_empty());
    assert!(learn(&planted(4, 1, 0.1, 1), &config).is_empty());
    assert_eq!(learn(&planted(400, 4, 0.3, 1), &ClusterConfig { least: 101, count: 4, ..config }).len(), 0);
    // What is nowhere near is in none.
    let clusters = learn(&planted(400, 4, 0.3, 1), &ClusterConfig { count: 4, ..config });
    assert_eq!(clusters.len(), 4);
    let noise = planted(400, 0, 1.0, 2);
    let inside = noise.chunks_exact(DIM).filter(|row| clusters.nearest(row).is_some()).count();
    assert!(inside < 20, "{inside}");
    // Loose ones: noise in many dimensions gathers nowhere.
    let tight = ClusterConfig { count: 4, tightness: 0.3, ..config };
    assert!(learn(&planted(400, 0, 1.0, 2), &tight).is_empty());
    assert_eq!(learn(&planted(400, 4, 0.3, 1), &tight).len(), 4);
}

#[test]
fn as_many_as_the_rows_allow() {
    fn check(config: ClusterConfig, rows: usize, expected: usize) {
        assert_eq!(config.count_of(rows), expected, "{rows}");
    }
    let config = ClusterConfig::default();
    check(config, 5, 2);
    check(config, 200, 10);
    check(config, 5000, 50);
    check(config, 1_000_000, 100);
    check(ClusterConfig { count: 7, ..config }, 5, 7);
}

#[test]
fn clusters_are_known_again() {
    let config = ClusterConfig { count: 5, ..ClusterConfig::default() };
    let learn = |rows: usize, seed: u64| Clusters::learn(&planted(rows, 5, 0.3, seed), DIM, &config).unwrap();
    let (before, after) = (learn(500, 1), learn(800, 2));
    let mut matched = after.matched(&before, 0.9);
    for (new, old) in matched.iter().enumerate() {
        let at = |clusters: &Clusters, number: usize| clusters.centroids()[number * DIM..][..DIM].to_vec();
        assert!(dot(&at(&after, new), &at(&before, old.unwrap())) > 0.9);
    }
    matched.sort_unstable();
    assert_eq!(matched, (0..5).map(Some).collect::<Vec<_>>());
    assert_eq!(after.matched(&before, 1.1), [None; 5]);
    let parts = Clusters::from_parts(DIM, before.centroids().to_vec(), before.floors().to_vec()).unwrap();
    assert_eq!(parts, before);
    assert!(Clusters::from_parts(DIM, vec![0.0; DIM], vec![]).is_err());
    let other = Clusters::from_parts(2, vec![1.0, 0.0], vec![0.5]).unwrap();
    assert_eq!((after.matched(&other, 0.0), other.nearest(&[1.0])), (vec![None; 5], None));
    assert_eq!(other.nearest(&[0.6, 0.8]), Some((0, 0.6)));
    assert_eq!(other.nearest(&[0.0, 1.0]), None);
}

#[test]
fn what_cannot_be_learnt_from() {
    let config = ClusterConfig::default();
    assert!(Clusters::learn(&[1.0; 3], 2, &config).is_err());
    assert!(Clusters::learn(&[f32::NAN; 4], 2, &config).is_err());
    assert!(Clusters::learn(&[], 0, &config).is_err());
}

proptest! {
    #[test]
    fn anything_can_be_learnt_from(
        rows in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 3), 0..40),
        count in 0_usize..9,
        least in 0_usize..9,
    ) {
        let flat = rows.concat();
        let clusters = Clusters::learn(&flat, 3, &ClusterConfig { count, least, ..ClusterConfig::default() }).unwrap();
        prop_assert!(clusters.len() <= rows.len());
        for row in &rows {
            if let Some((cluster, cosine)) = clusters.nearest(row) {
                prop_assert!(cluster < clusters.len() && cosine >= clusters.floors()[cluster]);
            }
        }
    }
}
