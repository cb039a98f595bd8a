use super::*;
use proptest::prelude::*;

fn texts(text: &str, most: usize) -> Vec<String> {
    keywords(text, most).into_iter().map(|keyword| keyword.text).collect()
}

/// The words that are found are these, in any order.
fn check(text: &str, expected: &[&str]) {
    let mut found = texts(text, 20);
    let mut expected = expected.to_vec();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn single_sentences_have_sensible_words() {
    for (text, expected) in [
        ("", &[] as &[&str]),
        ("the of and", &[]),
        ("😀😂 12 345", &[]),
        (
            "Can you recommend an Italian restaurant near the station?",
            &["recommend", "Italian restaurant", "station"],
        ),
        ("https://example.com/x ann@example.com @ann #Rust is great", &["Rust"]),
        ("我想订一张明天去北京的机票", &["北京", "机票"]),
        ("請問附近有沒有好吃的火鍋店", &["附近", "好吃", "火鍋店"]),
        ("酒店的服务员态度很差，房间也不干净", &["酒店", "服务员态度", "房间", "干净"]),
        ("用 Rust 写的推荐系统", &["Rust", "推荐系统"]),
        ("東京でコーヒーを飲む", &["東京", "コーヒー"]),
        ("的了吗呢", &[]),
        ("哈哈哈哈哈", &[]),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_comes_again_is_best() {
    let english = "Vector search finds neighbours of a vector. An index makes vector search fast. Without an index, vector \
        search reads everything, so people build the index first.";
    assert_eq!(texts(english, 2)[0], "Vector search");
    assert!(texts(english, 3).contains(&"index".to_owned()), "{:?}", texts(english, 3));

    let chinese = "深度学习模型需要数据。我们用深度学习识别图像，也用深度学习翻译文本。训练模型很慢，部署模型更难。图像和文本都是数据。";
    let found = texts(chinese, 4);
    assert_eq!(found[0], "深度学习");
    assert!(found.contains(&"模型".to_owned()), "{found:?}");
    assert!(
        !texts(chinese, 100).iter().any(|word| "度学习".contains(word.as_str()) || word.contains("习模")),
        "{found:?}"
    );
}

#[test]
fn words_do_not_straddle_marks() {
    for text in ["苹果，香蕉。苹果，香蕉。苹果，香蕉。", "apples, pears. apples, pears."] {
        let found = texts(text, 10);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|word| !word.contains(['，', ',', '。', ' '])), "{found:?}");
    }
}

#[test]
fn mixed_texts_give_both() {
    let found = texts("我们用 Kubernetes 部署推荐系统，推荐系统的日志在 Kubernetes 里", 2);
    assert!(found.contains(&"推荐系统".to_owned()) && found.contains(&"Kubernetes".to_owned()), "{found:?}");
}

#[test]
fn as_many_as_asked_for_with_places_as_written() {
    assert!(keywords("Rust compilers are fast", 0).is_empty());
    assert_eq!(texts("alpha, beta, gamma, delta", 3), ["alpha", "beta", "gamma"]);
    let words: String = (0..300).map(|at| format!("word{at}x, ")).collect();
    assert_eq!(keywords(&words, usize::MAX).len(), MOST);
    let found = keywords("👍🏽 ok 火鍋！", 1);
    assert_eq!(found, [Keyword { text: "火鍋".into(), start: 6, end: 8, weight: 1.0 }]);
}

#[test]
fn a_mebibyte_of_anything_is_read() {
    for part in
        ["a", "1", "@", " ", "a ", "ab cd ", "我", "火锅", "机器学习模型", "a-", "a'", "火，", "https://"]
    {
        let text = part.repeat((1 << 20) / part.len());
        assert!(keywords(&text, 10).len() <= 10, "{part}");
    }
}

proptest! {
    #[test]
    fn words_are_of_the_text(text in any::<String>(), near in "[a-c火锅店的，。 A-C]{0,60}", most in 0_usize..12) {
        for text in [text, near] {
            let characters: Vec<char> = text.chars().collect();
            let found = keywords(&text, most);
            prop_assert!(found.len() <= most);
            prop_assert_eq!(&found, &keywords(&text, most));
            prop_assert!(found.is_sorted_by(|a, b| a.weight >= b.weight));
            for (at, keyword) in found.iter().enumerate() {
                prop_assert!(keyword.start < keyword.end && keyword.end <= characters.len());
                let written: String = characters[keyword.start..keyword.end].iter().collect();
                prop_assert_eq!(&written, &keyword.text);
                prop_assert!(keyword.weight > 0.0 && keyword.weight <= 1.0);
                let apart = |other: &Keyword| other.end <= keyword.start || keyword.end <= other.start;
                prop_assert!(found[..at].iter().all(apart), "{:?}", found);
            }
        }
    }
}
