//! A request's way back to its caller.

use crate::shadow::{Agreement, ShadowTarget};
use crate::{InferError, Tensor};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// What a model gave for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One tensor for each output, in the signature's order.
    pub outputs: Arc<Vec<Tensor>>,
    /// The version that gave them.
    pub version: Arc<str>,
    /// How long the request waited before it was run.
    pub waited: Duration,
    /// How long the run took that it was part of; the last one, if it was run more than once.
    pub ran: Duration,
    /// Rows of that run, those of other requests included.
    pub batch_rows: usize,
}

/// A request that is under way. It can be awaited on any runtime, or waited for by a thread.
#[derive(Debug)]
#[must_use = "a request whose answer nobody waits for is not run"]
pub struct Pending(oneshot::Receiver<Result<Answer, InferError>>);

impl Pending {
    pub(super) fn new(receiver: oneshot::Receiver<Result<Answer, InferError>>) -> Self {
        Self(receiver)
    }

    /// Blocks the thread until the answer is there.
    ///
    /// # Errors
    /// [`InferError::TimedOut`], [`InferError::Run`]; [`InferError::Closed`] when the version is gone.
    ///
    /// # Panics
    /// Within an asynchronous task, where the answer is to be awaited instead.
    pub fn wait(self) -> Result<Answer, InferError> {
        self.0.blocking_recv().unwrap_or(Err(InferError::Closed))
    }
}

impl Future for Pending {
    type Output = Result<Answer, InferError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|received| received.unwrap_or(Err(InferError::Closed)))
    }
}

/// Where an answer goes.
pub(super) enum Reply {
    Caller {
        sender: oneshot::Sender<Result<Answer, InferError>>,
        shadow: Option<ShadowTarget>,
    },
    /// The answer is compared with what the live version gave, and dropped.
    Shadow {
        expected: Arc<Vec<Tensor>>,
        agreement: Arc<Agreement>,
    },
}

impl Reply {
    /// Whether nobody waits for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        matches!(self, Self::Caller { sender, .. } if sender.is_closed())
    }

    /// Sends the answer; `inputs` are those of the request.
    pub(super) fn send(self, inputs: Arc<Vec<Tensor>>, answer: Result<Answer, InferError>) {
        match self {
            Self::Caller { sender, shadow } => {
                let outputs = answer.as_ref().ok().map(|answer| answer.outputs.clone());
                // Nobody may be waiting any more, and then nobody misses it.
                let _ = sender.send(answer);
                if let (Some(shadow), Some(outputs)) = (shadow, outputs) {
                    shadow.offer(inputs, outputs);
                }
            }
            Self::Shadow { expected, agreement } => match answer {
                Ok(answer) => agreement.compare(&expected, &answer.outputs),
                Err(_) => agreement.failed(),
            },
        }
    }
}
