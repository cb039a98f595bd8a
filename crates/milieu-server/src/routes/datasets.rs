//! `/v1/datasets`.

use super::App;
use crate::answer::{Answer, Json, blocking};
use crate::datasets::{Piece, cut_off, declared};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use milieu_api::{ApiError, Dataset, DatasetList, read_name};
use milieu_types::ErrorCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};

/// Pieces of an upload that wait to be written.
const PIECES: usize = 8;
/// How long the rest of an upload that is too large is let come before it is cut off.
const LINGER: Duration = Duration::from_secs(2);

fn checked(name: &str) -> Result<(), ApiError> {
    read_name(name, "name", ErrorCode::InvalidParameter)
}

pub(super) async fn list(State(shared): App) -> Answer<DatasetList> {
    blocking(move || Ok(DatasetList { datasets: shared.datasets.list()? })).await
}

pub(super) async fn get(State(shared): App, Path(name): Path<String>) -> Answer<Dataset> {
    checked(&name)?;
    blocking(move || shared.datasets.get(&name)).await
}

pub(super) async fn delete(State(shared): App, Path(name): Path<String>) -> Answer<Dataset> {
    checked(&name)?;
    blocking(move || shared.jobs.remove_dataset(&shared.datasets, &name)).await
}

/// Hands the body on to a thread that writes it. Where the sender goes away, the pieces end without an end,
/// and nothing is stored.
pub(super) async fn upload(
    State(shared): App,
    Path(name): Path<String>,
    headers: HeaderMap,
    content: Body,
) -> Answer<Dataset> {
    checked(&name)?;
    let content_type =
        headers.get(header::CONTENT_TYPE).map_or(Some(""), |value| value.to_str().ok()).unwrap_or("?");
    let declared = declared(content_type).ok_or_else(|| {
        let message = format!(
            "the content type is {content_type}; a data set is application/zip, x-tar, gzip (of a tar), x-xz, \
             x-ndjson or octet-stream"
        );
        ApiError::new(ErrorCode::UnsupportedMediaType, message)
    })?;
    let most = shared.config.datasets.max_bytes;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > most) {
        return Err(too_large(most).into());
    }
    let patience = Duration::from_secs(shared.config.server.body_timeout_secs);
    let (pieces, mut arriving) = channel(PIECES);
    let of = Arc::clone(&shared);
    let storing =
        tokio::task::spawn_blocking(move || of.datasets.store(&name, declared, || arriving.blocking_recv()));
    let handed_on = hand_on(content, pieces, most, patience).await;
    // What was cut off is cleared away before the answer.
    let stored = storing.await;
    handed_on?;
    match stored {
        Ok(stored) => Ok(Json(stored?)),
        Err(error) => Err(ApiError::new(ErrorCode::Internal, error.to_string()).into()),
    }
}

fn too_large(most: u64) -> ApiError {
    ApiError::new(ErrorCode::BodyTooLarge, format!("the data set is larger than the limit of {most} bytes"))
}

async fn hand_on(
    content: Body,
    pieces: Sender<Piece>,
    most: u64,
    patience: Duration,
) -> Result<(), ApiError> {
    let mut content = content.into_data_stream();
    let mut total = 0;
    loop {
        let piece = match tokio::time::timeout(patience, content.next()).await {
            Err(_) => return Err(cut_off(format!("nothing came for {} seconds", patience.as_secs()))),
            Ok(None) => Piece::End,
            Ok(Some(Err(error))) => return Err(cut_off(format!("the upload was cut off: {error}"))),
            Ok(Some(Ok(bytes))) => {
                total += bytes.len() as u64;
                if total > most {
                    // A connection that is closed over unread bytes may lose the answer.
                    let rest = async { while let Some(Ok(_)) = content.next().await {} };
                    let _ = tokio::time::timeout(LINGER, rest).await;
                    return Err(too_large(most));
                }
                Piece::Bytes(bytes)
            }
        };
        let is_end = matches!(piece, Piece::End);
        // Whoever writes takes no more only where the disk failed, and says so.
        if pieces.send(piece).await.is_err() || is_end {
            return Ok(());
        }
    }
}
