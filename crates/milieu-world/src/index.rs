//! Dense numbers for ids, and the compact time of the fold.

use milieu_types::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The number as a slice index.
            #[must_use]
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index! {
    /// The dense number of a user; never given to another user, also after a delete.
    UserIx
}
index! {
    /// The dense number of an item; never given to another item, also after a delete.
    ItemIx
}
index! {
    /// The dense number of a tag, language or group name.
    NameIx
}

/// Seconds since the Unix epoch, as the fold keeps them: 4 bytes, good to the year 2106.
pub type Secs = u32;

/// A [`Timestamp`] in [`Secs`], clamped to what fits.
#[must_use]
pub fn secs(at: Timestamp) -> Secs {
    at.secs().clamp(0, i64::from(u32::MAX)) as u32
}
