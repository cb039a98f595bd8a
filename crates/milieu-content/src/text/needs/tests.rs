#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use super::*;

/// The needs of a text by its cues alone, in the order of their names.
fn needs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Needs::default().read(text, &[]).into_iter().map(|need| need.name).collect();
    found.sort_unstable();
    found
}

#[test]
fn what_is_known_from_the_start_can_be_looked_for() {
    let needs = Needs::new(BTreeMap::new()).unwrap();
    assert_eq!(needs.signs.names.len(), NEEDS.len());
    assert_eq!(Needs::default(), needs);
}

#[test]
fn english_cues() {
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(needs(text), expected, "{text}");
    }
    check("Can anyone help me with my taxes?", &["asks_a_question", "asks_for_help"]);
    check("I really need some help moving on Saturday", &["asks_for_help"]);
    check(
        "i’m stuck on level 9, any suggestions?",
        &["asks_a_question", "asks_for_help", "seeks_recommendation"],
    );
    check("I don't need help, I'm fine", &[]);
    check("There is no need to help us", &[]);
    check("Does anyone know when the pool opens?", &["asks_a_question"]);
    check("Could you recommend a dentist in Leeds", &["seeks_recommendation"]);
    check("What should I watch tonight?", &["asks_a_question", "seeks_recommendation"]);
    check("Looking for a good ramen place downtown", &["seeks_recommendation"]);
    check("Worst pizza ever. Never again!", &["complains"]);
    check("My order arrived broken and I want my money back", &["complains"]);
    check("The new update keeps crashing on my phone", &["complains"]);
    check("I was not disappointed at all, lovely place", &[]);
    check("If anyone needs a ride to the airport, I can help", &["offers"]);
    check("Giving away two kittens, free to a good home", &["offers"]);
    check("Selling my old bike, asking price 50", &["sells"]);
    check("iPhone 12 for sale, barely used", &["sells"]);
    check("I'd like to book a table for two", &["wants_to_order"]);
    check("Let's meet at the station at six", &["plans_to_meet"]);
    check("Are you free on Friday? We could grab lunch", &["asks_a_question", "plans_to_meet"]);
    check("Anyone up for a run tomorrow morning", &["seeks_company"]);
    check("Feeling lonely tonight", &["seeks_company"]);
    check("THANK YOU all so much", &["thanks"]);
    check("no thanks", &[]);
    check("We are thrilled to announce our second album", &["announces"]);
    check("The sunset was beautiful today", &[]);
    check("", &[]);
}

#[test]
fn chinese_cues() {
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(needs(text), expected, "{text}");
    }
    check("谁能帮我看看这道题", &["asks_for_help"]);
    check("电脑开不了机，怎么办", &["asks_for_help"]);
    check("能不能帮我带一份早饭？", &["asks_a_question", "asks_for_help"]);
    check("不用帮我，我自己来", &[]);
    check("請問圖書館幾點關門", &["asks_a_question"]);
    check("有没有人知道这首歌叫什么", &["asks_a_question"]);
    check("求推荐一本好看的科幻小说", &["seeks_recommendation"]);
    check("北京哪家火锅店好", &["seeks_recommendation"]);
    check("最近有什么好看的电影？", &["asks_a_question", "seeks_recommendation"]);
    check("这家店服务太差了，再也不来", &["complains"]);
    check("耳机用了两天就坏了，我要退货", &["complains"]);
    check("一点也不失望", &[]);
    check("搬家的话我可以帮忙，周末都在", &["offers"]);
    check("多余的门票免费送，有需要的私信", &["offers"]);
    check("出闲置：九成新相机，低价出", &["sells"]);
    check("我想预订明晚的座位", &["wants_to_order"]);
    check("周六下午三点老地方见面，不见不散", &["plans_to_meet"]);
    check("今晚有空吗，一起吃个饭？", &["asks_a_question", "plans_to_meet"]);
    check("周末爬山，有没有人一起", &["seeks_company"]);
    check("要不要一起去看演唱会", &["seeks_company"]);
    check("谢谢大家的帮助", &["thanks"]);
    check("我们的新应用今天正式上线", &["announces"]);
    check("今天的晚霞真美", &[]);
}

/// Written after the cues, and not looked at while they were chosen.
const HELD_OUT: [(&str, &[&str]); 64] = [
    ("Could somebody please help carry a sofa up two floors?", &["asks_a_question", "asks_for_help"]),
    ("My laptop died the night before the exam, I need help asap", &["asks_for_help"]),
    ("can someone explain how vectors work", &["asks_for_help"]),
    ("Lost my cat near the park, please help us find her", &["asks_for_help"]),
    ("What time does the last train leave?", &["asks_a_question"]),
    ("anybody know if the museum is open on monday", &["asks_a_question"]),
    ("Wondering how people keep their plants alive in winter", &["asks_a_question"]),
    ("Which laptop should I buy for video editing?", &["asks_a_question", "seeks_recommendation"]),
    ("any recs for a quiet cafe with wifi", &["seeks_recommendation"]),
    ("need recommendations for a pediatrician", &["seeks_recommendation"]),
    ("Best place to watch the fireworks", &["seeks_recommendation"]),
    ("The delivery was three days late and nobody answers the phone", &["complains"]),
    ("This app is a total waste of money", &["complains"]),
    ("Still waiting for my refund after six weeks", &["complains"]),
    ("Ordered a blue shirt and got a red one, unacceptable", &["complains"]),
    ("Extra tomatoes from the garden, come and take some", &["offers"]),
    ("Happy to help anyone with their CV", &["offers"]),
    ("I can teach basic guitar on weekends for free", &["offers"]),
    ("Selling a stroller, hardly used, 40 euros", &["sells"]),
    ("Two concert tickets up for grabs at face value", &["sells"]),
    ("Where can I buy tickets for tonight?", &["asks_a_question", "wants_to_order"]),
    ("I want to book a flight to Rome in May", &["wants_to_order"]),
    ("See you on Sunday at the market", &["plans_to_meet"]),
    ("Shall we meet at seven in front of the cinema?", &["asks_a_question", "plans_to_meet"]),
    ("dinner at mine tomorrow?", &["asks_a_question", "plans_to_meet"]),
    ("Looking for people to play badminton with on Tuesdays", &["seeks_company"]),
    ("who wants to come with me to the lake", &["seeks_company"]),
    ("Thanks a million, that fixed it", &["thanks"]),
    ("I really appreciate your patience", &["thanks"]),
    ("Our new menu is out now, come and try it", &["announces"]),
    ("I finished the book in one night", &[]),
    ("It never rains in this town", &[]),
    ("求助！洗衣机一直报错E4", &["asks_for_help"]),
    ("有哪位大神帮忙修一下图吗", &["asks_for_help"]),
    ("孩子发烧39度了怎么办，好着急", &["asks_for_help"]),
    ("请问这趟车到火车站吗？", &["asks_a_question"]),
    ("想问下大家平时几点睡", &["asks_a_question"]),
    ("有谁知道最近的打印店在哪", &["asks_a_question"]),
    ("求推荐适合新手的相机", &["seeks_recommendation"]),
    ("上海周边有什么好玩的地方", &["seeks_recommendation"]),
    ("哪款耳机性价比高？", &["asks_a_question", "seeks_recommendation"]),
    ("大家有好用的记账软件推荐吗", &["seeks_recommendation"]),
    ("快递丢了三次，客服还不理人，必须投诉", &["complains"]),
    ("买回来没几天屏幕就坏了", &["complains"]),
    ("这酒店又脏又吵，差评", &["complains"]),
    ("等了两个小时菜还没上，气死我了", &["complains"]),
    ("家里多了一箱苹果，谁要来拿", &["offers"]),
    ("我可以教大家做蛋糕", &["offers"]),
    ("有问题随时找我", &["offers"]),
    ("转让一张健身卡，还有半年", &["sells"]),
    ("二手自行车便宜卖了", &["sells"]),
    ("我要预约明天下午的理发", &["wants_to_order"]),
    ("想买两张周五的电影票", &["wants_to_order"]),
    ("周日在公园门口碰头吧", &["plans_to_meet"]),
    ("明天中午一起吃饭好吗？", &["asks_a_question", "plans_to_meet"]),
    ("下班后咖啡馆见", &["plans_to_meet"]),
    ("有人一起拼单吗", &["seeks_company"]),
    ("找个健身搭子，坐标朝阳", &["seeks_company"]),
    ("一个人在外地好孤独", &["seeks_company"]),
    ("太感谢了，问题解决了", &["thanks"]),
    ("多谢各位捧场", &["thanks"]),
    ("本店下周一开业，全场八折", &["announces"]),
    ("不需要推荐，我已经买了", &[]),
    ("昨晚的球赛真精彩", &[]),
];

#[test]
fn cues_on_sentences_that_they_were_not_chosen_by() {
    let (mut right, mut found, mut expected) = (0, 0, 0);
    for (text, wanted) in HELD_OUT {
        let needs = needs(text);
        right += needs.iter().filter(|need| wanted.contains(&need.as_str())).count();
        found += needs.len();
        expected += wanted.len();
        if needs != wanted {
            println!("{text}: {needs:?}, and not {wanted:?}");
        }
    }
    let (precision, recall) = (right as f64 / found as f64, right as f64 / expected as f64);
    println!("precision {precision:.3}, recall {recall:.3}");
    assert!(precision > 0.9 && recall > 0.75);
}

#[test]
fn where_cues_stand() {
    let found = Needs::default().read("好的，ｈｅｌｐ ｍｅ please", &[]);
    let cue = NeedSign::Cue { text: "ｈｅｌｐ ｍｅ".to_owned(), start: 3, end: 10 };
    assert_eq!(found, [Need { name: "asks_for_help".to_owned(), score: None, by: vec![cue] }]);
}

#[test]
fn labels_and_parts() {
    let class = |label: &str, probability, applies| Class { label: label.to_owned(), probability, applies };
    let part = TextPart { label: "meeting-time".into(), start: 0, end: 3, text: "six".into(), score: 0.7 };
    let signs = NeedSigns {
        labels: vec!["plans/MEET".into()],
        parts: vec!["meeting_time".into()],
        cues: vec!["at six".into()],
    };
    let said = [("meets".to_owned(), signs), ("thanks".to_owned(), NeedSigns::default())];
    let needs = Needs::new(said.into_iter().collect()).unwrap();
    assert!(
        needs.knows("any", "Meeting Time") && needs.knows("plans", "meet") && !needs.knows("any", "meet")
    );
    assert!(needs.knows("any", "BookRestaurant") && !needs.knows("any", "thank_you"));
    let read = |model, classes: &[Class], parts: &[TextPart], text| {
        let found = needs.read(text, &[Evidence { model, version: 3, classes, parts }]);
        let found = found.into_iter().map(|need| (need.name, need.score, need.by.len()));
        found.collect::<Vec<_>>()
    };
    let check = |found: Vec<(String, Option<f64>, usize)>, expected: &[(&str, Option<f64>, usize)]| {
        let found: Vec<_> = found.iter().map(|(name, score, by)| (name.as_str(), *score, *by)).collect();
        assert_eq!(found, expected);
    };
    // The first of classes of which a text has one, and of others those that apply.
    let classes = [class("order", 0.6, None), class("meet", 0.4, None)];
    check(read("plans", &classes, &[], "x"), &[("wants_to_order", Some(0.6), 1)]);
    let many = [
        class("complaint", 0.5, Some(false)),
        class("offer", 0.4, Some(true)),
        class("meet", 0.3, Some(true)),
    ];
    check(read("plans", &many, &[], "x"), &[("offers", Some(0.4), 1), ("meets", Some(0.3), 1)]);
    check(read("other", &many, &[], "x"), &[("offers", Some(0.4), 1)]);
    // Those of which models are sure come first.
    check(
        read("plans", &many, &[part], "for sale at six, thanks"),
        &[("meets", Some(0.7), 3), ("offers", Some(0.4), 1), ("sells", None, 1)],
    );
}

#[test]
fn what_cannot_be_looked_for() {
    let refuse = |name: &str, cue: &str, expected: &str| {
        let signs = NeedSigns { cues: vec![cue.to_owned()], ..NeedSigns::default() };
        let error = Needs::new([(name.to_owned(), signs)].into_iter().collect()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    refuse("", "x", "\"\" is no name of a need");
    refuse("two words", "x", "\"two words\" is no name of a need");
    refuse("meets", "* x", "a cue of meets: \"* x\" is no phrase");
    let wrong = r#"{"meets": {"cue": []}}"#;
    assert!(serde_json::from_str::<Needs>(wrong).is_err());
    let right = r#"{"meets":{"labels":["a"],"parts":[],"cues":["x y"]}}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Needs>(right).unwrap()).unwrap(), right);
}
