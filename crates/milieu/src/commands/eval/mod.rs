//! `milieu eval`: models on public data sets.

mod feed;
mod people;

use crate::cli::EvalCommand;
use anyhow::Result;

pub(super) fn run(command: &EvalCommand) -> Result<()> {
    match command {
        EvalCommand::Feed(args) => feed::run(args),
        EvalCommand::People(args) => people::run(args),
    }
}
