//! The fields a search may name: their types, and where their values are.

use super::error::{Result, expected, quoted, refuse};

/// A field, by the type of its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Text(TextField),
    Integer(IntegerField),
    Time(TimeField),
    /// A path into `spec`; the literal compared with decides the type.
    Spec(Vec<String>),
}

/// Where a text is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextField {
    Column(Column),
    Id,
    OwnerId,
    Kind,
    Href,
    /// The value of the label with this key.
    Label(String),
    /// The status of `Reconciled`, which has a column of its own.
    Reconciled,
    Condition(Member),
}

/// Where an integer is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum IntegerField {
    Column(Column),
    Condition(Member),
}

/// Where a time is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TimeField {
    Column(Column),
    /// `created_time`, which the id holds too.
    Created,
    /// `last_updated_time` of `Reconciled`, which has columns of its own.
    Reconciled,
    Condition(Member),
}

/// A column that holds the field's value and nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) nullable: bool,
}

/// A member of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The type of the condition.
    pub(super) condition: String,
    pub(super) name: &'static str,
}

impl TextField {
    /// Whether it holds the status of a condition, which knows only three values.
    pub(super) fn is_status(&self) -> bool {
        match self {
            TextField::Reconciled => true,
            TextField::Condition(member) => member.name == STATUS,
            _ => false,
        }
    }
}

const STATUS: &str = "status";
/// The condition that always exists.
const RECONCILED: &str = "Reconciled";
/// The deepest path into a document; no stored document is deeper.
const MAX_SEGMENTS: usize = 64;

const fn column(name: &'static str) -> Column {
    Column { name, nullable: false }
}

const fn nullable(name: &'static str) -> Column {
    Column { name, nullable: true }
}

/// The fields that have a fixed name.
const FIELDS: [(&str, Field); 16] = [
    ("id", Field::Text(TextField::Id)),
    ("name", Field::Text(TextField::Column(column("name")))),
    ("kind", Field::Text(TextField::Kind)),
    ("href", Field::Text(TextField::Href)),
    ("created_by", Field::Text(TextField::Column(column("created_by")))),
    ("updated_by", Field::Text(TextField::Column(column("updated_by")))),
    ("deleted_by", Field::Text(TextField::Column(nullable("deleted_by")))),
    ("owner_id", Field::Text(TextField::OwnerId)),
    ("generation", Field::Integer(IntegerField::Column(column("generation")))),
    ("created_time", Field::Time(TimeField::Created)),
    ("updated_time", Field::Time(TimeField::Column(column("updated_time")))),
    ("deleted_time", Field::Time(TimeField::Column(nullable("deleted_time")))),
    ("status.phase", Field::Text(TextField::Column(column("phase")))),
    ("status.observed_generation", Field::Integer(IntegerField::Column(column("observed_generation")))),
    ("status.last_updated_time", Field::Time(TimeField::Column(column("status_updated_time")))),
    ("status.last_transition_time", Field::Time(TimeField::Column(column("status_transition_time")))),
];

/// The field called `name`, which stands at `position`.
pub(super) fn field(name: &str, position: usize) -> Result<Field> {
    if let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) {
        Ok(field.clone())
    } else if let Some(key) = name.strip_prefix("labels.") {
        label(key, position)
    } else if let Some(path) = name.strip_prefix("spec.") {
        spec(path, position)
    } else if let Some(path) = name.strip_prefix("status.conditions.") {
        condition(path, position)
    } else {
        expected(position, &known_fields(), quoted(name))
    }
}

fn known_fields() -> String {
    let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    format!("a field ({}, labels.<key>, spec.<path>, status.conditions.<Type>)", names.join(", "))
}

fn label(key: &str, position: usize) -> Result<Field> {
    if key.is_empty() {
        return refuse(position, "expected the key of a label after `labels.`");
    }
    Ok(Field::Text(TextField::Label(key.to_owned())))
}

fn spec(path: &str, position: usize) -> Result<Field> {
    let segments: Vec<String> = path.split('.').map(str::to_owned).collect();
    let valid = |segment: &String| {
        !segment.is_empty()
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    if !segments.iter().all(valid) {
        let names = "keys of letters, digits, `_` and `-` with a dot between them after `spec.`";
        return expected(position, names, quoted(path));
    }
    if segments.len() > MAX_SEGMENTS {
        return refuse(position, format!("expected at most {MAX_SEGMENTS} keys after `spec.`"));
    }
    Ok(Field::Spec(segments))
}

fn condition(path: &str, position: usize) -> Result<Field> {
    let (condition, member) = match path.split_once('.') {
        Some((condition, member)) => (condition, Some(member)),
        None => (path, None),
    };
    let pascal_case = condition.starts_with(|first: char| first.is_ascii_uppercase())
        && condition.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !pascal_case {
        let name = "a condition type in PascalCase (like Reconciled) after `status.conditions.`";
        return expected(position, name, quoted(condition));
    }
    let reconciled = condition == RECONCILED;
    let of = |name| Member { condition: condition.to_owned(), name };
    Ok(match member {
        None if reconciled => Field::Text(TextField::Reconciled),
        None => Field::Text(TextField::Condition(of(STATUS))),
        Some("last_updated_time") if reconciled => Field::Time(TimeField::Reconciled),
        Some("last_updated_time") => Field::Time(TimeField::Condition(of("last_updated_time"))),
        Some("last_transition_time") => Field::Time(TimeField::Condition(of("last_transition_time"))),
        Some("observed_generation") => Field::Integer(IntegerField::Condition(of("observed_generation"))),
        Some("reason") => Field::Text(TextField::Condition(of("reason"))),
        Some(other) => {
            let names = "`last_updated_time`, `last_transition_time`, `observed_generation` or `reason`";
            return expected(position, names, quoted(other));
        }
    })
}
