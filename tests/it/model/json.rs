//! Equality of JSON by value.

use serde_json::{Number, Value};

/// Returns whether two values are equal: keys in any order, numbers by value (`1` equals `1.0`, integers exactly).
pub(crate) fn json_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => numbers_equal(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| json_equal(x, y))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, x)| b.get(key).is_some_and(|y| json_equal(x, y)))
        }
        _ => left == right,
    }
}

/// Returns whether `whole` contains everything in `part`. Objects of `whole` may have additional keys.
pub(crate) fn json_contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(a), Value::Object(b)) => {
            b.iter().all(|(key, y)| a.get(key).is_some_and(|x| json_contains(x, y)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| json_contains(x, y))
        }
        _ => json_equal(whole, part),
    }
}

fn numbers_equal(left: &Number, right: &Number) -> bool {
    match (whole_number(left), whole_number(right)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => left.as_f64() == right.as_f64(),
        _ => false,
    }
}

/// Returns the exact integer, if the number is an integer of at most 64 bits.
fn whole_number(number: &Number) -> Option<i128> {
    if let Some(signed) = number.as_i64() {
        return Some(signed.into());
    }
    if let Some(unsigned) = number.as_u64() {
        return Some(unsigned.into());
    }
    let double = number.as_f64()?;
    let exact = double.fract() == 0.0 && double.abs() < 18_446_744_073_709_551_616.0;
    exact.then_some(double as i128)
}
