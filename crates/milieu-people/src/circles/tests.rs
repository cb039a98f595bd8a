use super::*;
use proptest::prelude::*;

/// All who know each other.
fn clique(members: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    let members: Vec<u32> = members.into_iter().collect();
    members
        .iter()
        .enumerate()
        .flat_map(|(place, &a)| members[place + 1..].iter().map(move |&b| (a, b)))
        .collect()
}

fn found(count: usize, edges: &[(u32, u32)], features: &[Vec<u32>]) -> Vec<Vec<u32>> {
    circles(&Alters { count, edges, features }, &CirclesConfig::default()).unwrap()
}

#[test]
fn circles_overlap() {
    // Person 5 belongs to both cliques, person 11 to none.
    let edges = [clique(0..6), clique(5..11)].concat();
    assert_eq!(found(12, &edges, &[]), [vec![0, 1, 2, 3, 4, 5], vec![5, 6, 7, 8, 9, 10]]);
}

#[test]
fn profiles_part_what_ties_do_not() {
    // A ring of twelve in which everybody knows the next three either way: nothing but profiles says where it is to be cut.
    let edges: Vec<(u32, u32)> =
        (0..12).flat_map(|a| (1..=3).map(move |step| (a, (a + step) % 12))).collect();
    let features: Vec<Vec<u32>> = (0..12).map(|a| vec![u32::from((3..9).contains(&a))]).collect();
    let config = CirclesConfig { resolution: 1.0, join: 1.0, ..CirclesConfig::default() };
    let found = circles(&Alters { count: 12, edges: &edges, features: &features }, &config).unwrap();
    assert_eq!(found, [vec![0, 1, 2, 9, 10, 11], vec![3, 4, 5, 6, 7, 8]]);
}

#[test]
fn baselines_by_hand() {
    let edges = [clique(0..4), clique(4..8), vec![(3, 4), (8, 9)]].concat();
    let features: Vec<Vec<u32>> = (0..10).map(|a| vec![a % 2]).collect();
    let alters = Alters { count: 10, edges: &edges, features: &features };
    assert_eq!(components(&alters, 1).unwrap(), [(0..8).collect::<Vec<u32>>(), vec![8, 9]]);
    assert_eq!(components(&alters, 3).unwrap(), [(0..8).collect::<Vec<u32>>()]);
    assert_eq!(by_leiden(&alters, 1.0, 3, 0).unwrap(), [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
    assert_eq!(by_features(&alters, 1, 0).unwrap(), [vec![0, 2, 4, 6, 8], vec![1, 3, 5, 7, 9]]);
    let nobody = Alters { count: 0, edges: &[], features: &[] };
    assert_eq!(by_features(&nobody, 1, 0).unwrap(), Vec::<Vec<u32>>::new());
}

#[test]
fn refusals() {
    let check = |alters: Alters<'_>, config: CirclesConfig, expected: &str| {
        let error = circles(&alters, &config).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let (config, two) = (CirclesConfig::default(), Alters { count: 2, edges: &[(0, 1)], features: &[] });
    check(Alters { edges: &[(0, 2)], ..two }, config, "node 2");
    check(Alters { features: &[vec![1]], ..two }, config, "1 profiles of 2 people");
    check(two, CirclesConfig { resolution: -1.0, ..config }, "resolution is out of range");
    check(two, CirclesConfig { leave: 1.5, ..config }, "leave is out of range");
    check(two, CirclesConfig { join: 0.0, ..config }, "join is out of range");
    check(two, CirclesConfig { least: 0, ..config }, "least is out of range");
}

proptest! {
    /// Whatever the graph, circles are large enough, their members known, ascending, and no circle comes twice.
    #[test]
    fn circles_of_any_graph(edges in prop::collection::vec((0_u32..15, 0_u32..15), 0..80), seed in 0_u64..9) {
        let alters = Alters { count: 15, edges: &edges, features: &[] };
        let config = CirclesConfig { seed, ..CirclesConfig::default() };
        let found = circles(&alters, &config).unwrap();
        prop_assert_eq!(&found, &circles(&alters, &config).unwrap());
        for circle in &found {
            prop_assert!(circle.len() >= config.least && circle.iter().all(|&node| node < 15));
            prop_assert!(circle.windows(2).all(|two| two[0] < two[1]));
            prop_assert_eq!(found.iter().filter(|other| *other == circle).count(), 1);
        }
    }
}
