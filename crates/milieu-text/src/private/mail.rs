//! Addresses of mail.

use super::{Found, PrivateKind, written::Written};

/// The longest parts before and behind the `@` (RFC 5321, 4.5.3.1).
const LOCAL_PART: usize = 64;
const DOMAIN: usize = 255;
/// The longest name of a top domain that is believed.
const TOP_DOMAIN: usize = 24;

/// Endings of files that are named like addresses: `icon@2x.png`.
const FILES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"];

pub(super) fn find(written: &Written, found: &mut Vec<Found>) {
    for at in (0..written.len()).filter(|&at| written.get(at) == Some('@')) {
        if let (Some(start), Some(end)) = (local_part(written, at), domain(written, at + 1)) {
            found.push(Found { kind: PrivateKind::Email, start, end });
        }
    }
}

/// Where the part before an `@` starts.
fn local_part(written: &Written, at: usize) -> Option<usize> {
    let before = written.part(at.saturating_sub(LOCAL_PART), at);
    let of_local = |&c: &char| is_of_name(c) || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let from = at - before.iter().rev().take_while(|c| of_local(c)).count();
    let start = (from..at).find(|&place| written.get(place).is_some_and(|c| is_of_name(c) || c == '_'))?;
    // `@ann@example.com` is the name of somebody on another server.
    let is_whole = written.before(start) != Some('@') && written.before(at) != Some('.');
    is_whole.then_some(start)
}

/// The place behind the domain that starts at a place.
fn domain(written: &Written, from: usize) -> Option<usize> {
    let rest = written.part(from, (from + DOMAIN).min(written.len()));
    let length = rest.iter().take_while(|&&c| is_of_name(c) || matches!(c, '.' | '-')).count();
    let labels: Vec<&[char]> =
        rest.get(..length)?.split(|&c| c == '.').take_while(|label| is_label(label)).collect();
    // Whatever follows a top domain, as in `b.com.2nd`, is not of the address.
    let count = labels.iter().rposition(|label| is_top(label))? + 1;
    let labels = labels.get(..count).filter(|labels| labels.len() > 1)?;
    Some(from + labels.iter().map(|label| label.len() + 1).sum::<usize>() - 1)
}

fn is_label(label: &[char]) -> bool {
    label.first().is_some_and(|&c| c != '-')
}

fn is_top(label: &[char]) -> bool {
    let name: String = label.iter().collect::<String>().to_lowercase();
    let letters = label.iter().all(|c| c.is_alphabetic());
    (2..=TOP_DOMAIN).contains(&label.len())
        && (letters || name.starts_with("xn--"))
        && !FILES.contains(&name.as_str())
}

/// Letters and digits of scripts that part words; others stand beside addresses without a space.
fn is_of_name(c: char) -> bool {
    c < '\u{0590}' && c.is_alphanumeric()
}
