//! The fold of the event log: users, items, ties, histories, counters, as-of views and features.
//!
//! [`World::apply`] is the only way in, [`World::view`] the way to read. No clock, no disk, no model.

mod canonical;
mod counts;
mod crowd;
mod delete;
mod entities;
mod events;
mod features;
mod heat;
mod history;
mod index;
mod names;
mod recent;
mod snapshot;
mod state;
mod text;
mod ties;
mod turns;
mod view;
mod world;

pub use features::{FEATURES, FRIEND_WINDOW, FRIENDS_ASKED, Feature, FriendMark, TASTE_WINDOW, Taste};
pub use heat::{Heat, LONG_HALF_LIFE_DAYS, SHORT_HALF_LIFE_HOURS};
pub use history::{HISTORY_CAPACITY, Interaction};
pub use index::{ItemIx, NameIx, Secs, UserIx, secs};
pub use recent::{Activity, RECENT_ACTIVITY, RECENT_ITEMS, RECENT_ITEMS_OF_TAG};
pub use snapshot::SnapshotError;
pub use state::{ItemFacts, Reception};
pub use ties::Tie;
pub use view::View;
pub use world::{Size, World};

#[cfg(test)]
mod tests;
