//! The limit of requests that wait for changes at the same time.

use std::collections::HashMap;
use std::sync::Arc;

use metrics::gauge;
use parking_lot::Mutex;

use crate::auth::Caller;
use crate::problem::{ApiError, ApiResult, Code, RefusalReason};

/// The requests that wait for changes: streams and delayed responses.
#[derive(Debug)]
pub(crate) struct WaitingRequests {
    max: usize,
    max_per_caller: usize,
    open: Mutex<HashMap<String, usize>>,
}

impl WaitingRequests {
    /// Allows `max` waiting requests in total, and `max_per_caller` for each authenticated caller.
    pub(crate) fn new(max: usize, max_per_caller: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_caller, open: Mutex::default() })
    }

    /// Counts one more request.
    ///
    /// # Errors
    /// 429 if too many requests are waiting.
    pub(crate) fn admit(self: &Arc<Self>, caller: &Caller) -> ApiResult<WaitingRequest> {
        let mut open = self.open.lock();
        let all: usize = open.values().sum();
        let own = open.get(&caller.name).copied().unwrap_or(0);
        // Callers without a token share one name, so the limit per caller does not apply to them.
        let too_many = all >= self.max || (caller.expires.is_some() && own >= self.max_per_caller);
        if too_many {
            let detail = "Too many requests are waiting for changes; retry later";
            let error = ApiError::new(Code::RATE_LIMIT, detail);
            return Err(error.retry_after_a_second().refused_by(RefusalReason::Streams));
        }
        open.insert(caller.name.clone(), own + 1);
        gauge!("hyperfleet_changes_streams").set((all + 1) as f64);
        Ok(WaitingRequest { caller: caller.name.clone(), all: self.clone() })
    }
}

/// A request that waits for changes. It is counted until it is dropped.
#[derive(Debug)]
pub(crate) struct WaitingRequest {
    caller: String,
    all: Arc<WaitingRequests>,
}

impl Drop for WaitingRequest {
    fn drop(&mut self) {
        let mut open = self.all.open.lock();
        if let Some(own) = open.get_mut(&self.caller) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.caller);
            }
        }
        gauge!("hyperfleet_changes_streams").set(open.values().sum::<usize>() as f64);
    }
}
