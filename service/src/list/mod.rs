//! Collections, orders, cursors and page indexes of lists: pure functions of texts and values.

pub(crate) mod collection;
pub(crate) mod cursor;
pub(crate) mod order;
pub(crate) mod page_index;

pub use collection::Collection;
pub use cursor::Cursor;
pub use order::ListOrder;
