//! The served document, derived from the annotated types.

use crate::dto::{AdapterStatus, CACHE_CONTROL, NodePool, tidy};
use crate::fields::{Fields, Selection};
use crate::routes::changes::ChangesApi;
use crate::routes::cluster_node_pools::ClusterNodePoolsApi;
use crate::routes::clusters::ClustersApi;
use crate::routes::meta::MetaApi;
use crate::routes::node_pools::NodePoolsApi;
use poem::http::StatusCode;
use poem_openapi::registry::MetaOperation;
use poem_openapi::types::Type;
use poem_openapi::{LicenseObject, OpenApi, OpenApiService, ServerObject};
use serde_json::{Map, Value, json};

/// Where all operations are nested.
pub const PREFIX: &str = "/api";

type Apis = (MetaApi, ClustersApi, ClusterNodePoolsApi, NodePoolsApi, ChangesApi);

/// All operations, to be nested at [`PREFIX`].
pub fn service() -> OpenApiService<Apis, ()> {
    let apis = (MetaApi, ClustersApi, ClusterNodePoolsApi, NodePoolsApi, ChangesApi);
    OpenApiService::new(apis, "HyperFleet API", crate::VERSION)
        .description(
            "The system of record for a fleet of Kubernetes clusters: their desired state, and what adapters report \
             about them.",
        )
        .license(LicenseObject::new("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0"))
        .server(ServerObject::new("/").description("This server"))
        .url_prefix(PREFIX)
}

/// The document of all operations. Made without a database.
#[derive(Debug)]
pub struct Document(Value);

impl Document {
    /// The document of a server that demands tokens, or of one that does not.
    pub fn new(tokens: bool) -> Self {
        let mut document: Value = serde_json::from_str(&service().spec()).unwrap_or_default();
        tidy(&mut document);
        let mut refusals = Map::new();
        for (_, path) in members(&mut document["paths"]) {
            let Some(operations) = path.as_object_mut() else { continue };
            // What can only be refused is not offered.
            let succeeds = |status: &String| status.starts_with('2');
            operations.retain(|_, operation| {
                members(&mut operation["responses"]).any(|(status, _)| succeeds(status))
            });
            for (method, operation) in operations {
                describe(operation, method == "get", tokens, &mut refusals);
            }
        }
        document["components"]["responses"] = refusals.into();
        if let Some(components) = document["components"].as_object_mut().filter(|_| !tokens) {
            components.remove("securitySchemes");
        }
        Self(document)
    }

    /// The document as a tree.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Everything that `fields` may name: what the schemas of the answers hold.
    pub fn fields(&self) -> Fields {
        let schemas = &self.0["components"]["schemas"];
        let of = |name: &str| Selection::of_schema(&schemas[name], schemas);
        // Node pools have all fields of clusters and one more.
        Fields { resources: of(&NodePool::name()), reports: of(&AdapterStatus::name()) }
    }

    /// The document as JSON, as it is checked in and served.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.0)
    }

    /// The document as YAML.
    pub fn yaml(&self) -> String {
        serde_saphyr::to_string(&self.0).unwrap_or_default()
    }

    /// The page of Swagger UI. It needs nothing from any other host.
    pub fn swagger_ui(&self) -> String {
        let service = service();
        // The document goes into a script element, which the text of a description must not end.
        let document = self.0.to_string().replace("</", "<\\/");
        let html = service.swagger_ui_html().replacen(&service.spec(), &document, 1);
        html.replace(
            "<title>Swagger UI</title>",
            "<title>HyperFleet API</title><link rel=\"icon\" href=\"data:,\">",
        )
    }
}

/// Every operation with its path, those included that only refuse.
pub fn operations() -> impl Iterator<Item = (String, MetaOperation)> {
    let paths = Apis::meta().into_iter().flat_map(|api| api.paths);
    paths.flat_map(|path| {
        path.operations.into_iter().map(move |found| (format!("{PREFIX}{}", path.path), found))
    })
}

/// The members of an object.
fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Completes an operation by what it takes and gives: its parameters, its only tag, who may call it, and what it can be
/// refused with, which is described once for all of them.
fn describe(operation: &mut Value, reads: bool, tokens: bool, refusals: &mut Map<String, Value>) {
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        *parameters = parameters.drain(..).flat_map(spread).collect();
    }
    // Its own tag takes the place of the one of its API.
    if let Some(tags) = operation["tags"].as_array_mut() {
        *tags = tags.pop().into_iter().collect();
    }
    let possible = possible(operation, reads, tokens);
    let public = operation["security"].is_null();
    for (status, response) in members(&mut operation["responses"]) {
        spell_headers(response);
        if let Some(name) = refusal(status) {
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            let described = std::mem::replace(response, reference);
            if possible(status) {
                refusals.insert(name, described);
            }
        }
    }
    let responses = operation["responses"].as_object_mut();
    responses.into_iter().for_each(|responses| responses.retain(|status, _| possible(status)));
    match operation.as_object_mut() {
        Some(operation) if !tokens => drop(operation.remove("security")),
        Some(operation) if public => drop(operation.insert("security".into(), json!([]))),
        _ => {}
    }
}

/// A parameter that is read as a set stands for those in it.
fn spread(mut parameter: Value) -> Vec<Value> {
    let Value::Object(properties) = parameter["schema"]["properties"].take() else {
        parameter["schema"].as_object_mut().into_iter().for_each(|schema| drop(schema.remove("properties")));
        return vec![parameter];
    };
    let parameter = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let place = if name == CACHE_CONTROL { "header" } else { "query" };
        json!({ "name": name, "in": place, "description": description, "required": false, "schema": schema })
    };
    properties.into_iter().map(parameter).collect()
}

/// The name of a refusal.
fn refusal(status: &str) -> Option<String> {
    let status = StatusCode::from_bytes(status.as_bytes()).ok().filter(|status| status.as_u16() >= 400)?;
    Some(status.canonical_reason()?.replace(' ', ""))
}

/// Which statuses an operation can answer.
fn possible(operation: &Value, reads: bool, tokens: bool) -> impl Fn(&str) -> bool + use<> {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let demands_token = tokens && !operation["security"].is_null();
    let body = operation["requestBody"].is_object();
    move |status| {
        let takes = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
        match status {
            "400" => body || !parameters.is_empty(),
            "401" => demands_token,
            "403" => !tokens,
            "404" => parameters.iter().any(|parameter| parameter["in"] == "path"),
            "408" | "413" | "415" => !reads,
            "409" => body && (takes("If-Match") || takes("Idempotency-Key")),
            "410" => takes("since"),
            "412" => takes("If-Match"),
            "422" => takes("Idempotency-Key"),
            _ => true,
        }
    }
}

/// The headers that the framework writes in capitals, as they are spelled elsewhere.
const HEADERS: [&str; 4] = ["ETag", "Location", "HyperFleet-Discard-Reason", "HyperFleet-Waited"];

fn spell_headers(response: &mut Value) {
    let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else { return };
    for name in HEADERS {
        if let Some(header) = headers.remove(&name.to_ascii_uppercase()) {
            headers.insert(name.to_owned(), header);
        }
    }
}
