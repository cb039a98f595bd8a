//! `milieu eval`: models on public data sets.

mod communities;
mod feed;
mod friends;
mod people;
mod shared;
mod signs;
mod strength;

use crate::cli::EvalCommand;
use anyhow::Result;

pub(super) fn run(command: &EvalCommand) -> Result<()> {
    match command {
        EvalCommand::Feed(args) => feed::run(args),
        EvalCommand::People(args) => people::run(args),
        EvalCommand::Signs(args) => signs::run(args),
        EvalCommand::Strength(args) => strength::run(args),
        EvalCommand::Communities(args) => communities::run(args),
        EvalCommand::Friends(args) => friends::run(args),
    }
}
