//! What is kept of IAM's answers: documents as they were written, the versions that hold, the report as its own text.

use serde_json::Value;

/// The account's users, groups, roles and policies: documents undone from the encoding they are sent in, policies with
/// the version that holds alone.
pub(super) fn details(mut whole: Value) -> Option<Value> {
    let policies = |of: &mut Value, list: &str| -> Option<()> {
        for policy in list_of(&mut of[list])? {
            plain(&mut policy["PolicyDocument"])?;
        }
        Some(())
    };
    for role in list_of(&mut whole["RoleDetailList"])? {
        plain(&mut role["AssumeRolePolicyDocument"])?;
        policies(role, "RolePolicyList")?;
        // Each holds the role once more.
        role["InstanceProfileList"].take();
    }
    for user in list_of(&mut whole["UserDetailList"])? {
        policies(user, "UserPolicyList")?;
    }
    for group in list_of(&mut whole["GroupDetailList"])? {
        policies(group, "GroupPolicyList")?;
    }
    for policy in list_of(&mut whole["Policies"])? {
        let versions = &mut policy["PolicyVersionList"];
        if let Value::Array(all) = versions {
            all.retain(|version| version["IsDefaultVersion"] == "true");
        }
        for version in list_of(versions)? {
            plain(&mut version["Document"])?;
        }
    }
    Some(whole)
}

/// The items of a list; none where it is absent or written as an empty element.
fn list_of(of: &mut Value) -> Option<std::slice::IterMut<'_, Value>> {
    match of {
        Value::Array(items) => Some(items.iter_mut()),
        Value::Null => Some([].iter_mut()),
        Value::String(blank) if blank.trim().is_empty() => Some([].iter_mut()),
        _ => None,
    }
}

/// Undoes the percent-encoding of a document; `None` for what is no text.
fn plain(of: &mut Value) -> Option<()> {
    let text = of.as_str()?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, rest) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    *of = Value::String(String::from_utf8(bytes).ok()?);
    Some(())
}

/// The credential report as CSV text, which is sent in base 64.
pub(super) fn report(mut whole: Value) -> Option<Value> {
    let content: String = whole["Content"].as_str()?.split_whitespace().collect();
    let bytes = aws_smithy_types::base64::decode(content).ok()?;
    let text = String::from_utf8(bytes).ok().filter(|text| text.starts_with("user,arn,"))?;
    whole["Content"] = Value::String(text);
    Some(whole)
}

/// Events without their records, which are long.
pub(super) fn events(mut whole: Value) -> Option<Value> {
    for event in list_of(&mut whole["Events"])? {
        event["CloudTrailEvent"].take();
    }
    Some(whole)
}

/// Whether a summary is one: names with numbers.
pub(super) fn summary(of: &Value) -> bool {
    let entry = |of: &Value| of["key"].is_string() && of["value"].as_str().is_some_and(|n| n.parse::<u64>().is_ok());
    of.as_array().is_some_and(|all| all.iter().all(entry))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_decoded_and_old_versions_go() {
        let whole = json!({
            "RoleDetailList": [{
                "AssumeRolePolicyDocument": "%7B%22Statement%22%3A+1%7D", "RolePolicyList": "", "InstanceProfileList": [1],
            }],
            "UserDetailList": "",
            "GroupDetailList": [{"GroupPolicyList": [{"PolicyDocument": "%7B%7D"}]}],
            "Policies": [{"PolicyVersionList": [
                {"Document": "old", "IsDefaultVersion": "false"}, {"Document": "%C3%A9", "IsDefaultVersion": "true"},
            ]}],
        });
        let kept = details(whole.clone()).unwrap();
        // A blank is sent as %20: a plus is a plus.
        assert_eq!(kept["RoleDetailList"][0]["AssumeRolePolicyDocument"], "{\"Statement\":+1}");
        assert_eq!(kept["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"], "{}");
        assert_eq!(kept["Policies"][0]["PolicyVersionList"], json!([{"Document": "é", "IsDefaultVersion": "true"}]));
        for (pointer, wrong) in [
            ("/RoleDetailList/0/AssumeRolePolicyDocument", json!("%zz")),
            ("/UserDetailList", json!("seventeen")),
            ("/Policies/0/PolicyVersionList/1/Document", json!(17)),
        ] {
            let mut spoiled = whole.clone();
            *spoiled.pointer_mut(pointer).unwrap() = wrong;
            assert_eq!(details(spoiled), None, "{pointer}");
        }
    }

    #[test]
    fn a_report_is_its_text_or_none() {
        let of = |text: &str| report(json!({"Content": aws_smithy_types::base64::encode(text)}));
        assert_eq!(of("user,arn,x\nbob,a,b").unwrap()["Content"], "user,arn,x\nbob,a,b");
        assert_eq!(of("<html>"), None);
        assert_eq!(report(json!({"Content": "no base 64"})), None);
        let good = json!([{"key": "Users", "value": "3"}]);
        assert!(summary(&good) && !summary(&json!([{"key": "Users", "value": "three"}])) && !summary(&json!("")));
    }
}
