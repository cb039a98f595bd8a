//! Signed triads between two people.

use super::ledger::Person;

/// Kinds of triads: two directions and two signs at each end.
pub(super) const KINDS: usize = 16;

/// How many people stand in each of the sixteen ways between giver and receiver (Leskovec, Huttenlocher & Kleinberg 2010, section
/// 3.1). A kind's number is made of four bits: whether the giver was judged (8) and did not judge, whether the receiver judged
/// (4) and was not judged, whether the first of the two was bad (2), and the second (1).
pub(super) fn triads(giver: &Person, receiver: &Person) -> [u32; KINDS] {
    let mut counts = [0; KINDS];
    for (a, near) in [&giver.given, &giver.got].into_iter().enumerate() {
        for (b, far) in [&receiver.got, &receiver.given].into_iter().enumerate() {
            common(near, far, |x, y| {
                counts[a * 8 + b * 4 + usize::from(x < 0.0) * 2 + usize::from(y < 0.0)] += 1;
            });
        }
    }
    counts
}

/// Hands over both values of each key that is in both lists, which ascend.
fn common(near: &[(u32, f32)], far: &[(u32, f32)], mut each: impl FnMut(f32, f32)) {
    let (mut near, mut far) = (near.iter().peekable(), far.iter().peekable());
    while let (Some(a), Some(b)) = (near.peek(), far.peek()) {
        if a.0 == b.0 {
            each(a.1, b.1);
        }
        let (left, right) = (a.0 <= b.0, b.0 <= a.0);
        if left {
            near.next();
        }
        if right {
            far.next();
        }
    }
}
