//! One kept connection to a server: enough HTTP/1.1 for a benchmark.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("connecting to the server")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self { stream: BufReader::new(stream), request: Vec::new() })
    }

    /// Sends a request and gives status and body of the answer.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.stream.get_mut().write_all(&self.request)?;
        let (mut status, mut length, mut line) = (0, None, String::new());
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the server closed the connection");
            }
            let text = line.trim_end().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(value) = text.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            } else if let Some(rest) = text.strip_prefix("http/1.1 ") {
                status = rest.get(..3).context("a short status line")?.parse()?;
            }
        }
        let mut answer = vec![0; length.context("an answer without a length")?];
        self.stream.read_exact(&mut answer)?;
        Ok((status, answer))
    }

    /// Sends a request, expects success and gives the JSON of the answer.
    pub(crate) fn json(&mut self, method: &str, path: &str, body: &str) -> Result<Value> {
        let (status, answer) = self.call(method, path, body.as_bytes())?;
        if status != 200 {
            bail!("{method} {path} gave {status}: {}", String::from_utf8_lossy(&answer));
        }
        serde_json::from_slice(&answer).context("an answer that is no JSON")
    }
}
