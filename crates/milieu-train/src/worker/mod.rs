//! Training in a process of its own: the stream in, the progress out.

mod frame;
mod protocol;
mod run;

pub use frame::FrameError;
pub use protocol::{Job, JobReader, JobWriter, ProtocolError};
pub use run::{ACTIONS, ACTIONS_FILE, COLLABORATIVE, ITEMS_FILE, NEXT, SERVED_FILE, WorkerError, run};
