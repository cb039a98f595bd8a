//! Training in a process of its own: the stream in, the progress out.

mod frame;
mod protocol;

pub use frame::FrameError;
pub use protocol::{Job, JobReader, JobWriter, ProtocolError};
