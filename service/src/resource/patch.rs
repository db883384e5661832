//! Changes the desired state of resources.

use super::locked::{Locked, lock};
use super::request::{Applied, BatchResult, IfMatch, Patch, PatchRequest};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{Resource, Target, finalizing};
use crate::name::Labels;
use crate::status::aggregate::Trigger;
use crate::store::resources::Wait;
use crate::store::save::save;
use crate::store::write::Tx;
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The maximum computing time for a batch. Large specs and slow schemas must not keep the rows of other requests
/// locked.
const MAX_COMPUTING_TIME: Duration = Duration::from_millis(20);

/// Changes the desired state or the labels of a resource. If anything differs, the generation rises by one.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PreconditionFailed`], [`Error::Conflict`] while it is marked for deletion,
/// [`Error::Invalid`] if the new spec does not match its schema.
pub async fn patch(
    context: &Context,
    target: Target,
    if_match: IfMatch,
    patch: Patch,
    caller: String,
) -> Result<Applied> {
    let request = Arc::new(PatchRequest { target, if_match, patch, caller });
    let run = {
        let context = context.clone();
        move |batch| run_batch(context.clone(), batch)
    };
    match context.patches.submit(request.clone(), run).await? {
        Some(result) => result,
        None => run_single(context, &request).await,
    }
}

/// Applies a batch of requests in one transaction. A request is left to be handled alone if its resource could not be
/// locked, if another request of the batch changes the same resource, or if the computing time of the batch is used
/// up.
async fn run_batch(context: Context, requests: Vec<Arc<PatchRequest>>) -> Result<Vec<BatchResult<Applied>>> {
    let (context, requests) = (&context, requests.as_slice());
    let work = |tx: Tx| async move { change(context, &tx, requests, Wait::Skip).await };
    context.write_batch(requests.len(), work).await
}

async fn run_single(context: &Context, request: &Arc<PatchRequest>) -> Result<Applied> {
    let work = |tx: Tx| async move {
        let changed = change(context, &tx, std::slice::from_ref(request), Wait::Yes).await?;
        changed.into_iter().flatten().next().unwrap_or_else(|| Err(request.target.not_found()))
    };
    let _pass = context.gate.enter(request.target.id).await?;
    Ok(context.write(work).await?.value)
}

/// Changes resources. Returns one result per request, in order; `None` if the resource could not be locked, or if
/// computing the previous requests has taken too long.
async fn change(
    context: &Context,
    tx: &Tx,
    requests: &[Arc<PatchRequest>],
    wait: Wait,
) -> Result<Vec<BatchResult<Applied>>> {
    let targets: Vec<Target> = requests.iter().map(|request| request.target).collect();
    let mut locked = lock(tx, &targets, wait).await?;
    let (now, started) = (tx.now(), Instant::now());
    let (mut results, mut writes) = (Vec::new(), Vec::new());
    for request in requests {
        let in_time = results.is_empty() || started.elapsed() < MAX_COMPUTING_TIME;
        let resource = locked.remove(&(request.target.kind, request.target.id)).filter(|_| in_time);
        let changed = resource.map(|resource| changed_by(context, request, resource, now));
        results.push(changed.map(|changed| {
            let changed = changed?;
            let applied = Applied::of(changed.after.clone(), changed.before.generation);
            writes.push(changed.into_write());
            Ok(applied)
        }));
    }
    save(tx, writes).await?;
    Ok(results)
}

/// Applies a request to a resource.
fn changed_by(
    context: &Context,
    request: &PatchRequest,
    mut resource: Locked,
    now: DateTime<Utc>,
) -> Result<Locked> {
    let PatchRequest { target, if_match, patch, caller } = request;
    if !target.matches(&resource.after) {
        return Err(target.not_found());
    }
    if_match.check(&resource.after)?;
    if resource.after.is_finalizing() {
        return Err(finalizing(target.kind, target.id));
    }
    let settings = &context.settings;
    let check =
        |spec: &Value| settings.schemas.check(target.kind.spec_schema(), spec).map_err(Error::invalid_fields);
    if apply(&mut resource.after, patch, check)? {
        resource.after.generation += 1;
        resource.after.revision += 1;
        resource.after.updated_time = now.max(resource.before.updated_time);
        caller.clone_into(&mut resource.after.updated_by);
        caller.clone_into(&mut resource.by);
        resource.after.aggregate(&settings.required, &resource.reports, false, Trigger::Change)?;
    }
    Ok(resource)
}

/// Applies `patch`. Returns whether anything differs afterwards.
fn apply(resource: &mut Resource, patch: &Patch, check: impl Fn(&Value) -> Result<()>) -> Result<bool> {
    let stored: Value = resource.spec.read()?;
    let stored_labels: BTreeMap<String, String> = resource.labels.read()?;
    let (spec, labels) = match patch {
        Patch::Replace { spec, labels } => (spec.clone(), labels.clone()),
        Patch::Merge(patch) => merged(&stored, &stored_labels, patch)?,
    };
    let spec = spec.filter(|spec| !json_equal(spec, &stored));
    let labels = labels.filter(|labels| *labels.as_map() != stored_labels);
    if let Some(spec) = &spec {
        check(spec)?;
        resource.spec = JsonText::of(spec)?;
    }
    if let Some(labels) = &labels {
        resource.labels = JsonText::of(labels.as_map())?;
    }
    Ok(spec.is_some() || labels.is_some())
}

/// Returns the desired state and the labels that result from a merge patch.
fn merged(
    spec: &Value,
    labels: &BTreeMap<String, String>,
    patch: &Value,
) -> Result<(Option<Value>, Option<Labels>)> {
    let mut sections = json!({ "spec": spec, "labels": labels });
    merge(&mut sections, patch);
    let labels = match sections["labels"].take() {
        Value::Null => BTreeMap::new(),
        labels => serde_json::from_value(labels)?,
    };
    let labels = Labels::parse(labels).map_err(Error::invalid_fields)?;
    match sections["spec"].take() {
        spec @ Value::Object(_) => Ok((Some(spec), Some(labels))),
        _ => Err(Error::invalid("spec", "spec must be an object", "type")),
    }
}

/// Applies a merge patch (RFC 7396): members are merged, null removes, any other value replaces.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, change) in members {
        match change {
            Value::Null => drop(object.remove(name)),
            change => merge(object.entry(name).or_insert(Value::Null), change),
        }
    }
}

/// Whether two documents are equivalent: `1` equals `1.0`, and the order of keys is irrelevant.
fn json_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| json_equal(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::{json_equal, merge};
    use serde_json::json;

    #[test]
    fn a_merge_patch_merges_members_and_removes_nulls() {
        // The examples of RFC 7396, appendix A.
        for (mut target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            merge(&mut target, &patch);
            assert_eq!(target, result, "{patch}");
        }
    }

    #[test]
    fn documents_are_compared_by_what_they_say() {
        assert!(json_equal(&json!({"a": 1, "b": [1.0]}), &json!({"b": [1], "a": 1.0})));
        assert!(!json_equal(&json!({"a": 1}), &json!({"a": "1"})));
        assert!(!json_equal(&json!({"a": null}), &json!({})));
        assert!(!json_equal(&json!([1, 2]), &json!([2, 1])));
        assert!(!json_equal(&json!(9007199254740993_i64), &json!(9007199254740992_i64)));
    }
}
