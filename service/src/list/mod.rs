//! What can be listed, the orders and cursors of lists, and where their pages begin: pure functions of texts and values.

pub(crate) mod collection;
pub(crate) mod cursor;
pub(crate) mod order;
pub(crate) mod page_index;

pub use collection::Collection;
pub use cursor::Cursor;
pub use order::Ordering;
