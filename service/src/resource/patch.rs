use super::create::insert_labels;
use super::{Applied, Effect, IfMatch, Resource, removal, store};
use crate::status;
use crate::{Error, Kind, Labels, Result, Scope, Write};
use entity::{JsonText, label};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

/// What shall become of a resource. What is not said stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The whole new desired state.
    pub spec: Option<Value>,
    /// All the new labels.
    pub labels: Option<Labels>,
}

/// A change of a resource.
#[derive(Clone, Debug)]
pub struct Patch {
    /// What is changed.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// The cluster the node pool must belong to, if one was named.
    pub owner: Option<Uuid>,
    /// The version it must be at.
    pub if_match: IfMatch,
    /// What shall become of it.
    pub change: Change,
    /// Who changes it.
    pub caller: String,
}

impl Write for Patch {
    type Output = Applied;

    async fn run(&self, scope: &Scope<'_>) -> Result<Applied> {
        let mut resource = removal::lock_owned(scope, self.kind, self.id, self.owner).await?;
        self.if_match.check(&resource)?;
        if resource.is_finalizing() {
            return Err(Error::finalizing(self.kind, self.id));
        }
        let labels = self.new_labels(&resource)?;
        let spec = self.new_spec(&resource)?;
        let generation_before = resource.generation;
        if labels.is_none() && spec.is_none() {
            let effects = vec![Effect::on(&resource, generation_before)];
            return Ok(Applied { resource, effects });
        }
        if let Some(labels) = labels {
            resource.labels = JsonText::of(labels.as_map())?;
            label::Entity::delete_many().filter(label::Column::OwnerId.eq(self.id)).exec(scope.tx).await?;
            insert_labels(scope, &resource, labels).await?;
        }
        if let Some(spec) = spec {
            resource.spec = spec;
        }
        resource.generation += 1;
        resource.revision += 1;
        resource.updated_time = scope.now();
        resource.updated_by = self.caller.clone();
        let reports = status::of_resource(scope.tx, self.id).await?;
        status::refresh(scope, &mut resource, &reports, false)?;
        store::update(scope.tx, resource.clone()).await?;
        let effects = vec![Effect::on(&resource, generation_before)];
        Ok(Applied { resource, effects })
    }
}

impl Patch {
    /// The labels, if they really change.
    fn new_labels(&self, resource: &Resource) -> Result<Option<&Labels>> {
        let stored = resource.labels.read()?;
        Ok(self.change.labels.as_ref().filter(|labels| *labels.as_map() != stored))
    }

    /// The desired state, if it really changes.
    fn new_spec(&self, resource: &Resource) -> Result<Option<JsonText>> {
        match &self.change.spec {
            Some(spec) if !json_equal(spec, &resource.spec.read()?) => Ok(Some(JsonText::of(spec)?)),
            _ => Ok(None),
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
