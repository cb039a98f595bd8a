//! How soon an event shows in the next feed.

use super::super::live::http::Client;
use super::super::live::process::Server;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::time::Instant;

/// Leaves out what everybody is proposed: whether followed items are ranked above it is the model's
/// business, and not how soon they are there.
const OWN_SOURCES: &str = "&disable=trending,popular,fresh,explore";

/// Milliseconds from the event's request until a feed has come that reflects it, by trial.
pub(crate) struct Times {
    /// A liked entry leaves the feed.
    pub(crate) like: Vec<f64>,
    /// A new user follows an author, whose items come by the source `followed`.
    pub(crate) follow: Vec<f64>,
}

pub(crate) fn measure(server: &Server, users: u32, trials: u32) -> Result<Times> {
    let mut client = server.client()?;
    let mut times = Times { like: Vec::new(), follow: Vec::new() };
    for trial in 0..trials {
        let user = format!("u{}", (u64::from(trial) * 7919 + 13) % u64::from(users));
        let liked = first(&feed(&mut client, &user, "")?, |_| true)
            .with_context(|| format!("the feed of {user} is empty"))?;
        let event = format!(r#"{{"type":"like","actor":"{user}","object":"{liked}"}}"#);
        let gone = |feed: &Value| first(feed, |id| id == liked).is_none();
        times.like.push(until(&mut client, &event, &user, "", gone)?);

        let newcomer = format!("newcomer{trial}");
        let author = author_of_newest(&mut client, trial as usize)?;
        feed(&mut client, &newcomer, "")?;
        let event = format!(r#"{{"type":"follow","actor":"{newcomer}","object":"{author}"}}"#);
        let followed = |feed: &Value| {
            feed["items"]
                .as_array()
                .is_some_and(|items| items.iter().any(|item| item["source"] == "followed"))
        };
        times.follow.push(until(&mut client, &event, &newcomer, OWN_SOURCES, followed)?);
    }
    Ok(times)
}

fn feed(client: &mut Client, user: &str, query: &str) -> Result<Value> {
    client.json("GET", &format!("/v1/feed/{user}{query}"), "")
}

fn first(feed: &Value, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let ids = feed["items"].as_array()?.iter().filter_map(|item| item["id"].as_str());
    ids.filter(|id| wanted(id)).map(str::to_owned).next()
}

fn author_of_newest(client: &mut Client, skip: usize) -> Result<String> {
    let newest = feed(client, "nobody", "?order=chronological&full=true&limit=100")?;
    let item = &newest["items"][skip % 100]["item"];
    Ok(item["author"].as_str().context("a newest item without an author")?.to_owned())
}

/// Posts the event and asks for feeds until one reflects it.
fn until(
    client: &mut Client,
    event: &str,
    user: &str,
    query: &str,
    reflects: impl Fn(&Value) -> bool,
) -> Result<f64> {
    let start = Instant::now();
    client.json("POST", "/v1/events", event)?;
    loop {
        // Deep enough that a followed author with little to show is on the page.
        let feed = feed(client, user, &format!("?limit=100{query}"))?;
        let elapsed = start.elapsed().as_secs_f64() * 1e3;
        if reflects(&feed) {
            return Ok(elapsed);
        }
        ensure!(elapsed < 10_000.0, "{event} did not show in the feed within ten seconds");
    }
}
