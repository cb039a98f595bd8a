//! Folding tags that many users gave to an item into the item's own tags.

use super::text::truncate;
use milieu_types::validate::MAX_TAG_BYTES;
use rustc_hash::FxHashMap;

/// How many of the tags given to an item it keeps, the most frequent ones.
const KEPT: usize = 16;
/// How many different tags of an item are counted; later new ones are not.
const COUNTED: usize = 256;

/// Tags given to items, with how often.
#[derive(Default)]
pub(super) struct GivenTags(FxHashMap<String, Vec<(String, u32)>>);

impl GivenTags {
    /// Counts a tag, without regard to case.
    pub(super) fn add(&mut self, item: &str, tag: &str) {
        let tag = truncate(tag.trim(), MAX_TAG_BYTES).to_lowercase();
        if tag.is_empty() || tag.len() > MAX_TAG_BYTES {
            return;
        }
        if !self.0.contains_key(item) {
            self.0.insert(item.to_owned(), Vec::new());
        }
        let Some(tags) = self.0.get_mut(item) else { return };
        if let Some((_, count)) = tags.iter_mut().find(|(known, _)| *known == tag) {
            *count += 1;
        } else if tags.len() < COUNTED {
            tags.push((tag, 1));
        }
    }

    /// The item's most frequent tags appended to `tags`, none twice.
    pub(super) fn append(&mut self, item: &str, tags: &mut Vec<String>) {
        let mut given = self.0.remove(item).unwrap_or_default();
        given.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        for (tag, _) in given.into_iter().take(KEPT) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_frequent_first() {
        let mut given = GivenTags::default();
        for tag in ["Funny", "funny", "boxing", "", "drama"] {
            given.add("7", tag);
        }
        let mut tags = vec!["drama".to_owned()];
        given.append("7", &mut tags);
        assert_eq!(tags, ["drama", "funny", "boxing"]);
    }
}
