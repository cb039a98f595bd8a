//! Communities of people, and what else is computed of the whole graph from time to time: [`PeopleIndex`].
//!
//! It is plain data of the moment at which the edges were copied. Who was deleted since or does not want to be found is left
//! out by whoever answers.

mod edges;
mod index;
mod marks;
mod stable;

pub use edges::Edges;
pub use index::{Bridge, Community, PeopleIndex};
pub use marks::{Mark, Marks};

/// The fewest members of a community; smaller ones are none.
pub const SMALLEST: usize = 3;
