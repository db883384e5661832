//! Schemas that are written by hand, and what the framework's own need before they are served or applied.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::Value;

/// Implements the framework's `Type` for a type whose schema is written by hand: the type with its generics, its name,
/// and its schema: one that stands where it is used, or a component that has the name.
macro_rules! described {
    ($type:ty $(where [$($generics:tt)+])?, $name:expr, component $schema:expr) => {
        $crate::dto::schema::described!(
            $type $(where [$($generics)+])?, $name, $crate::dto::schema::reference::<Self>(),
            |registry| {
                let schema: fn(&mut poem_openapi::registry::Registry) -> MetaSchema = $schema;
                let schema = schema(registry);
                $crate::dto::schema::register::<Self>(registry, schema);
            }
        );
    };
    ($type:ty $(where [$($generics:tt)+])?, $name:expr, $schema:expr $(, $register:expr)?) => {
        impl $(<$($generics)+>)? poem_openapi::types::Type for $type {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                $schema
            }

            $(fn register(registry: &mut poem_openapi::registry::Registry) {
                let register: fn(&mut poem_openapi::registry::Registry) = $register;
                register(registry);
            })?

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }
    };
}
pub(crate) use described;

/// The type of what may not be there. OpenAPI writes `false` for it, which the framework cannot.
const NOTHING: &str = "nothing";

/// A reference to the schema that is registered by the name of `S`.
pub(crate) fn reference<S: Type>() -> MetaSchemaRef {
    MetaSchemaRef::Reference(S::name().into_owned())
}

/// Registers a schema by the name of `S`.
pub(crate) fn register<S: Type>(registry: &mut Registry, schema: MetaSchema) {
    let title = Some(S::name().into_owned());
    registry.create_schema::<S, _>(S::name().into_owned(), |_| MetaSchema { title, ..schema });
}

/// A schema that stands where it is used.
pub(crate) fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

/// A text, of a format if one is named.
pub(crate) fn text(format: Option<&'static str>) -> MetaSchema {
    MetaSchema { format, ..MetaSchema::new("string") }
}

/// A whole number.
pub(crate) fn integer(minimum: f64) -> MetaSchema {
    MetaSchema { minimum: Some(minimum), ..MetaSchema::new_with_format("integer", "int64") }
}

/// An object: the members it must have, and the name, description and schema of each it may have.
pub(crate) fn object<const N: usize>(
    description: &'static str,
    required: &[&'static str],
    members: [(&'static str, &'static str, MetaSchema); N],
) -> MetaSchema {
    let described = |schema, description| inline(MetaSchema { description: Some(description), ..schema });
    MetaSchema {
        description: Some(description),
        required: required.to_vec(),
        properties: members.map(|(name, about, schema)| (name, described(schema, about))).into(),
        ..MetaSchema::new("object")
    }
}

/// An object that has at least one of its members, and no others.
pub(crate) fn closed(object: MetaSchema) -> MetaSchema {
    let additional_properties = Some(Box::new(inline(MetaSchema::new(NOTHING))));
    MetaSchema { min_properties: Some(1), additional_properties, ..object }
}

/// Writes as OpenAPI has it what the framework cannot: whole numbers as such and not as fractions, a description
/// only beside a reference and not also as a schema of its own, and `false` for `NOTHING`.
pub fn tidy(document: &mut Value) {
    walk(document, &mut |value| match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0) {
                *value = (whole as i64).into();
            }
        }
        Value::Object(map) if map.get("type").is_some_and(|name| name == NOTHING) => *value = false.into(),
        Value::Object(map) => {
            if let Some(Value::Array(parts)) = map.get_mut("allOf") {
                parts.retain(|part| part.get("$ref").is_some());
            }
        }
        _ => {}
    });
}

/// Visits a value, and then everything within what has become of it.
pub(crate) fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, visit)),
        _ => {}
    }
}
