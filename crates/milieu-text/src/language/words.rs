//! Words that are written all the time in one language and seldom in others.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Articles, prepositions, pronouns, forms of common verbs and greetings, by the ISO 639-1 code of their language. A
/// word that several languages write is in each of their lists.
#[rustfmt::skip]
const LISTS: [(&str, &str); 16] = [
    ("en", "the a an and of to in is are was were be been it its it's that this these those for you your we they he she \
        i i'm i've i'll my me his her our their with on at by from as but or not no don't can't so if what when who how \
        why where which there here have has had do does did will would can could should just like about all out up \
        hello hi hey thanks thank please good great yes really very got get know want need love today tonight happy \
        some any more than then now only also because them him us am being into over after go going think make time \
        people day new see one too lol morning night sorry nice best well back"),
    ("es", "el la los las un una y de del que en es por con para no se su lo como más pero sus le ya o este sí porque \
        esta son entre está cuando muy sin sobre también me hasta hay donde quien desde todo nos yo tú mi te si qué \
        hola gracias buenos días buenas eso ser tiene al a era soy estoy bien aquí ahora nada algo quiero hoy amigo"),
    ("pt", "o a os as um uma e de do da dos das que em no na é por com para não se seu sua como mais mas ou quando muito \
        nos já eu também só pelo pela até isso ela ele entre era depois sem mesmo aos ter seus você ao está olá oi \
        obrigado obrigada bom dia boa meu minha tem foi são aqui agora tudo hoje quero"),
    ("fr", "le la les un une des et de du que qui en est pour dans ce il elle au aux sur pas plus par je tu nous vous ils \
        ne se avec son sa ses mais ou comme tout c'est j'ai n'est d'un d'une qu'il a été être sont cette bonjour merci \
        salut oui non mon ma mes très bien fait on y si leur même aussi suis ça ici aujourd'hui"),
    ("de", "der die das den dem des ein eine einen einem einer und in zu mit von auf für ist im nicht sich auch es an als \
        wie ich du er sie wir ihr aus bei nach noch nur oder aber war wird sind hat haben werden wenn so was kann man \
        dass mein dein hallo danke bitte guten tag morgen ja nein sehr gut hier heute habe bin mir mich am zum zur"),
    ("it", "il lo la i gli le un uno una e di del della dei che in è per con non si su come più ma da anche sono al alla \
        nel nella questo questa o se ha io tu mi ti ci hai ho ciao grazie buongiorno molto bene cosa dove quando perché \
        essere era loro noi voi tutto c'è sei oggi qui"),
    ("nl", "de het een en van in is dat op te zijn met voor niet aan er om ook als maar ik je hij ze we wij dit die bij \
        nog naar dan door over uit wat wel geen heeft hebben was worden hallo dank goed mijn jij bent ben kan ja nee \
        heel veel waar hier vandaag"),
    ("sv", "och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke mig du henne då \
        sin nu har inte hans honom skulle hennes där min ej vid kunde något från ut när efter upp vi dem vara hej tack \
        mycket idag"),
    ("da", "og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi min havde ham hun \
        nu over da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle vil blev kunne hej tak meget"),
    ("pl", "i w z na do się nie jest to że o jak ale co po tak za od ja ty on ona my wy są był była być przez czy tylko \
        już dla przy mnie ci cześć dziękuję proszę bardzo dzień dobry może gdzie kiedy mam dzisiaj"),
    ("tr", "ve bir bu da de için ne çok ile gibi daha var ama o mi ben sen biz siz onlar değil olarak her kadar sonra en \
        merhaba teşekkürler teşekkür ederim evet hayır iyi nasıl nasılsın bugün şey yok ya"),
    ("id", "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya kamu anda dia mereka kami kita ada bisa \
        sudah atau ke oleh karena seperti lebih apa aku halo terima kasih selamat pagi sangat hari"),
    ("vi", "và của là có không được cho một trong người những với này các đã để từ khi tôi bạn anh em chúng ta nó cũng như \
        thì đó rất nhiều xin chào cảm ơn ở về ra vào lại hôm nay"),
    ("ru", "и в не на я что он с как это по но к у ты из мы за вы так же от она они для бы о до меня мне был была было есть \
        все его её или если когда только ещё уже нет да привет спасибо пожалуйста здравствуйте очень хорошо где кто \
        почему сегодня тебя"),
    ("uk", "і й в у не на я що він з як це по але до ти із ми за ви так же від вона вони для би о мене мені був була було є \
        все його її або якщо коли тільки ще вже ні привіт дякую дуже добре де хто чому та сьогодні"),
    ("bg", "и в не на аз че той с как това по но към у ти от ние за вие така тя те да ще е са си се съм беше има или ако \
        кога само още вече здравей здравейте благодаря моля много добре къде кой защо днес"),
];

static LANGUAGES_OF: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    let mut languages: HashMap<&'static str, u32> = HashMap::new();
    for (language, (_, words)) in LISTS.iter().enumerate() {
        for word in words.split_whitespace() {
            *languages.entry(word).or_default() |= 1 << language;
        }
    }
    languages
});

/// What the words of a text say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vote {
    /// The code of the language with the most words.
    pub(super) code: &'static str,
    /// 0 to 1: how far it leads the next, less if by few words.
    pub(super) confidence: f64,
}

/// Counts the words of each language, a word of several in parts (after Grefenstette 1995, "Comparing two language
/// identification schemes": short words tell languages apart). `None` where no language leads.
pub(super) fn vote<'a>(words: impl Iterator<Item = &'a str>) -> Option<Vote> {
    let mut counts = [0.0; LISTS.len()];
    for word in words {
        let languages = LANGUAGES_OF.get(word).copied().unwrap_or_default();
        for (language, count) in counts.iter_mut().enumerate() {
            if languages & (1 << language) != 0 {
                *count += 1.0 / f64::from(languages.count_ones());
            }
        }
    }
    let (mut best, mut first, mut second) = (0, 0.0, 0.0);
    for (language, &count) in counts.iter().enumerate() {
        if count > first {
            (best, first, second) = (language, count, first);
        } else if count > second {
            second = count;
        }
    }
    let (code, _) = LISTS.get(best)?;
    (first > second).then(|| Vote { code, confidence: (first - second) / (first + 1.0) })
}

/// Whether a word in lower case says little in a language, or in English.
pub(crate) fn is_common(word: &str, code: Option<&str>) -> bool {
    let languages = LANGUAGES_OF.get(word).copied().unwrap_or_default();
    LISTS.iter().enumerate().any(|(language, (of, _))| {
        languages & (1 << language) != 0 && (*of == "en" || code.is_some_and(|code| code == *of))
    })
}

/// Whether there is a list for a language.
pub(super) fn has_list(code: &str) -> bool {
    LISTS.iter().any(|(of, _)| *of == code)
}
