//! Descriptions of the patterns in request schemas. Error messages contain them, because a regular expression alone
//! does not make clear what to change.

/// The pattern of a resource name.
pub(super) const NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The pattern of a label value.
pub(super) const LABEL_VALUE: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$";

/// The prefix of the message of a pattern violation. The pattern follows it.
const VIOLATED: &str = "must match the pattern ";

const EXPLANATIONS: [(&str, &str); 4] = [
    (NAME, "must consist of lowercase letters, digits and '-', with a letter or digit at both ends"),
    (
        LABEL_VALUE,
        "must consist of at most 63 letters, digits, '.', '_' or '-', with a letter or digit at both ends, or be empty",
    ),
    ("^[-A-Za-z0-9_.]+$", "must consist of letters, digits, '-', '_' and '.'"),
    (r"[^\s\x85]", "must not be blank"),
];

/// Returns the message of a violation. If it is a violation of a known pattern, the description precedes the
/// pattern.
pub(super) fn explained(message: String) -> String {
    let pattern = message.strip_prefix(VIOLATED);
    match EXPLANATIONS.iter().find(|(known, _)| pattern == Some(*known)) {
        Some((pattern, words)) => format!("{words} (pattern {pattern})"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::{
        AdapterStatusCreateRequest, Body, ClusterCreateRequest, ClusterPatchRequest, ForceDeleteRequest,
    };
    use chrono::{DateTime, Utc};
    use serde_json::{Value, json};

    fn refusal<B: Body>(body: Value) -> String {
        let parsed = B::parse(B::MEDIA_TYPES[0].0, body, DateTime::<Utc>::UNIX_EPOCH);
        parsed.err().expect("a refusal").to_string()
    }

    #[test]
    fn every_pattern_is_said_in_words() {
        let report = json!({ "adapter": "a b", "observed_generation": 1, "conditions": [] });
        let of_blank = json!({ "type": " ", "status": "True" });
        let blank = json!({ "adapter": "a", "observed_generation": 1, "conditions": [of_blank] });
        for (refusal, words) in [
            (refusal::<ClusterCreateRequest>(json!({ "name": "A_b", "spec": {} })), EXPLANATIONS[0]),
            (refusal::<ClusterPatchRequest>(json!({ "labels": { "a": "-" } })), EXPLANATIONS[1]),
            (refusal::<AdapterStatusCreateRequest>(report), EXPLANATIONS[2]),
            (refusal::<AdapterStatusCreateRequest>(blank), EXPLANATIONS[3]),
            (refusal::<ForceDeleteRequest>(json!({ "reason": " " })), EXPLANATIONS[3]),
        ] {
            let (pattern, words) = words;
            assert!(refusal.ends_with(&format!(" {words} (pattern {pattern})")), "{refusal}");
        }
    }
}
