//! Why somebody is suggested: what is true of the two, and in words.

use super::own::Own;
use super::{Evidence, SuggestConfig};
use milieu_types::Language;
use milieu_world::{NameIx, UserIx, View};

/// Why somebody is suggested. Only what everybody may see is a reason: follows, likes, answers, shares and quotes of
/// visible items, declared interests and groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// They follow the asker.
    FollowsYou,
    /// People are tied to both by a follow, whichever way.
    Friends {
        /// How many who may be named.
        count: u32,
        /// Some of them, those that tell most first.
        named: Vec<UserIx>,
    },
    /// The asker liked, answered, shared or quoted their items.
    YouReact {
        /// How often.
        count: u32,
    },
    /// They did so with the asker's items.
    TheyReact {
        /// How often.
        count: u32,
    },
    /// Both often answer items of a tag.
    BothAnswer {
        /// The tag.
        tag: NameIx,
        /// How often the one who does so less.
        count: u32,
    },
    /// Both liked, answered, shared or quoted the same items.
    SameItems {
        /// How many.
        count: u32,
    },
    /// Both joined the same groups.
    SameGroups {
        /// Which.
        groups: Vec<NameIx>,
    },
    /// Both declare the same interests.
    SameTags {
        /// Which.
        tags: Vec<NameIx>,
    },
}

impl Reason {
    /// The kind, for an app that words it by itself.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::FollowsYou => "follows_you",
            Self::Friends { .. } => "friends_in_common",
            Self::YouReact { .. } => "you_react",
            Self::TheyReact { .. } => "they_react",
            Self::BothAnswer { .. } => "both_answer",
            Self::SameItems { .. } => "same_items",
            Self::SameGroups { .. } => "same_groups",
            Self::SameTags { .. } => "same_tags",
        }
    }

    /// How many of what the kind counts, where it counts.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        match self {
            Self::FollowsYou => None,
            Self::Friends { count, .. }
            | Self::YouReact { count }
            | Self::TheyReact { count }
            | Self::BothAnswer { count, .. }
            | Self::SameItems { count } => Some(*count),
            Self::SameGroups { groups } => Some(groups.len() as u32),
            Self::SameTags { tags } => Some(tags.len() as u32),
        }
    }

    /// The people whom it names.
    #[must_use]
    pub fn people(&self) -> &[UserIx] {
        match self {
            Self::Friends { named, .. } => named,
            _ => &[],
        }
    }

    /// The tags or groups that it names.
    #[must_use]
    pub fn names(&self) -> &[NameIx] {
        match self {
            Self::BothAnswer { tag, .. } => std::slice::from_ref(tag),
            Self::SameGroups { groups } => groups,
            Self::SameTags { tags } => tags,
            _ => &[],
        }
    }

    /// In words, to the asker.
    #[must_use]
    pub fn words(&self, view: &View<'_>, language: Language) -> String {
        let people: Vec<&str> = self.people().iter().map(|&user| view.display_name(user)).collect();
        let names: Vec<&str> = self.names().iter().filter_map(|&name| view.world().name(name)).collect();
        match language {
            Language::En => self.english(&people, &names),
            Language::Zh => self.chinese(&people, &names),
        }
    }

    fn english(&self, people: &[&str], names: &[&str]) -> String {
        let names = listed(names, ", ", " and ");
        match self {
            Self::FollowsYou => "Follows you".into(),
            Self::Friends { count, .. } => {
                let friends = if *count == 1 { "friend" } else { "friends" };
                let listed = listed(people, ", ", " and ");
                match people.len() as u32 {
                    0 => format!("{count} {friends} in common"),
                    all if all == *count => format!("{count} {friends} in common: {listed}"),
                    _ => format!("{count} {friends} in common, among them {listed}"),
                }
            }
            Self::YouReact { count } => {
                format!("You liked, answered or shared their posts {}", times(*count))
            }
            Self::TheyReact { count } => {
                format!("They liked, answered or shared your posts {}", times(*count))
            }
            Self::BothAnswer { .. } => format!("You both often answer about {names}"),
            Self::SameItems { count: 1 } => "You both liked, answered or shared the same post".into(),
            Self::SameItems { count } => format!("You both liked, answered or shared the same {count} posts"),
            Self::SameGroups { .. } => format!("You are both in {names}"),
            Self::SameTags { .. } => format!("You are both interested in {names}"),
        }
    }

    fn chinese(&self, people: &[&str], names: &[&str]) -> String {
        let names = listed(names, "、", "、");
        match self {
            Self::FollowsYou => "关注了你".into(),
            Self::Friends { count, .. } => {
                let listed = listed(people, "、", "、");
                match people.len() as u32 {
                    0 => format!("你们有{count}位共同好友"),
                    all if all == *count => format!("你们有{count}位共同好友：{listed}"),
                    _ => format!("你们有{listed}等{count}位共同好友"),
                }
            }
            Self::YouReact { count } => format!("你喜欢、回复或分享过TA的内容{count}次"),
            Self::TheyReact { count } => format!("TA喜欢、回复或分享过你的内容{count}次"),
            Self::BothAnswer { .. } => format!("你们都常回复关于“{names}”的内容"),
            Self::SameItems { count } => format!("你们都喜欢、回复或分享过同样的{count}条内容"),
            Self::SameGroups { .. } => format!("你们都在“{names}”里"),
            Self::SameTags { .. } => format!("你们都对“{names}”感兴趣"),
        }
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        _ => format!("{count} times"),
    }
}

/// Names in a row, the last two with another word between them.
fn listed(names: &[&str], between: &str, last_between: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{}{last_between}{last}", rest.join(between)),
    }
}

/// All reasons for a candidate, those that tell most first.
pub(super) fn reasons(
    own: &Own<'_, '_>,
    candidate: UserIx,
    evidence: &Evidence,
    config: &SuggestConfig,
) -> Vec<Reason> {
    let friends = evidence.friends;
    let named = || own.telling(candidate, config.named);
    let counted = |count: u32| (count > 0).then_some(count);
    let some = |names: &[NameIx]| (!names.is_empty()).then(|| names.to_vec());
    [
        counted(friends).map(|count| Reason::Friends { count, named: named() }),
        evidence.follows.then_some(Reason::FollowsYou),
        counted(evidence.to_them).map(|count| Reason::YouReact { count }),
        counted(evidence.from_them).map(|count| Reason::TheyReact { count }),
        evidence.answers.map(|(tag, count)| Reason::BothAnswer { tag, count }),
        counted(evidence.same_items).map(|count| Reason::SameItems { count }),
        some(&evidence.groups).map(|groups| Reason::SameGroups { groups }),
        some(&evidence.tags).map(|tags| Reason::SameTags { tags }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
