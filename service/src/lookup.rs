//! Reads of single resources. Those that arrive while another is under way are answered together, by one
//! statement: most of the cost of such a read is the way to the database and back, and under load one way
//! serves dozens.

use crate::resource::store;
use crate::{Error, Kind, Resource, Result};
use sea_orm::{DatabaseConnection, DbErr};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};
use uuid::Uuid;

/// The most reads answered by one statement.
const BATCH: usize = 64;
/// Statements under way at a time. With one, a slow answer would hold up everyone.
const UNDER_WAY: usize = 2;
/// How many reads may wait.
const QUEUE: usize = 4096;

struct Lookup {
    id: Uuid,
    reply: oneshot::Sender<Result<Option<Resource>, DbErr>>,
}

/// The queues of reads, one for each kind.
#[derive(Clone)]
pub(crate) struct Lookups {
    clusters: mpsc::Sender<Lookup>,
    node_pools: mpsc::Sender<Lookup>,
}

impl Lookups {
    /// Starts to answer reads from `connection`.
    pub(crate) fn start(connection: &DatabaseConnection) -> Self {
        Self {
            clusters: start(connection.clone(), Kind::Cluster),
            node_pools: start(connection.clone(), Kind::NodePool),
        }
    }

    /// The resource with this id, as it was at some moment after this call.
    pub(crate) async fn find(&self, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
        let queue = match kind {
            Kind::Cluster => &self.clusters,
            Kind::NodePool => &self.node_pools,
        };
        let (reply, answer) = oneshot::channel();
        let full = |_| Error::Unavailable(DbErr::Custom("too many reads are waiting".into()));
        queue.try_send(Lookup { id, reply }).map_err(full)?;
        let stopped = |_| Error::Internal("reads are no longer answered".into());
        Ok(answer.await.map_err(stopped)??)
    }
}

fn start(connection: DatabaseConnection, kind: Kind) -> mpsc::Sender<Lookup> {
    let (sender, mut queue) = mpsc::channel::<Lookup>(QUEUE);
    let under_way = Arc::new(Semaphore::new(UNDER_WAY));
    tokio::spawn(async move {
        loop {
            let Ok(place) = under_way.clone().acquire_owned().await else { return };
            let mut batch = Vec::new();
            if queue.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            let connection = connection.clone();
            tokio::spawn(async move {
                answer(&connection, kind, batch).await;
                drop(place);
            });
        }
    });
    sender
}

async fn answer(connection: &DatabaseConnection, kind: Kind, batch: Vec<Lookup>) {
    let ids: Vec<Uuid> = batch.iter().map(|lookup| lookup.id).collect();
    let found = store::find_all(connection, kind, ids).await.map(|resources| {
        resources.into_iter().map(|resource| (resource.id, resource)).collect::<HashMap<_, _>>()
    });
    for Lookup { id, reply } in batch {
        // Whoever asked may have gone.
        let _ = reply.send(found.as_ref().map(|found| found.get(&id).cloned()).map_err(Clone::clone));
    }
}
