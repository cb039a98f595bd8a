//! Why an item is in a feed, in words.

use crate::stages::Source;
use milieu_types::Language;
use milieu_world::{ItemIx, Taste, View};
use serde::{Deserialize, Serialize};

/// A reason, by kind and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The kind, for an app that words it by itself: `followed`, `friends`, `taste_tag`,
    /// `taste_author`, `taste_label`, `trending`, `popular`, `similar`, `collaborative`, `next`, `topics`, `fresh` or `explore`.
    pub kind: String,
    /// In words.
    pub text: String,
}

/// The strongest reason that is true of the item, by fixed precedence, whatever source proposed it. `label` is one of its
/// text that the user likes.
pub(crate) fn reason(
    view: &View<'_>,
    taste: &Taste,
    (item, source): (ItemIx, Source),
    label: Option<&str>,
    language: Language,
) -> Reason {
    let zh = language == Language::Zh;
    let facts = view.facts(item);
    let make = |kind: &str, text: String| Reason { kind: kind.into(), text };
    let author = facts.author;
    if source == Source::Followed
        && let Some(author) = author
    {
        let name = view.display_name(author);
        return make("followed", if zh { format!("你关注了{name}") } else { format!("You follow {name}") });
    }
    if let Some(mark) = taste.friends(item) {
        let name = view.display_name(mark.latest);
        let others = mark.friends - 1;
        let text = match (zh, others) {
            (false, 0) => format!("{name}, whom you follow, liked this"),
            (false, 1) => format!("{name} and 1 more you follow liked this"),
            (false, _) => format!("{name} and {others} more you follow liked this"),
            (true, 0) => format!("你关注的{name}喜欢了这条内容"),
            (true, _) => format!("{name}等{}位你关注的人喜欢了这条内容", mark.friends),
        };
        return make("friends", text);
    }
    let strongest =
        facts.tags.iter().copied().max_by(|&a, &b| taste.tag(a).total_cmp(&taste.tag(b)).then(b.cmp(&a)));
    if let Some(tag) = strongest.filter(|&tag| taste.tag(tag) > 0.05)
        && let Some(name) = view.world().name(tag)
    {
        let text = if zh {
            format!("因为你对“{name}”感兴趣")
        } else {
            format!("Because you like {name}")
        };
        return make("taste_tag", text);
    }
    if let Some(author) = author.filter(|&author| taste.author(author) > 0.05) {
        let name = view.display_name(author);
        let text = if zh {
            format!("你常喜欢{name}的内容")
        } else {
            format!("You often like what {name} posts")
        };
        return make("taste_author", text);
    }
    if let Some(label) = label {
        let name = label.replace(['_', '-'], " ");
        let text = if zh {
            format!("你常喜欢“{name}”类的内容")
        } else {
            format!("You often like posts of this kind: {name}")
        };
        return make("taste_label", text);
    }
    let (en, cn) = match source {
        Source::Trending => ("Trending now", "正在流行"),
        Source::Popular => ("Liked by many", "很多人喜欢"),
        Source::Similar => ("Liked by people who like what you like", "与你喜好相近的人也喜欢"),
        Source::Collaborative => ("People with a taste like yours chose this", "口味相似的人选择了它"),
        Source::Next => ("Often comes next after what you liked", "喜欢过这些内容的人接着常喜欢它"),
        Source::Explore => ("New, and seen by few so far", "新内容，看过的人还不多"),
        _ => ("New in the community", "社区新内容"),
    };
    make(source.name(), if zh { cn.into() } else { en.into() })
}
