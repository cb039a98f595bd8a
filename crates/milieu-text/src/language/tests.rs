use super::*;
use proptest::prelude::*;

fn check(text: &str, expected: Option<(&str, &str)>) {
    let found = language(text);
    assert_eq!(found.map(|found| (found.code, found.script.code())), expected, "{text:?}: {found:?}");
}

#[test]
fn sentences_of_many_languages() {
    for (text, code, script) in [
        ("I really love the new update, it makes everything so much faster", "en", "Latn"),
        ("can't believe this happened again @ann https://t.co/abc #fail", "en", "Latn"),
        ("I am begging pardon", "en", "Latn"),
        ("Me gusta mucho este libro porque habla de la vida en el campo", "es", "Latn"),
        ("Je ne sais pas si nous pouvons venir demain avec les enfants", "fr", "Latn"),
        ("Ich weiß nicht, ob wir morgen mit den Kindern kommen können", "de", "Latn"),
        ("Non so se possiamo venire domani con i bambini, ma ci proviamo", "it", "Latn"),
        ("Eu não sei se podemos vir amanhã com as crianças", "pt", "Latn"),
        ("Не знаю, сможем ли мы завтра прийти с детьми", "ru", "Cyrl"),
        ("Не знаю, чи зможемо ми завтра прийти з дітьми", "uk", "Cyrl"),
        ("لا أعرف ما إذا كنا نستطيع المجيء غدا مع الأطفال", "ar", "Arab"),
        ("मुझे नहीं पता कि हम कल बच्चों के साथ आ सकते हैं या नहीं", "hi", "Deva"),
        ("ฉันไม่รู้ว่าพรุ่งนี้เราจะมาได้ไหม", "th", "Thai"),
        ("내일 아이들과 함께 올 수 있을지 모르겠어요", "ko", "Kore"),
        ("Δεν ξέρω αν μπορούμε να έρθουμε αύριο", "el", "Grek"),
        ("我不知道明天能不能带孩子们来，要看天气", "zh", "Hans"),
        ("我不知道明天能不能帶孩子們來，要看天氣", "zh", "Hant"),
        ("明日子供たちと一緒に来られるかどうかわかりません", "ja", "Jpan"),
        ("ありがとう", "ja", "Jpan"),
        ("東京駅前広場で開催", "ja", "Jpan"),
        ("ＦＵＬＬ　ｗｉｄｔｈ　ｌｅｔｔｅｒｓ　ａｒｅ　ｔｈｅ　ｓａｍｅ", "en", "Latn"),
    ] {
        check(text, Some((code, script)));
    }
}

#[test]
fn long_texts_are_reliable() {
    for text in [
        "The committee said that it would look at the question again when all of the members were back",
        "我们昨天晚上一起去看了那部新电影，大家都觉得很好看",
        "昨日の夜、みんなで新しい映画を見に行きました",
    ] {
        assert!(language(text).is_some_and(|found| found.reliable), "{text}: {:?}", language(text));
    }
}

#[test]
fn short_texts_are_known_or_not_and_never_reliable() {
    for (text, expected) in [
        ("hello", Some(("en", "Latn"))),
        ("thanks", Some(("en", "Latn"))),
        ("hola", Some(("es", "Latn"))),
        ("merci", Some(("fr", "Latn"))),
        ("danke", Some(("de", "Latn"))),
        ("привет", Some(("ru", "Cyrl"))),
        ("好", Some(("zh", "Hani"))),
        ("pizza", None),
        ("x", None),
        ("hahahahahahahahahaha", None),
    ] {
        check(text, expected);
        assert!(language(text).is_none_or(|found| !found.reliable), "{text}");
    }
}

#[test]
fn where_nobody_could_know() {
    for text in [
        "",
        "  \n\t",
        "😀😂👍🏽❤️",
        "12345 67.8",
        "https://example.com/the/of/and",
        "ann@example.com",
        "@the_user",
        "!!! ... ???",
        "#",
        "\u{200b}\u{202e}",
        "…—「」",
    ] {
        check(text, None);
    }
}

#[test]
fn mixed_texts_are_of_what_says_more() {
    check("我今天去了Starbucks买coffee", Some(("zh", "Hans")));
    check("這個 bug 我 fix 了，可以 review 一下嗎", Some(("zh", "Hant")));
    check("I went to 北京 last week and it was really great to see everyone", Some(("en", "Latn")));
    check("優の良品今天全部半價發售歡迎選購", Some(("zh", "Hant")));
    let share = |text: &str| language(text).map(|found| found.confidence);
    assert!(share("我们明天去看电影") > share("我们明天去看movie吧, see you there"));
}

#[test]
fn a_mebibyte_of_anything_is_read() {
    for part in ["a", "1", "@", " ", "a@", "http://", "我", "の", "the ", "#a", "'"] {
        let text = part.repeat((1 << 20) / part.len());
        let found = language(&text);
        assert!(found.is_none_or(|found| (0.0..=1.0).contains(&found.confidence)), "{part}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        if let Some(found) = language(&text) {
            prop_assert!((0.0..=1.0).contains(&found.confidence));
            prop_assert_eq!(found.reliable, found.confidence >= RELIABLE);
        }
    }

    #[test]
    fn links_change_nothing(text in "[a-z ]{0,60}") {
        prop_assert_eq!(language(&format!("{text} https://example.com/der/die/das")), language(&text));
    }
}
