//! Panics of an engine become errors: its code meets models and inputs from anywhere.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs it; the message of a panic otherwise. What it had borrowed must bear being left half done.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}
