//! Bearer tokens: the issuers, and the decision whether callers must present one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::fault::Fault;
use super::layers::Layers;
use super::types::{IssuerConfig, Jwt};
use super::value::{self, Kind, Raw, is_loopback};

/// The list of issuers, which only the YAML file can hold.
pub(super) const ISSUERS: &str = "server.jwt.issuers";
const ENABLED: &str = "server.jwt.enabled";
const SECTION: &str = "server.jwt";

/// The fields of one issuer, the same in the list and as settings of their own.
const FIELDS: [(&str, Kind); 6] = [
    ("issuer_url", Kind::Text),
    ("jwk_cert_url", Kind::KeyUrl),
    ("jwk_cert_file", Kind::File),
    ("jwk_cert_ca_file", Kind::File),
    ("audience", Kind::Text),
    ("identity_claim", Kind::Text),
];

/// The section `server.jwt`, for an API that listens on `host`.
pub(super) fn jwt(layers: &mut Layers<'_>, host: &str) -> Jwt {
    let mut issuers = listed_issuers(layers);
    issuers.extend(single_issuer(layers));
    refuse_repeats(layers, &issuers);
    let issuers_usable = !layers.faults.iter().any(|fault| fault.key.starts_with(SECTION));
    let enabled = match layers.switch(ENABLED) {
        Some(enabled) => enabled,
        None => default_for(layers, host, !issuers.is_empty()),
    };
    if enabled && issuers.is_empty() && issuers_usable {
        let remedy = "no issuer is configured: give server.jwt.issuer_url with server.jwt.jwk_cert_url or \
                      server.jwt.jwk_cert_file, or a list in server.jwt.issuers";
        layers.refuse(ENABLED, remedy);
    }
    Jwt { enabled, issuers }
}

/// Nobody said whether tokens are needed: fine on loopback, refused where other machines can call.
fn default_for(layers: &mut Layers<'_>, host: &str, has_issuers: bool) -> bool {
    if is_loopback(host) {
        if has_issuers {
            let warning =
                format!("issuers are configured but tokens are not checked; set {ENABLED} to check them");
            layers.warnings.push(warning);
        }
    } else if !layers.is_faulty(ENABLED) && !layers.is_faulty("server.host") {
        let remedy = format!(
            "must be said, since other machines can reach server.host {host}. To check tokens: \
             --server-jwt-enabled (HYPERFLEET_SERVER_JWT_ENABLED=true) with at least one issuer. \
             To let everyone in: --no-auth (HYPERFLEET_SERVER_JWT_ENABLED=false)"
        );
        layers.refuse(ENABLED, remedy);
    }
    false
}

/// The issuer given by flags, environment variables, or keys directly below `server.jwt`.
fn single_issuer(layers: &mut Layers<'_>) -> Option<IssuerConfig> {
    let key = |field: &str| format!("{SECTION}.{field}");
    let given = FIELDS.iter().any(|(field, _)| layers.origin(&key(field)).is_some());
    let faulty = FIELDS.iter().any(|(field, _)| layers.is_faulty(&key(field)));
    if !given || faulty {
        return None;
    }
    let values = FIELDS.each_ref().map(|(field, _)| layers.text(&key(field)));
    issuer(layers, SECTION, values)
}

/// The issuers of the YAML list, each checked on its own.
fn listed_issuers(layers: &mut Layers<'_>) -> Vec<IssuerConfig> {
    let entries = match layers.file.get(ISSUERS).cloned() {
        None => return Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => {
            layers.faults.push(Fault::new(ISSUERS, "expected a list").from(&layers.file.origin()));
            return Vec::new();
        }
    };
    entries.iter().enumerate().filter_map(|(index, entry)| listed_issuer(layers, index, entry)).collect()
}

fn listed_issuer(layers: &mut Layers<'_>, index: usize, entry: &Value) -> Option<IssuerConfig> {
    let prefix = format!("{ISSUERS}[{index}]");
    let Value::Object(entry) = entry else {
        layers
            .faults
            .push(Fault::new(prefix, "expected an issuer with issuer_url").from(&layers.file.origin()));
        return None;
    };
    let known_faults = layers.faults.len();
    for name in entry.keys().filter(|name| !FIELDS.iter().any(|(field, _)| field == name)) {
        let allowed = FIELDS.each_ref().map(|(field, _)| *field).join(", ");
        let fault = Fault::new(format!("{prefix}.{name}"), format!("unknown key; expected one of {allowed}"));
        layers.faults.push(fault.from(&layers.file.origin()));
    }
    let values = FIELDS.each_ref().map(|(field, kind)| {
        let raw = entry.get(*field).filter(|raw| !raw.is_null())?;
        field_value(layers, format!("{prefix}.{field}"), kind, raw)
    });
    if layers.faults.len() > known_faults { None } else { issuer(layers, &prefix, values) }
}

/// The checked text of one field of a listed issuer. None only when a fault is reported.
fn field_value(layers: &mut Layers<'_>, key: String, kind: &Kind, raw: &Value) -> Option<String> {
    let raw = Raw::Yaml(raw);
    let checked = match kind.parse(raw) {
        Some(value::Value::Text(path)) if matches!(kind, Kind::File) => {
            layers.surroundings.read(Path::new(&path)).map(|_| path)
        }
        Some(value::Value::Text(text)) => Ok(text),
        _ => Err(kind.allowed()),
    };
    let fault = |remedy| Fault::new(key, remedy).showing(raw.shown()).from(&layers.file.origin());
    checked.map_err(|remedy| layers.faults.push(fault(remedy))).ok()
}

/// An issuer of these values, in the order of [`FIELDS`], when they belong together.
fn issuer(layers: &mut Layers<'_>, prefix: &str, values: [Option<String>; 6]) -> Option<IssuerConfig> {
    let [issuer_url, jwk_cert_url, jwk_cert_file, jwk_cert_ca_file, audience, identity_claim] = values;
    if issuer_url.is_none() {
        layers.faults.push(Fault::new(format!("{prefix}.issuer_url"), "must be given for every issuer"));
    }
    if jwk_cert_url.is_none() && jwk_cert_file.is_none() {
        let key = format!("{prefix}.jwk_cert_url");
        layers
            .faults
            .push(Fault::new(key, "must be given, or jwk_cert_file: tokens are checked with these keys"));
    }
    if jwk_cert_url.is_none() && jwk_cert_ca_file.is_some() {
        let key = format!("{prefix}.jwk_cert_ca_file");
        layers.faults.push(Fault::new(key, "has no use without jwk_cert_url"));
    }
    Some(IssuerConfig {
        issuer_url: issuer_url?,
        jwk_cert_url,
        jwk_cert_file: jwk_cert_file.map(PathBuf::from),
        jwk_cert_ca_file: jwk_cert_ca_file.map(PathBuf::from),
        audience,
        identity_claim,
    })
}

/// A token names its issuer, so two entries for one issuer would leave open which of them decides.
fn refuse_repeats(layers: &mut Layers<'_>, issuers: &[IssuerConfig]) {
    for (index, issuer) in issuers.iter().enumerate() {
        if issuers[..index].iter().any(|earlier| earlier.issuer_url == issuer.issuer_url) {
            let fault = Fault::new(ISSUERS, "an issuer is configured twice").showing(&issuer.issuer_url);
            layers.faults.push(fault);
        }
    }
}
