//! The last touches: communities that are connected, and their numbers.

use super::level::Level;
use std::cmp::Reverse;

/// Gives each connected part of a community a number of its own, the parts numbered in the order of their first nodes.
///
/// The method's guarantee holds of communities that an iteration ends with as one node. Where it ends earlier, because no
/// part could grow, moves may have cut a community in two; splitting it can only raise modularity.
pub(super) fn connected(level: &Level<'_>, of: &mut [u32]) {
    let mut part = vec![u32::MAX; of.len()];
    let mut stack = Vec::new();
    let mut count = 0;
    for first in 0..of.len() {
        if part[first] != u32::MAX {
            continue;
        }
        part[first] = count;
        stack.push(first as u32);
        while let Some(node) = stack.pop() {
            let (targets, weights) = level.row(node);
            for (&target, &weight) in targets.iter().zip(weights) {
                let there = target as usize;
                if weight > 0.0 && part[there] == u32::MAX && of[there] == of[first] {
                    part[there] = count;
                    stack.push(target);
                }
            }
        }
        count += 1;
    }
    of.copy_from_slice(&part);
}

/// Numbers communities by size, those of the same size by their first node; the sizes. The numbers in `of` must be
/// below its length, and ascend with the first nodes.
pub(super) fn numbered(of: &mut [u32]) -> Vec<u32> {
    let mut sizes = vec![0_u32; of.len()];
    of.iter().for_each(|&community| sizes[community as usize] += 1);
    let mut order: Vec<u32> =
        (0..of.len() as u32).filter(|&community| sizes[community as usize] > 0).collect();
    order.sort_by_key(|&community| Reverse(sizes[community as usize]));
    let mut number = vec![0_u32; of.len()];
    for (place, &community) in order.iter().enumerate() {
        number[community as usize] = place as u32;
    }
    of.iter_mut().for_each(|community| *community = number[*community as usize]);
    order.iter().map(|&community| sizes[community as usize]).collect()
}
