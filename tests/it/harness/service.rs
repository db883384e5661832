use service::spec_schema::SpecSchemas;
use service::{Clock, Connect, Context, Db, PerKind, Settings};
use std::time::Duration;

/// Returns the service on the database at `url`, without HTTP, for tests of internals that no client can observe.
pub async fn service(url: String, clock: Clock) -> Context {
    let connect = Connect {
        startup_timeout: Duration::ZERO,
        url,
        read_url: None,
        max_connections: Some(2),
        acquire_timeout: Duration::from_secs(20),
        busy_timeout: Duration::from_secs(20),
        statement_timeout: Duration::from_secs(120),
    };
    let settings = Settings {
        required: PerKind::default(),
        mandatory_conditions: Vec::new(),
        max_adapters: 100,
        max_page_bytes: 8 << 20,
        max_page_memory: 32 << 20,
        page_index_memory: 1 << 20,
        schemas: SpecSchemas::built_in(),
    };
    Context::new(Db::connect(&connect, |_| ()).await.expect("a connection"), clock, settings)
}
