//! Bytes that are no snapshot.

use super::{any_log, bytes, fold};
use crate::{SnapshotError, World};
use proptest::prelude::*;
use proptest::sample::Index;

#[test]
fn another_version_is_named() {
    let mut bytes = bytes(&World::new());
    bytes[1] = 1;
    let version = 0x100 + u32::from(bytes[0]);
    assert!(
        matches!(World::read_snapshot(&bytes), Err(SnapshotError::Version { found }) if found == version)
    );
    assert!(matches!(World::read_snapshot(&[]), Err(SnapshotError::Damaged(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(payload in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = 1u32.to_le_bytes().to_vec();
        bytes.extend(&payload);
        let _ = World::read_snapshot(&bytes);
        let _ = World::read_snapshot(&payload);
    }

    #[test]
    fn a_torn_snapshot_is_refused(log in any_log(), cut in any::<Index>()) {
        let whole = bytes(&fold(&log));
        let torn = &whole[..cut.index(whole.len())];
        prop_assert!(World::read_snapshot(torn).is_err());
    }

    #[test]
    fn a_changed_byte_is_no_panic(log in any_log(), place in any::<Index>(), bits in 1..=255u8) {
        let mut bytes = bytes(&fold(&log));
        let place = place.index(bytes.len());
        bytes[place] ^= bits;
        let _ = World::read_snapshot(&bytes);
    }
}
