//! The package exists for its integration tests.
