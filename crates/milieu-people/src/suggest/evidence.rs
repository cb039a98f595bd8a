//! What speaks for a suggestion: public relations of two people, and their score.

use milieu_world::NameIx;

/// The public relations of an asker and a candidate, of whom each reason is made. Friends are people tied to somebody by
/// a follow, whichever way; reactions are likes, answers, shares and quotes of visible items.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Friends of both who may be named to the asker.
    pub friends: u32,
    /// Each of these counts 1 / the number of its ties (resource allocation; Zhou, Lü & Zhang 2009, "Predicting missing
    /// links via local information", equation 2). A tie both ways is two.
    pub resource: f32,
    /// Whether the candidate follows the asker.
    pub follows: bool,
    /// Reactions of the asker to the candidate's items.
    pub to_them: u32,
    /// Reactions of the candidate to the asker's items.
    pub from_them: u32,
    /// Items to which both reacted.
    pub same_items: u32,
    /// The tag about which both answer most, and how often the one who does so less.
    pub answers: Option<(NameIx, u32)>,
    /// Tags that both declare as interests.
    pub tags: Vec<NameIx>,
    /// Groups that both joined.
    pub groups: Vec<NameIx>,
    /// Each of these tags and groups counts 1 / ln(2 + how many users carry it).
    pub rarity: f32,
}

/// What a follow back is worth.
const FOLLOWS: f32 = 0.3;
/// What a reaction to the candidate's items is worth, by the logarithm of their number.
const TO_THEM: f32 = 0.15;
/// What a reaction to the asker's items is worth, likewise.
const FROM_THEM: f32 = 0.1;
/// What an item that both reacted to is worth, likewise.
const SAME_ITEMS: f32 = 0.05;
/// What answers about the same tag are worth, likewise.
const ANSWERS: f32 = 0.03;
/// What a shared tag or group is worth that hardly anybody else has.
const RARITY: f32 = 0.1;

impl Evidence {
    /// Whether anything speaks for the suggestion.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// How likely it is that the asker wants to know the candidate: a prior for as long as nothing was learnt, in no unit.
    /// Resource allocation is the best of the simple scores on the follow graphs that were measured, so the rest orders
    /// those whom it leaves alike, and those without common friends.
    #[must_use]
    pub fn score(&self) -> f32 {
        let some = |count: u32| (count as f32).ln_1p();
        self.resource
            + if self.follows { FOLLOWS } else { 0.0 }
            + TO_THEM * some(self.to_them)
            + FROM_THEM * some(self.from_them)
            + SAME_ITEMS * some(self.same_items)
            + ANSWERS * some(self.answers.map_or(0, |(_, times)| times))
            + RARITY * self.rarity
    }

    /// The numbers by name, for whoever wants to see behind a score.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, f32); 9] {
        [
            ("friends", self.friends as f32),
            ("resource_allocation", self.resource),
            ("follows_you", f32::from(u8::from(self.follows))),
            ("reactions_to_them", self.to_them as f32),
            ("reactions_from_them", self.from_them as f32),
            ("same_items", self.same_items as f32),
            ("answers_about_the_same", self.answers.map_or(0, |(_, times)| times) as f32),
            ("shared_tags_and_groups", (self.tags.len() + self.groups.len()) as f32),
            ("rarity", self.rarity),
        ]
    }
}
