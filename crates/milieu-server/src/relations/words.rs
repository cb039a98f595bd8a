//! What was found, in the words of the wire. Who or what has no name any more is left out.

use crate::understanding::Topics;
use milieu_api::{
    AuthorInterest, CommunityBridge, CommunityOut, CommunityTag, CommunityTopic, Credibility, Inauthentic,
    InauthenticSign, InterestList, InterestWhy, SharedInterests, SharedTag, SharedTopic, SideTone,
    TagInterest, TieEvidence, TieGround, TieKindOut, TieOut, TieSide, TieStrength, TieTone, TieTrend,
    TopicInterest, TopicOfItem,
};
use milieu_people::communities::{Bridge, Community};
use milieu_people::credibility::Suspicion;
use milieu_people::interests::{Interests, Why};
use milieu_people::ties::{
    Course, Deal, Dealings, Direction, Ground, HORIZON_DAYS, Judged, Kind, Sign, Tie, Tone, Trend,
};
use milieu_types::{Action, Id, Timestamp};
use milieu_world::{NameIx, Secs, UserIx, World};

/// Terms that name a community.
const NAME: usize = 3;

fn time(at: Secs) -> Timestamp {
    Timestamp::from_secs(i64::from(at))
}

fn topic(topics: Option<&Topics>, id: u32) -> Option<TopicOfItem> {
    let topic = topics?.all().iter().find(|topic| topic.id == id)?;
    Some(TopicOfItem { id, terms: topic.terms.clone() })
}

fn why(why: &Why) -> InterestWhy {
    let counts = Action::ALL.iter().map(|action| action.name()).zip(why.counts);
    InterestWhy {
        declared: why.declared,
        actions: counts.filter(|(_, count)| *count > 0).collect(),
        written: why.written,
        newest: why.newest.map(time),
    }
}

pub(super) fn interests(world: &World, topics: Option<&Topics>, user: &Id, found: Interests) -> InterestList {
    let of_topic = |interest: milieu_people::interests::Interest<u32>| {
        let topic = topic(topics, interest.what)?;
        Some(TopicInterest { topic, weight: interest.weight, why: why(&interest.why) })
    };
    let of_tag = |interest: milieu_people::interests::Interest<NameIx>| {
        let tag = world.name(interest.what)?.to_owned();
        Some(TagInterest { tag, weight: interest.weight, why: why(&interest.why) })
    };
    let of_author = |interest: milieu_people::interests::Interest<UserIx>| {
        let user = world.user_id(interest.what)?.to_owned();
        Some(AuthorInterest { user, weight: interest.weight, why: why(&interest.why) })
    };
    InterestList {
        user: user.as_str().to_owned(),
        topics: found.topics.into_iter().filter_map(of_topic).collect(),
        tags: found.tags.into_iter().filter_map(of_tag).collect(),
        authors: found.authors.into_iter().filter_map(of_author).collect(),
    }
}

pub(super) fn kind(judged: &Judged) -> TieKindOut {
    let name = match judged.kind {
        Kind::Hostile => "hostile",
        Kind::MutualFriend => "mutual_friend",
        Kind::FanOfSecond => "a_is_fan_of_b",
        Kind::FanOfFirst => "b_is_fan_of_a",
        Kind::Group => "group",
        Kind::Acquaintance => "acquaintance",
        Kind::Stranger => "stranger",
    };
    let ground = |ground: &Ground| {
        let (name, count, mean) = match *ground {
            Ground::MutualFollow => ("mutual_follow", None, None),
            Ground::Follow => ("follow", None, None),
            Ground::MessagesBothWays => ("messages_both_ways", None, None),
            Ground::BothReact => ("both_react", None, None),
            Ground::OneReacts(times) => ("one_reacts", Some(times), None),
            Ground::Days(days) => ("days", Some(days as u32), None),
            Ground::Tone(mean, answers) => ("tone", Some(answers), Some(mean)),
            Ground::SharedGroups(groups) => ("shared_groups", Some(groups), None),
            Ground::CommonFollowed(users) => ("common_followed", Some(users), None),
        };
        TieGround { name, count, mean }
    };
    TieKindOut { name, grounds: judged.grounds.iter().map(ground).collect() }
}

fn side(dealings: &Dealings) -> TieSide {
    TieSide {
        follows_since: dealings.follows.map(time),
        likes: dealings.count(Deal::Like),
        answers: dealings.count(Deal::Answer),
        shares: dealings.count(Deal::Share),
        quotes: dealings.count(Deal::Quote),
        messages: dealings.messages,
        newest: dealings.done.first().map(|(at, _)| time(*at)),
    }
}

fn trend(trend: Trend) -> TieTrend {
    let course = match trend.course {
        Course::Warming => "warming",
        Course::Cooling => "cooling",
        Course::Steady => "steady",
    };
    let Trend { recent, earlier, earlier_days, p, .. } = trend;
    TieTrend { course, recent, earlier, earlier_days, p }
}

pub(super) fn tie(
    world: &World,
    topics: Option<&Topics>,
    (a, b): (&Id, &Id),
    found: Tie,
    kind: Option<TieKindOut>,
) -> TieOut {
    let of_side = |Tone { mean, answers }: Tone| SideTone { mean, answers };
    let tone = found.tone.map(|Tone { mean, answers }| TieTone {
        mean,
        answers,
        from_a: found.a.tone.map(of_side),
        from_b: found.b.tone.map(of_side),
    });
    let of_topic = |(id, weight): (u32, f32)| Some(SharedTopic { topic: topic(topics, id)?, weight });
    let of_tag = |(tag, weight): (NameIx, f32)| Some(SharedTag { tag: world.name(tag)?.to_owned(), weight });
    TieOut {
        a: a.as_str().to_owned(),
        b: b.as_str().to_owned(),
        strength: TieStrength {
            expected: found.strength,
            days: HORIZON_DAYS,
            from_a: found.a.expected,
            from_b: found.b.expected,
        },
        direction: found.direction.map(|direction| match direction {
            Direction::Both => "both",
            Direction::FromFirst => "from_a",
            Direction::FromSecond => "from_b",
        }),
        reciprocity: found.reciprocity,
        kind,
        tone,
        sign: found.sign.map(|sign| match sign {
            Sign::Positive => "positive",
            Sign::Neutral => "neutral",
            Sign::Negative => "negative",
        }),
        trend: found.trend.map(trend),
        shared: SharedInterests {
            topics: found.shared_topics.into_iter().filter_map(of_topic).collect(),
            tags: found.shared_tags.into_iter().filter_map(of_tag).collect(),
        },
        evidence: TieEvidence {
            from_a: side(&found.a.dealings),
            from_b: side(&found.b.dealings),
            common_followed: found.common_followed,
            shared_groups: found.shared_groups,
        },
    }
}

pub(super) fn community<'c>(
    world: &World,
    topics: Option<&Topics>,
    community: &Community,
    size: usize,
    members: &[UserIx],
    bridges: impl Iterator<Item = &'c Bridge>,
) -> CommunityOut {
    let id = |user: UserIx| world.user_id(user).map(str::to_owned);
    let tags = community.tags.iter().filter_map(|mark| {
        Some(CommunityTag { tag: world.name(NameIx(mark.what))?.to_owned(), score: mark.score })
    });
    let of_topics = community
        .topics
        .iter()
        .filter_map(|mark| Some(CommunityTopic { topic: topic(topics, mark.what)?, score: mark.score }));
    let bridge = |bridge: &Bridge| {
        Some(CommunityBridge { user: id(bridge.user)?, outside: bridge.outside, share: bridge.share })
    };
    let (tags, topics): (Vec<_>, Vec<_>) = (tags.collect(), of_topics.collect());
    let terms = topics.iter().filter_map(|topic| topic.topic.terms.first());
    let mut name: Vec<String> = Vec::new();
    for term in tags.iter().map(|tag| &tag.tag).chain(terms) {
        if name.len() < NAME && !name.contains(term) {
            name.push(term.clone());
        }
    }
    CommunityOut {
        id: community.id,
        name: name.join(", "),
        size,
        tags,
        topics,
        members: members.iter().filter_map(|member| id(*member)).collect(),
        bridges: bridges.filter_map(bridge).collect(),
    }
}

pub(super) fn credibility(user: &Id, at: Timestamp, percentile: f32, found: &Suspicion) -> Credibility {
    let sign = |name, score, measured: &[(&'static str, f32)]| InauthenticSign {
        name,
        score,
        measured: measured.iter().copied().collect(),
    };
    let (hour, follows) = (found.most_in_an_hour as f32, found.follows as f32);
    Credibility {
        user: user.as_str().to_owned(),
        computed_at: at,
        percentile,
        inauthentic: Inauthentic {
            score: found.score,
            signs: vec![
                sign("burst", found.burst, &[("most_in_an_hour", hour), ("usual", found.usual_in_an_hour)]),
                sign("one_sided", found.one_sided, &[("follows", follows), ("returned", found.returned)]),
                sign("duplicates", found.duplicates, &[("copied", found.copied)]),
                sign("ring", found.ring, &[("same_age", found.same_age as f32), ("density", found.density)]),
            ],
        },
    }
}
