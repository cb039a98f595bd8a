//! Who may be suggested to whom, and who may be a reason: asked of the view at the moment of the answer.

use milieu_types::TieKind;
use milieu_world::{UserIx, View};

/// Whether a person may be named or counted in a reason that the asker reads: described and discoverable, no block either
/// way, and not muted by the asker.
///
/// That the person mutes the asker changes nothing: a reason that went away by it would tell of the mute. What others than
/// the asker block, mute or dismiss among themselves is not looked at either, so that no answer can tell of it.
pub(super) fn may_be_named(view: &View<'_>, asker: UserIx, person: UserIx) -> bool {
    person != asker
        && view.is_discoverable(person)
        && !view.is_blocked(asker, person)
        && view.tie(TieKind::Mute, asker, person).is_none()
}

/// Whether a person may be suggested to the asker: one who may be named, does not mute the asker, is not followed, and was
/// not dismissed.
pub(super) fn may_be_suggested(view: &View<'_>, asker: UserIx, person: UserIx) -> bool {
    may_be_named(view, asker, person)
        && view.tie_from(TieKind::Mute, asker, person).is_none()
        && view.tie(TieKind::Follow, asker, person).is_none()
        && view.tie(TieKind::Dismiss, asker, person).is_none()
}
