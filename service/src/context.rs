use crate::spec_schema::SpecSchemas;
use crate::{Clock, Db, Kind, Result, Scope, Write};
use std::sync::Arc;

/// What the operations need of their surroundings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// What the operator chose.
    pub settings: Arc<Settings>,
}

impl Context {
    /// Runs a write in a transaction and answers once it is committed.
    pub async fn write<W: Write>(&self, write: W) -> Result<W::Output> {
        self.db.write(self.clone(), write).await
    }
}

/// What the operator chose.
#[derive(Debug)]
pub struct Settings {
    /// Adapters every cluster waits for. None: all that have reported count.
    pub required_cluster: Vec<String>,
    /// Adapters every node pool waits for. None: all that have reported count.
    pub required_nodepool: Vec<String>,
    /// Conditions a report must carry.
    pub mandatory_conditions: Vec<String>,
    /// What specs are checked against.
    pub schemas: SpecSchemas,
}

impl Settings {
    /// The adapters that resources of `kind` wait for; empty if all that have reported count.
    pub fn required(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Cluster => &self.required_cluster,
            Kind::NodePool => &self.required_nodepool,
        }
    }
}

impl Scope<'_> {
    /// The adapters that resources of `kind` wait for.
    pub fn required(&self, kind: Kind) -> &[String] {
        self.context.settings.required(kind)
    }
}
