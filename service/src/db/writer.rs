//! The one writer of a SQLite database.
//!
//! The engine admits one at a time, and writers that fight for it starve each other. So the writes queue for
//! one connection, and what has queued up meanwhile is committed together: one flush to disk for many, each
//! still atomic through a savepoint.

use super::connect::open;
use super::{Scope, Write};
use crate::metrics::{self, Started};
use crate::turn::Turn;
use crate::{Context, Error, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, Span};

/// The most writes committed together.
const BATCH: usize = 64;
/// How long the writer waits for a failed connection to close.
const CLOSE: Duration = Duration::from_secs(5);
/// How many writes may wait for the one writer.
const QUEUE: usize = 1024;
/// How long a write may wait: longer than a batch takes on a slow disk.
const WAIT: Duration = Duration::from_secs(1);

/// Takes writes and has them committed one after the other. Cheap to clone; the writer stops with the last
/// clone.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Box<dyn Job>>);

impl Writer {
    /// Opens the connection that writes from now on.
    pub(super) async fn start(options: ConnectOptions) -> Result<Self, DbErr> {
        let connection = open(options.clone()).await?;
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(work(queue, connection, options));
        Ok(Self(sender))
    }

    /// Answers once `write` is committed, or why it is not.
    pub(super) async fn write<W: Write>(&self, context: Context, write: W) -> Result<W::Output> {
        let (reply, answer) = oneshot::channel();
        let turn = Turn::default();
        let started = Started::default();
        let span = Span::current();
        let job = Box::new(Queued { write, context, turn: turn.clone(), span, started, result: None, reply });
        self.0.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::Internal("the writer has stopped".into()),
        })?;
        turn.answer(WAIT, answer).await
    }
}

/// A write in the queue, its type forgotten.
trait Job: Send {
    /// Whether it is still wanted; from then on it is run and answered.
    fn begin(&self) -> bool;
    /// Runs in `tx`; `false` if it must be undone.
    fn run<'a>(&'a mut self, tx: &'a DatabaseTransaction) -> BoxFuture<'a, bool>;
    /// Answers the caller: what the write said, or why nothing was committed.
    fn answer(self: Box<Self>, committed: Result<(), DbErr>);
}

struct Queued<W: Write> {
    write: W,
    context: Context,
    turn: Turn,
    /// What the write is a part of, for those who trace it.
    span: Span,
    started: Started,
    /// What the write said, once it has run.
    result: Option<Result<W::Output>>,
    reply: oneshot::Sender<Result<W::Output>>,
}

impl<W: Write> Job for Queued<W> {
    fn begin(&self) -> bool {
        self.turn.take()
    }

    fn run<'a>(&'a mut self, tx: &'a DatabaseTransaction) -> BoxFuture<'a, bool> {
        let span = self.span.clone();
        async move {
            let scope = Scope { tx, context: &self.context, started: &self.started };
            let run = AssertUnwindSafe(self.write.run(&scope)).catch_unwind().await;
            let result = run.unwrap_or_else(|_| Err(Error::Internal("a write panicked".into())));
            self.result.insert(result).is_ok()
        }
        .instrument(span)
        .boxed()
    }

    fn answer(self: Box<Self>, committed: Result<(), DbErr>) {
        if matches!(self.result, Some(Ok(_))) && committed.is_ok() {
            self.started.count();
        }
        let result = match (self.result, committed) {
            // A refusal too may rest on what was written before it and is not there after all.
            (_, Err(error)) => Err(Error::of_database(error)),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(Error::Internal("a write did not run".into())),
        };
        // The caller may have gone; what was committed stays.
        let _ = self.reply.send(result);
    }
}

async fn work(
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    connection: DatabaseConnection,
    options: ConnectOptions,
) {
    let mut current = Some(connection);
    while let Some(first) = queue.recv().await {
        let mut jobs = vec![first];
        while jobs.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            jobs.push(next);
        }
        jobs.retain(|job| job.begin());
        if jobs.is_empty() {
            continue;
        }
        let committed = commit_or_reopen(&mut current, &options, &mut jobs).await;
        for job in jobs {
            job.answer(committed.clone());
        }
    }
}

/// Commits `jobs` on the open connection, or on a new one if there is none.
///
/// A connection on which a transaction failed is closed. The engine undoes a transaction by itself when the disk
/// is full or fails; the connection then counts one that is no longer there, and would take for nested, and never
/// commit, whatever came after it.
async fn commit_or_reopen(
    current: &mut Option<DatabaseConnection>,
    options: &ConnectOptions,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), DbErr> {
    let connection = match current.take() {
        Some(connection) => connection,
        None => open(options.clone()).await.map_err(counted)?,
    };
    let committed = commit_together(&connection, jobs).await;
    match committed {
        Ok(()) => *current = Some(connection),
        // Closing waits for the rollback; without a bound, one that hangs would stop all writes.
        Err(_) => drop(tokio::time::timeout(CLOSE, connection.close()).await),
    }
    committed
}

/// One transaction for all, one savepoint for each.
async fn commit_together(connection: &DatabaseConnection, jobs: &mut [Box<dyn Job>]) -> Result<(), DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let all = connection.begin_with_options(immediate).await.map_err(counted)?;
    for job in jobs {
        let one = all.begin().await.map_err(counted)?;
        let ended = if job.run(&one).await { one.commit().await } else { one.rollback().await };
        ended.map_err(counted)?;
    }
    all.commit().await.inspect_err(|_| metrics::commit_failed())
}

/// Counts a failure once, and not once for everyone whom it concerns.
fn counted(error: DbErr) -> DbErr {
    let _ = Error::from(error.clone());
    error
}
