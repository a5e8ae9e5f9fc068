//! What mends a failure.

/// The command that mends a failure, made out for the resource: it is copied, never run. What cannot be known stays in
/// angle brackets.
#[must_use]
pub fn made_out(control: &str, resource: &str) -> Option<String> {
    let text = &crate::controls::facts::facts(control)?.remedy;
    if text.is_empty() || text.starts_with('(') {
        return None;
    }
    let name = crate::model::tail(resource);
    let (account, region) = crate::store::rows::place(resource);
    let mut command = text.replace("<account>", &account);
    if !region.is_empty() {
        command = command.replace("<region>", &region);
    }
    if resource.starts_with("arn:aws") && resource.contains(":dynamodb:") {
        command = command.replace("<table-arn>", resource).replace("<table>", name);
    }
    for (prefix, hole) in [("vpce-", "<vpce-id>"), ("vpc-", "<vpc-id>")] {
        if name.starts_with(prefix) {
            command = command.replace(hole, name);
        }
    }
    // Without it the shell's own region would be changed.
    if !region.is_empty() && !command.contains(';') {
        let located = |part: &str| match part.starts_with("aws ") && !part.contains("--region") {
            true => format!("{part} --region {region}"),
            false => part.to_owned(),
        };
        command = command.split(" && ").map(located).collect::<Vec<_>>().join(" && ");
    }
    Some(command)
}
