//! Reading the world as of a time.

use crate::state::{ItemFacts, Reception, Stage, UserState};
use crate::{Activity, Interaction, ItemIx, NameIx, Secs, Tie, UserIx, World};
use milieu_types::{Action, Item, Media, TieKind, Timestamp, User};

/// The world at a time: what is dated after `now` is not there.
///
/// Counts and seen sets hold whatever the log had brought; a caller that folds the log in order and
/// asks at each record's own time sees no future. All look-ups by number panic on a number that
/// another world gave, as slices do.
#[derive(Debug, Clone, Copy)]
pub struct View<'w> {
    world: &'w World,
    now: Secs,
}

impl<'w> View<'w> {
    pub(crate) fn new(world: &'w World, now: Secs) -> Self {
        Self { world, now }
    }

    /// The world looked at.
    #[must_use]
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// The time of the view.
    #[must_use]
    pub fn now(&self) -> Secs {
        self.now
    }

    fn state(&self, user: UserIx) -> &'w UserState {
        &self.world.users[user.at()]
    }

    /// The ranking facts of an item, visible or not.
    #[must_use]
    pub fn facts(&self, item: ItemIx) -> &'w ItemFacts {
        &self.world.facts[item.at()]
    }

    /// Reads ahead what ranking reads of items and their authors. One item after the other would wait
    /// for memory at each; reads that need nothing of each other are under way together.
    pub fn read_ahead(&self, items: &[ItemIx]) {
        let mut mixed = 0;
        for item in items {
            let facts = self.facts(*item);
            // One field in each of the cache lines that an item's facts lie in.
            let ends = facts.text_hash as u32 ^ facts.tags.len() as u32;
            mixed ^= ends ^ facts.at ^ facts.text_len ^ facts.counts[0] ^ facts.counts[Action::COUNT - 1];
        }
        for author in items.iter().filter_map(|&item| self.facts(item).author) {
            let state = self.state(author);
            mixed ^= state.reception.views ^ state.followers.all().len() as u32;
        }
        std::hint::black_box(mixed);
    }

    /// Reads ahead the newest `window` entries of the histories of users; see [`View::read_ahead`].
    pub fn read_ahead_histories(&self, users: &[UserIx], window: usize) {
        /// Entries in a cache line.
        const STEP: usize = 64 / size_of::<Interaction>();
        let mut mixed = 0;
        for user in users {
            let newest = self.state(*user).history.iter().rev();
            mixed ^= newest.take(window).step_by(STEP).fold(0, |mixed, done| mixed ^ done.at);
        }
        std::hint::black_box(mixed);
    }

    /// Reads ahead the newest `window` own items of users; see [`View::read_ahead`].
    pub fn read_ahead_authored(&self, users: &[UserIx], window: usize) {
        let mut mixed = 0;
        for user in users {
            let newest = self.state(*user).authored.iter().rev().take(window);
            mixed ^= newest.fold(0, |mixed, &(_, item)| mixed ^ self.facts(item).at);
        }
        std::hint::black_box(mixed);
    }

    /// Whether the item may be shown to somebody: described, not hidden, not deleted, not of the
    /// future.
    #[must_use]
    pub fn is_visible(&self, item: ItemIx) -> bool {
        self.world
            .facts
            .get(item.at())
            .is_some_and(|facts| facts.stage == Stage::Described && !facts.hidden && facts.at <= self.now)
    }

    /// Whether the app described the user (an event alone makes only a bare one).
    #[must_use]
    pub fn is_described(&self, user: UserIx) -> bool {
        self.state(user).stage == Stage::Described
    }

    /// Whether the user may be suggested to others and named to them as a reason: described, and not by themselves
    /// kept from it.
    #[must_use]
    pub fn is_discoverable(&self, user: UserIx) -> bool {
        let state = self.state(user);
        state.stage == Stage::Described && state.profile.discoverable
    }

    /// An item as the app described it; `None` for a bare one.
    #[must_use]
    pub fn item(&self, item: ItemIx) -> Option<Item> {
        let facts = self.world.facts.get(item.at())?;
        let rest = &self.world.rests[item.at()];
        let item_id = |item: ItemIx| self.world.item_id(item)?.parse().ok();
        if facts.stage != Stage::Described {
            return None;
        }
        Some(Item {
            id: item_id(item)?,
            author: facts.author.and_then(|author| self.world.user_id(author)?.parse().ok()),
            text: rest.text.as_deref().map(Into::into),
            media: rest.media.clone(),
            tags: self.texts(&facts.tags),
            reply_to: facts.reply_to.and_then(item_id),
            language: facts.language.and_then(|name| self.world.name(name)).map(Into::into),
            at: rest.at,
            hidden: facts.hidden,
        })
    }

    /// A user as the app described them; `None` for a bare one.
    #[must_use]
    pub fn user(&self, user: UserIx) -> Option<User> {
        let state = self.world.users.get(user.at())?;
        if state.stage != Stage::Described {
            return None;
        }
        let profile = &state.profile;
        Some(User {
            id: self.world.user_id(user)?.parse().ok()?,
            name: profile.name.as_deref().map(Into::into),
            tags: self.texts(&profile.tags),
            language: profile.language.and_then(|name| self.world.name(name)).map(Into::into),
            muted_keywords: profile.muted_keywords.iter().map(|word| String::from(&**word)).collect(),
            discoverable: profile.discoverable,
            at: profile.at,
        })
    }

    fn texts(&self, names: &[NameIx]) -> Vec<String> {
        names.iter().filter_map(|&name| self.world.name(name)).map(Into::into).collect()
    }

    /// The name of a user, where the app described one.
    #[must_use]
    pub fn name(&self, user: UserIx) -> Option<&'w str> {
        self.state(user).profile.name.as_deref()
    }

    /// The name to show for a user: the described name, else the id.
    #[must_use]
    pub fn display_name(&self, user: UserIx) -> &'w str {
        self.name(user).or_else(|| self.world.user_id(user)).unwrap_or("")
    }

    /// The text of an item.
    #[must_use]
    pub fn text(&self, item: ItemIx) -> Option<&'w str> {
        self.world.rests[item.at()].text.as_deref()
    }

    /// The media of an item.
    #[must_use]
    pub fn media(&self, item: ItemIx) -> &'w [Media] {
        &self.world.rests[item.at()].media
    }

    /// When an item was made, to the millisecond.
    #[must_use]
    pub fn item_time(&self, item: ItemIx) -> Timestamp {
        self.world.rests[item.at()].at
    }

    /// Users whom `user` follows, ascending by number.
    pub fn following(&self, user: UserIx) -> impl Iterator<Item = Tie> + use<'w> {
        self.known(self.state(user).following.all())
    }

    /// Users who follow `user`, ascending by number.
    pub fn followers(&self, user: UserIx) -> impl Iterator<Item = Tie> + use<'w> {
        self.known(self.state(user).followers.all())
    }

    fn known(&self, ties: &'w [Tie]) -> impl Iterator<Item = Tie> + use<'w> {
        let now = self.now;
        ties.iter().copied().filter(move |tie| tie.since <= now)
    }

    /// The number of followers, of any time.
    #[must_use]
    pub fn follower_count(&self, user: UserIx) -> usize {
        self.state(user).followers.all().len()
    }

    /// The number of users whom the user follows, of any time.
    #[must_use]
    pub fn following_count(&self, user: UserIx) -> usize {
        self.state(user).following.all().len()
    }

    /// The tie of that kind from one user to another.
    #[must_use]
    pub fn tie(&self, kind: TieKind, from: UserIx, to: UserIx) -> Option<Tie> {
        let state = self.state(from);
        let ties = match kind {
            TieKind::Follow => &state.following,
            TieKind::Block => &state.blocking,
            TieKind::Mute => &state.muting,
            TieKind::Dismiss => &state.dismissing,
        };
        ties.get(to).filter(|tie| tie.since <= self.now)
    }

    /// The tie of that kind to one user from another: [`View::tie`] of the two the other way round, read
    /// on the first one's side, which is at hand when many others are asked about.
    #[must_use]
    pub fn tie_from(&self, kind: TieKind, to: UserIx, from: UserIx) -> Option<Tie> {
        let state = self.state(to);
        let ties = match kind {
            TieKind::Follow => &state.followers,
            TieKind::Block => &state.blocked_by,
            TieKind::Mute => &state.muted_by,
            TieKind::Dismiss => &state.dismissed_by,
        };
        ties.get(from).filter(|tie| tie.since <= self.now)
    }

    /// Whether either of the two blocks the other.
    #[must_use]
    pub fn is_blocked(&self, a: UserIx, b: UserIx) -> bool {
        self.tie(TieKind::Block, a, b).is_some() || self.tie_from(TieKind::Block, a, b).is_some()
    }

    /// Messages sent from one user to another.
    #[must_use]
    pub fn messages(&self, from: UserIx, to: UserIx) -> u32 {
        let contacts = &self.state(from).contacts;
        contacts.binary_search_by_key(&to, |contact| contact.other).map_or(0, |place| contacts[place].sent)
    }

    /// Users whom the user wrote to, ascending by number, and how many messages each got.
    pub fn contacts(&self, from: UserIx) -> impl Iterator<Item = (UserIx, u32)> + 'w {
        self.state(from).contacts.iter().map(|contact| (contact.other, contact.sent))
    }

    /// Whether anybody wrote to the user.
    #[must_use]
    pub fn has_mail(&self, user: UserIx) -> bool {
        !self.state(user).contacted_by.is_empty()
    }

    /// Groups the user joined.
    #[must_use]
    pub fn groups(&self, user: UserIx) -> &'w [NameIx] {
        &self.state(user).groups
    }

    /// Users who joined the group, ascending by number, bare ones too.
    #[must_use]
    pub fn members(&self, group: NameIx) -> &'w [UserIx] {
        self.world.tags[group.at()].members.all()
    }

    /// Users who declare the tag as an interest, ascending by number.
    #[must_use]
    pub fn declaring(&self, tag: NameIx) -> &'w [UserIx] {
        self.world.tags[tag.at()].declared_by.all()
    }

    /// Declared interests of the user.
    #[must_use]
    pub fn declared_tags(&self, user: UserIx) -> &'w [NameIx] {
        &self.state(user).profile.tags
    }

    /// The user's language.
    #[must_use]
    pub fn language(&self, user: UserIx) -> Option<NameIx> {
        self.state(user).profile.language
    }

    /// Words the user does not want to see, in lower case.
    #[must_use]
    pub fn muted_keywords(&self, user: UserIx) -> &'w [Box<str>] {
        &self.state(user).profile.muted_keywords
    }

    /// What the user did with items, the newest first; mere views are not among it.
    pub fn history(&self, user: UserIx) -> impl Iterator<Item = &'w Interaction> {
        let now = self.now;
        self.state(user).history.iter().rev().skip_while(move |done| done.at > now)
    }

    /// Whether the user met the item in any way, a mere view too.
    #[must_use]
    pub fn has_met(&self, user: UserIx, item: ItemIx) -> bool {
        self.state(user).met.contains(item.0)
    }

    /// Own items of a user with their times, the newest first, hidden ones too.
    pub fn authored(&self, user: UserIx) -> impl Iterator<Item = (Secs, ItemIx)> + 'w {
        let now = self.now;
        self.state(user).authored.iter().rev().copied().skip_while(move |(at, _)| *at > now)
    }

    /// What others did with the own items of a user.
    #[must_use]
    pub fn reception(&self, author: UserIx) -> Reception {
        self.state(author).reception
    }

    /// Users who met the item, in no meaningful order.
    #[must_use]
    pub fn audience(&self, item: ItemIx) -> &'w [UserIx] {
        &self.world.rests[item.at()].audience
    }

    /// Items that answer the item.
    #[must_use]
    pub fn replies(&self, item: ItemIx) -> &'w [ItemIx] {
        &self.world.rests[item.at()].replies
    }

    /// The newest visible items, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = ItemIx> + 'w {
        let now = self.now;
        self.world.recent.newest().skip_while(move |(at, _)| *at > now).map(|(_, item)| item)
    }

    /// The newest visible items of a tag, the newest first.
    pub fn newest_of_tag(&self, tag: NameIx) -> impl Iterator<Item = ItemIx> + 'w {
        let now = self.now;
        self.world.tags[tag.at()].recent.newest().skip_while(move |(at, _)| *at > now).map(|(_, item)| item)
    }

    /// The latest positive interactions of everybody, the latest in the log first.
    pub fn activity(&self) -> impl Iterator<Item = Activity> + 'w {
        let now = self.now;
        self.world.activity.newest().filter(move |activity| activity.at <= now)
    }
}
