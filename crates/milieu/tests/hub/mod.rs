//! A hub on loopback: one repository, which may be cut off, lie about sizes and send anything.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A file, and how it is given.
#[derive(Clone)]
pub(crate) struct HubFile {
    pub(crate) path: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The size that the description says; the true one where it is `None`.
    pub(crate) said: Option<u64>,
    /// The checksum that the description says; the true one where it is `None`.
    pub(crate) checksum: Option<String>,
}

impl HubFile {
    pub(crate) fn new(path: &'static str, bytes: &[u8]) -> Self {
        Self { path, bytes: bytes.to_vec(), said: None, checksum: None }
    }

    fn described(&self) -> Value {
        let checksum = self.checksum.clone().unwrap_or_else(|| {
            Sha256::digest(&self.bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        });
        let size = self.said.unwrap_or(self.bytes.len() as u64);
        match self.path.ends_with(".onnx") {
            true => json!({"rfilename": self.path, "size": size, "lfs": {"sha256": checksum, "size": size}}),
            false => json!({"rfilename": self.path, "size": size}),
        }
    }
}

struct State {
    files: Vec<HubFile>,
    /// How many answers with a model file end in the middle.
    cuts: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

pub(crate) struct Hub {
    pub(crate) url: String,
    state: Arc<State>,
}

impl Hub {
    /// Serves `org/mini` until the process ends.
    pub(crate) fn start(files: Vec<HubFile>, cuts: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State { files, cuts: AtomicUsize::new(cuts), requests: Mutex::default() });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                // A client that goes away in the middle is no failure of the hub.
                std::thread::spawn(move || drop(answer(&shared, stream)));
            }
        });
        Self { url, state }
    }

    /// Method and path of each request so far, then its range and whether it was signed.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }
}

fn answer(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let line = lines.next().transpose()?.unwrap_or_default();
    let path = line.split(' ').nth(1).unwrap_or("").to_owned();
    let (mut range, mut signed) = (None, "");
    for header in lines.map_while(Result::ok).take_while(|header| !header.is_empty()) {
        let header = header.to_ascii_lowercase();
        if let Some(start) = header.strip_prefix("range: bytes=") {
            range = start.trim_end_matches('-').parse::<usize>().ok();
        }
        if header == "authorization: bearer secret" {
            signed = " signed";
        }
    }
    let from = range.map_or_else(String::new, |start| format!(" from {start}"));
    state.requests.lock().unwrap().push(format!("{path}{from}{signed}"));
    if path.starts_with("/api/models/org/mini/revision/main") {
        let siblings: Vec<Value> = state.files.iter().map(HubFile::described).collect();
        let body =
            json!({"sha": COMMIT, "siblings": siblings, "cardData": {"license": "apache-2.0"}}).to_string();
        return send(&mut stream, "200 OK", &[], body.as_bytes(), body.len());
    }
    // Large files lie elsewhere, as on the real hub.
    let resolve = format!("/org/mini/resolve/{COMMIT}/");
    if let Some(name) = path.strip_prefix(&resolve)
        && name.ends_with(".onnx")
    {
        return send(&mut stream, "302 Found", &[format!("location: /elsewhere/{name}")], b"", 0);
    }
    let name = path.strip_prefix(&resolve).or_else(|| path.strip_prefix("/elsewhere/"));
    let Some(file) = state.files.iter().find(|file| Some(file.path) == name) else {
        return send(&mut stream, "404 Not Found", &[], b"no such thing", 13);
    };
    let start = range.unwrap_or(0);
    if start > 0 && start >= file.bytes.len() {
        return send(&mut stream, "416 Range Not Satisfiable", &[], b"", 0);
    }
    let rest = &file.bytes[start..];
    let cut = file.path.ends_with(".onnx")
        && state.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    let given = if cut { &rest[..rest.len() / 2] } else { rest };
    let last = file.bytes.len() - 1;
    let part = format!("content-range: bytes {start}-{last}/{}", file.bytes.len());
    match range {
        Some(_) => send(&mut stream, "206 Partial Content", &[part], given, rest.len()),
        None => send(&mut stream, "200 OK", &[], given, rest.len()),
    }
}

fn send(
    stream: &mut TcpStream,
    status: &str,
    headers: &[String],
    body: &[u8],
    length: usize,
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)
}
