//! Measures of what is inferred of people and their ties.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct EvalSigns {
    /// A list of signed edges, plain or gzip: who, whom, weight, and when
    #[arg(long, value_name = "FILE")]
    pub(crate) edges: PathBuf,
    /// The oldest share, which is learnt from; the rest is predicted
    #[arg(long, default_value_t = 0.8)]
    pub(crate) share: f64,
    /// Decides initial weights and orders
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalStrength {
    /// A list of timed edges, plain or gzip: who, whom, when; the same two as often as they met
    #[arg(long, value_name = "FILE")]
    pub(crate) edges: PathBuf,
    /// The oldest share of the time, which is learnt from
    #[arg(long, default_value_t = 0.8)]
    pub(crate) share: f64,
    /// How many days ahead are predicted
    #[arg(long, default_value_t = 30.0)]
    pub(crate) days: f64,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalCommunities {
    /// A folder or an archive of ego networks as of SNAP: EGO.edges, EGO.circles, EGO.feat
    #[arg(long, value_name = "PATH")]
    pub(crate) egos: PathBuf,
    /// Decides orders and choices
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalFriends {
    /// The format of the data
    #[arg(long, value_name = "NAME", value_parser = ["lastfm-hetrec"])]
    pub(crate) dataset: String,
    /// The directory of the data
    #[arg(long, value_name = "DIR")]
    pub(crate) path: PathBuf,
    /// The share of the friendships that is hidden
    #[arg(long, default_value_t = 0.2)]
    pub(crate) hide: f64,
    /// How many random splits
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) seeds: u64,
    /// One JSON object last on standard output
    #[arg(long)]
    pub(crate) json: bool,
}
