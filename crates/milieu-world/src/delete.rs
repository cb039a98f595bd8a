//! Deletes: nothing of the deleted is left in any index.

use crate::heat::Heat;
#[cfg(test)]
use crate::recent::Activity;
use crate::state::{ItemFacts, ItemRest, Reception, Stage, UserState};
use crate::{ItemIx, UserIx, World};
use milieu_types::{Action, Id};

impl World {
    pub(crate) fn delete_item(&mut self, id: &Id) {
        if let Some(item) = self.item(id.as_str()) {
            self.remove_item(item);
        }
    }

    fn remove_item(&mut self, item: ItemIx) {
        self.unlist(item);
        self.detach(item);
        let rest = std::mem::replace(&mut self.rests[item.at()], ItemRest::bare(0));
        for user in rest.audience {
            let state = &mut self.users[user.at()];
            state.met.remove(item.0);
            state.history.forget(item);
        }
        for reply in rest.replies {
            self.facts[reply.at()].reply_to = None;
        }
        self.activity.forget_item(item);
        self.facts[item.at()] = ItemFacts { stage: Stage::Deleted, ..ItemFacts::bare() };
        self.item_names.remove(item.0);
    }

    pub(crate) fn delete_user(&mut self, id: &Id) {
        let Some(user) = self.user(id.as_str()) else { return };
        for (_, item) in std::mem::take(&mut self.users[user.at()].authored) {
            self.remove_item(item);
        }
        let deleted = UserState { stage: Stage::Deleted, ..UserState::bare(0) };
        let mut gone = std::mem::replace(&mut self.users[user.at()], deleted);

        self.take_back_actions(user, &gone);
        for tie in gone.following.take() {
            self.users[tie.other.at()].followers.remove(user);
        }
        for tie in gone.followers.take() {
            self.users[tie.other.at()].following.remove(user);
        }
        for tie in gone.blocking.take() {
            self.users[tie.other.at()].blocked_by.remove(user);
        }
        for tie in gone.blocked_by.take() {
            self.users[tie.other.at()].blocking.remove(user);
        }
        for tie in gone.muting.take() {
            self.users[tie.other.at()].muted_by.remove(user);
        }
        for tie in gone.muted_by.take() {
            self.users[tie.other.at()].muting.remove(user);
        }
        for tie in gone.dismissing.take() {
            self.users[tie.other.at()].dismissed_by.remove(user);
        }
        for tie in gone.dismissed_by.take() {
            self.users[tie.other.at()].dismissing.remove(user);
        }
        for contact in gone.contacts {
            self.users[contact.other.at()].contacted_by.retain(|&other| other != user);
        }
        for other in gone.contacted_by {
            self.users[other.at()].contacts.retain(|contact| contact.other != user);
        }
        for group in &gone.groups {
            self.tags[group.at()].members.remove(user);
        }
        for tag in &gone.profile.tags {
            self.tags[tag.at()].declared_by.remove(user);
        }
        let names = gone.groups.into_iter().chain(gone.profile.tags).chain(gone.profile.language);
        names.for_each(|name| self.release_name(name));
        self.turns.forget(user);
        self.activity.forget_user(user);
        self.user_names.remove(user.0);
    }

    /// Takes the deleted user's actions out of the counts of the items they met.
    ///
    /// The history tells what was done while it lasts; of the meetings beyond it (mere views, and
    /// what the ring has dropped) only their number is known, and they are taken from the views,
    /// then from the other counts.
    fn take_back_actions(&mut self, user: UserIx, gone: &UserState) {
        let mut told: rustc_hash::FxHashMap<u32, u32> = rustc_hash::FxHashMap::default();
        for done in gone.history.iter() {
            *told.entry(done.item.0).or_default() += 1;
            self.discount(done.item, done.action, 1);
            if done.action.is_positive() {
                self.facts[done.item.at()].heat.take(done.at);
            }
        }
        for (item, times) in gone.met.iter() {
            let item = ItemIx(item);
            self.rests[item.at()].audience.retain(|&other| other != user);
            let mut untold = times.saturating_sub(told.get(&item.0).copied().unwrap_or(0));
            for action in Action::ALL {
                let counted = self.facts[item.at()].counts[action as usize].min(untold);
                self.discount(item, action, counted);
                untold -= counted;
            }
            if self.rests[item.at()].audience.is_empty() {
                // Nobody is left whose action could be counted: clears what the dropped part of
                // the history could not tell.
                self.facts[item.at()].heat = Heat::default();
            }
        }
    }

    fn discount(&mut self, item: ItemIx, action: Action, times: u32) {
        let facts = &mut self.facts[item.at()];
        let count = &mut facts.counts[action as usize];
        let times = times.min(*count);
        *count -= times;
        if let Some(author) = facts.author {
            let one = Reception::of(action);
            self.users[author.at()].reception.minus(Reception {
                views: one.views * times,
                positives: one.positives * times,
                negatives: one.negatives * times,
            });
        }
    }

    /// Whether an activity entry still speaks of a living user and item; always true by the deletes
    /// above, and checked by the tests.
    #[cfg(test)]
    pub(crate) fn is_alive(&self, activity: Activity) -> bool {
        self.user_id(activity.user).is_some() && self.item_id(activity.item).is_some()
    }
}
