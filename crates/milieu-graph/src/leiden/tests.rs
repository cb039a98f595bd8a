use crate::samples::{blocks, karate, plain, two_cliques, with_threads};
use crate::{Communities, Csr, Direction, Edge, GraphError, LeidenConfig, leiden, modularity};
use proptest::prelude::*;

fn found(graph: &Csr) -> Communities {
    leiden(graph, &LeidenConfig::default()).unwrap()
}

#[test]
fn communities_of_small_graphs() {
    let check = |graph: &Csr, expected: &[u32], value: f64| {
        let found = found(graph);
        assert_eq!(found.of, expected);
        assert!((found.modularity - value).abs() < 1e-12, "{} {value}", found.modularity);
    };
    check(&Csr::default(), &[], 0.0);
    check(&plain(0, &[]), &[], 0.0);
    check(&plain(1, &[]), &[0], 0.0);
    check(&plain(3, &[]), &[0, 1, 2], 0.0);
    check(&plain(2, &[(0, 1)]), &[0, 0], 0.0);
    // 2 of 13 arcs' ends are not inside: 12/13 - 2 (1/2)^2.
    check(&two_cliques(4), &[0, 0, 0, 0, 1, 1, 1, 1], 12.0 / 13.0 - 0.5);
    // Not connected: the larger first, a node alone last.
    check(
        &plain(6, &[(1, 0), (2, 3), (3, 4), (4, 2)]),
        &[1, 1, 0, 0, 0, 2],
        1.0 - 0.75_f64.powi(2) - 0.25_f64.powi(2),
    );
}

#[test]
fn weights_count_and_those_of_zero_do_not() {
    let edges = [(0, 1, 5.0), (1, 2, 0.1), (2, 3, 5.0), (3, 0, 0.1), (3, 4, 0.0)];
    let edges = edges.map(|(from, to, weight)| Edge { from, to, weight });
    let graph = Csr::from_edges(5, &edges, Direction::Undirected).unwrap();
    assert_eq!(found(&graph).of, [0, 0, 1, 1, 2]);
    let nothing = edges.map(|edge| Edge { weight: 0.0, ..edge });
    let graph = Csr::from_edges(5, &nothing, Direction::Undirected).unwrap();
    let found = found(&graph);
    assert_eq!((found.of, found.modularity), (vec![0, 1, 2, 3, 4], 0.0));
}

#[test]
fn the_karate_club_has_its_known_best() {
    let graph = karate();
    assert_eq!((graph.nodes(), graph.arcs()), (34, 156));
    let best = (0..10)
        .map(|seed| {
            leiden(&graph, &LeidenConfig { seed, iterations: 10, ..LeidenConfig::default() }).unwrap()
        })
        .map(|found| found.modularity)
        .fold(0.0, f64::max);
    assert!((best - 0.4198).abs() < 5e-5, "{best}");
    // By the two sides that the club split into: Newman & Girvan's .371.
    let side = |node: u32| u32::from([9, 14, 15, 18, 20].contains(&node) || node > 21 || node == 8);
    let sides: Vec<u32> = (0..34).map(side).collect();
    assert!((modularity(&graph, &sides, 1.0).unwrap() - 0.371).abs() < 1e-3);
}

#[test]
fn the_resolution_sets_the_number() {
    let graph = blocks(8, 30, 3);
    let count = |resolution| {
        let config = LeidenConfig { resolution, ..LeidenConfig::default() };
        leiden(&graph, &config).unwrap().sizes.len()
    };
    assert_eq!((count(0.0), count(1.0)), (1, 8));
    assert!(count(20.0) > 30);
    let of = found(&graph).of;
    assert!((0..240).all(|node| of[node] == of[node / 30 * 30]), "the groups themselves");
}

#[test]
fn what_is_wrong_is_said() {
    let graph = two_cliques(3);
    let check = |graph: &Csr, config: LeidenConfig, expected: GraphError| {
        assert_eq!(leiden(graph, &config), Err(expected));
    };
    let right = LeidenConfig::default();
    let setting = |name, value, wanted| GraphError::Setting { name, value, wanted };
    let config = LeidenConfig { resolution: -1.0, ..right };
    check(&graph, config, setting("resolution", -1.0, "at least 0"));
    let config = LeidenConfig { randomness: 0.0, ..right };
    check(&graph, config, setting("randomness", 0.0, "above 0"));
    let config = LeidenConfig { iterations: 0, ..right };
    check(&graph, config, setting("iterations", 0.0, "at least 1"));
    let directed = Csr::from_edges(2, &[Edge::plain(0, 1)], Direction::Directed).unwrap();
    check(&directed, right, GraphError::Directed);
    let edge = Edge { from: 0, to: 1, weight: -1.0 };
    let negative = Csr::from_edges(2, &[edge], Direction::Undirected).unwrap();
    check(&negative, right, GraphError::NegativeWeight { from: 0, to: 1, weight: -1.0 });
    assert_eq!(
        modularity(&graph, &[0], 1.0),
        Err(GraphError::Length { what: "communities", found: 1, nodes: 6 })
    );
}

#[test]
fn threads_change_nothing() {
    let graph = blocks(40, 40, 1);
    let one = with_threads(1, || found(&graph));
    assert_eq!(one, with_threads(4, || found(&graph)));
    assert!(one.sizes.len() > 10);
}

/// Whether all nodes of each community reach each other inside it over arcs that have weight.
fn each_is_connected(graph: &Csr, of: &[u32]) -> bool {
    let mut label: Vec<u32> = (0..graph.nodes() as u32).collect();
    for _ in 0..graph.nodes() {
        for arc in graph.all_arcs() {
            let (from, to) = (arc.from as usize, arc.to as usize);
            if of[from] == of[to] && arc.weight > 0.0 {
                label[to] = label[to].min(label[from]);
            }
        }
    }
    (0..graph.nodes()).all(|a| (0..a).all(|b| of[a] != of[b] || label[a] == label[b]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn communities_are_connected_numbered_and_no_worse_than_single_nodes(
        list in prop::collection::vec((0_u32..24, 0_u32..24, 0_u8..4), 0..90),
        seed in 0_u64..100,
        resolution in 0.0_f64..3.0,
    ) {
        let edge = |&(from, to, weight): &(u32, u32, u8)| Edge { from, to, weight: f32::from(weight) };
        let edges: Vec<Edge> = list.iter().map(edge).collect();
        let graph = Csr::from_edges(24, &edges, Direction::Undirected).unwrap();
        let config = LeidenConfig { resolution, seed, ..LeidenConfig::default() };
        let found = leiden(&graph, &config).unwrap();
        prop_assert!(each_is_connected(&graph, &found.of));
        prop_assert_eq!(found.modularity, modularity(&graph, &found.of, resolution).unwrap());
        let alone: Vec<u32> = (0..24).collect();
        prop_assert!(found.modularity >= modularity(&graph, &alone, resolution).unwrap() - 1e-12);
        let count = |community: usize| found.of.iter().filter(|&&of| of as usize == community).count() as u32;
        let sizes: Vec<u32> = (0..found.sizes.len()).map(count).collect();
        prop_assert_eq!(&sizes, &found.sizes);
        let first = |community: u32| found.of.iter().position(|&of| of == community);
        for community in 1..found.sizes.len() {
            let (before, this) = (community as u32 - 1, community as u32);
            let (size, size_before) = (found.sizes[community], found.sizes[community - 1]);
            prop_assert!(size < size_before || size == size_before && first(before) < first(this));
        }
        prop_assert_eq!(&found, &leiden(&graph, &config).unwrap());
    }
}
