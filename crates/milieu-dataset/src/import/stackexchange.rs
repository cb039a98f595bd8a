//! A Stack Exchange data dump: `Users.xml`, `Posts.xml`, `Comments.xml`, `Votes.xml`, one `<row/>` a
//! line.
//!
//! * Questions and answers are items: title and body as text without HTML, cut at the longest text
//!   allowed; author where the dump still knows one; an answer carries its question's tags and answers
//!   it (`reply_to`). Other posts (tag wikis and the like) are left out.
//! * An answer is a `reply` of its author to the question, with the answer as target. A comment is a
//!   `reply` of its author to the post, with its text in the context as `{"text":...}`.
//! * Ties: the first time A answers a question of B, or comments on a post of B, A comes to `follow` B.
//!   The dump has no follows; attention paid in public is the nearest to one.
//! * Votes are anonymous but for favourites, which are a `save`. An accepted answer is a `like` of it by
//!   the question's author. All other votes are left out and counted: there is nobody to give them to.
//! * Times are UTC; votes have a day only. User -1, the site's own, is not suggested to anybody.

use super::out::{Out, event_id, id, plain_event, plain_item, plain_user};
use super::text::{strip_html, truncate};
use super::{Reader, time};
use milieu_types::validate::{MAX_TAG_BYTES, MAX_TEXT_BYTES};
use milieu_types::{Event, EventKind, Timestamp};
use quick_xml::events::Event as Xml;
use rustc_hash::FxHashMap;

const USERS: usize = 0;
const POSTS: usize = 1;
const COMMENTS: usize = 2;

/// The vote by which a question's author accepts an answer.
const VOTE_ACCEPTED: &str = "1";
/// The vote that marks a favourite.
const VOTE_FAVOURITE: &str = "5";

/// How many attributes of a row are read; the dumps have about 20.
const MAX_ATTRIBUTES: usize = 64;

#[derive(Default)]
pub(super) struct StackExchange {
    posts: FxHashMap<i32, Post>,
    /// Sets of tags as the dump writes them, shared by all posts that have them.
    tag_sets: Vec<String>,
    tag_numbers: FxHashMap<String, u32>,
    /// Who follows whom from when on.
    ties: FxHashMap<(i32, i32), Timestamp>,
}

/// What later rows need to know of a post, in a few bytes.
#[derive(Clone, Copy)]
struct Post {
    owner: Option<i32>,
    parent: Option<i32>,
    tags: Option<u32>,
}

impl Reader for StackExchange {
    fn line(&mut self, role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.starts_with("<row") {
            let frame = line.starts_with('<') && line.ends_with('>');
            return if frame { Ok(()) } else { Err("is no <row .../>".to_owned()) };
        }
        let row = Row::parse(line)?;
        match role {
            USERS => user(&row, out),
            POSTS => self.post(&row, out),
            COMMENTS => self.comment(&row, out),
            _ => self.vote(&row, out),
        }
    }

    fn finish(&mut self, out: &mut Out) {
        // The earliest sign of a tie may stand in Posts or in Comments, so ties wait for both.
        let mut ties: Vec<_> = self.ties.drain().collect();
        ties.sort_unstable_by_key(|&(pair, since)| (since, pair));
        for ((from, to), since) in ties {
            if follow(from, to, since).and_then(|event| out.event(event)).is_err() {
                out.skip("ties out of the range of times");
            }
        }
    }
}

impl StackExchange {
    fn post(&mut self, row: &Row, out: &mut Out) -> Result<(), String> {
        let (number, at) = (row.number("Id")?, row.time()?);
        let kind = row.get("PostTypeId").unwrap_or_default();
        if kind != "1" && kind != "2" {
            out.skip("posts that are neither question nor answer");
            return Ok(());
        }
        let owner = row.optional_number("OwnerUserId")?;
        let parent = row.optional_number("ParentId")?;
        let question = parent.and_then(|parent| self.posts.get(&parent)).copied();
        let tags = match row.get("Tags") {
            Some(tags) => Some(self.tag_set(tags)),
            None => question.and_then(|question| question.tags),
        };
        self.posts.insert(number, Post { owner, parent, tags });

        let mut item = plain_item(id("Id", &number.to_string())?, at);
        item.author = owner.map(|owner| id("OwnerUserId", &owner.to_string())).transpose()?;
        item.text = post_text(row);
        item.tags =
            tags.and_then(|set| self.tag_sets.get(set as usize)).map_or_else(Vec::new, |set| split_tags(set));
        item.reply_to = parent.map(|parent| id("ParentId", &parent.to_string())).transpose()?;
        out.item(item)?;

        if let (Some(owner), Some(parent)) = (owner, parent) {
            let made = event_id("stackexchange", &["answer", &number.to_string()])?;
            let (actor, object) =
                (id("OwnerUserId", &owner.to_string())?, id("ParentId", &parent.to_string())?);
            let mut event = plain_event(made, EventKind::Reply, actor, object, at);
            event.target = Some(id("Id", &number.to_string())?);
            out.event(event)?;
            self.tie(owner, question.and_then(|question| question.owner), at);
        }
        Ok(())
    }

    fn comment(&mut self, row: &Row, out: &mut Out) -> Result<(), String> {
        let (number, post, at) = (row.number("Id")?, row.number("PostId")?, row.time()?);
        let Some(user) = row.optional_number("UserId")? else {
            out.skip("comments of users who are gone");
            return Ok(());
        };
        let Some(known) = self.posts.get(&post).copied() else {
            out.skip("comments on posts that are not in the dump");
            return Ok(());
        };
        let made = event_id("stackexchange", &["comment", &number.to_string()])?;
        let (actor, object) = (id("UserId", &user.to_string())?, id("PostId", &post.to_string())?);
        let mut event = plain_event(made, EventKind::Reply, actor, object, at);
        let text = truncate(row.get("Text").unwrap_or_default(), 2000);
        event.context = Some(serde_json::json!({ "text": text }).to_string());
        out.event(event)?;
        self.tie(user, known.owner, at);
        Ok(())
    }

    fn vote(&mut self, row: &Row, out: &mut Out) -> Result<(), String> {
        let (number, post, at) = (row.number("Id")?, row.number("PostId")?, row.time()?);
        let known = self.posts.get(&post).copied();
        let (kind, actor) = match row.get("VoteTypeId").unwrap_or_default() {
            VOTE_ACCEPTED => {
                let question = known.and_then(|answer| self.posts.get(&answer.parent?));
                (EventKind::Like, question.and_then(|question| question.owner))
            }
            VOTE_FAVOURITE => (EventKind::Save, row.optional_number("UserId")?),
            _ => {
                out.skip("anonymous votes");
                return Ok(());
            }
        };
        let Some(actor) = actor.filter(|_| known.is_some()) else {
            out.skip("votes on posts or of users that are not in the dump");
            return Ok(());
        };
        let made = event_id("stackexchange", &["vote", &number.to_string()])?;
        let (actor, object) = (id("UserId", &actor.to_string())?, id("PostId", &post.to_string())?);
        out.event(plain_event(made, kind, actor, object, at))
    }

    /// The number of a set of tags.
    fn tag_set(&mut self, tags: &str) -> u32 {
        if let Some(&number) = self.tag_numbers.get(tags) {
            return number;
        }
        let number = u32::try_from(self.tag_sets.len()).unwrap_or(u32::MAX);
        self.tag_sets.push(tags.to_owned());
        self.tag_numbers.insert(tags.to_owned(), number);
        number
    }

    fn tie(&mut self, from: i32, to: Option<i32>, at: Timestamp) {
        if let Some(to) = to.filter(|&to| to != from) {
            let since = self.ties.entry((from, to)).or_insert(at);
            *since = at.min(*since);
        }
    }
}

fn follow(from: i32, to: i32, since: Timestamp) -> Result<Event, String> {
    let (from, to) = (from.to_string(), to.to_string());
    let made = event_id("stackexchange", &["follow", &from, &to])?;
    Ok(plain_event(made, EventKind::Follow, id("UserId", &from)?, id("UserId", &to)?, since))
}

fn user(row: &Row, out: &mut Out) -> Result<(), String> {
    let number = row.number("Id")?;
    let mut user = plain_user(id("Id", &number.to_string())?, row.time()?);
    let name = row.get("DisplayName").unwrap_or_default().trim();
    user.name = Some(truncate(name, MAX_TAG_BYTES).to_owned()).filter(|name| !name.is_empty());
    user.discoverable = number >= 0;
    out.user(user)
}

fn post_text(row: &Row) -> Option<String> {
    let body = strip_html(row.get("Body").unwrap_or_default());
    let mut text = match row.get("Title") {
        Some(title) if body.is_empty() => title.to_owned(),
        Some(title) => format!("{title}\n\n{body}"),
        None => body,
    };
    text.truncate(truncate(&text, MAX_TEXT_BYTES).len());
    Some(text).filter(|text| !text.is_empty())
}

/// `<a><b>` (to 2023) or `|a|b|` (since).
fn split_tags(tags: &str) -> Vec<String> {
    tags.split(['<', '>', '|'])
        .filter(|tag| (1..=MAX_TAG_BYTES).contains(&tag.len()))
        .map(str::to_owned)
        .collect()
}

/// The attributes of a row, unescaped.
struct Row(Vec<(String, String)>);

impl Row {
    fn parse(line: &str) -> Result<Self, String> {
        let broken = |reason: String| format!("broken XML: {reason}");
        let mut reader = quick_xml::Reader::from_str(line);
        let Xml::Empty(row) = reader.read_event().map_err(|error| broken(error.to_string()))? else {
            return Err(broken("the row does not end on its line".to_owned()));
        };
        let mut attributes = Vec::with_capacity(16);
        for attribute in row.attributes().with_checks(false).take(MAX_ATTRIBUTES) {
            let attribute = attribute.map_err(|error| broken(error.to_string()))?;
            let name = attribute.key.as_ref().to_owned();
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                .map_err(|error| broken(error.to_string()))?;
            attributes.push((name, value.into_owned()));
        }
        Ok(Self(attributes))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn optional_number(&self, name: &str) -> Result<Option<i32>, String> {
        self.get(name)
            .map(|text| text.parse().map_err(|_| format!("{name}: not a number: {text:.20}")))
            .transpose()
    }

    fn number(&self, name: &str) -> Result<i32, String> {
        self.optional_number(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    fn time(&self) -> Result<Timestamp, String> {
        let text = self.get("CreationDate").ok_or("CreationDate is missing")?;
        time::parse(text).map_err(|reason| format!("CreationDate: {reason}"))
    }
}
