//! A schema and everything it refers to, each as a definition of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::Document;
use super::error::SpecSchemaError;
use super::translate;
use super::violation::shorten;

/// A schema of the file, or its part that says nothing about null.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// JSON pointer into the file.
    pub(super) pointer: String,
    /// Whether `nullable` is left out of account, because the definition of the whole schema handles it.
    pub(super) without_null: bool,
}

/// Definitions in the order in which they were found. The first one is where the search began.
pub(super) struct Graph<'a> {
    pub(super) document: &'a Document,
    /// Keywords that were met and mean nothing in the file's version of OpenAPI.
    pub(super) ignored: BTreeSet<String>,
    places: Vec<Place>,
    numbers: BTreeMap<Place, usize>,
    /// The translated schemas, by number.
    schemas: Vec<Value>,
}

impl<'a> Graph<'a> {
    /// Translates the schema at `pointer` and all that it refers to, directly or not.
    pub(super) fn reach(document: &'a Document, pointer: &str) -> Result<Self, SpecSchemaError> {
        let mut graph = Self {
            document,
            ignored: BTreeSet::new(),
            places: Vec::new(),
            numbers: BTreeMap::new(),
            schemas: Vec::new(),
        };
        graph.reference(Place { pointer: pointer.to_owned(), without_null: false });
        // Translating a schema may add places; a loop, unlike recursion, is indifferent to how many.
        while let Some(place) = graph.places.get(graph.schemas.len()).cloned() {
            let found = document.at(&place.pointer).unwrap_or(&Value::Null);
            let translated = translate::schema(&mut graph, found, &place)?;
            graph.schemas.push(translated);
        }
        Ok(graph)
    }

    /// The reference that stands for `$ref: target`, found in the schema at the pointer `at`.
    pub(super) fn resolve(&mut self, target: &str, at: &str) -> Result<String, SpecSchemaError> {
        let (place, reference) = (format!("#{at}"), shorten(target));
        let Some(pointer) = target.strip_prefix('#').filter(|pointer| pointer.starts_with('/')) else {
            return Err(SpecSchemaError::OutsideReference { at: place, reference });
        };
        if self.document.at(pointer).is_none() {
            return Err(SpecSchemaError::DanglingReference { at: place, reference });
        }
        Ok(self.reference(Place { pointer: pointer.to_owned(), without_null: false }))
    }

    /// The reference to the definition of a place, which becomes one if it is not yet.
    pub(super) fn reference(&mut self, place: Place) -> String {
        let next = self.places.len();
        let number = *self.numbers.entry(place.clone()).or_insert(next);
        if number == next {
            self.places.push(place);
        }
        format!("#/$defs/s{number}")
    }

    /// All definitions as one schema that refers to nothing else.
    pub(super) fn schema(&self) -> Value {
        let numbered = self.schemas.iter().enumerate();
        let definitions: Map<String, Value> =
            numbered.map(|(number, schema)| (format!("s{number}"), schema.clone())).collect();
        json!({ "$ref": "#/$defs/s0", "$defs": definitions })
    }

    /// Every definition, in the order of its number.
    pub(super) fn definitions(&self) -> &[Value] {
        &self.schemas
    }

    /// The number of the definition that a reference made by this graph leads to.
    pub(super) fn number(reference: &str) -> Option<usize> {
        reference.strip_prefix("#/$defs/s")?.parse().ok()
    }

    /// The place in the file of a definition.
    pub(super) fn place(&self, number: usize) -> String {
        self.places.get(number).map_or_else(String::new, |place| format!("#{}", place.pointer))
    }

    /// The place in the file that a pointer into [`Graph::schema`] stands for.
    pub(super) fn place_of(&self, pointer: &str) -> String {
        let end = pointer.match_indices('/').nth(2).map_or(pointer.len(), |(index, _)| index);
        let (definition, rest) = pointer.split_at(end);
        let number = Self::number(&format!("#{definition}"));
        format!("{}{rest}", number.map_or_else(String::new, |number| self.place(number)))
    }
}
