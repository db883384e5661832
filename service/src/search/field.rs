//! The fields a search may name: their types, and where their values are.

use super::error::{Result, expected, quoted, refuse};
use crate::field::{Column, Source, Type};
use crate::list::collection::Collection;

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

/// A member of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The type of the condition.
    pub(super) condition: String,
    pub(super) name: &'static str,
}

impl TextField {
    /// Whether it is a column with an index of its own.
    pub(super) fn has_indexed_column(&self) -> bool {
        match self {
            TextField::Id | TextField::Reconciled => true,
            TextField::Column(column) => column.is_indexed(),
            _ => false,
        }
    }

    /// The only values it can have, where there are few.
    pub(super) fn values(&self) -> Option<&'static [&'static str]> {
        match self {
            TextField::Reconciled => Some(&STATUSES),
            TextField::Condition(member) if member.name == STATUS => Some(&STATUSES),
            TextField::Column(column) if column.name == PHASE => Some(&PHASES),
            _ => None,
        }
    }
}

const STATUSES: [&str; 3] = ["True", "False", "Unknown"];
const PHASES: [&str; 3] = ["NotReady", "Ready", "Failed"];
/// The column of the phase.
const PHASE: &str = "phase";
const STATUS: &str = "status";
/// The condition that always exists.
const RECONCILED: &str = "Reconciled";
/// The deepest path into a document; no stored document is deeper.
const MAX_SEGMENTS: usize = 64;

/// The field called `name` of the items of a collection, which stands at `position`. What is wrong with a part of the
/// name is refused where that part stands.
pub(super) fn field(collection: &Collection, name: &str, position: usize) -> Result<Field> {
    let of_resources = |prefix| collection.resources.then(|| name.strip_prefix(prefix)).flatten();
    if let Some(field) = collection.field(name) {
        Ok(typed(field.source))
    } else if let Some(key) = of_resources("labels.") {
        label(key, position + "labels.".len())
    } else if let Some(path) = of_resources("spec.") {
        spec(path, position + "spec.".len())
    } else if let Some(path) = name.strip_prefix(collection.conditions) {
        condition(collection, path, position + collection.conditions.len())
    } else {
        let documents = if collection.resources { "labels.<key>, spec.<path>, " } else { "" };
        let (names, conditions) = (collection.names().join(", "), collection.conditions);
        let known = format!("a field ({names}, {documents}{conditions}<Type>)");
        expected(position, &known, quoted(name))
    }
}

fn typed(source: Source) -> Field {
    match source {
        Source::Id => Field::Text(TextField::Id),
        Source::OwnerId => Field::Text(TextField::OwnerId),
        Source::Kind => Field::Text(TextField::Kind),
        Source::Href => Field::Text(TextField::Href),
        Source::CreatedTime => Field::Time(TimeField::Created),
        Source::Column(column) => match column.r#type {
            Type::Integer => Field::Integer(IntegerField::Column(column)),
            Type::Time => Field::Time(TimeField::Column(column)),
            Type::Text | Type::Uuid => Field::Text(TextField::Column(column)),
        },
    }
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
    let before = |count: usize| segments.iter().take(count).map(|segment| segment.len() + 1).sum::<usize>();
    if let Some(index) = segments.iter().position(|segment| !valid(segment)) {
        let names = "keys of letters, digits, `_` and `-` with a dot between them after `spec.`";
        return expected(position + before(index), names, quoted(path));
    }
    if segments.len() > MAX_SEGMENTS {
        let position = position + before(MAX_SEGMENTS);
        return refuse(position, format!("expected at most {MAX_SEGMENTS} keys after `spec.`"));
    }
    Ok(Field::Spec(segments))
}

fn condition(collection: &Collection, path: &str, position: usize) -> Result<Field> {
    let (condition, member) = match path.split_once('.') {
        Some((condition, member)) => (condition, Some(member)),
        None => (path, None),
    };
    let pascal_case = condition.starts_with(|first: char| first.is_ascii_uppercase())
        && condition.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !pascal_case {
        let prefix = collection.conditions;
        let name = format!("a condition type in PascalCase (like Reconciled) after `{prefix}`");
        return expected(position, &name, quoted(condition));
    }
    let reconciled = collection.resources && condition == RECONCILED;
    let of = |name| Member { condition: condition.to_owned(), name };
    match member {
        None if reconciled => Ok(Field::Text(TextField::Reconciled)),
        None => Ok(Field::Text(TextField::Condition(of(STATUS)))),
        Some("last_updated_time") if reconciled => Ok(Field::Time(TimeField::Reconciled)),
        Some(member) => match collection.members.iter().find(|(name, _)| *name == member) {
            Some((name, Type::Time)) => Ok(Field::Time(TimeField::Condition(of(name)))),
            Some((name, Type::Integer)) => Ok(Field::Integer(IntegerField::Condition(of(name)))),
            Some((name, _)) => Ok(Field::Text(TextField::Condition(of(name)))),
            None => {
                let names: Vec<_> = collection.members.iter().map(|(name, _)| format!("`{name}`")).collect();
                let names = names.join(", ");
                let (others, last) = names.rsplit_once(", ").unwrap_or_default();
                let position = position + condition.len() + 1;
                expected(position, &format!("{others} or {last}"), quoted(member))
            }
        },
    }
}
