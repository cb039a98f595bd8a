//! Interests, ties, communities and credibility on the wire.

use crate::TopicOfItem;
use milieu_types::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a user is interested in, each list by weight, the greatest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InterestList {
    /// Whose.
    pub user: String,
    /// What they read and write about; none where no topics are learnt.
    pub topics: Vec<TopicInterest>,
    /// Tags.
    pub tags: Vec<TagInterest>,
    /// Authors whose items they do something with.
    pub authors: Vec<AuthorInterest>,
}

/// An interest in a topic.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TopicInterest {
    /// Which.
    pub topic: TopicOfItem,
    /// The share of all that speaks for any topic, 0 to 1; small where little is known.
    pub weight: f32,
    /// From what.
    pub why: InterestWhy,
}

/// An interest in a tag.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TagInterest {
    /// Which.
    pub tag: String,
    /// The share of all that speaks for any tag, 0 to 1; small where little is known.
    pub weight: f32,
    /// From what.
    pub why: InterestWhy,
}

/// An interest in an author.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuthorInterest {
    /// The author's id.
    pub user: String,
    /// The share of all that speaks for any author, 0 to 1; small where little is known.
    pub weight: f32,
    /// From what.
    pub why: InterestWhy,
}

/// What an interest is read from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InterestWhy {
    /// Whether the user said so; else it is inferred.
    pub declared: bool,
    /// How often each action was done, but for those that never were.
    pub actions: BTreeMap<&'static str, u32>,
    /// Own items.
    pub written: u32,
    /// The newest of it; absent where it is declared alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub newest: Option<Timestamp>,
}

/// The tie of two users. Where one blocks the other it is that of two who never had to do with each other.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Tie)]
pub struct TieOut {
    /// The first one's id.
    pub a: String,
    /// The second one's id.
    pub b: String,
    /// How strong it is.
    pub strength: TieStrength,
    /// `both`, `from_a` or `from_b`; absent where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<&'static str>,
    /// The smaller side's part of the larger one, 0 to 1; absent where nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reciprocity: Option<f64>,
    /// Of what kind it is; absent where `people.kinds` is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<TieKindOut>,
    /// How what they answer each other sounds; absent where models of texts say nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<TieTone>,
    /// `positive`, `neutral` or `negative`; absent where nothing was done in public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign: Option<&'static str>,
    /// Where it goes; absent where there is too little to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<TieTrend>,
    /// What both are interested in.
    pub shared: SharedInterests,
    /// What it is read from.
    pub evidence: TieEvidence,
}

/// How strong a tie is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TieStrength {
    /// Interactions (likes, answers, items passed on, messages) to be expected, both ways.
    pub expected: f64,
    /// In so many days from now.
    pub days: u32,
    /// Those of the first one with what is the second one's.
    pub from_a: f64,
    /// Those of the second one.
    pub from_b: f64,
}

/// Of what kind a tie is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TieKind)]
pub struct TieKindOut {
    /// `mutual_friend`, `a_is_fan_of_b`, `b_is_fan_of_a`, `acquaintance`, `group`, `hostile` or `stranger`.
    pub name: &'static str,
    /// What that is read from.
    pub grounds: Vec<TieGround>,
}

/// What a kind is read from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TieGround {
    /// `mutual_follow`, `follow`, `messages_both_ways`, `both_react`, `one_reacts`, `days`, `tone`, `shared_groups` or
    /// `common_followed`.
    pub name: &'static str,
    /// How often, on how many days, of how many; absent where it only is or is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The mean tone, -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f32>,
}

/// How two sound to each other.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TieTone {
    /// From -1, all negative, to 1, all positive.
    pub mean: f32,
    /// Of how many answers.
    pub answers: u32,
    /// Of the first one's answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_a: Option<SideTone>,
    /// Of the second one's answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_b: Option<SideTone>,
}

/// How one sounds to the other.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SideTone {
    /// From -1, all negative, to 1, all positive.
    pub mean: f32,
    /// Of how many answers.
    pub answers: u32,
}

/// Where a tie goes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TieTrend {
    /// `warming`, `cooling`, or `steady` where chance could make the difference.
    pub course: &'static str,
    /// Interactions of the last 30 days.
    pub recent: u32,
    /// Interactions of the time before.
    pub earlier: u32,
    /// How long that time is, in days.
    pub earlier_days: f64,
    /// How likely chance alone makes such a difference of rates.
    pub p: f64,
}

/// What two are both interested in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharedInterests {
    /// Topics, the greatest weight first.
    pub topics: Vec<SharedTopic>,
    /// Tags, the greatest weight first.
    pub tags: Vec<SharedTag>,
}

/// A topic that two share.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharedTopic {
    /// Which.
    pub topic: TopicOfItem,
    /// The smaller of the two weights.
    pub weight: f32,
}

/// A tag that two share.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharedTag {
    /// Which.
    pub tag: String,
    /// The smaller of the two weights.
    pub weight: f32,
}

/// What a tie is read from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TieEvidence {
    /// What the first one did.
    pub from_a: TieSide,
    /// What the second one did.
    pub from_b: TieSide,
    /// Users whom both follow.
    pub common_followed: u32,
    /// Groups that both joined.
    pub shared_groups: u32,
}

/// What one did with what is the other's.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct TieSide {
    /// Since when the one follows the other; absent where not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub follows_since: Option<Timestamp>,
    /// Likes.
    pub likes: u32,
    /// Answers.
    pub answers: u32,
    /// Items passed on.
    pub shares: u32,
    /// Items passed on with own words.
    pub quotes: u32,
    /// Messages, of any time.
    pub messages: u32,
    /// The newest of it, but for messages; absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub newest: Option<Timestamp>,
}

/// Communities.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct CommunityList {
    /// When they were computed; absent before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub computed_at: Option<Timestamp>,
    /// How much more of the ties lies inside them than chance would put there.
    pub modularity: f64,
    /// The largest first.
    pub communities: Vec<CommunityOut>,
}

/// A community.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Community)]
pub struct CommunityOut {
    /// Its id, which it keeps while most of its members stay.
    pub id: u32,
    /// The terms that mark it most; empty where nothing does.
    pub name: String,
    /// Members that may be named.
    pub size: usize,
    /// Tags that its members bear more often than others, the clearest first.
    pub tags: Vec<CommunityTag>,
    /// Topics of the same kind.
    pub topics: Vec<CommunityTopic>,
    /// The ids of its members, those of the highest rank first; at most as many as asked for.
    pub members: Vec<String>,
    /// Members with the most ties to other communities.
    pub bridges: Vec<CommunityBridge>,
}

/// A tag that marks a community.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommunityTag {
    /// Which.
    pub tag: String,
    /// How far more frequent it is than elsewhere, in standard deviations.
    pub score: f32,
}

/// A topic that marks a community.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommunityTopic {
    /// Which.
    pub topic: TopicOfItem,
    /// How far more frequent it is than elsewhere, in standard deviations.
    pub score: f32,
}

/// A member with ties to other communities.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommunityBridge {
    /// The member's id.
    pub user: String,
    /// The weight of the ties to other communities: 1 for a follow tie, the logarithm of interactions.
    pub outside: f32,
    /// The share of all the member's ties.
    pub share: f32,
}

/// How far an account is trusted, and what speaks against it being what it seems.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Credibility {
    /// Whose.
    pub user: String,
    /// When it was computed.
    #[schema(value_type = String, format = DateTime)]
    pub computed_at: Timestamp,
    /// The share of users who are trusted less, 0 to 1.
    pub percentile: f32,
    /// What speaks against the account.
    pub inauthentic: Inauthentic,
}

/// What speaks against an account being what it seems.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Inauthentic {
    /// All signs together, 0 to 1. It is no probability.
    pub score: f32,
    /// Each sign.
    pub signs: Vec<InauthenticSign>,
}

/// A sign that an account is not what it seems.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InauthenticSign {
    /// `burst`: many follow ties within an hour; `one_sided`: many follow ties and few returned; `duplicates`: texts that others
    /// have too; `ring`: dense following among accounts of the same age.
    pub name: &'static str,
    /// 0, nothing, to 1.
    pub score: f32,
    /// What was measured, by name.
    pub measured: BTreeMap<&'static str, f32>,
}
