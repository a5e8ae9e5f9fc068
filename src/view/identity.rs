//! What a note stays with: a thing's identity as text, and the way back.

use crate::model::{RuleKey, Scope, Source};

use super::Thing;

/// The identity of a thing that outlives this run; `None` for what is known by its place alone.
#[must_use]
pub fn of(thing: &Thing) -> Option<Vec<String>> {
    let scoped = |kind: &str, scope: &Scope, rest: &[&str]| {
        let all = [kind, &scope.account, &scope.region].into_iter().chain(rest.iter().copied());
        all.map(str::to_owned).collect()
    };
    let plain = |kind: &str, rest: &[&str]| [kind].into_iter().chain(rest.iter().copied()).map(str::to_owned).collect();
    Some(match thing {
        // A step of what would stop a case is a part of the case.
        Thing::Finding(id) | Thing::Step(id, _) => plain("finding", &[id]),
        // Who used a table is asked about the table.
        Thing::Table(arn) | Thing::Who(arn) => plain("table", &[arn]),
        Thing::Judgement(resource, control) => plain("verdict", &[resource, control]),
        Thing::Rule(key) => scoped("rule", &key.scope, &[&key.name]),
        Thing::Evaluation(key, kind, id) => scoped("evaluation", &key.scope, &[&key.name, kind, id]),
        Thing::Drift(id) => plain("drift", &[id]),
        Thing::Stack(id) => plain("stack", &[id]),
        Thing::Resource(stack, logical) => plain("resource", &[stack, logical]),
        Thing::Endpoint(scope, id) => scoped("endpoint", scope, &[id]),
        Thing::Vpc(scope, id) => scoped("vpc", scope, &[id]),
        Thing::Event(key) => plain("event", &[key]),
        Thing::Trail(scope, arn) => scoped("trail", scope, &[arn]),
        Thing::Source(source, scope) => scoped("source", scope, &[source.name()]),
        Thing::Practice(number) => plain("practice", &[&number.to_string()]),
        Thing::Call(_)
        | Thing::Error(_)
        | Thing::File(_)
        | Thing::Broken(_)
        | Thing::Theme(_)
        | Thing::Crossing(..) => return None,
    })
}

/// The thing of an identity; `None` for one that another version wrote.
#[must_use]
pub fn thing(identity: &[String]) -> Option<Thing> {
    let parts: Vec<&str> = identity.iter().map(String::as_str).collect();
    let scope = |account: &str, region: &str| Scope::new(account, region);
    let owned = |text: &str| text.to_owned();
    Some(match parts.as_slice() {
        ["finding", id] => Thing::Finding(owned(id)),
        ["table", arn] => Thing::Table(owned(arn)),
        ["verdict", resource, control] => {
            let (control, _) = crate::controls::facts::all().find(|(id, _)| id == control)?;
            Thing::Judgement(owned(resource), control)
        }
        ["rule", account, region, name] => Thing::Rule(RuleKey { scope: scope(account, region), name: owned(name) }),
        ["evaluation", account, region, name, kind, id] => {
            let key = RuleKey { scope: scope(account, region), name: owned(name) };
            Thing::Evaluation(key, owned(kind), owned(id))
        }
        ["drift", id] => Thing::Drift(owned(id)),
        ["stack", id] => Thing::Stack(owned(id)),
        ["resource", stack, logical] => Thing::Resource(owned(stack), owned(logical)),
        ["endpoint", account, region, id] => Thing::Endpoint(scope(account, region), owned(id)),
        ["vpc", account, region, id] => Thing::Vpc(scope(account, region), owned(id)),
        ["event", key] => Thing::Event(owned(key)),
        ["trail", account, region, arn] => Thing::Trail(scope(account, region), owned(arn)),
        ["source", account, region, name] => {
            let source = Source::ALL.into_iter().find(|source| source.name() == *name)?;
            Thing::Source(source, scope(account, region))
        }
        ["practice", number] => Thing::Practice(number.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_note_stays_with_is_found_again() {
        let scope = || Scope::new("111122223333", "eu-west-1");
        let key = || RuleKey { scope: scope(), name: "a/b c".into() };
        for of_this in [
            Thing::Finding("f".into()),
            Thing::Table("arn:aws:dynamodb:eu-west-1:111122223333:table/a".into()),
            Thing::Judgement("arn".into(), "RES-01"),
            Thing::Rule(key()),
            Thing::Evaluation(key(), "AWS::DynamoDB::Table".into(), "a".into()),
            Thing::Drift("d".into()),
            Thing::Stack("s".into()),
            Thing::Resource("s".into(), "l".into()),
            Thing::Endpoint(scope(), "vpce-1".into()),
            Thing::Vpc(scope(), "vpc-1".into()),
            Thing::Event("e".into()),
            Thing::Trail(scope(), "arn".into()),
            Thing::Source(Source::Tables, scope()),
            Thing::Practice(7),
        ] {
            assert_eq!(of(&of_this).and_then(|identity| thing(&identity)), Some(of_this));
        }
        assert_eq!(of(&Thing::Call(3)), None);
        assert_eq!(thing(&["verdict".into(), "arn".into(), "NOPE-1".into()]), None);
    }
}
