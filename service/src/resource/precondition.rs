use super::Resource;
use crate::{Error, Result};

/// What the caller says of the version it has seen (`If-Match`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing: whatever there is may be changed.
    #[default]
    Unsaid,
    /// Any version, so long as the resource exists.
    Any,
    /// One of these entity tags, quotes included.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Fails unless the resource is at a version the caller named.
    pub(super) fn check(&self, resource: &Resource) -> Result<()> {
        let current = resource.etag();
        match self {
            IfMatch::Tags(tags) if !tags.contains(&current) => Err(Error::PreconditionFailed { current }),
            _ => Ok(()),
        }
    }
}
