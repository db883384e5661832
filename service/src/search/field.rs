//! The fields that a search can name: their types, and the location of their values.

use super::error::{Result, expected, quoted, refuse};
use crate::field::{Source, Type};
use crate::list::collection::Collection;
use crate::status::aggregate::RECONCILED;
use crate::status::condition::{ConditionStatus, Phase};
use strum::VariantNames;

/// A field, by the location of its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SearchField {
    /// A field with a fixed name, located by its [`Source`].
    Named(Source),
    /// The value of the label with this key.
    Label(String),
    /// The status of `Reconciled`, which has its own column.
    Reconciled,
    /// `last_updated_time` of `Reconciled`, which has its own columns.
    ReconciledTime,
    Condition(Member),
    /// A path into `spec`.
    Spec(Vec<String>),
}

/// A member of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The type of the condition.
    pub(super) condition: String,
    pub(super) name: &'static str,
    pub(super) r#type: Type,
}

impl SearchField {
    /// The type of the value; `None` if the literal that it is compared with determines the type.
    pub(super) fn r#type(&self) -> Option<Type> {
        match self {
            SearchField::Named(Source::Column(column)) => Some(column.r#type),
            SearchField::Named(Source::CreatedTime) | SearchField::ReconciledTime => Some(Type::Time),
            SearchField::Named(_) | SearchField::Label(_) | SearchField::Reconciled => Some(Type::Text),
            SearchField::Condition(member) => Some(member.r#type),
            SearchField::Spec(_) => None,
        }
    }

    /// Whether the field is a column with its own index.
    pub(super) fn has_indexed_column(&self) -> bool {
        match self {
            SearchField::Named(Source::Id) | SearchField::Reconciled => true,
            SearchField::Named(Source::Column(column)) => column.is_indexed(),
            _ => false,
        }
    }

    /// Whether every change of the value is in the log of changes. Times in the status change without an entry.
    pub(super) fn is_in_change_log(&self) -> bool {
        match self {
            SearchField::Named(Source::Column(column)) => column.is_in_change_log(),
            SearchField::Condition(member) => member.r#type != Type::Time,
            SearchField::ReconciledTime => false,
            _ => true,
        }
    }

    /// The possible values, if the field has a small fixed set of them.
    pub(super) fn values(&self) -> Option<&'static [&'static str]> {
        match self {
            SearchField::Reconciled => Some(ConditionStatus::VARIANTS),
            SearchField::Condition(member) if member.name == STATUS => Some(ConditionStatus::VARIANTS),
            SearchField::Named(Source::Column(column)) if column.name == PHASE => Some(Phase::VARIANTS),
            _ => None,
        }
    }
}

/// The name of the column that holds the phase.
const PHASE: &str = "phase";
const STATUS: &str = "status";
/// The maximum number of keys in a path into `spec`. No stored document is deeper.
const MAX_SEGMENTS: usize = 64;

/// Resolves the field `name` of a collection. `position` is the position of the name in the text. A fault in a part
/// of the name has the position of that part.
pub(super) fn resolve(collection: &Collection, name: &str, position: usize) -> Result<SearchField> {
    let of_resources = |prefix| collection.resources.then(|| name.strip_prefix(prefix)).flatten();
    if let Some(field) = collection.field(name) {
        Ok(SearchField::Named(field.source))
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

fn label(key: &str, position: usize) -> Result<SearchField> {
    if key.is_empty() {
        return refuse(position, "expected the key of a label after `labels.`");
    }
    Ok(SearchField::Label(key.to_owned()))
}

fn spec(path: &str, position: usize) -> Result<SearchField> {
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
    Ok(SearchField::Spec(segments))
}

fn condition(collection: &Collection, path: &str, position: usize) -> Result<SearchField> {
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
    let of = |name, r#type| SearchField::Condition(Member { condition: condition.to_owned(), name, r#type });
    match member {
        None if reconciled => Ok(SearchField::Reconciled),
        None => Ok(of(STATUS, Type::Text)),
        Some("last_updated_time") if reconciled => Ok(SearchField::ReconciledTime),
        Some(member) => match collection.members.iter().find(|(name, _)| *name == member) {
            Some((name, r#type)) => Ok(of(name, *r#type)),
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
