//! Ego networks as they are published, counted against what their publishers state.
//!
//! Skipped, with the reason printed, where the shared data is not at hand (`MILIEU_SHARED`, by default
//! `../shared` beside the workspace); a failure instead with `MILIEU_REQUIRE_SHARED=1`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use milieu_dataset::egos::read;
use std::path::PathBuf;

#[test]
fn ego_facebook() {
    let root = std::env::var_os("MILIEU_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("data/ego_facebook/ego_networks.tar.gz");
    if !path.exists() {
        assert!(std::env::var_os("MILIEU_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
        eprintln!("skipped: {} is not there", path.display());
        return;
    }
    let found = read(&path).unwrap();
    let circles: usize = found.networks.iter().map(|network| network.circles.len()).sum();
    assert_eq!((found.networks.len(), circles, found.bad.count), (10, 193, 0));
    // Everybody the ego knows is there, those without a tie to another too.
    assert!(found.networks.iter().all(|network| network.features.len() == network.alters.len()));
}
