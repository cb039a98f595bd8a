//! Child processes of this same binary: started with limits, listened to, ended by whoever holds the handle.

use parking_lot::Mutex;
use rustix::process::{Pid, getpriority_process, setpriority_process};
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// The longest line that is listened to; the rest of a longer one is passed over.
const MOST_LINE: u64 = 64 << 10;
/// How often a child is asked whether it has ended, once it has nothing more to say.
const PATIENCE: Duration = Duration::from_millis(5);

/// How much of the machine a child may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Threads of its computations; 0 for one a core.
    pub threads: usize,
    /// By how much its priority is lower than the server's, 0 to 19.
    pub nice: u8,
}

/// A child process that another thread can end.
#[derive(Debug, Default)]
pub struct ChildHandle {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    child: Option<Child>,
    stopped: bool,
}

impl ChildHandle {
    /// Starts the child and gives what `take` takes of it, such as its pipes. A handle that was stopped
    /// before starts nothing.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::Interrupted`] for a handle that was stopped.
    pub fn start<T>(
        &self,
        command: &mut Command,
        limits: Limits,
        take: impl FnOnce(&mut Child) -> Option<T>,
    ) -> io::Result<T> {
        let mut held = self.held.lock();
        if held.stopped {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if limits.threads > 0 {
            command.env("RAYON_NUM_THREADS", limits.threads.to_string());
        }
        let mut child = command.spawn()?;
        if limits.nice > 0 {
            lower(&child, limits.nice);
        }
        let taken = take(&mut child);
        held.child = Some(child);
        drop(held);
        taken.ok_or_else(|| {
            self.stop();
            io::Error::other("the process has no pipes")
        })
    }

    /// Ends the child at once, now or when it is started.
    pub fn stop(&self) {
        let mut held = self.held.lock();
        held.stopped = true;
        if let Some(child) = &mut held.child {
            // One that has ended by itself cannot be ended again, which is no harm.
            let _ = child.kill();
        }
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.held.lock().stopped
    }

    /// Waits until the child has ended. Called when its pipes are read to their end, so it is not long.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        loop {
            // The lock is let go in between, so that the child can be stopped meanwhile.
            match &mut self.held.lock().child {
                None => return Err(io::Error::other("no process was started")),
                Some(child) => {
                    if let Some(status) = child.try_wait()? {
                        return Ok(status);
                    }
                }
            }
            std::thread::sleep(PATIENCE);
        }
    }
}

/// Lowers the priority of a child that has only begun: the threads it starts later inherit it.
fn lower(child: &Child, nice: u8) {
    let lowered = getpriority_process(None).and_then(|own| {
        setpriority_process(Some(Pid::from_child(child)), own.saturating_add(i32::from(nice)).min(19))
    });
    if let Err(error) = lowered {
        tracing::warn!(%error, "the priority of a child process cannot be lowered");
    }
}

/// Hands over each line of a child's output, until it ends. Blank lines are left out.
pub fn each_line(output: impl Read, mut each: impl FnMut(&str)) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    let mut whole = true;
    loop {
        line.clear();
        match reader.by_ref().take(MOST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let begins = std::mem::replace(&mut whole, line.ends_with(b"\n"));
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if begins && !text.is_empty() {
            each(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;
    use std::time::Instant;

    fn start(handle: &ChildHandle, script: &str, limits: Limits) -> io::Result<std::process::ChildStdout> {
        let mut command = Command::new("sh");
        handle.start(command.args(["-c", script]).stdout(Stdio::piped()), limits, |child| child.stdout.take())
    }

    fn heard(output: impl Read) -> Vec<String> {
        let mut lines = Vec::new();
        each_line(output, |line| lines.push(line.chars().take(20).collect()));
        lines
    }

    #[test]
    fn a_child_is_heard_to_its_end() {
        let handle = ChildHandle::default();
        let limits = Limits { threads: 3, nice: 0 };
        let output = start(&handle, "echo one; echo; printf $RAYON_NUM_THREADS; exit 4", limits).unwrap();
        assert_eq!(heard(output), ["one", "3"]);
        assert_eq!(handle.wait().unwrap().code(), Some(4));
    }

    #[test]
    fn a_child_is_slower_by_as_much_as_was_asked_for() {
        let own = getpriority_process(None).unwrap();
        let handle = ChildHandle::default();
        // A breath first: the priority is set right after the start.
        let output = start(&handle, "sleep 0.2; nice", Limits { threads: 0, nice: 3 }).unwrap();
        assert_eq!(heard(output), [(own + 3).min(19).to_string()]);
    }

    #[test]
    fn a_child_is_stopped() {
        let handle = ChildHandle::default();
        let output = start(&handle, "echo on; exec sleep 60", Limits::default()).unwrap();
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| heard(output));
            handle.stop();
            assert_eq!(handle.wait().unwrap().code(), None);
        });
        assert!(begun.elapsed() < Duration::from_secs(30) && handle.is_stopped());
        let again = start(&handle, "true", Limits::default()).map(|_| ());
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn lines() {
        let long = "x".repeat(3 * MOST_LINE as usize);
        let text = format!("a\r\n\n{long}\nb\u{fffd}\nend");
        assert_eq!(heard(text.as_bytes()), ["a", &"x".repeat(20), "b\u{fffd}", "end"]);
        assert_eq!(heard(&b"\xff\n"[..]), ["\u{fffd}"]);
    }
}
