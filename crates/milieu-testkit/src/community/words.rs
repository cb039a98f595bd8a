//! Names of people and words of posts.

use super::topics::{FACETS, Topic};
use rand::Rng;
use rand::seq::IndexedRandom;

/// The language of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }
}

const GIVEN: [&str; 48] = [
    "Ada", "Amir", "Anna", "Aoife", "Bao", "Bea", "Carlos", "Chloe", "Dana", "Diego", "Elif", "Emma", "Femi",
    "Finn", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jade", "Jonas", "Kai", "Lena", "Leo", "Lucia", "Maya",
    "Mei", "Mia", "Milan", "Nadia", "Nils", "Noor", "Olga", "Omar", "Otto", "Priya", "Rafa", "Rosa", "Sami",
    "Sofia", "Tariq", "Tess", "Theo", "Uma", "Vera", "Wei", "Yara", "Zoe",
];

const FAMILY: [&str; 40] = [
    "Abel", "Adeyemi", "Alvarez", "Bauer", "Berg", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer",
    "Garcia", "Haddad", "Hansen", "Ito", "Jensen", "Kaya", "Kim", "Kowalski", "Larsen", "Lopez", "Marino",
    "Meyer", "Moreau", "Nakamura", "Novak", "Okafor", "Olsen", "Park", "Petrov", "Quinn", "Reyes", "Rossi",
    "Sato", "Silva", "Singh", "Tanaka", "Vargas", "Weber", "Yilmaz", "Zhou",
];

const CHINESE_FAMILY: [(&str, &str); 20] = [
    ("王", "wang"),
    ("李", "li"),
    ("张", "zhang"),
    ("刘", "liu"),
    ("陈", "chen"),
    ("杨", "yang"),
    ("赵", "zhao"),
    ("黄", "huang"),
    ("周", "zhou"),
    ("吴", "wu"),
    ("徐", "xu"),
    ("孙", "sun"),
    ("胡", "hu"),
    ("朱", "zhu"),
    ("高", "gao"),
    ("林", "lin"),
    ("何", "he"),
    ("郭", "guo"),
    ("马", "ma"),
    ("罗", "luo"),
];

const CHINESE_GIVEN: [(&str, &str); 24] = [
    ("晓雨", "xiaoyu"),
    ("子涵", "zihan"),
    ("思远", "siyuan"),
    ("雨桐", "yutong"),
    ("浩然", "haoran"),
    ("欣怡", "xinyi"),
    ("明哲", "mingzhe"),
    ("佳宁", "jianing"),
    ("文博", "wenbo"),
    ("若曦", "ruoxi"),
    ("一凡", "yifan"),
    ("静怡", "jingyi"),
    ("志强", "zhiqiang"),
    ("梦瑶", "mengyao"),
    ("建国", "jianguo"),
    ("诗涵", "shihan"),
    ("天宇", "tianyu"),
    ("语嫣", "yuyan"),
    ("俊杰", "junjie"),
    ("雪梅", "xuemei"),
    ("安然", "anran"),
    ("立群", "liqun"),
    ("海燕", "haiyan"),
    ("小龙", "xiaolong"),
];

/// A handle (not yet unique) and a name.
pub(super) fn person(rng: &mut impl Rng, language: Language) -> (String, String) {
    match language {
        Language::English => {
            let (given, family) = (pick(rng, &GIVEN), pick(rng, &FAMILY));
            (format!("{}.{}", given.to_lowercase(), family.to_lowercase()), format!("{given} {family}"))
        }
        Language::Chinese => {
            let (family, given) = (pick(rng, &CHINESE_FAMILY), pick(rng, &CHINESE_GIVEN));
            (format!("{}.{}", given.1, family.1), format!("{}{}", family.0, given.0))
        }
    }
}

const ENGLISH_POSTS: [&str; 20] = [
    "Finally got my {a} right after a month of trying.",
    "Anyone here into {a}? I keep coming back to it.",
    "Today was all about {a} and a bit of {b}.",
    "Unpopular opinion: {a} beats {b} every single time.",
    "First try at {a}. It went {j}, will do it again.",
    "What I wish I had known about {a} a year ago.",
    "Small win: {a}, no mistakes, and the sun was out.",
    "Can someone explain {a} to me like I am five?",
    "Spent the whole weekend on {a}. No regrets.",
    "Looking for company for {a} next Saturday.",
    "My notes on {a}, with a {j} detour to {b}.",
    "Three things about {a} that nobody tells beginners.",
    "This {a} made my week. So {j}.",
    "Is it me or has {a} become {j} lately?",
    "From {b} to {a}: a short story with pictures.",
    "I failed at {a} again, and I am strangely happy about it.",
    "A {j} afternoon, {a}, and good people.",
    "Before and after: {a}.",
    "Question for the {a} crowd: where do you start?",
    "Old habit, new respect for {a}.",
];

/// Before a post; most have nothing. `{n}` is a number.
const ENGLISH_OPENERS: [&str; 10] = [
    "",
    "",
    "",
    "",
    "Day {n}. ",
    "Update: ",
    "Morning all! ",
    "Note to self. ",
    "Episode {n}: ",
    "Late night thought. ",
];

/// After a post.
const ENGLISH_ENDINGS: [&str; 14] = [
    "",
    "",
    "",
    " Photos soon.",
    " Ask me anything.",
    " What about you?",
    " Took {n} hours.",
    " Tips welcome.",
    " Worth it.",
    " Attempt number {n}.",
    " Never again. Or maybe.",
    " Thanks to everyone who helped.",
    " More next week.",
    " {n} out of 100.",
];

const CHINESE_OPENERS: [&str; 8] =
    ["", "", "", "第{n}天，", "更新：", "早上好！", "随手记：", "深夜碎碎念，"];

const CHINESE_ENDINGS: [&str; 12] = [
    "",
    "",
    "",
    "照片稍后补上。",
    "你们呢？",
    "花了{n}个小时。",
    "欢迎指点。",
    "值了。",
    "第{n}次尝试。",
    "下周继续。",
    "谢谢帮忙的朋友。",
    "给自己打{n}分。",
];

const ENGLISH_REPLIES: [&str; 12] = [
    "That {a} looks {j}!",
    "Same here, {a} took me ages.",
    "Have you tried it with {b}?",
    "Thanks, this helped me with {a}.",
    "I disagree, {b} first, then {a}.",
    "How long did the {a} take you?",
    "Count me in for {a}.",
    "Saving this for my next {a}.",
    "So {j}. More of this, please.",
    "The part about {b} is spot on.",
    "Welcome to the {a} club.",
    "Not sure about {b}, but {a} yes.",
];

const ENGLISH_ADJECTIVES: [&str; 10] =
    ["lovely", "quiet", "messy", "surprising", "slow", "bright", "stubborn", "gentle", "wild", "honest"];

const CHINESE_POSTS: [&str; 18] = [
    "练了一个月，{a}终于有点样子了。",
    "有人也喜欢{a}吗？越玩越上瘾。",
    "今天一整天都在研究{a}，顺便试了试{b}。",
    "不接受反驳：{a}比{b}有意思多了。",
    "第一次尝试{a}，感觉很{j}。",
    "关于{a}，一年前的我要是知道这些就好了。",
    "小小的成就：{a}一次成功！",
    "求教，{a}到底应该怎么入门？",
    "整个周末都给了{a}，一点不后悔。",
    "下周六约{a}，有人一起吗？",
    "整理了一份{a}的笔记，也写到了{b}。",
    "新手学{a}最容易忽略的三件事。",
    "这个{a}治愈了我的一周，太{j}了。",
    "从{b}到{a}，一段很{j}的旅程。",
    "{a}又失败了，但是莫名开心。",
    "午后，{a}，和有趣的人。",
    "{a}的前后对比，大家看看。",
    "最近对{a}有了新的理解。",
];

const CHINESE_REPLIES: [&str; 10] = [
    "这个{a}也太{j}了吧！",
    "我也是，{a}花了好久。",
    "试过配{b}吗？",
    "谢谢分享，对我的{a}很有帮助。",
    "我觉得应该先{b}再{a}。",
    "{a}大概用了多长时间？",
    "{a}算我一个。",
    "先收藏，下次{a}用得上。",
    "说到{b}那一段，太对了。",
    "欢迎加入{a}的坑。",
];

const CHINESE_ADJECTIVES: [&str; 8] = ["惊喜", "安静", "治愈", "有趣", "特别", "温柔", "过瘾", "真实"];

/// The text of a post on one facet of a topic, and the thing it is mostly about.
pub(super) fn post(
    rng: &mut impl Rng,
    topic: &'static Topic,
    facet: usize,
    language: Language,
    is_reply: bool,
) -> (String, &'static str) {
    let (templates, adjectives, things): (&[&str], &[&str], _) = match (language, is_reply) {
        (Language::English, false) => (&ENGLISH_POSTS, &ENGLISH_ADJECTIVES, &topic.english),
        (Language::English, true) => (&ENGLISH_REPLIES, &ENGLISH_ADJECTIVES, &topic.english),
        (Language::Chinese, false) => (&CHINESE_POSTS, &CHINESE_ADJECTIVES, &topic.chinese),
        (Language::Chinese, true) => (&CHINESE_REPLIES, &CHINESE_ADJECTIVES, &topic.chinese),
    };
    let per_facet = things.len() / FACETS;
    let first = facet % FACETS * per_facet + rng.random_range(0..per_facet);
    let second = (first + rng.random_range(1..things.len())) % things.len();
    let (openers, endings): (&[&str], &[&str]) = match language {
        _ if is_reply => (&[], &[]),
        Language::English => (&ENGLISH_OPENERS, &ENGLISH_ENDINGS),
        Language::Chinese => (&CHINESE_OPENERS, &CHINESE_ENDINGS),
    };
    let number = rng.random_range(2..100).to_string();
    let text = [pick(rng, openers), pick(rng, templates), pick(rng, endings)]
        .concat()
        .replace("{n}", &number)
        .replace("{a}", things[first])
        .replace("{b}", things[second])
        .replace("{j}", pick(rng, adjectives));
    (text, things[first])
}

fn pick<T: Copy + Default>(rng: &mut impl Rng, list: &[T]) -> T {
    list.choose(rng).copied().unwrap_or_default()
}
