//! Models of the registry served through real HTTP: pictures, tensors, swaps under load, refusals.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod items;
mod labels;
mod models;
mod moderation;
mod needs;
mod pictures;
mod protocol;
mod refusals;
mod relations;
mod swaps;
mod texts;
mod topics;
