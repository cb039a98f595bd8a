//! The world as bytes, and its fingerprint.

use crate::World;
use crate::canonical::Canonical;
use std::io::Write;

/// The version of the snapshot's payload. A snapshot of another version is not read: the log tells
/// everything again.
const VERSION: u32 = 3;

/// Why bytes are no world.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Written by another version of the fold.
    #[error("the snapshot has version {found}, this build reads {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The bytes do not decode, or contradict themselves.
    #[error("the snapshot is damaged: {0}")]
    Damaged(String),
    /// The bytes could not be written.
    #[error("the snapshot cannot be written: {0}")]
    Write(#[source] std::io::Error),
}

impl World {
    /// Writes the world; [`World::read_snapshot`] reads it back.
    ///
    /// # Errors
    /// [`SnapshotError::Write`] when the writer fails.
    pub fn write_snapshot(&self, writer: &mut dyn Write) -> Result<(), SnapshotError> {
        let failed = |error: String| SnapshotError::Write(std::io::Error::other(error));
        writer.write_all(&VERSION.to_le_bytes()).map_err(SnapshotError::Write)?;
        postcard::to_io(self, writer).map(|_| ()).map_err(|error| failed(error.to_string()))
    }

    /// Reads a world that [`World::write_snapshot`] wrote. The bytes are expected to have passed a
    /// checksum; what a checksum cannot see is checked here as far as memory safety of the fold
    /// needs it.
    ///
    /// # Errors
    /// [`SnapshotError`] for another version or bytes that do not decode.
    pub fn read_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let damaged = |why: &str| SnapshotError::Damaged(why.into());
        let (version, payload) = bytes.split_first_chunk::<4>().ok_or_else(|| damaged("too short"))?;
        let found = u32::from_le_bytes(*version);
        if found != VERSION {
            return Err(SnapshotError::Version { found });
        }
        let mut world: World = postcard::from_bytes(payload).map_err(|e| damaged(&e.to_string()))?;
        let shapes = [
            world.user_names.len() == world.users.len(),
            world.item_names.len() == world.facts.len(),
            world.facts.len() == world.rests.len(),
            world.names.len() == world.tags.len(),
        ];
        if shapes.contains(&false) {
            return Err(damaged("its tables differ in length"));
        }
        world.user_names.rebuild();
        world.item_names.rebuild();
        world.names.rebuild();
        Ok(world)
    }

    /// A fingerprint of everything an answer can depend on: equal for two worlds that were told the
    /// same, whether live, by replay, or through a snapshot.
    #[must_use]
    pub fn digest(&self) -> u64 {
        Canonical::of(self).digest() ^ self.applied.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}
