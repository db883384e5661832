//! The served document: derived from the annotated types, then mended where the framework cannot say it.

use crate::dto::{AdapterStatus, Cluster, ListParameters, NodePool};
use crate::fields::{Fields, Selection};
use crate::routes::cluster_node_pools::ClusterNodePoolsApi;
use crate::routes::clusters::ClustersApi;
use crate::routes::meta::MetaApi;
use crate::routes::node_pools::NodePoolsApi;
use poem_openapi::OpenApiService;
use poem_openapi::registry::Registry;
use poem_openapi::types::Type;
use serde_json::{Map, Value, json};
use service::kind::PerKind;
use std::sync::LazyLock;

/// Where all operations begin.
pub const PREFIX: &str = "/api/hyperfleet";

type Apis = (MetaApi, ClustersApi, ClusterNodePoolsApi, NodePoolsApi);

/// All operations, to be nested at [`PREFIX`].
pub fn service() -> OpenApiService<Apis, ()> {
    let apis = (MetaApi, ClustersApi, ClusterNodePoolsApi, NodePoolsApi);
    OpenApiService::new(apis, "HyperFleet API", env!("CARGO_PKG_VERSION")).description(
        "The system of record for a fleet of Kubernetes clusters: what they shall be, and what adapters \
         report they are.",
    )
}

/// The document of all operations. Made without a database, and once: it takes more memory than it keeps.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(derive);
    &DOCUMENT
}

fn derive() -> Value {
    let mut document = parse(&service().spec());
    let paths = std::mem::take(&mut document["paths"]);
    let prefixed = |(path, item): (&String, &Value)| {
        let path = format!("{PREFIX}{path}");
        (path.strip_suffix('/').unwrap_or(&path).to_owned(), item.clone())
    };
    document["paths"] = paths.as_object().into_iter().flatten().map(prefixed).collect::<Map<_, _>>().into();
    document["info"]["license"] =
        json!({ "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" });
    document["servers"] = json!([{ "url": "/", "description": "This server" }]);
    let parameters = list_parameters();
    for (path, method, operation) in operations_mut(&mut document["paths"]) {
        add_list_parameters(path, method, operation, &parameters);
        leave_out_impossible(path, method, operation);
        describe_headers(operation);
    }
    close_patches(&mut document);
    restrict_texts(&mut document);
    restrict_labels(&mut document);
    allow_nulls(&mut document);
    whole_numbers(&mut document);
    document
}

/// The document as it is checked in and served.
pub fn document_json() -> String {
    let mut text = serde_json::to_string_pretty(document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The document as YAML.
pub fn document_yaml() -> String {
    serde_saphyr::to_string(document()).unwrap_or_default()
}

/// The page of Swagger UI. All it needs is in it: it asks no other host, and this one only for the API.
pub fn swagger_ui() -> String {
    let service = service();
    // The document goes into a script element, which the text of a description must not end.
    let document = document().to_string().replace("</", "<\\/");
    let html = service.swagger_ui_html().replacen(&service.spec(), &document, 1);
    html.replace(
        "<title>Swagger UI</title>",
        "<title>HyperFleet API</title><link rel=\"icon\" href=\"data:,\">",
    )
}

/// Everything that `fields` may name: what the schemas of the answers hold.
pub fn fields() -> Fields {
    let schemas = &document()["components"]["schemas"];
    let of = |name: &str| Selection::of_schema(&schemas[name], schemas);
    let resources = PerKind { cluster: of(&Cluster::name()), node_pool: of(&NodePool::name()) };
    Fields { resources, reports: of(&AdapterStatus::name()) }
}

fn parse(spec: &str) -> Value {
    serde_json::from_str(spec).unwrap_or_default()
}

fn operations_mut(paths: &mut Value) -> impl Iterator<Item = (&str, &str, &mut Value)> {
    paths.as_object_mut().into_iter().flatten().flat_map(|(path, item)| {
        let methods = item.as_object_mut().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// The parameters of lists, made of the type that describes them.
fn list_parameters() -> Vec<Value> {
    let mut registry = Registry::new();
    ListParameters::register(&mut registry);
    let schemas = serde_json::to_value(&registry.schemas).unwrap_or_default();
    let properties = schemas[ListParameters::name().as_ref()]["properties"].as_object().cloned();
    let parameter = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({ "name": name, "in": "query", "description": description, "required": false,
            "allowEmptyValue": true, "schema": schema })
    };
    properties.unwrap_or_default().into_iter().map(parameter).collect()
}

fn add_list_parameters(path: &str, method: &str, operation: &mut Value, parameters: &[Value]) {
    if method != "get" || !path.contains("clusters") && !path.contains("nodepools") {
        return;
    }
    let names: &[&str] = match path.rsplit('/').next() {
        Some("clusters" | "nodepools") => {
            &["page", "size", "pageSize", "search", "order", "orderBy", "fields", "cursor", "total"]
        }
        Some("statuses") => &["page", "size", "pageSize", "fields", "total"],
        _ => &["fields"],
    };
    let chosen = parameters.iter().filter(|parameter| names.iter().any(|name| parameter["name"] == *name));
    let freshness = json!({
        "name": "Cache-Control",
        "in": "header",
        "description": "With `no-cache`, what is read holds every change that was answered before. Without, \
                        a replica of the database may answer, which can lag behind.",
        "required": false,
        "schema": { "type": "string" }
    });
    let existing = operation["parameters"].as_array().cloned().unwrap_or_default();
    operation["parameters"] = existing.into_iter().chain(chosen.cloned()).chain([freshness]).collect();
}

/// Every operation is documented with every refusal there is; this leaves those that can happen to it.
fn leave_out_impossible(path: &str, method: &str, operation: &mut Value) {
    let reads = method == "get";
    let item = path.contains('{');
    let resource = path.contains("clusters") || path.contains("nodepools");
    let flat_create = path.ends_with("v1/nodepools") && method == "post";
    let create = method == "post" && (path.ends_with("clusters") || path.ends_with("nodepools"));
    let conditional = matches!(method, "patch" | "delete") || path.ends_with("force-delete");
    let body = matches!(method, "post" | "put" | "patch");
    let public = operation["security"].is_null();
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    responses.retain(|status, _| match status.as_str() {
        "400" => resource,
        "401" | "403" => !public,
        "404" => item,
        "408" | "413" | "415" => body || !reads,
        "409" => conditional && method != "delete" || create && !flat_create,
        "412" => conditional,
        "422" => create,
        _ => true,
    });
    if flat_create {
        responses.remove("201");
    }
}

/// Headers of refusals, of which the framework knows nothing: the status they come with, the name, what it says.
const REFUSED_WITH: [(&str, &str, &str); 3] = [
    (
        "401",
        "WWW-Authenticate",
        "How to authenticate, and what is wrong with the token that came (RFC 6750).",
    ),
    ("429", "Retry-After", "Seconds after which to try again."),
    ("503", "Retry-After", "Seconds after which to try again."),
];
/// Headers that the framework spells in capitals, as they are spelled elsewhere.
const SPELLED: [&str; 3] = ["ETag", "Location", "HyperFleet-Discard-Reason"];

fn describe_headers(operation: &mut Value) {
    let responses = operation["responses"].as_object_mut();
    for (status, response) in responses.into_iter().flatten() {
        let described = response["headers"].take();
        let described = described.as_object().into_iter().flatten().map(|(name, header)| {
            let spelled = SPELLED.iter().find(|spelled| spelled.eq_ignore_ascii_case(name));
            (spelled.map_or(name.clone(), ToString::to_string), header.clone())
        });
        let added =
            REFUSED_WITH.iter().filter(|(refused, ..)| refused == status).map(|(_, name, description)| {
                let header =
                    json!({ "description": description, "required": true, "schema": { "type": "string" } });
                (name.to_string(), header)
            });
        let headers: Map<_, _> = described.chain(added).collect();
        match headers.is_empty() {
            true => drop(response.as_object_mut().and_then(|response| response.remove("headers"))),
            false => response["headers"] = headers.into(),
        }
    }
}

/// A change refuses what it does not know.
fn close_patches(document: &mut Value) {
    for name in ["ClusterPatchRequest", "NodePoolPatchRequest"] {
        document["components"]["schemas"][name]["additionalProperties"] = false.into();
        document["components"]["schemas"][name]["minProperties"] = 1.into();
    }
}

/// What a text must look like where the framework, which does not read these itself, cannot be told.
fn restrict_texts(document: &mut Value) {
    const ENTITY_TAGS: &str = r#"^(\*|(W/)?"[^",]*"(, *(W/)?"[^",]*")*)$"#;
    for (path, _, operation) in operations_mut(&mut document["paths"]) {
        let fields = if path.ends_with("statuses") { "status-fields" } else { "resource-fields" };
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let rules = match parameter["name"].as_str() {
                Some("If-Match") => json!({ "pattern": ENTITY_TAGS, "format": "entity-tags" }),
                Some("Idempotency-Key") => json!({ "pattern": "^[!-~]([ -~]*[!-~])?$", "maxLength": 255 }),
                Some("search") => json!({ "format": "search-expression" }),
                Some("order") => json!({ "format": "order" }),
                Some("orderBy") => json!({ "format": "order-fields" }),
                Some("cursor") => json!({ "format": "cursor" }),
                Some("fields") => json!({ "format": fields }),
                _ => continue,
            };
            let rules = rules.as_object().cloned().unwrap_or_default();
            parameter["schema"].as_object_mut().into_iter().for_each(|schema| schema.extend(rules.clone()));
        }
    }
}

/// The rules of Kubernetes for the values of labels. Those for keys cannot be said in this version of OpenAPI.
fn restrict_labels(document: &mut Value) {
    const REQUESTS: [&str; 4] =
        ["ClusterCreateRequest", "ClusterPatchRequest", "NodePoolCreateRequest", "NodePoolPatchRequest"];
    for name in REQUESTS {
        let labels = &mut document["components"]["schemas"][name]["properties"]["labels"];
        labels["maxProperties"] = 64.into();
        labels["additionalProperties"]["maxLength"] = 63.into();
        labels["additionalProperties"]["pattern"] = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$".into();
    }
}

/// Null counts as absent wherever a member of a request may be absent.
fn allow_nulls(document: &mut Value) {
    let kind = |name: &str| json!({ "type": "string", "enum": [name, null], "description": "What it is." });
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas.iter_mut().filter(|(name, _)| name.ends_with("Request")) {
        let required = schema["required"].clone();
        for (field, property) in schema["properties"].as_object_mut().into_iter().flatten() {
            if field == "kind" {
                *property = kind(name.trim_end_matches("CreateRequest"));
            }
            if !required.as_array().is_some_and(|required| required.iter().any(|r| r == field)) {
                property["nullable"] = true.into();
            }
        }
    }
}

/// The framework prints every bound as a fraction; generators of clients want whole numbers whole.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0) {
                *value = (whole as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(map) => map.values_mut().for_each(whole_numbers),
        _ => {}
    }
}
