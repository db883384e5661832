//! Helpers for schemas that are written by hand, and corrections to the framework's schemas before they are served
//! or applied.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::Value;

/// Implements the framework's `Type` for a type whose schema is written by hand. The arguments are the type with its
/// generics, its name, and its schema: either inline, or a component with that name.
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

/// The marker type of a value that must not be present. OpenAPI expresses this as `false`, which the framework
/// cannot write.
const NOTHING_ALLOWED: &str = "nothing";

/// Returns a reference to the schema that is registered under the name of `S`.
pub(crate) fn reference<S: Type>() -> MetaSchemaRef {
    MetaSchemaRef::Reference(S::name().into_owned())
}

/// Registers a schema under the name of `S`.
pub(crate) fn register<S: Type>(registry: &mut Registry, schema: MetaSchema) {
    let title = Some(S::name().into_owned());
    registry.create_schema::<S, _>(S::name().into_owned(), |_| MetaSchema { title, ..schema });
}

/// Wraps a schema to be used inline.
pub(crate) fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

/// Returns the schema of a string with an optional format.
pub(crate) fn text(format: Option<&'static str>) -> MetaSchema {
    MetaSchema { format, ..MetaSchema::new("string") }
}

/// Returns the schema of an integer with this minimum.
pub(crate) fn integer(minimum: f64) -> MetaSchema {
    MetaSchema { minimum: Some(minimum), ..MetaSchema::new_with_format("integer", "int64") }
}

/// Returns the schema of an object. `members` contains the name, description and schema of each member.
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

/// Returns the schema of an object with at least one of its members and no others.
pub(crate) fn closed(object: MetaSchema) -> MetaSchema {
    let additional_properties = Some(Box::new(inline(MetaSchema::new(NOTHING_ALLOWED))));
    MetaSchema { min_properties: Some(1), additional_properties, ..object }
}

/// Corrects what the framework cannot write: integers are written without a fraction, a description beside a
/// reference is not repeated as a schema, and `NOTHING_ALLOWED` becomes `false`.
pub fn tidy(document: &mut Value) {
    walk(document, &mut |value| match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0) {
                *value = (whole as i64).into();
            }
        }
        Value::Object(map) if map.get("type").is_some_and(|name| name == NOTHING_ALLOWED) => {
            *value = false.into()
        }
        Value::Object(map) => {
            if let Some(Value::Array(parts)) = map.get_mut("allOf") {
                parts.retain(|part| part.get("$ref").is_some());
            }
        }
        _ => {}
    });
}

/// Visits a value, and then recursively the contents of the visited value.
pub(crate) fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, visit)),
        _ => {}
    }
}
