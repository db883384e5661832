//! The served OpenAPI document, derived from the annotated types.

mod examples;
mod operation;
mod provider;
mod sample;

use crate::dto::{AdapterStatus, NodePool, tidy};
use crate::fields::{Fields, KnownFields, Selection};
use crate::list::DEFAULT_PAGE_SIZE;
use crate::routes::TAGS;
use crate::routes::changes::ChangesApi;
use crate::routes::cluster_node_pools::ClusterNodePoolsApi;
use crate::routes::clusters::ClustersApi;
use crate::routes::meta::MetaApi;
use crate::routes::node_pools::NodePoolsApi;
use crate::routes::statuses::StatusesApi;
use poem_openapi::registry::MetaOperation;
use poem_openapi::types::Type;
use poem_openapi::{ContactObject, LicenseObject, OpenApi, OpenApiService, ServerObject};
use serde_json::{Map, Value, json};
use service::spec_schema::SpecSchemas;
use std::sync::Arc;

/// The icon of all pages, an SVG image.
pub(crate) const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='3' fill='#1f4e79'/><path d='M4 3v10M12 3v10M4 8h8' stroke='#fff' stroke-width='2'/></svg>";

/// A dark mode for Swagger UI, which has none. The filter is set on the root element because there it does not move
/// dialogs. Code blocks are dark already and are inverted back.
const DARK: &str = "<style>@media (prefers-color-scheme: dark) { \
    html { background: #fff; filter: invert(.9) hue-rotate(180deg); } \
    .swagger-ui .highlight-code { filter: invert(1) hue-rotate(180deg); } }</style>";

/// The path prefix of all operations.
pub const PREFIX: &str = "/api";

/// The description of the API in the document, in Markdown.
const DESCRIPTION: &str = include_str!("openapi/description.md");

type Apis = (MetaApi, ClustersApi, ClusterNodePoolsApi, NodePoolsApi, StatusesApi, ChangesApi);

/// Returns the service with all operations, to be nested at [`PREFIX`].
pub fn operations_service() -> OpenApiService<Apis, ()> {
    let apis = (MetaApi, ClustersApi, ClusterNodePoolsApi, NodePoolsApi, StatusesApi, ChangesApi);
    OpenApiService::new(apis, "HyperFleet API", crate::VERSION)
        .description(DESCRIPTION)
        .contact(ContactObject::new().name("HyperFleet"))
        .license(LicenseObject::new("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0"))
        .server(ServerObject::new("/").description("This server"))
        .url_prefix(PREFIX)
}

/// The OpenAPI document of all operations. It is built without a database.
#[derive(Debug)]
pub struct Document {
    tree: Value,
    fields: Arc<Fields>,
}

impl Document {
    /// Builds the document of a server that requires tokens, or of one that does not.
    pub fn new(tokens: bool) -> Self {
        let mut document: Value = serde_json::from_str(&operations_service().spec()).unwrap_or_default();
        tidy(&mut document);
        let mut refusals = Map::new();
        for (_, path) in members(&mut document["paths"]) {
            let Some(operations) = path.as_object_mut() else { continue };
            // An operation without a success response is left out.
            let succeeds = |status: &String| status.starts_with('2');
            operations.retain(|_, operation| {
                members(&mut operation["responses"]).any(|(status, _)| succeeds(status))
            });
            for (_, operation) in operations {
                operation::describe(operation, tokens, &mut refusals);
            }
        }
        document["components"]["responses"] = refusals.into();
        if let Some(tags) = document["tags"].as_array_mut() {
            tags.sort_by_key(|tag| TAGS.iter().position(|name| tag["name"] == *name).unwrap_or(TAGS.len()));
        }
        if !tokens {
            document["security"] = json!([]);
            if let Some(components) = document["components"].as_object_mut() {
                components.remove("securitySchemes");
            }
        }
        examples::add(&mut document);
        let fields = fields(&document["components"]["schemas"]);
        Self { tree: document, fields: Arc::new(fields) }
    }

    /// Returns the document with the operator's schemas for `spec`.
    #[must_use]
    pub fn with_spec_schemas(mut self, schemas: &SpecSchemas) -> Self {
        provider::show(&mut self.tree, schemas);
        self
    }

    /// Returns the document of a server whose pages have at most this many items.
    #[must_use]
    pub fn with_max_page_size(mut self, max: u64) -> Self {
        let operations = members(&mut self.tree["paths"]).flat_map(|(_, path)| members(path));
        let parameters =
            operations.filter_map(|(_, operation)| operation.get_mut("parameters")?.as_array_mut()).flatten();
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            if !matches!(name, "size" | "pageSize") {
                continue;
            }
            let has_default = name == "size";
            parameter["schema"]["maximum"] = max.into();
            if has_default {
                parameter["schema"]["default"] = DEFAULT_PAGE_SIZE.min(max).into();
            }
            // Tools send the example.
            if parameter["example"].as_u64().is_some_and(|example| example > max) {
                parameter["example"] = max.into();
            }
        }
        self
    }

    /// The document as a tree.
    pub fn value(&self) -> &Value {
        &self.tree
    }

    /// Returns the fields that the parameter `fields` may name: those in the schemas of responses. Any path below
    /// `spec` is allowed, even with an operator's schemas, because they may describe only a part of it.
    pub fn fields(&self) -> Arc<Fields> {
        self.fields.clone()
    }

    /// Returns the document as JSON, in the format in which it is checked in and served.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.tree)
    }

    /// Returns the document as YAML.
    pub fn yaml(&self) -> String {
        serde_saphyr::to_string(&self.tree).unwrap_or_default()
    }

    /// Returns the page of Swagger UI. It loads nothing from other hosts.
    pub fn swagger_ui(&self) -> String {
        let service = operations_service();
        // The document is embedded in a script element, which the text of a description must not close.
        let document = self.tree.to_string().replace("</", "<\\/");
        let html = service.swagger_ui_html().replacen(&service.spec(), &document, 1);
        let icon = percent_encoding::utf8_percent_encode(ICON, percent_encoding::NON_ALPHANUMERIC);
        let title = format!(
            "<title>HyperFleet API</title><link rel=\"icon\" href=\"data:image/svg+xml,{icon}\">{DARK}"
        );
        html.replace("<title>Swagger UI</title>", &title)
    }
}

/// Returns every operation with its path, including operations that only refuse.
pub fn operations() -> impl Iterator<Item = (String, MetaOperation)> {
    let paths = Apis::meta().into_iter().flat_map(|api| api.paths);
    paths.flat_map(|path| {
        path.operations.into_iter().map(move |found| (format!("{PREFIX}{}", path.path), found))
    })
}

fn fields(schemas: &Value) -> Fields {
    let of = |name: &str, key| KnownFields { all: Selection::of_schema(&schemas[name], schemas), key };
    // Node pools have all fields of clusters and one more.
    Fields { resources: of(&NodePool::name(), "id"), reports: of(&AdapterStatus::name(), "adapter") }
}

/// Returns the members of an object.
fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}
