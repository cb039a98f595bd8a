//! The life of a server: open, serve, drain, flush, end.

use crate::config::Config;
use crate::datasets::Datasets;
use crate::jobs::{self, Jobs};
use crate::metrics::Metrics;
use crate::models;
use crate::receipts::ReceiptStore;
use crate::relations::{self, Relations};
use crate::routes::router;
use crate::serving::Serving;
use crate::state::{Shared, SharedWorld, now};
use crate::store::{Opened, Store, models_dir};
use crate::training::{self, Trainer};
use crate::understanding::{self, ChangedTexts, Understanding};
use crate::work::Work;
use milieu_eventlog::LogError;
use milieu_feed::Engine;
use milieu_registry::{Registry, RegistryError};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Why a server could not start or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The models cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The engine that was asked for is not there.
    #[error(transparent)]
    Engine(#[from] milieu_inference::EngineError),
    /// A setting of the feed.
    #[error(transparent)]
    Feed(#[from] milieu_feed::ConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// Requests from elsewhere would be let in without any key.
    #[error(
        "{0} is not a loopback address, and nothing asks callers for a key yet; --allow-insecure-bind allows it"
    )]
    Insecure(String),
    /// A thread or a socket failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A server that has opened its data and listens, but answers nobody yet.
pub struct Server {
    shared: Arc<Shared>,
    listener: std::net::TcpListener,
    address: SocketAddr,
    opened: Opened,
}

/// Listens on the configured address. Port 0 takes a free one.
///
/// # Errors
/// [`ServeError::Bind`]; [`ServeError::Insecure`] for an address that others reach, unless `insecure`.
pub fn listen(address: &str, insecure: bool) -> Result<std::net::TcpListener, ServeError> {
    let bind = |source| ServeError::Bind { address: address.to_owned(), source };
    let listener = std::net::TcpListener::bind(address).map_err(bind)?;
    listener.set_nonblocking(true).map_err(bind)?;
    if !insecure && !listener.local_addr().map_err(bind)?.ip().is_loopback() {
        return Err(ServeError::Insecure(address.to_owned()));
    }
    Ok(listener)
}

impl Server {
    /// Opens the data directory and starts the log. `progress` hears how the replay goes.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn open(
        data: &Path,
        config: Config,
        listener: std::net::TcpListener,
        work: Option<Work>,
        progress: impl FnMut(u64, u64),
    ) -> Result<Self, ServeError> {
        let address = listener.local_addr()?;
        let engine = Engine::new(config.feed.clone())?;
        let Store { log, world, snapshots, opened } = Store::open(data, &config.log, progress)?;
        let changed_texts = config.understanding.terms.then(ChangedTexts::default);
        let world = Arc::new(SharedWorld::new(world, changed_texts));
        let sink = Arc::clone(&world);
        let writer = log.start(Box::new(move |records| sink.apply(records)))?;
        let registry_dir = models_dir(data);
        let receipts = ReceiptStore::open(&data.join("receipts"), config.receipts.retention_mb << 20)?;
        engine.begin_receipts_at(receipts.next_page(now()));
        let registry = Registry::open(&registry_dir)?;
        let serving = Arc::new(Serving::open(registry.clone(), &config)?);
        let relations = Relations::open(data, log.last_seq());
        let shared = Arc::new(Shared {
            world,
            engine,
            log,
            writer: RwLock::new(Some(writer)),
            snapshots,
            snapshot_seq: AtomicU64::new(opened.snapshot),
            registry,
            registry_dir,
            models: Mutex::new(BTreeMap::new()),
            receipts,
            work,
            serving,
            trainer: Trainer::default(),
            datasets: Datasets::open(data.join("datasets"))?,
            jobs: Jobs::open(data.join("jobs"), &config)?,
            understanding: Understanding::new(data.join("understood")),
            relations,
            metrics: Metrics::default(),
            ready: AtomicBool::new(true),
            config,
        });
        if let Err(error) = models::load_models(&shared) {
            // A damaged model must not keep the server down: the feed works without one.
            tracing::error!(error, "the serving model cannot be used");
        }
        shared.serving.look();
        Ok(Self { shared, listener, address, opened })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How the world came to be.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Answers requests until `stop` is done; then takes no more connections, finishes what is under
    /// way, closes the log and writes a snapshot.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let Self { shared, listener, .. } = self;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if shared.config.server.threads > 0 {
            runtime.worker_threads(shared.config.server.threads);
        }
        let runtime = runtime.enable_all().build()?;
        let of_trainer = Arc::clone(&shared);
        let trainer =
            std::thread::Builder::new().name("training".into()).spawn(move || training::run(&of_trainer))?;
        let workers = (0..shared.config.jobs.parallel).map(|_| {
            let of_jobs = Arc::clone(&shared);
            std::thread::Builder::new().name("jobs".into()).spawn(move || jobs::run(&of_jobs))
        });
        let workers: Vec<_> = workers.collect::<Result<_, _>>()?;
        let of_snapshots = Arc::clone(&shared);
        let snapshots = std::thread::Builder::new()
            .name("snapshots".into())
            .spawn(move || snapshot_now_and_then(&of_snapshots))?;
        let of_models = Arc::clone(&shared);
        let models = std::thread::Builder::new()
            .name("models".into())
            .spawn(move || look_at_models_now_and_then(&of_models))?;
        let of_items = Arc::clone(&shared);
        let items =
            std::thread::Builder::new().name("items".into()).spawn(move || understanding::run(&of_items))?;
        let of_terms = Arc::clone(&shared);
        let terms = std::thread::Builder::new()
            .name("terms".into())
            .spawn(move || understanding::follow(&of_terms))?;
        let of_people = Arc::clone(&shared);
        let people =
            std::thread::Builder::new().name("people".into()).spawn(move || relations::run(&of_people))?;
        runtime.block_on(answer(&shared, listener, stop))?;
        runtime.shutdown_timeout(Duration::from_secs(1));

        for worker in workers {
            drop(worker.join());
        }
        drop(trainer.join());
        if let Some(writer) = shared.writer.write().take() {
            writer.close()?;
        }
        shared.receipts.close();
        shared.write_snapshot()?;
        drop(snapshots.join());
        drop(models.join());
        drop(items.join());
        drop(terms.join());
        drop(people.join());
        Ok(())
    }
}

async fn answer(
    shared: &Arc<Shared>,
    listener: std::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let listener = TcpListener::from_std(listener)?;
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let of_stop = Arc::clone(shared);
    let service = router(Arc::clone(shared));
    // Signals are listened to before the first request is answered: who asks the server to stop then must be heard.
    let mut stop = Box::pin(stop);
    let stops_at_once =
        std::future::poll_fn(|context| Poll::Ready(stop.as_mut().poll(context).is_ready())).await;
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        if !stops_at_once {
            stop.await;
        }
        of_stop.ready.store(false, Ordering::Release);
        of_stop.trainer.stop();
        of_stop.jobs.stop();
        // Nobody waits for it where serving ended by itself.
        let _ = stopping.send(true);
    });
    let patience = Duration::from_secs(shared.config.server.shutdown_secs);
    let overdue = async move {
        if stopped.wait_for(|&stopped| stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(patience).await;
    };
    tokio::select! {
        ended = serving.into_future() => ended?,
        () = overdue => tracing::warn!("requests are still open and are cut off"),
    }
    Ok(())
}

/// Writes a snapshot after so many records, and when nothing came for a while.
fn snapshot_now_and_then(shared: &Shared) {
    let config = &shared.config.snapshot;
    let (mut seen, mut quiet) = (shared.log.last_seq(), 0);
    while shared.ready.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(250));
        let last = shared.log.last_seq();
        quiet = if last == seen { quiet + 1 } else { 0 };
        seen = last;
        let behind = last.saturating_sub(shared.snapshot_seq.load(Ordering::Acquire));
        let idle = quiet / 4 >= config.idle_secs;
        if (behind >= config.every_records || (behind > 0 && idle))
            && let Err(error) = shared.write_snapshot()
        {
            tracing::error!(%error, "a snapshot could not be written");
            // The next attempt after another while.
            quiet = 0;
            std::thread::sleep(Duration::from_secs(5));
        }
    }
}

/// Finds what other processes changed in the registry.
fn look_at_models_now_and_then(shared: &Shared) {
    let pause = Duration::from_millis(shared.config.inference.poll_millis);
    let mut last = Instant::now();
    let mut marks = models::marks(shared);
    while shared.ready.load(Ordering::Acquire) {
        std::thread::sleep(pause.min(Duration::from_millis(250)));
        if last.elapsed() >= pause {
            shared.serving.look();
            let found = models::marks(shared);
            if found != marks
                && let Err(error) = models::load_models(shared)
            {
                tracing::error!(error, "a model of the feed cannot be used");
            }
            (marks, last) = (found, Instant::now());
        }
    }
}

/// Done at the first SIGINT or SIGTERM. The second ends the process at once.
pub async fn signal() {
    wait_for_signal().await;
    eprintln!("stopping; once more ends at once");
    tokio::spawn(async {
        wait_for_signal().await;
        std::process::exit(130);
    });
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
