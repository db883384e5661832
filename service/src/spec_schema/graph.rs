//! A schema and every schema that it refers to, each as a separate definition.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::{Document, pointer};
use super::error::SpecSchemaError;
use super::violation::shorten;

/// A schema of the file, or the same schema without its `nullable`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Location {
    /// The JSON pointer into the file.
    pub(super) pointer: String,
    /// Whether `nullable` is ignored, because the definition of the whole schema handles it.
    pub(super) without_null: bool,
}

impl Location {
    /// Returns the location of a whole schema.
    pub(super) fn new(pointer: String) -> Self {
        Self { pointer, without_null: false }
    }
}

/// The definitions in the order in which they were found. The first one is the start of the search.
pub(super) struct Graph<'a> {
    pub(super) document: &'a Document,
    /// The keywords that were found and have no meaning in the file's version of OpenAPI.
    pub(super) ignored: BTreeSet<String>,
    /// The translated schemas, by number. Locations with higher numbers are not translated yet.
    pub(super) schemas: Vec<Value>,
    locations: Vec<Location>,
    numbers: BTreeMap<Location, usize>,
}

impl<'a> Graph<'a> {
    /// Creates a graph with one location.
    pub(super) fn from(document: &'a Document, pointer: &str) -> Self {
        let start = Location::new(pointer.to_owned());
        Self {
            document,
            ignored: BTreeSet::new(),
            schemas: Vec::new(),
            numbers: BTreeMap::from([(start.clone(), 0)]),
            locations: vec![start],
        }
    }

    /// Returns the next location to translate.
    pub(super) fn next(&self) -> Option<Location> {
        self.locations.get(self.schemas.len()).cloned()
    }

    /// Returns the reference that replaces `$ref: target`, found in the schema at the pointer `at`.
    pub(super) fn resolve(&mut self, target: &str, at: &str) -> Result<String, SpecSchemaError> {
        let refused = |problem: &str| {
            SpecSchemaError::at(format!("#{at}"), format!("$ref {:?} leads {problem}", shorten(target)))
        };
        let pointer = pointer(target)
            .ok_or_else(|| refused("out of the file; only references that start with #/ are followed"))?;
        self.document.at(&pointer).ok_or_else(|| refused("to nothing in the file"))?;
        Ok(self.reference(Location::new(pointer)))
    }

    /// Returns the reference to the definition of a location, and adds the definition if it is new.
    pub(super) fn reference(&mut self, location: Location) -> String {
        let next = self.locations.len();
        let number = *self.numbers.entry(location.clone()).or_insert(next);
        if number == next {
            self.locations.push(location);
        }
        format!("#/$defs/s{number}")
    }

    /// Returns all definitions, each transformed by `of`, as one schema that refers to nothing outside itself.
    pub(super) fn schema(&self, of: impl Fn(&Value) -> Value) -> Value {
        let numbered = self.schemas.iter().enumerate();
        let definitions: Map<String, Value> =
            numbered.map(|(number, schema)| (format!("s{number}"), of(schema))).collect();
        json!({ "$ref": "#/$defs/s0", "$defs": definitions })
    }

    /// Returns the number of the definition that a reference of this graph leads to.
    pub(super) fn number(reference: &str) -> Option<usize> {
        reference.strip_prefix("#/$defs/s")?.parse().ok()
    }

    /// Returns the location of a definition in the file.
    pub(super) fn location(&self, number: usize) -> String {
        self.locations.get(number).map_or_else(String::new, |location| format!("#{}", location.pointer))
    }

    /// Converts a pointer into [`Graph::schema`] to a location in the file.
    pub(super) fn location_of(&self, pointer: &str) -> String {
        let end = pointer.match_indices('/').nth(2).map_or(pointer.len(), |(index, _)| index);
        let (definition, rest) = pointer.split_at(end);
        let number = Self::number(&format!("#{definition}"));
        format!("{}{rest}", number.map_or_else(String::new, |number| self.location(number)))
    }
}
