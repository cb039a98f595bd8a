//! What the server tells the training process: one job, then the records of the log.

use super::frame::{self, FrameError};
use crate::TrainConfig;
use milieu_eventlog::{RecordError, decode_record, encode_record};
use milieu_types::{Record, Seq, Timestamp};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// What to do. The first frame of the stream, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The directory of the registry to publish into.
    pub registry: PathBuf,
    /// The time to train as of, and to write into the manifests.
    pub at: Timestamp,
    /// About how many records will come; decides where the recent part begins.
    pub records: u64,
    /// The settings.
    pub config: TrainConfig,
}

/// Why the input of the training process cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The stream is torn or no stream of frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The first frame is no job.
    #[error("the job cannot be read: {0}")]
    Job(String),
    /// A frame is no record.
    #[error("record {seq}: {source}")]
    Record {
        /// Its place in the log.
        seq: Seq,
        /// Why.
        source: RecordError,
    },
    /// The records are not in the order of the log.
    #[error("record {found} follows record {last}")]
    Order {
        /// The record before.
        last: Seq,
        /// The record met.
        found: Seq,
    },
}

/// The server's side of the stream.
#[derive(Debug)]
pub struct JobWriter<W> {
    output: W,
    bytes: Vec<u8>,
}

impl<W: Write> JobWriter<W> {
    /// Begins the stream with the job. `output` should be buffered.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(mut output: W, job: &Job) -> io::Result<Self> {
        frame::write(&mut output, &serde_json::to_vec(job)?)?;
        Ok(Self { output, bytes: Vec::new() })
    }

    /// Sends a record; records go in the order of the log.
    ///
    /// # Errors
    /// What the writer says; a broken pipe where the training process died.
    pub fn record(&mut self, seq: Seq, record: &Record) -> io::Result<()> {
        let record = encode_record(record).map_err(io::Error::other)?;
        self.bytes.clear();
        self.bytes.extend_from_slice(&seq.to_le_bytes());
        self.bytes.extend_from_slice(&record);
        frame::write(&mut self.output, &self.bytes)
    }

    /// Says that this was all. Without it the training process gives up.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> io::Result<()> {
        frame::finish(&mut self.output)
    }
}

/// The training process's side of the stream: the job, and an iterator over the records.
#[derive(Debug)]
pub struct JobReader<R> {
    /// The job.
    pub job: Job,
    input: R,
    buffer: Vec<u8>,
    last: Seq,
    over: bool,
}

impl<R: Read> JobReader<R> {
    /// Reads the job. `input` should be buffered.
    ///
    /// # Errors
    /// [`ProtocolError::Frame`] or [`ProtocolError::Job`].
    pub fn new(mut input: R) -> Result<Self, ProtocolError> {
        let mut buffer = Vec::new();
        if !frame::read(&mut input, &mut buffer)? {
            return Err(ProtocolError::Job("there is none".into()));
        }
        let job = serde_json::from_slice(&buffer).map_err(|e| ProtocolError::Job(e.to_string()))?;
        Ok(Self { job, input, buffer, last: 0, over: false })
    }

    fn read(&mut self) -> Result<Option<(Seq, Record)>, ProtocolError> {
        if !frame::read(&mut self.input, &mut self.buffer)? {
            return Ok(None);
        }
        let Some((seq, bytes)) = self.buffer.split_first_chunk() else {
            return Err(ProtocolError::Record { seq: self.last + 1, source: RecordError::Empty });
        };
        let seq = Seq::from_le_bytes(*seq);
        if seq <= self.last {
            return Err(ProtocolError::Order { last: self.last, found: seq });
        }
        self.last = seq;
        let record = decode_record(bytes).map_err(|source| ProtocolError::Record { seq, source })?;
        Ok(Some((seq, record)))
    }
}

impl<R: Read> Iterator for JobReader<R> {
    type Item = Result<(Seq, Record), ProtocolError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.read().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_types::Id;

    fn job() -> Job {
        Job {
            registry: "models".into(),
            at: Timestamp::from_secs(1_800_000_000),
            records: 3,
            config: TrainConfig::default(),
        }
    }

    fn record(name: &str) -> Record {
        Record::DeleteItem { id: Id::new(name).unwrap(), at: Timestamp::from_secs(1) }
    }

    fn stream(seqs: &[Seq]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = JobWriter::new(&mut bytes, &job()).unwrap();
        for &seq in seqs {
            writer.record(seq, &record(&seq.to_string())).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn what_is_sent_is_read() {
        let bytes = stream(&[1, 2, 7]);
        let reader = JobReader::new(bytes.as_slice()).unwrap();
        assert_eq!(reader.job, job());
        let records: Result<Vec<_>, _> = reader.collect();
        assert_eq!(records.unwrap(), [(1, record("1")), (2, record("2")), (7, record("7"))]);
    }

    #[test]
    fn broken_streams_end_with_an_error() {
        fn check(bytes: &[u8], expected: &str) {
            let end = JobReader::new(bytes).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
            assert_eq!(end.unwrap_err().to_string(), expected);
        }
        let whole = stream(&[1, 2]);
        check(&[], "the training data ends in the middle");
        check(&[0; 4], "the job cannot be read: there is none");
        check(&whole[..whole.len() - 4], "the training data ends in the middle");
        check(&whole[..whole.len() - 6], "the training data ends in the middle");
        check(&stream(&[2, 1]), "record 1 follows record 2");
        let mut altered = whole.clone();
        let at = altered.len() - 4 - encode_record(&record("2")).unwrap().len();
        altered[at] = 99;
        let error = RecordError::UnknownVersion(99);
        check(&altered, &format!("record 2: {error}"));
    }
}
