//! Words before a number that say what it is.

use super::written::Written;

/// Characters before a number in which its word stands.
const NEAR: usize = 20;

/// Words of numbers of things.
const THINGS: [&str; 26] = [
    "order",
    "invoice",
    "tracking",
    "ticket",
    "serial",
    "sku",
    "isbn",
    "ref",
    "reference",
    "id",
    "item",
    "case",
    "part",
    "订单",
    "订单号",
    "单号",
    "编号",
    "流水号",
    "序列号",
    "型号",
    "货号",
    "条码",
    "訂單",
    "單號",
    "編號",
    "qq",
];
/// Words of phones.
const PHONES: [&str; 17] = [
    "phone", "call", "tel", "text", "cell", "mobile", "whatsapp", "sms", "dial", "fax", "ring", "电话",
    "手机", "電話", "手機", "联系", "致电",
];
/// Words of social security.
const SOCIAL: [&str; 3] = ["ssn", "social security", "social"];
/// Words of versions and of parts of documents.
const VERSIONS: [&str; 9] =
    ["version", "ver", "release", "build", "firmware", "section", "chapter", "版本", "版本号"];
/// Words of machines.
const MACHINES: [&str; 7] = ["ip", "dns", "address", "server", "host", "ping", "地址"];
/// Signs of money.
const MONEY: [char; 7] = ['$', '¥', '€', '£', '₩', '₹', '￥'];
/// Words behind amounts.
const AMOUNTS: [&str; 10] = ["元", "块", "円", "万", "亿", "%", "usd", "eur", "rmb", "dollars"];

/// Whether the word before a number says that it is that of a thing.
pub(super) fn says_thing(written: &Written, at: usize) -> bool {
    written.before(at) == Some('#') || says(written, at, &THINGS)
}

/// Whether the word before a number says that it is that of a phone.
pub(super) fn says_phone(written: &Written, at: usize) -> bool {
    says(written, at, &PHONES)
}

/// Whether the word before a number is of social security.
pub(super) fn says_social(written: &Written, at: usize) -> bool {
    says(written, at, &SOCIAL)
}

/// Whether the word before a number is of a version.
pub(super) fn says_version(written: &Written, at: usize) -> bool {
    says(written, at, &VERSIONS)
}

/// Whether the word before a number is of a machine.
pub(super) fn says_machine(written: &Written, at: usize) -> bool {
    says(written, at, &MACHINES)
}

/// Whether a number is an amount: a sign of money before it, or a word of amounts behind it.
pub(super) fn is_amount(written: &Written, start: usize, end: usize) -> bool {
    let sign = |c: Option<char>| c.is_some_and(|c| MONEY.contains(&c));
    let before = written.before(start);
    let spaced = before == Some(' ') && sign(written.before(start - 1));
    let behind: String = written.part(end, (end + 9).min(written.len())).iter().collect();
    let behind = behind.trim_start().to_lowercase();
    sign(before) || spaced || AMOUNTS.iter().any(|word| behind.starts_with(word))
}

/// Whether one of these words stands before a number with no other number and no end of a clause between them.
fn says(written: &Written, at: usize, words: &[&str]) -> bool {
    let near = written.part(at.saturating_sub(NEAR), at);
    let parted = |c: &char| c.is_ascii_digit() || matches!(c, ',' | ';' | '!' | '?' | '\n' | '、' | '。');
    let from = near.iter().rposition(parted).map_or(0, |parted| parted + 1);
    let near: String = near.get(from..).unwrap_or_default().iter().flat_map(|c| c.to_lowercase()).collect();
    words.iter().any(|word| {
        near.match_indices(word).any(|(start, _)| {
            let goes_on = |c: Option<char>| word.is_ascii() && c.is_some_and(|c| c.is_ascii_alphabetic());
            let behind = near.get(start + word.len()..).unwrap_or_default();
            !goes_on(near.get(..start).and_then(|before| before.chars().next_back()))
                && !goes_on(behind.trim_start_matches("ing").trim_start_matches('s').chars().next())
        })
    })
}
