//! Orders and cursors of lists: pure functions of texts and values.

pub(crate) mod cursor;
pub(crate) mod order;

pub use cursor::Cursor;
pub use order::Ordering;
