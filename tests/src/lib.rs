//! The package of the integration tests.
