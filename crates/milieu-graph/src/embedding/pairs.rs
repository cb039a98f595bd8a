//! Pairs of nodes that are near each other in walks, sorted into blocks.

use crate::Walker;
use crate::seeds::mixed;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// Walks of which one task makes pairs.
const TASK: usize = 64;

/// A centre and a node of its window, each as its row in its part.
pub(super) type Pair = (u32, u32);

/// Pairs by the parts of both.
pub(super) struct Pairs {
    parts: usize,
    /// Of each task the blocks, row by row.
    tasks: Vec<Vec<Vec<Pair>>>,
}

impl Pairs {
    /// The pairs of the walks from `starts` in a round. As in word2vec, the window of each centre is drawn from 1 to
    /// `window`.
    pub(super) fn of_walks(
        walker: &Walker<'_>,
        starts: &[u32],
        round: u64,
        window: usize,
        parts: usize,
        seed: u64,
    ) -> Self {
        let task = |(task, starts): (usize, &[u32])| {
            let mut random = Pcg64Mcg::seed_from_u64(mixed(seed, task as u64));
            let mut blocks = vec![Vec::new(); parts * parts];
            for &start in starts {
                let walk = walker.walk(start, round);
                for (place, &centre) in walk.iter().enumerate() {
                    let reach = random.random_range(1..=window);
                    let near = place.saturating_sub(reach)
                        ..place.saturating_add(reach).saturating_add(1).min(walk.len());
                    for &context in walk[near].iter().filter(|&&context| context != centre) {
                        let block = centre as usize % parts * parts + context as usize % parts;
                        blocks[block].push((centre / parts as u32, context / parts as u32));
                    }
                }
            }
            blocks
        };
        Self { parts, tasks: starts.par_chunks(TASK).enumerate().map(task).collect() }
    }

    /// The pairs of centres of one part and contexts of another, in the order of the walks, piece by piece.
    pub(super) fn of_block(&self, centres: usize, contexts: usize) -> impl Iterator<Item = &[Pair]> {
        let block = centres * self.parts + contexts;
        self.tasks.iter().map(move |blocks| blocks[block].as_slice())
    }
}
