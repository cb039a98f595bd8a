use super::features::names;
use super::triads::triads;
use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

fn edge(from: u32, to: u32, value: f32, at: i64) -> SignedEdge {
    SignedEdge { from, to, value, at }
}

fn ledger(nodes: usize, edges: &[SignedEdge]) -> Ledger {
    let mut ledger = Ledger::new(nodes, &Units::of(edges));
    edges.iter().for_each(|edge| ledger.add(edge));
    ledger
}

/// A third of the people is bad, and called so by most; a tenth calls the good ones bad.
fn quarrel(count: usize, seed: u64) -> Vec<SignedEdge> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    (0..count as i64)
        .map(|at| {
            let (from, to) = (random.random_range(0..150_u32), random.random_range(0..149_u32));
            let to = if to >= from { to + 1 } else { to };
            let spite = from % 10 == 9;
            let bad = (to % 3 == 0) != spite && random.random_bool(0.9);
            edge(from, to, if bad { -1.0 } else { 1.0 }, at)
        })
        .collect()
}

#[test]
fn fairness_and_goodness() {
    // Two praise 2, one damns it; who damns is the least fair, and so 2 is better than the mean says.
    let edges = [edge(0, 2, 1.0, 0), edge(1, 2, 1.0, 1), edge(3, 2, -1.0, 2)];
    let found = Fairness::of(&ledger(5, &edges));
    assert_eq!(found.goodness[4], 0.0);
    assert_eq!(found.fairness[2], 1.0);
    let (good, fair, unfair) = (found.goodness[2], found.fairness[0], found.fairness[3]);
    // The two equations hold at the end.
    assert!((good - (2.0 * fair - unfair) / 3.0).abs() < 1e-5, "{found:?}");
    assert!((fair - (1.0 - (1.0 - good) / 2.0)).abs() < 1e-5, "{found:?}");
    assert!((unfair - (1.0 - (1.0 + good) / 2.0)).abs() < 1e-5, "{found:?}");
    assert!(unfair < fair);
}

#[test]
fn triads_of_each_kind() {
    let check = |edges: &[SignedEdge], expected: usize| {
        let ledger = ledger(3, edges);
        let found = triads(&ledger.people[0], &ledger.people[1]);
        let mut wanted = [0; 16];
        wanted[expected] = 1;
        assert_eq!(found, wanted, "{edges:?}");
    };
    check(&[edge(0, 2, 1.0, 0), edge(2, 1, 1.0, 0)], 0b0000);
    check(&[edge(0, 2, 1.0, 0), edge(2, 1, -1.0, 0)], 0b0001);
    check(&[edge(0, 2, -1.0, 0), edge(1, 2, 1.0, 0)], 0b0110);
    check(&[edge(2, 0, -1.0, 0), edge(2, 1, -1.0, 0)], 0b1011);
    check(&[edge(2, 0, 1.0, 0), edge(1, 2, 1.0, 0)], 0b1100);
}

#[test]
fn each_feature_has_a_name() {
    let names = names();
    assert_eq!(names.len(), FEATURES);
    assert_eq!(names[super::features::RECEIVED], "receiver got: share of good");
    assert_eq!(names[super::features::FAIR_AND_GOOD], "fairness times goodness");
    let row =
        rows(&quarrel(20, 1), 150, 19..20, Moment::EachEdge, &Units { half_lives: [1.0; 3], scale: 1.0 });
    assert_eq!(row.len(), FEATURES);
}

#[test]
fn planted_signs_are_found_and_calibrated() {
    let edges = quarrel(6000, 7);
    let report = evaluate(&edges, 150, 0.8, &SignConfig { networks: 2, ..SignConfig::default() }).unwrap();
    let quality = &report.as_of_each_edge;
    assert!(quality.auc.unwrap() > 0.9, "{report:?}");
    assert!(quality.calibration_error < 0.05, "{report:?}");
    assert!(quality.log_loss < 0.6 * quality.log_loss_of_share, "{report:?}");
    assert!(quality.auc > report.baselines[0].auc, "{report:?}");
    assert_eq!((report.training.0, report.test.0, report.both_known), (4800, 1200, 1200));
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let edges = quarrel(500, 2);
    let config = SignConfig { networks: 1, ..SignConfig::default() };
    let train = || SignModel::train(&edges, 150, &config).unwrap();
    assert_eq!(train(), train());
}

#[test]
fn refusals() {
    let check = |edges: &[SignedEdge], share: f64, config: SignConfig, expected: &str| {
        let error = evaluate(edges, 3, share, &config).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let config = SignConfig::default();
    check(&[edge(0, 1, 1.0, 2), edge(0, 1, 1.0, 1)], 0.8, config, "edge 1 is earlier");
    check(&[edge(0, 1, 0.0, 2)], 0.8, config, "edge 0 has no sign");
    check(&[edge(0, 1, f32::NAN, 2)], 0.8, config, "edge 0 has no sign");
    check(&[edge(0, 3, 1.0, 2)], 0.8, config, "edge 0 names node 3");
    check(&[edge(0, 1, 1.0, 2)], 0.8, config, "too few");
    check(&vec![edge(0, 1, 1.0, 2); 1000], 0.8, config, "too few");
    check(&[], 1.0, config, "share is out of range");
    check(&[], 0.8, SignConfig { networks: 0, ..config }, "networks is out of range");
    check(&[], 0.8, SignConfig { warm_up: 1.0, ..config }, "warm_up is out of range");
    check(&[], 0.8, SignConfig { validation: 0.0, ..config }, "validation is out of range");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// An edge's features are the same whatever comes with it or after it.
    #[test]
    fn nothing_is_read_from_the_future(
        mut list in prop::collection::vec((0_u32..8, 0_u32..8, prop::bool::ANY, 0_i64..30), 2..60),
        place in 0_usize..60,
    ) {
        list.sort_by_key(|edge| edge.3);
        let edges: Vec<SignedEdge> = list
            .iter()
            .map(|&(from, to, good, at)| edge(from, to, if good { 1.0 } else { -1.0 }, at))
            .collect();
        let place = place % edges.len();
        let units = Units { half_lives: [1.0, 5.0, 20.0], scale: 1.0 };
        let whole = rows(&edges, 8, place..place + 1, Moment::EachEdge, &units);
        // Only what is older, and the edge itself with the other sign.
        let mut past: Vec<SignedEdge> =
            edges.iter().copied().filter(|older| older.at < edges[place].at).collect();
        past.push(SignedEdge { value: -edges[place].value, ..edges[place] });
        let last = past.len() - 1;
        let alone = rows(&past, 8, last..last + 1, Moment::EachEdge, &units);
        prop_assert_eq!(bits(&whole), bits(&alone));
        let still = rows(&edges, 8, place..edges.len(), Moment::First, &units);
        prop_assert_eq!(bits(&still[..FEATURES]), bits(&whole));
    }
}

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|x| x.to_bits()).collect()
}
