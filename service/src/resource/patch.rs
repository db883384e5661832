use super::request::{Applied, Change, IfMatch};
use super::{Resource, Target, finalizing};
use crate::context::{Committed, Context};
use crate::error::{Error, Result};
use crate::name::Labels;
use crate::status::aggregate::Event;
use crate::store::save::save;
use crate::store::write::{Tx, Write};
use crate::store::{reports, resources};
use entity::JsonText;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Changes the desired state or the labels of a resource. What really changes raises its generation by one.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PreconditionFailed`], [`Error::Conflict`] while it is being deleted,
/// [`Error::Invalid`] if the new spec does not match its schema.
pub async fn patch(
    context: &Context,
    target: &Target,
    if_match: &IfMatch,
    change: &Change,
    caller: &str,
) -> Result<Applied> {
    let check = |spec: &Value| {
        context.settings.schemas.check(target.kind.spec_schema(), spec).map_err(Error::invalid_fields)
    };
    let work = |tx: Tx| async move {
        let before = resources::lock_target(&tx, target).await?;
        if_match.check(&before)?;
        if before.is_finalizing() {
            return Err(finalizing(target.kind, target.id));
        }
        let mut after = before.clone();
        if apply(&mut after, change, check)? {
            after.generation += 1;
            after.revision += 1;
            after.updated_time = context.clock.now().max(before.updated_time);
            caller.clone_into(&mut after.updated_by);
            let reports = reports::of_resource(&tx, after.id).await?;
            after.aggregate(&context.settings.required, &reports, false, Event::Change)?;
        }
        save(&tx, vec![Write::Update { before, after: after.clone(), by: caller.to_owned() }]).await?;
        Ok(after)
    };
    let _pass = context.gate.enter(target.id).await?;
    let Committed { value: resource, changes } = context.write(work).await?;
    Ok(Applied { resource, changes })
}

/// Applies `change` and tells whether anything is different now.
fn apply(resource: &mut Resource, change: &Change, check: impl Fn(&Value) -> Result<()>) -> Result<bool> {
    let stored: Value = resource.spec.read()?;
    let stored_labels: BTreeMap<String, String> = resource.labels.read()?;
    let (spec, labels) = match change {
        Change::Replace { spec, labels } => (spec.clone(), labels.clone()),
        Change::Merge(patch) => merged(&stored, &stored_labels, patch)?,
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

/// The desired state and the labels that a merge patch leads to.
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

/// RFC 7396: members are merged, null removes, anything else replaces.
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

/// Whether two documents say the same: `1` and `1.0` do, and the order of keys says nothing.
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
