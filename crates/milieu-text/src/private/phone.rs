//! Numbers of phones.

use super::{
    Found, PrivateKind, nearby,
    written::{Number, Written},
};

/// Digits of an international number, with the code of the country (ITU-T E.164, 6.2).
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 8..=15;
/// What stands between groups of digits of one number.
const MARKS: [char; 3] = [' ', '-', '.'];

pub(super) fn find(written: &Written, found: &mut Vec<Found>) {
    for start in 0..written.len() {
        let end = match written.get(start) {
            Some('+') => international(written, start),
            Some('(') => in_brackets(written, start),
            Some('0'..='9') if written.starts(start) => national(written, start),
            _ => None,
        };
        let Some(end) = end.filter(|&end| written.ends(end)) else { continue };
        if written.get(start) == Some('+') || !nearby::is_amount(written, start, end) {
            written.add(PrivateKind::Phone, start, end, found);
        }
    }
}

/// The place behind a number that starts with `+` and the code of a country.
fn international(written: &Written, start: usize) -> Option<usize> {
    if !written.starts(start) || matches!(written.before(start), Some('+' | ')')) {
        return None;
    }
    let (mut digits, mut groups, mut best) = (Vec::new(), Vec::new(), None);
    let mut at = start + 1;
    loop {
        let from = at;
        while let Some(digit) = written.get(at).and_then(|c| c.to_digit(10)).filter(|_| digits.len() < 16) {
            digits.push(digit as u8);
            at += 1;
        }
        if at == from || digits.len() > *INTERNATIONAL.end() {
            return best;
        }
        groups.push(at - from);
        if is_international(&digits) && !is_thousands(&groups, &digits) && !written.is_digit(at) {
            best = Some(at);
        }
        let marks = (0..3).take_while(|&next| {
            written.get(at + next).is_some_and(|c| MARKS.contains(&c) || matches!(c, '(' | ')'))
        });
        at += marks.count();
    }
}

fn is_international(digits: &[u8]) -> bool {
    let rest = |from: usize| digits.get(from..).unwrap_or_default();
    match digits {
        [1, ..] => is_american(rest(1)),
        [8, 6, 0, ..] => is_chinese_line(rest(2)),
        [8, 6, 1, 3..=9, ..] => is_chinese_mobile(rest(2)),
        [8, 6, ..] => (11..=13).contains(&digits.len()),
        _ => INTERNATIONAL.contains(&digits.len()) && is_country(digits),
    }
}

/// Whether digits start with the code of a country (ITU-T E.164, "List of assigned country codes").
fn is_country(digits: &[u8]) -> bool {
    matches!(
        digits,
        [7, ..]
            | [2, 0 | 7, ..] | [3, 0..=4 | 6 | 9, ..] | [4, 0 | 1 | 3..=9, ..] | [5, 1..=8, ..]
            | [6, 0..=6, ..] | [8, 1 | 2 | 4 | 6, ..] | [9, 0..=5 | 8, ..]
            | [2, 1, 1 | 2 | 3 | 6 | 8, ..] | [2, 2..=6, ..] | [2, 9, 0 | 1 | 7..=9, ..]
            | [3, 5 | 7, ..] | [3, 8, 0..=3 | 5..=7 | 9, ..] | [4, 2, 0 | 1 | 3, ..] | [5, 0 | 9, ..]
            | [6, 7..=9, ..] | [8, 0 | 5 | 7 | 8, ..] | [9, 6 | 7 | 9, ..]
    )
}

/// `+20 000 000` is more of something.
fn is_thousands(groups: &[usize], digits: &[u8]) -> bool {
    groups.len() > 1 && groups.iter().skip(1).all(|&length| length == 3) && digits.ends_with(&[0, 0, 0])
}

/// Ten digits of the North American plan: area and exchange start with 2 to 9, and neither ends in 11 (NANPA).
fn is_american(digits: &[u8]) -> bool {
    let begins = |from: usize| digits.get(from).is_some_and(|&digit| digit >= 2);
    let service = |from: usize| digits.get(from..from + 2) == Some(&[1, 1]);
    digits.len() == 10 && begins(0) && begins(3) && !service(1) && !service(4)
}

fn is_chinese_mobile(digits: &[u8]) -> bool {
    digits.len() == 11 && matches!(digits, [1, 3..=9, ..])
}

/// A Chinese line: areas of three digits have numbers of eight, those of four numbers of seven or eight.
fn is_chinese_line(digits: &[u8]) -> bool {
    match digits {
        [0, 1, 0, first, ..] | [0, 2, 0..=9, first, ..] => *first > 0 && digits.len() == 11,
        [0, 3..=9, _, _, first, ..] => *first > 0 && (11..=12).contains(&digits.len()),
        _ => false,
    }
}

/// The place behind `(212) 555-0123` or `(010) 12345678`.
fn in_brackets(written: &Written, start: usize) -> Option<usize> {
    let area = written.number(start + 1);
    let (&length, &close) = (area.lengths.first()?, area.ends.first()?);
    if !matches!(length, 3 | 4) || written.get(close) != Some(')') {
        return None;
    }
    let from = close + 1 + usize::from(matches!(written.get(close + 1), Some(' ' | '-')));
    if !written.is_digit(from) {
        return None;
    }
    let line = written.number(from);
    let end = line
        .in_groups(&[3, 4], &MARKS)
        .or_else(|| line.in_groups(&[4, 4], &MARKS))
        .or_else(|| line.ends.first().copied())?;
    let digits: Vec<u8> =
        written.part(start, end).iter().filter_map(|c| c.to_digit(10)).map(|digit| digit as u8).collect();
    (is_american(&digits) || is_chinese_line(&digits)).then_some(end)
}

/// The place behind a number without the code of a country, or with one and no `+`.
fn national(written: &Written, start: usize) -> Option<usize> {
    let number = written.number(start);
    let end = chinese_mobile(&number)
        .or_else(|| american(&number))
        .or_else(|| chinese_line(&number))
        .or_else(|| bare_american(&number).filter(|_| nearby::says_phone(written, start)))?;
    (!nearby::says_thing(written, start)).then_some(end)
}

/// A Chinese mobile number in one piece or in its usual groups, with 86 or 0086 before it or not.
fn chinese_mobile(number: &Number) -> Option<usize> {
    const GROUPS: [&[usize]; 4] = [&[11], &[3, 4, 4], &[4, 3, 4], &[3, 3, 5]];
    let code = match number.digits.as_slice() {
        [8, 6, ..] => 2,
        [0, 0, 8, 6, ..] => 4,
        _ => 0,
    };
    if !is_chinese_mobile(number.digits.get(code..code + 11)?) {
        return None;
    }
    if code > 0 && number.lengths.first() == Some(&(code + 11)) {
        return number.ends.first().copied();
    }
    GROUPS.iter().find_map(|groups| {
        if code == 0 {
            return number.in_groups(groups, &MARKS);
        }
        let lengths: Vec<usize> = std::iter::once(code).chain(groups.iter().copied()).collect();
        let end = number.ends.get(lengths.len() - 1).copied();
        end.filter(|_| number.lengths.starts_with(&lengths))
    })
}

/// `212-555-0123`, with a 1 before it or not. With spaces alone, round areas and exchanges are rather amounts.
fn american(number: &Number) -> Option<usize> {
    let code = usize::from(number.lengths.starts_with(&[1, 3, 3, 4]) && number.digits.first() == Some(&1));
    let lengths = number.lengths.get(code..)?;
    let marks = number.marks.get(code..code + 2)?;
    let digits = number.digits.get(code..code + 10)?;
    let round = digits.get(1..3) == Some(&[0, 0]) || digits.get(4..6) == Some(&[0, 0]);
    let amounts = round && marks.iter().all(|&mark| mark == ' ');
    (lengths.starts_with(&[3, 3, 4]) && is_american(digits) && !amounts)
        .then(|| number.ends.get(code + 2).copied())
        .flatten()
}

/// `010-12345678`, `0755-8888 8888`.
fn chinese_line(number: &Number) -> Option<usize> {
    if number.marks.first() != Some(&'-') || !matches!(number.lengths.first(), Some(3 | 4)) {
        return None;
    }
    let groups = if matches!(number.lengths.get(1), Some(3 | 4)) { 3 } else { 2 };
    let count: usize = number.lengths.get(..groups)?.iter().sum();
    is_chinese_line(number.digits.get(..count)?).then(|| number.ends.get(groups - 1).copied()).flatten()
}

fn bare_american(number: &Number) -> Option<usize> {
    let digits = number.digits.get(..*number.lengths.first()?)?;
    let digits = if digits.len() == 11 { digits.strip_prefix(&[1])? } else { digits };
    is_american(digits).then(|| number.ends.first().copied()).flatten()
}
