//! The fields of resources and reports that have a fixed name, and the columns that store them. Searches, orders
//! and cursors use these tables.

/// A field of the items of a list.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name in searches and orders.
    pub(crate) name: &'static str,
    /// The source of the value.
    pub(crate) source: Source,
}

/// The source of the value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// A column.
    Column(Column),
    /// The column `id`, as text.
    Id,
    /// The column `owner_id` of node pools, as text.
    OwnerId,
    /// A constant: the kind of all resources of a table.
    Kind,
    /// Computed from the ids.
    Href,
    /// The column `created_time`, and also the id, whose order is the order of creation.
    CreatedTime,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) r#type: Type,
    pub(crate) nullable: bool,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Type {
    Text,
    Integer,
    Time,
    Uuid,
}

/// The primary key of resources.
pub(crate) const ID: Column = column("id", Type::Uuid);
/// The column that distinguishes the reports about a resource.
pub(crate) const ADAPTER: Column = column("adapter", Type::Text);
const OWNER_ID: Column = column("owner_id", Type::Uuid);

const fn column(name: &'static str, r#type: Type) -> Column {
    Column { name, r#type, nullable: false }
}

const fn field(name: &'static str, source: Source) -> Field {
    Field { name, source }
}

const fn stored(name: &'static str, column_name: &'static str, r#type: Type) -> Field {
    field(name, Source::Column(column(column_name, r#type)))
}

const fn optional(name: &'static str, r#type: Type) -> Field {
    field(name, Source::Column(Column { name, r#type, nullable: true }))
}

/// The fields of clusters and node pools.
pub(crate) static RESOURCES: [Field; 16] = [
    field("id", Source::Id),
    stored("name", "name", Type::Text),
    field("kind", Source::Kind),
    field("href", Source::Href),
    stored("created_by", "created_by", Type::Text),
    stored("updated_by", "updated_by", Type::Text),
    optional("deleted_by", Type::Text),
    field("owner_id", Source::OwnerId),
    stored("generation", "generation", Type::Integer),
    field("created_time", Source::CreatedTime),
    stored("updated_time", "updated_time", Type::Time),
    optional("deleted_time", Type::Time),
    stored("status.phase", "phase", Type::Text),
    stored("status.observed_generation", "observed_generation", Type::Integer),
    stored("status.last_updated_time", "status_updated_time", Type::Time),
    stored("status.last_transition_time", "status_transition_time", Type::Time),
];

/// The fields of reports.
pub(crate) static REPORTS: [Field; 4] = [
    field("adapter", Source::Column(ADAPTER)),
    stored("observed_generation", "observed_generation", Type::Integer),
    stored("created_time", "created_time", Type::Time),
    stored("last_report_time", "last_report_time", Type::Time),
];

impl Column {
    /// Whether an index of resources starts with this column.
    pub(crate) fn is_indexed(&self) -> bool {
        matches!(self.name, "name" | "phase" | "updated_time")
    }

    /// Whether every change of the value is in the log of changes. The times of the status change without an entry.
    pub(crate) fn is_in_change_log(&self) -> bool {
        !matches!(self.name, "status_updated_time" | "status_transition_time")
    }
}

impl Source {
    /// Returns the columns that order a list by this field; none if the value is the same for all items. `nested`
    /// is true if the items belong to a resource.
    pub(crate) fn order(self, nested: bool) -> Vec<Column> {
        match self {
            Source::Column(column) => vec![column],
            Source::Id | Source::CreatedTime => vec![ID],
            Source::OwnerId if nested => vec![OWNER_ID],
            Source::Href if nested => vec![OWNER_ID, ID],
            Source::Href => vec![ID],
            Source::OwnerId | Source::Kind => Vec::new(),
        }
    }
}
