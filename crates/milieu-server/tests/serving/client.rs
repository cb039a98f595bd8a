//! A server on a free port in this process, and a client of a few lines.

use milieu_registry::Registry;
use milieu_server::config::Layers;
use milieu_server::store::models_dir;
use milieu_server::{Server, listen};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// The registry of a data directory.
pub(crate) fn registry(data: &Path) -> Registry {
    Registry::open(models_dir(data)).unwrap()
}

impl Running {
    /// With rten and one thread, so that the figures are the same everywhere.
    pub(crate) fn start(data: &Path, settings: &[&str]) -> Self {
        let fixed = ["training.enabled=false", "inference.engine=rten", "inference.threads=1"];
        let layers =
            fixed.iter().chain(settings).fold(Layers::new(), |layers, setting| layers.flag(setting).unwrap());
        let listener = listen("127.0.0.1:0", false).unwrap();
        let server = Server::open(data, layers.finish().unwrap(), listener, None, |_, _| ()).unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let stop = async move {
                let _ = stopped.await;
            };
            server.run(stop).unwrap();
        };
        let thread = Some(std::thread::spawn(run));
        Self { address, stop: Some(stop), thread }
    }

    pub(crate) fn call(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
        call(self.address, method, path, headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Reply {
        self.call("POST", path, &[], body)
    }

    /// Sends JSON, expects success, gives the JSON.
    pub(crate) fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.call(method, path, &["content-type: application/json"], body.as_bytes());
        assert_eq!(reply.status, 200, "{method} {path}: {}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server did not end well");
        }
    }
}

pub(crate) fn call(address: SocketAddr, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses a body by its length may close before it has read it.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_off(end + 4);
    Reply { status, head, body }
}
