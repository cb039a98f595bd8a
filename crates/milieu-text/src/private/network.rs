//! Addresses of machines.

use super::{Found, PrivateKind, nearby, written::Written};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Characters of the longest addresses.
const LONGEST_4: usize = 15;
const LONGEST_6: usize = 45;
/// Groups of 16 bits from which a shortened address is no name of a program (`abc::def`).
const FEWEST_GROUPS: usize = 3;

pub(super) fn find(written: &Written, found: &mut Vec<Found>) {
    for start in 0..written.len() {
        if let Some(end) = version_4(written, start).or_else(|| version_6(written, start)) {
            let leading = usize::from(written.get(start) == Some(':') && written.get(start + 1) != Some(':'));
            found.push(Found { kind: PrivateKind::IpAddress, start: start + leading, end });
        }
    }
}

/// The place behind an IPv4 address: four numbers up to 255 without leading zeros. Four single digits are as often a
/// version or a price, and have to be named an address or be in a link.
fn version_4(written: &Written, start: usize) -> Option<usize> {
    if !written.is_digit(start) || !written.starts(start) || written.before(start) == Some('.') {
        return None;
    }
    let rest = written.part(start, (start + LONGEST_4 + 1).min(written.len()));
    let length = rest.iter().take_while(|c| c.is_ascii_digit() || **c == '.').count();
    let text: String = rest.get(..length)?.iter().collect();
    let text = text.trim_end_matches('.');
    let address: Ipv4Addr = text.parse().ok()?;
    let end = start + text.len();
    let is_own = address.is_loopback() || address.is_unspecified();
    let is_short = text.len() == 7 && !written.is_in_link(start) && !nearby::says_machine(written, start);
    (!is_own && !is_short && written.ends(end) && !nearby::says_version(written, start)).then_some(end)
}

/// The place behind an IPv6 address, with a colon before it or not.
fn version_6(written: &Written, start: usize) -> Option<usize> {
    let of_address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let first = written.get(start).filter(|&c| of_address(c) && c != '.')?;
    let before = written.before(start);
    if before.is_some_and(of_address) || (first != ':' && !written.starts(start)) {
        return None;
    }
    let rest = written.part(start, (start + LONGEST_6 + 3).min(written.len()));
    let length = rest.iter().take_while(|c| of_address(**c)).count();
    let text: String = rest.get(..length)?.iter().collect();
    let own_colon = |text: &str| text.starts_with(':') && !text.starts_with("::");
    let text = if own_colon(&text) { text.get(1..)? } else { &text };
    let shift = usize::from(first == ':' && !text.starts_with("::"));
    let text = text.trim_end_matches('.');
    let text = if text.ends_with("::") { text } else { text.trim_end_matches(':') };
    let address: Ipv6Addr = text.parse().ok()?;
    let end = start + shift + text.len();
    let groups = text.split(':').filter(|group| !group.is_empty());
    let count = groups.clone().count();
    // Eight bytes with colons are the name of an interface (EUI-64).
    let is_interface = count == 8 && groups.clone().all(|group| group.len() == 2);
    let says_much = count >= FEWEST_GROUPS || text.contains(|c: char| c.is_ascii_digit());
    let is_own = address.is_loopback() || address.is_unspecified();
    (says_much && !is_own && !is_interface && written.ends(end)).then_some(end)
}
