use super::request::{Applied, Change, IfMatch};
use super::{Resource, Target, finalizing};
use crate::context::{Committed, Context};
use crate::error::{Error, Result};
use crate::name::Labels;
use crate::status::aggregate::Event;
use crate::store::save::{Tx, Write, save};
use crate::store::{reports, resources};
use entity::JsonText;
use serde_json::Value;

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
    if let Some(spec) = &change.spec {
        context.settings.schemas.check(target.kind.spec_schema(), spec).map_err(Error::invalid_fields)?;
    }
    let work = |tx: Tx| async move {
        let before = resources::lock_target(&tx, target).await?;
        if_match.check(&before)?;
        if before.is_finalizing() {
            return Err(finalizing(target.kind, target.id));
        }
        let mut after = before.clone();
        if apply(&mut after, change)? {
            after.generation += 1;
            after.revision += 1;
            after.updated_time = context.clock.now().max(before.updated_time);
            caller.clone_into(&mut after.updated_by);
            let reports = reports::of_resource(&tx, after.id).await?;
            after.aggregate(&context.settings.required[target.kind], &reports, false, Event::Change)?;
        }
        save(&tx, vec![Write::Update { before, after: after.clone() }]).await?;
        Ok(after)
    };
    let _pass = context.gate.enter(target.id).await?;
    let Committed { value: resource, changes } = context.write(work).await?;
    Ok(Applied { resource, changes })
}

/// Applies `change` and tells whether anything is different now.
fn apply(resource: &mut Resource, change: &Change) -> Result<bool> {
    let mut changed = false;
    if let Some(labels) = changed_labels(resource, change)? {
        resource.labels = JsonText::of(labels.as_map())?;
        changed = true;
    }
    if let Some(spec) = changed_spec(resource, change)? {
        resource.spec = spec;
        changed = true;
    }
    Ok(changed)
}

fn changed_labels<'a>(resource: &Resource, change: &'a Change) -> Result<Option<&'a Labels>> {
    let stored = resource.labels.read()?;
    Ok(change.labels.as_ref().filter(|labels| *labels.as_map() != stored))
}

fn changed_spec(resource: &Resource, change: &Change) -> Result<Option<JsonText>> {
    match &change.spec {
        Some(spec) if !json_equal(spec, &resource.spec.read()?) => Ok(Some(JsonText::of(spec)?)),
        _ => Ok(None),
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
    use super::json_equal;
    use serde_json::json;

    #[test]
    fn documents_are_compared_by_what_they_say() {
        assert!(json_equal(&json!({"a": 1, "b": [1.0]}), &json!({"b": [1], "a": 1.0})));
        assert!(!json_equal(&json!({"a": 1}), &json!({"a": "1"})));
        assert!(!json_equal(&json!({"a": null}), &json!({})));
        assert!(!json_equal(&json!([1, 2]), &json!([2, 1])));
        assert!(!json_equal(&json!(9007199254740993_i64), &json!(9007199254740992_i64)));
    }
}
