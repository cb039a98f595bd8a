//! Circles from cores.

use milieu_graph::Csr;

/// Rounds in which members leave and join; most circles stand still after two.
const ROUNDS: usize = 3;

/// The core without members who know less than the share `leave` of the others, and with everybody who knows at least the share
/// `join` of it.
pub(super) fn grow(graph: &Csr, core: &[u32], leave: f64, join: f64) -> Vec<u32> {
    let mut member = vec![false; graph.nodes()];
    core.iter().for_each(|&node| member[node as usize] = true);
    for _ in 0..ROUNDS {
        let size = member.iter().filter(|member| **member).count() as f64;
        if size < 3.0 {
            break;
        }
        let next: Vec<bool> = member
            .iter()
            .enumerate()
            .map(|(node, &is_member)| {
                let known =
                    graph.neighbours(node as u32).iter().filter(|&&other| member[other as usize]).count();
                let known = known as f64;
                (is_member && known >= leave * (size - 1.0)) || known >= join * size
            })
            .collect();
        let still = next == member;
        member = next;
        if still {
            break;
        }
    }
    member.iter().enumerate().filter(|(_, member)| **member).map(|(node, _)| node as u32).collect()
}
