//! Panics of an engine become errors, and its recursion gets room: its code meets models and inputs from
//! anywhere.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The stack of a thread on which an engine loads or runs a model, in bytes; taken only as far as it is
/// used. rten recurses over the operators of a model when it plans a run, and a stack that is used up ends
/// the process. It is enough for chains of [`MOST_NODES`](crate::outline::MOST_NODES).
pub(crate) const STACK: usize = 64 << 20;

/// Runs it; the message of a panic otherwise. What it had borrowed must bear being left half done.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| message(&*panic))
}

/// Like [`guarded`], on a thread with a stack of [`STACK`].
pub(super) fn guarded_with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("milieu-load".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, run).map_err(|error| error.to_string())?;
        thread.join().map_err(|panic| message(&*panic))
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}
