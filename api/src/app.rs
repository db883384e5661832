//! The application: what operations find in every request.

use crate::auth::Authenticator;
use service::Context;
use std::sync::Arc;

/// What operations find in every request. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The service.
    pub context: Context,
    /// Who checks tokens; `None` if anyone may call.
    pub authenticator: Option<Arc<Authenticator>>,
    /// The largest page a list may have.
    pub max_page_size: u64,
}
