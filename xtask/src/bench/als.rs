//! Training speed of iALS++ against the Python package `implicit`.

use anyhow::{Result, bail};
use std::path::Path;

#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_root: &Path, _args: &Args) -> Result<()> {
    bail!("the als benchmark is not there yet")
}
