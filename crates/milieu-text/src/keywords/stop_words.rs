//! Words that say nothing of what a text is about.

use std::collections::HashSet;
use std::sync::LazyLock;

/// English words beside those that tell English from other languages.
const ENGLISH: &str = "under between without through during before since until against each every such same own both few \
    most other yet ever never always still even much many maybe let lets give gave take took come came say said says look \
    looks way thing things lot lots while though although however us may might must shall per via around across within \
    near next last another again already almost along among anything everything something nothing anyone everyone someone \
    better big less least lately little long made makes making mine myself need needs off often once ones ours own quite \
    rather seem seems seen several she'll shouldn't since soon sure tell than thats their them themselves those thus together \
    too toward try until upon used using various was wasn't we'll we're we've weren't what's whatever whether whom whose won't \
    wouldn't you'd you'll you're you've yourself isn't it'll aren't didn't doesn't hadn't hasn't haven't he's couldn't \
    i'd let's that'll there's they'd they'll they're they've im ive dont cant didnt doesnt isnt wasnt gonna wanna gotta \
    ok okay oh yeah yep nope hmm haha hahaha omg lol pls plz thx btw etc rt amp really actually just find got put went \
    getting doing having becomes became become keep kept further therefore hence etc two three four five six seven eight \
    nine ten first second third able above according below beside besides beyond cannot could does down either else enough \
    far given goes going gone had hardly her here hers herself him himself his how i'm instead into its itself later latter \
    like likely mostly neither none nor not now nowhere only onto otherwise ought out over perhaps please use uses til turn";

/// Chinese words that part others.
const CHINESE: &str = "什么 怎么 怎样 怎么样 如何 为什么 因为 所以 但是 可是 不过 如果 虽然 然后 而且 并且 或者 还是 就是 可以 没有 已经 现在 \
    今天 明天 昨天 后天 今年 去年 刚才 刚刚 时候 这样 那样 这里 那里 哪里 自己 大家 别人 非常 特别 比较 真的 真是 真心 觉得 感觉 知道 认为 希望 \
    应该 可能 需要 必须 一定 一直 一些 一样 一下 一点 一个 一起 有点 有些 以及 以后 以前 之后 之前 其中 其他 其它 其实 关于 由于 对于 根据 按照 \
    通过 进行 成为 为了 除了 所有 每个 每天 最近 原来 本来 后来 将来 终于 于是 同时 另外 甚至 尤其 当然 确实 只是 只有 只要 不是 不会 不能 不要 \
    谢谢 请问 你好 您好 帮我 告诉 那么 这么 多少 几个 起来 出来 下来 过来 上去 下去 回来 东西 事情 正在 曾经 马上 随着 作为 以来 左右 之间 \
    有没有 是不是 能不能 要不要 会不会 好不好 无论 不管 即使 尽管 除非 只能 只好 不得不 总是 经常 常常 偶尔 突然 居然 竟然 果然 简直 几乎 差不多 不错 比如 当时 来说 好多 的话 总体 稍微 \
    说 并 才 再 又 却 则 且 若 某 该 各 每 及 等 吧 呗 哟 哇 啦";

/// Characters that part words, unless a word below has them.
const CHARACTERS: &str = "的了吗呢吧啊呀哦噢嗯哈呵嘿嘻哎唉嘛么着我你他她它们您咱这那哪谁是在有和与或而但也都就还很太更最被把给让从到对于为以\
    其之不没要想会能去来个些一两请用比较";

/// Words of characters that part words elsewhere.
const KEPT: &str = "在线 在职 有限 有效 有趣 有机 有害 国有 拥有 和平 和谐 温和 都市 首都 成都 就业 就医 成就 还款 归还 太阳 太空 太极 更新 变更 \
    更换 最新 最终 最佳 转让 从事 到达 到货 迟到 报到 签到 对象 对话 对手 对比 对账 反对 面对 绝对 行为 人为 不锈钢 不动产 没收 要求 重要 主要 \
    要点 摘要 想法 思想 理想 梦想 联想 会议 会员 会计 社会 机会 大会 晚会 协会 约会 体会 工会 宴会 聚会 能力 能源 能量 功能 性能 智能 人工智能 技能 \
    节能 核能 去世 来源 未来 来电 来信 个人 个性 个税 统一 唯一 一流 一线 周一 星期一 第一 目的 目的地 的士 了解 着急 着装 是非 所有权 与会 参与 \
    给予 供给 把握 把手 以太坊 以色列 两岸 邀请 申请 请求 请假 聘请 的确 打的 为难 难为 其余 之一 于都 有色 有氧 没电 要塞 不丹 不良 不足 不满 \
    不便 不适 不安 不同 服务员 那曲 哈尔滨 阿哈 太原 太太 太平 太平洋 和尚 和田 一加 一汽 来访 去除 去污 还原 还书 能见度 对接 对策 应对 配对 \
    到期 到账 达到 有线 有声 特有 占有 所在 存在 实在 让利 谦让 用户 使用 应用 作用 费用 信用 利用 用途 用品 \
    通用 专用 实用 用餐 日用 公用 雇用 常用 有用 用电 用水 引用 耐用 好用 服用 采用 适用 用人 用法 用处 运用 应用程序 比赛 比例 性价比 比亚迪 比特币 \
    比分 比重 计较";

struct Lists {
    english: HashSet<&'static str>,
    stop: HashSet<Vec<char>>,
    kept: HashSet<Vec<char>>,
    characters: HashSet<char>,
    longest: usize,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let words = |list: &'static str| {
        list.split_whitespace().map(|word| word.chars().collect()).collect::<HashSet<Vec<char>>>()
    };
    let (stop, kept) = (words(CHINESE), words(KEPT));
    let longest = stop.iter().chain(&kept).map(Vec::len).max().unwrap_or_default();
    Lists {
        english: ENGLISH.split_whitespace().collect(),
        characters: CHARACTERS.chars().collect(),
        stop,
        kept,
        longest,
    }
});

/// Whether an English word in lower case says nothing.
pub(super) fn is_english(word: &str) -> bool {
    LISTS.english.contains(word)
}

/// How many of the first characters are a word that is kept, and how many one that parts others; the longest of each.
pub(super) fn chinese(rest: &[char]) -> (usize, usize) {
    let lists = &*LISTS;
    let longest = |words: &HashSet<Vec<char>>| {
        (1..=lists.longest.min(rest.len()))
            .rev()
            .find(|&length| rest.get(..length).is_some_and(|part| words.contains(part)))
    };
    let alone = rest.first().is_some_and(|c| lists.characters.contains(c));
    (
        longest(&lists.kept).unwrap_or_default(),
        longest(&lists.stop).unwrap_or_default().max(usize::from(alone)),
    )
}
