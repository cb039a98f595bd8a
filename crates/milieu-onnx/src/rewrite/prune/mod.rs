//! Weights left out: single ones, or whole channels.

mod channels;
mod magnitude;
mod sets;

pub use channels::prune_channels;
pub use magnitude::magnitude;
pub use sets::{ChannelSet, ChannelSets, select};
