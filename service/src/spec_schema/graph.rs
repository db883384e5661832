//! A schema and everything it refers to, each as a definition of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::{Document, pointer};
use super::error::SpecSchemaError;
use super::violation::shorten;

/// A schema of the file, or its part that says nothing about null.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Location {
    /// JSON pointer into the file.
    pub(super) pointer: String,
    /// Whether `nullable` is left out of account, because the definition of the whole schema handles it.
    pub(super) without_null: bool,
}

impl Location {
    /// A whole schema.
    pub(super) fn new(pointer: String) -> Self {
        Self { pointer, without_null: false }
    }
}

/// Definitions in the order in which they were found. The first one is where the search began.
pub(super) struct Graph<'a> {
    pub(super) document: &'a Document,
    /// Keywords that were met and mean nothing in the file's version of OpenAPI.
    pub(super) ignored: BTreeSet<String>,
    /// The translated schemas, by number; the locations that come after them are yet to be translated.
    pub(super) schemas: Vec<Value>,
    locations: Vec<Location>,
    numbers: BTreeMap<Location, usize>,
}

impl<'a> Graph<'a> {
    /// A graph that knows one location.
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

    /// The next location to translate.
    pub(super) fn next(&self) -> Option<Location> {
        self.locations.get(self.schemas.len()).cloned()
    }

    /// The reference that stands for `$ref: target`, found in the schema at the pointer `at`.
    pub(super) fn resolve(&mut self, target: &str, at: &str) -> Result<String, SpecSchemaError> {
        let refused = |problem: &str| {
            SpecSchemaError::at(format!("#{at}"), format!("$ref {:?} leads {problem}", shorten(target)))
        };
        let pointer = pointer(target)
            .ok_or_else(|| refused("out of the file; only references that start with #/ are followed"))?;
        self.document.at(&pointer).ok_or_else(|| refused("to nothing in the file"))?;
        Ok(self.reference(Location::new(pointer)))
    }

    /// The reference to the definition of a location, which becomes one if it is not yet.
    pub(super) fn reference(&mut self, location: Location) -> String {
        let next = self.locations.len();
        let number = *self.numbers.entry(location.clone()).or_insert(next);
        if number == next {
            self.locations.push(location);
        }
        format!("#/$defs/s{number}")
    }

    /// All definitions, each in the form that `of` gives it, as one schema that refers to nothing else.
    pub(super) fn schema(&self, of: impl Fn(&Value) -> Value) -> Value {
        let numbered = self.schemas.iter().enumerate();
        let definitions: Map<String, Value> =
            numbered.map(|(number, schema)| (format!("s{number}"), of(schema))).collect();
        json!({ "$ref": "#/$defs/s0", "$defs": definitions })
    }

    /// The number of the definition that a reference made by this graph leads to.
    pub(super) fn number(reference: &str) -> Option<usize> {
        reference.strip_prefix("#/$defs/s")?.parse().ok()
    }

    /// The location in the file of a definition.
    pub(super) fn location(&self, number: usize) -> String {
        self.locations.get(number).map_or_else(String::new, |location| format!("#{}", location.pointer))
    }

    /// The location in the file that a pointer into [`Graph::schema`] stands for.
    pub(super) fn location_of(&self, pointer: &str) -> String {
        let end = pointer.match_indices('/').nth(2).map_or(pointer.len(), |(index, _)| index);
        let (definition, rest) = pointer.split_at(end);
        let number = Self::number(&format!("#{definition}"));
        format!("{}{rest}", number.map_or_else(String::new, |number| self.location(number)))
    }
}
