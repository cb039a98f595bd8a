//! What the needs that are known from the start are recognised by, in English and Chinese, and what turns a cue around.

/// A need that is known from the start; `|` stands between its signs.
pub(super) struct KnownNeed {
    pub(super) name: &'static str,
    /// The names of labels of whole texts.
    pub(super) labels: &'static str,
    /// See [`milieu_text::Phrases`].
    pub(super) cues: &'static str,
}

pub(super) const NEEDS: [KnownNeed; 11] = [
    KnownNeed {
        name: "asks_for_help",
        labels: "ask_for_help | asks_for_help | help | request_help",
        cues: "can you * help | can anyone * help | can anybody * help | can someone * help | can somebody * help | \
               could you * help | could anyone * help | could anybody * help | could someone * help | \
               could somebody * help | can you give me a hand | please help | help me | help us | help needed | \
               need help | need some help | need your help | need a hand | give me a hand | lend me a hand | \
               i'm stuck | i am stuck | got stuck | sos | 帮我 | 帮帮我 | 帮个忙 | 帮下忙 | 帮忙看 | 求助 | 救命 | \
               求帮忙 | 求大神 | 谁能帮 | 谁可以帮 | 怎么办 | 求教 | 求指点 | 请教 | 急求",
    },
    KnownNeed {
        name: "asks_a_question",
        labels: "question | ask_question | curiosity",
        cues: "? | anyone know | anybody know | does anyone know | i wonder | wondering if | wondering how | \
               quick question | ^how do i | ^what is the | 请问 | 有人知道 | 谁知道 | 有没有人知道 | 想问 | 问一下 | \
               问下 | 有谁知道 | 好奇",
    },
    KnownNeed {
        name: "seeks_recommendation",
        labels: "recommendation | seek_recommendation | suggestion | restaurant_suggestion | travel_suggestion | \
               meal_suggestion",
        cues: "can * recommend | could * recommend | would * recommend for | recommend me | any recommendation* | \
               recommendations for | need recommendation* | need a recommendation | any suggestion* | \
               suggestions for | suggest me | can * suggest | what should i watch | what should i read | \
               what should i buy | what should i get | what should i eat | which one should i | \
               which * should i buy | any good * ? | looking for a good | know a good | know any good | \
               know of a good | what's a good | what is a good | best place to | 求推荐 | 推荐一下 | 推荐下 | \
               推荐个 | 推荐几 | 推荐一 | 有推荐 | 有什么推荐 | 有啥推荐 | 求安利 | 有没有好 | 有什么好 | 有啥好 | \
               哪家好 | 哪个好 | 哪款好 | 哪家 * 好 | 哪里有好 | 什么好看 | 什么好吃 | 怎么选",
    },
    KnownNeed {
        name: "complains",
        labels: "complaint | complain | complains | damaged_card | card_declined | lost_luggage | report_fraud",
        cues: "worst * ever | never again | disappointed | disappointing | waste of time | waste of money | rip off | \
               ripoff | rip-off | doesn't work | does not work | didn't work | not working | stopped working | \
               still waiting for | want a refund | want my money back | money back | terrible service | \
               awful service | horrible service | worst service | sick of | fed up | unacceptable | keeps crashing | \
               broke after | arrived broken | arrived damaged | 太差 | 很差 | 差评 | 差劲 | 垃圾 | 坑爹 | 太坑 | \
               坑人 | 退款 | 退货 | 投诉 | 再也不 | 气死 | 失望 | 不好用 | 没法用 | 用不了 | 坏了 | 骗人 | 无语 | \
               受不了 | 没人管 | 忍无可忍",
    },
    KnownNeed {
        name: "offers",
        labels: "offer | offers | offer_help",
        cues: "i can help | happy to help | glad to help | here to help | let me know if you need | i can offer | \
               i'm offering | we offer | anyone want | anyone wants | does anyone need | if anyone needs | \
               if anyone wants | i can lend | i can teach | volunteer to | giving away | free to a good home | \
               我可以帮 | 我能帮 | 我来帮 | 可以找我 | 随时找我 | 需要的私 | 有需要的 | 免费送 | 免费教 | 免费提供 | \
               谁要 | 谁需要 | 送给有缘 | 我可以教 | 我可以借",
    },
    KnownNeed {
        name: "sells",
        labels: "sell | sells | for_sale",
        cues: "for sale | selling my | selling a | i'm selling | am selling | asking price | up for grabs | \
               or best offer | obo | 出售 | 转让 | 转卖 | 低价出 | 便宜出 | 出闲置 | 二手出 | 包邮出 | 甩卖 | \
               出一台 | 出一个 | 出一张 | 清仓",
    },
    KnownNeed {
        name: "wants_to_order",
        labels: "order | book_restaurant | restaurant_reservation | book_hotel | book_flight | car_rental | uber",
        cues: "book a table | book a room | book a flight | book me | want to book | like to book | \
               make a reservation | make an appointment | reserve a | like to order | want to order | can i order | \
               where can i buy | 订一 | 想订 | 预订 | 预约 | 订位 | 订票 | 订房 | 点餐 | 想买 | 怎么买 | 哪里买 | \
               哪里能买 | 求购",
    },
    KnownNeed {
        name: "plans_to_meet",
        labels: "schedule_meeting | meeting_schedule | plan_to_meet",
        cues: "let's meet | lets meet | meet up | meet me | shall we meet | should we meet | want to meet | \
               see you at | see you on | see you tomorrow | see you tonight | are you free | you free | let's grab | \
               let's get together | get together | grab a coffee | grab coffee | grab lunch | grab dinner | \
               grab a drink | catch up over | hang out | 见面 | 见个面 | 碰头 | 碰个面 | 约吗 | 约一下 | 约个 | \
               约饭 | 几点见 | 明天见 | 周末见 | 不见不散 | 有空吗 | 有空没 | 有时间吗 | 一起吃 | 一起喝 | 聚一下 | \
               聚聚 | 聚一聚 | 改天约 | 集合",
    },
    KnownNeed {
        name: "seeks_company",
        labels: "seek_company | find_partner",
        cues: "anyone up for | anybody up for | who's up for | who is up for | who wants to join | \
               who wants to come | anyone want to join | want to join me | wanna join | join me | anyone going to | \
               who else is going | looking for a partner | looking for someone to | looking for people to | \
               looking for teammates | looking for friends | need a partner | so lonely | feel lonely | \
               feeling lonely | 有没有人一起 | 有人一起 | 谁一起 | 一起去 | 一起玩 | 求组队 | 组队 | 搭子 | 结伴 | \
               拼车 | 求带 | 找个人 | 找人一起 | 好孤单 | 好孤独 | 有一起 | 想交朋友",
    },
    KnownNeed {
        name: "thanks",
        labels: "thank_you | thanks | gratitude",
        cues: "thank* | thx | much appreciated | appreciate it | i appreciate | so grateful | very grateful | \
               cheers for | 谢谢 | 感谢 | 多谢 | 谢啦 | 谢了 | 感激",
    },
    KnownNeed {
        name: "announces",
        labels: "announcement | announce | announces",
        cues: "to announce | we are launching | we're launching | just launched | just released | announcing | \
               now available | now open | coming soon | we're hiring | we are hiring | save the date | out now | \
               is live | 官宣 | 上线 | 发布了 | 正式发布 | 上架 | 开售 | 即将开 | 通知 | 公告 | 招聘 | 诚招 | 开业",
    },
];

/// A cue right behind one of these does not count.
pub(super) const NEGATIONS: &str = "not | don't | do not | doesn't | does not | didn't | did not | isn't | is not | wasn't | won't | no | \
    never | without | not a | not any | not so | not very | not really | not at all | don't need to | \
    no need to | no longer | don't want to | do not want to | didn't need to | nobody | no one | \
    not going to | wouldn't | couldn't | shouldn't | 不 | 没 | 没有 | 不用 | 不需要 | 不必 | 不想 | 不要 | \
    不会 | 不太 | 不是 | 无需 | 没必要 | 没有必要 | 别 | 不再 | 从不 | 从没 | 并不 | 毫不";

/// Questions that have the form of a negation.
pub(super) const EITHER: &str = "要不要 | 能不能 | 想不想 | 会不会 | 是不是 | 有没有 | 可不可以 | 好不好 | 用不用 | 去不去 | 来不来 | \
    why not";

/// The signs in a row of them.
pub(super) fn signs(row: &'static str) -> impl Iterator<Item = &'static str> {
    row.split('|').map(str::trim)
}
