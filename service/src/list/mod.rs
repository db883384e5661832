//! What can be listed, and the orders and cursors of lists: pure functions of texts and values.

pub(crate) mod collection;
pub(crate) mod cursor;
pub(crate) mod order;

pub use collection::Collection;
pub use cursor::Cursor;
pub use order::Ordering;
