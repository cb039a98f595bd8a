//! `milieu eval friends`: friendships from listening and from other friendships.

use crate::cli::EvalFriends;
use crate::output::json;
use anyhow::Result;
use milieu_dataset::ratings::lastfm_hetrec;
use milieu_train::people::{FriendEval, evaluate_friends, friend_table};

pub(super) fn run(args: &EvalFriends) -> Result<()> {
    let ratings = lastfm_hetrec(&args.path)?;
    let eval = FriendEval { hide: args.hide, seeds: args.seeds, ..FriendEval::default() };
    let report = evaluate_friends(&ratings, &eval, |line| eprintln!("{line}"))?;
    eprint!("{}", friend_table(&report));
    if args.json {
        json(&report)?;
    }
    Ok(())
}
