//! Models from the hub of Hugging Face, or a mirror of it.
//!
//! hf-hub says where things are and who asks. The files themselves are read here, since its own download
//! puts files where names from the server's answers say, and takes any number of bytes.

use anyhow::{Context, Result, anyhow, bail};
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest description of a repository, in bytes.
const DESCRIPTION_BYTES: u64 = 8 << 20;
/// The most files of a repository.
const FILES: usize = 20_000;
/// How long the hub may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// `hf:ORG/NAME` or `hf:ORG/NAME@REVISION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) repository: String,
    pub(crate) revision: String,
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("hf:").ok_or("must begin with hf:")?;
        let (repository, revision) = rest.split_once('@').unwrap_or((rest, "main"));
        if repository.split('/').count() > 2 || !is_path(repository) {
            return Err(format!("{repository:?} is no name of a repository"));
        }
        if !is_path(revision) {
            return Err(format!("{revision:?} is no name of a revision"));
        }
        Ok(Self { repository: repository.to_owned(), revision: revision.to_owned() })
    }

    /// The last part of the name.
    pub(crate) fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }
}

/// Whether each part between slashes is a plain name: nothing that leads elsewhere, nothing to escape.
fn is_path(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.len() <= 256
        && text.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(fits))
}

/// A file of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// Its path in the repository.
    pub(crate) path: String,
    /// Its length, where the hub says it.
    pub(crate) size: Option<u64>,
    /// Its SHA-256 in hexadecimal, where the hub says it, which it does for large files.
    sha256: Option<String>,
}

/// A commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Its hash.
    pub(crate) commit: String,
    /// Its files; those with odd names are left out.
    pub(crate) files: Vec<RemoteFile>,
    /// The licence that its authors state.
    pub(crate) licence: Option<String>,
}

/// A repository of a hub.
pub(crate) struct Hub {
    endpoint: String,
    token: Option<String>,
    agent: ureq::Agent,
}

#[derive(Deserialize)]
struct Described {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Card {
    #[serde(default)]
    license: serde_json::Value,
}

impl Hub {
    pub(crate) fn new(endpoint: &str, token: Option<String>) -> Self {
        let agent = ureq::AgentBuilder::new()
            .try_proxy_from_env(true)
            .redirect_auth_headers(ureq::RedirectAuthHeaders::SameHost)
            .timeout_connect(PATIENCE)
            .timeout_read(PATIENCE)
            .timeout_write(PATIENCE)
            .build();
        Self { endpoint: endpoint.trim_end_matches('/').to_owned(), token, agent }
    }

    fn at(&self, repository: &str, revision: &str) -> Result<ApiRepo> {
        // Neither the cache is used, nor a token that lies beside it.
        let api = ApiBuilder::from_cache(Cache::new(PathBuf::new()))
            .with_endpoint(self.endpoint.clone())
            .with_token(self.token.clone())
            .with_user_agent("milieu", env!("CARGO_PKG_VERSION"))
            .build()
            .context("the hub's client cannot be made")?;
        Ok(api.repo(Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned())))
    }

    /// What is in a repository now.
    pub(crate) fn snapshot(&self, reference: &Reference) -> Result<Snapshot> {
        let request = self.at(&reference.repository, &reference.revision)?.info_request();
        let answer = request
            .query("blobs", "true")
            .timeout(PATIENCE)
            .call()
            .map_err(|error| explain(error, &reference.repository))?;
        let mut bytes = Vec::new();
        answer.into_reader().take(DESCRIPTION_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > DESCRIPTION_BYTES {
            bail!("the hub's description of {} exceeds {DESCRIPTION_BYTES} bytes", reference.repository);
        }
        describe(&bytes).with_context(|| format!("the hub's description of {}", reference.repository))
    }

    /// Downloads a file of at most `limit` bytes to `to`, going on where an earlier try was cut off. What is
    /// refused is removed; what is cut off stays, under the name with `.part`, for the next try.
    pub(crate) fn fetch(
        &self,
        repository: &str,
        commit: &str,
        file: &RemoteFile,
        limit: u64,
        to: &Path,
        heard: impl Fn(u64),
    ) -> Result<()> {
        if to.is_file() {
            return Ok(());
        }
        let limit = file.size.unwrap_or(limit).min(limit);
        let part = PathBuf::from(format!("{}.part", to.display()));
        let have = fs::metadata(&part).map_or(0, |found| found.len());
        let at = self.at(repository, commit)?;
        let mut request = self.agent.get(&at.url(&file.path)).set("accept-encoding", "identity");
        let asked = at.info_request();
        for header in ["authorization", "user-agent"] {
            if let Some(value) = asked.header(header) {
                request = request.set(header, value);
            }
        }
        if have > 0 {
            request = request.set("range", &format!("bytes={have}-"));
        }
        let answer = match request.call() {
            // All was there already, or more than all.
            Err(ureq::Error::Status(416, _)) if have > 0 => {
                if file.size != Some(have) {
                    fs::remove_file(&part)?;
                    bail!("what an earlier try left of {} does not fit; it is removed, try again", file.path);
                }
                return finish(&part, file, to);
            }
            answer => answer.map_err(|error| explain(error, &file.path))?,
        };
        let goes_on = answer.status() == 206;
        let start = if goes_on { have } else { 0 };
        if goes_on
            && !answer
                .header("content-range")
                .is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
        {
            bail!("the hub sent another part of {} than was asked for", file.path);
        }
        let mut out = File::options().create(true).append(true).open(&part)?;
        out.set_len(start)?;
        let mut size = start;
        let mut reader = answer.into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(anyhow!(error).context(format!("{} was cut off at byte {size}", file.path)));
                }
            };
            size += read as u64;
            if size > limit {
                drop(out);
                fs::remove_file(&part)?;
                bail!("{} exceeds the limit of {limit} bytes", file.path);
            }
            out.write_all(&buffer[..read])?;
            heard(read as u64);
        }
        out.sync_all()?;
        if let Some(expected) = file.size.filter(|&expected| expected != size) {
            bail!("{} was cut off at byte {size} of {expected}", file.path);
        }
        finish(&part, file, to)
    }
}

/// Compares a whole download with its checksum and gives it its name.
fn finish(part: &Path, file: &RemoteFile, to: &Path) -> Result<()> {
    if let Some(expected) = &file.sha256 {
        let mut hasher = Sha256::new();
        std::io::copy(&mut File::open(part)?, &mut hasher)?;
        let found = hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        if found != *expected {
            fs::remove_file(part)?;
            bail!("the checksum of {} is {found}, the hub says {expected}", file.path);
        }
    }
    fs::rename(part, to)?;
    Ok(())
}

fn describe(bytes: &[u8]) -> Result<Snapshot> {
    let described: Described = serde_json::from_slice(bytes)?;
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    };
    if !is_hex(&described.sha, 40) {
        bail!("{:?} is no hash of a commit", described.sha);
    }
    if described.siblings.len() > FILES {
        bail!("{} files, the limit is {FILES}", described.siblings.len());
    }
    let file = |sibling: Sibling| RemoteFile {
        path: sibling.rfilename,
        size: sibling.size,
        sha256: sibling.lfs.and_then(|lfs| lfs.sha256).filter(|hash| is_hex(hash, 64)),
    };
    let files = described.siblings.into_iter().filter(|sibling| is_path(&sibling.rfilename)).map(file);
    let licence = described.card.and_then(|card| Some(card.license.as_str()?.to_owned()));
    Ok(Snapshot {
        commit: described.sha,
        files: files.collect(),
        licence: licence.filter(|licence| licence.len() <= 256),
    })
}

fn explain(error: ureq::Error, what: &str) -> anyhow::Error {
    match error {
        ureq::Error::Status(401 | 403, _) => {
            anyhow!(
                "the hub does not give {what} to everybody: HF_TOKEN must be set, or terms be accepted there"
            )
        }
        ureq::Error::Status(404, _) => anyhow!("the hub has no {what}, or not in this revision"),
        ureq::Error::Status(status, _) => anyhow!("the hub answered {status} when asked for {what}"),
        ureq::Error::Transport(error) => anyhow!(error).context("the hub cannot be reached"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn references() {
        fn check(text: &str, expected: Option<(&str, &str)>) {
            let found = Reference::parse(text).ok();
            let found = found.as_ref().map(|found| (found.repository.as_str(), found.revision.as_str()));
            assert_eq!(found, expected, "{text}");
        }
        check("hf:org/name", Some(("org/name", "main")));
        check("hf:name", Some(("name", "main")));
        check("hf:org/name@refs/pr/1", Some(("org/name", "refs/pr/1")));
        check("org/name", None);
        check("hf:", None);
        check("hf:org/name/more", None);
        check("hf:../name", None);
        check("hf:org/name@", None);
        check("hf:org/name@a..b", Some(("org/name", "a..b")));
        check("hf:org/name@../x", None);
        check("hf:org/na me", None);
    }

    #[test]
    fn descriptions() {
        fn check(text: &str, expected: Result<&[&str], &str>) {
            match (describe(text.as_bytes()), expected) {
                (Ok(found), Ok(expected)) => {
                    let paths: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
                    assert_eq!(paths, expected);
                }
                (Err(found), Err(expected)) => assert!(found.to_string().contains(expected), "{found}"),
                (found, _) => panic!("{found:?} where {expected:?} was expected"),
            }
        }
        let with = |sha: &str, names: &[&str]| {
            let siblings: Vec<_> = names.iter().map(|name| serde_json::json!({"rfilename": name})).collect();
            serde_json::json!({"sha": sha, "siblings": siblings}).to_string()
        };
        let sha = "a".repeat(40);
        check(&with(&sha, &["onnx/model.onnx", "config.json"]), Ok(&["onnx/model.onnx", "config.json"]));
        check(&with(&sha, &["../x", "/x", "a//b", ".git", "a b", "a?b"]), Ok(&[]));
        check(&with("../../etc", &[]), Err("no hash of a commit"));
        check(&with(&sha, &vec!["f"; 20_001]), Err("20001 files"));
        check("<html>", Err("expected value"));
    }
}
