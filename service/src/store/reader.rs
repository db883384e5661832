//! Where reads run: the primary database or a replica. Reads of single resources that arrive together are answered
//! by one statement.

use super::resources;
use crate::batch::Batcher;
use crate::db::{Db, Executor};
use crate::error::Result;
use crate::kind::Kind;
use crate::model::Resource;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// Statements under way at a time. With two, each would answer half as many requests, at twice the cost.
const CONCURRENCY: usize = 1;
/// Statements beside it that have become slow: a slow answer must not hold up everyone.
const SLOW: usize = 1;

/// A database to read from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    executor: Executor,
    is_primary: bool,
    finds: Batcher<(Kind, Uuid), Option<Resource>>,
    answer_timeout: Duration,
}

impl Reader {
    /// Reads from the primary of `db`, or from a replica.
    pub(crate) fn new(db: &Db, executor: &Executor, is_primary: bool) -> Self {
        Self {
            executor: executor.clone(),
            is_primary,
            finds: Batcher::with_slow(CONCURRENCY, SLOW, db.acquire_timeout()),
            answer_timeout: db.answer_timeout(),
        }
    }

    /// Whether reads see everything that was committed before.
    pub(crate) fn is_primary(&self) -> bool {
        self.is_primary
    }

    /// For statements of its own.
    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// The resource with this id, as it was at some moment after this call.
    pub(crate) async fn find(&self, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
        let (executor, timeout) = (self.executor.clone(), self.answer_timeout);
        let run = move |keys: Vec<(Kind, Uuid)>| {
            let executor = executor.clone();
            async move {
                let found = tokio::time::timeout(timeout, find_all(&executor, keys)).await;
                found.unwrap_or_else(|_| Err(executor.no_answer()))
            }
        };
        self.finds.submit((kind, id), run).await
    }
}

async fn find_all(db: &Executor, keys: Vec<(Kind, Uuid)>) -> Result<Vec<Option<Resource>>> {
    let mut found = HashMap::with_capacity(keys.len());
    for kind in Kind::ALL {
        let ids: Vec<Uuid> = keys.iter().filter(|key| key.0 == kind).map(|key| key.1).collect();
        if !ids.is_empty() {
            let resources = resources::find_all(db, kind, &ids).await?;
            found.extend(resources.into_iter().map(|resource| ((kind, resource.id), resource)));
        }
    }
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}
