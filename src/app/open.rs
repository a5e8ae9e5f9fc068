//! From whatever a page or a pager says to the screen it is about.

use serde_json::Value;

use crate::controls;
use crate::model::{Arn, Scope, SearchBy};
use crate::view::{Kind, Pivot, Screen, Tab, Thing};

use super::{App, Effect, act};

/// Opens an ARN, an id, a console's URL, an event as EventBridge sends it, a control or a table by its name.
pub fn open(app: &mut App, what: &str) -> Vec<Effect> {
    let what = what.trim();
    if what.is_empty() {
        return Vec::new();
    }
    if what.starts_with('{') {
        return match serde_json::from_str::<Value>(what) {
            Ok(json) => from_json(app, &json),
            Err(_) => refuse(app, "this starts like JSON and is none"),
        };
    }
    if let Some(arn) = Arn::parse(what) {
        return from_arn(app, &arn, what);
    }
    if let Some(id) = finding_in_url(what).or_else(|| is_finding_id(what).then_some(what)) {
        return finding(app, id);
    }
    if let Some(id) = event_in_url(what).or_else(|| is_event_id(what).then_some(what)) {
        return event(app, id);
    }
    if app.store.finding(what).is_some() {
        return finding(app, what);
    }
    if let Some(control) = controls::by_id(&what.to_ascii_uppercase()) {
        return in_tab(app, Tab::Controls, Screen::List(Kind::Judged(control.id)));
    }
    if what.starts_with("AKIA") || what.starts_with("ASIA") {
        return in_tab(app, Tab::Trail, Screen::List(Kind::Trail(Pivot::Key(what.to_owned()))));
    }
    table(app, what)
}

/// Opens a table by its name, or the list filtered by it when there are several or none.
pub fn table(app: &mut App, name: &str) -> Vec<Effect> {
    let tables = app.store.estate().tables.values().filter(|table| table.name == name || table.arn == name);
    let arns: Vec<String> = tables.map(|table| table.arn.clone()).collect();
    match arns.as_slice() {
        [one] => in_tab(app, Tab::Tables, Screen::Detail(Thing::Table(one.clone()))),
        several => {
            let words = if several.is_empty() { "no table of this name is known" } else { "several are called so" };
            let near = app.store.estate().tables.values().any(|table| table.name.contains(name));
            if several.is_empty() && !near {
                return refuse(app, &format!("no command, tab or thing known as {name:?}"));
            }
            app.say(words);
            app.nav.tab(Tab::Tables);
            name.clone_into(&mut app.nav.place_mut().filter);
            Vec::new()
        }
    }
}

/// Who used a table of this name: one that is known, else one that events of files speak of.
pub fn who(app: &mut App, name: &str) -> Vec<Effect> {
    let known = app.store.estate().tables.values().filter(|table| table.name == name || table.arn == name);
    let mut arns: Vec<String> = known.map(|table| table.arn.clone()).collect();
    if arns.is_empty() {
        arns = app.store.filed(name);
    }
    match arns.as_slice() {
        [] => refuse(app, &format!("no table and no event of one is known as {name:?}")),
        [one] => act::go(app, Screen::Detail(Thing::Who(one.clone()))),
        several => refuse(app, &format!("several are called so: {}", several.join(" "))),
    }
}

fn refuse(app: &mut App, words: &str) -> Vec<Effect> {
    app.say(words);
    Vec::new()
}

fn in_tab(app: &mut App, tab: Tab, screen: Screen) -> Vec<Effect> {
    if app.nav.current() != tab {
        app.nav.tab(tab);
    }
    act::go(app, screen)
}

fn finding(app: &mut App, id: &str) -> Vec<Effect> {
    in_tab(app, Tab::Findings, Screen::Detail(Thing::Finding(id.to_owned())))
}

fn event(app: &mut App, id: &str) -> Vec<Effect> {
    let mut effects = in_tab(app, Tab::Trail, Screen::Detail(Thing::Event(id.to_owned())));
    if app.store.events().get(id).is_none() {
        effects.push(act::search(SearchBy::EventId(id.to_owned())));
    }
    effects
}

fn from_arn(app: &mut App, arn: &Arn, text: &str) -> Vec<Effect> {
    let scope = Effect::Prefer(Scope::new(arn.account.clone(), arn.region.clone()));
    let mut effects = match (arn.service.as_str(), arn.table_name()) {
        ("guardduty", _) => match arn.resource.split_once("/finding/") {
            Some((_, id)) => finding(app, id),
            None => return refuse(app, "this is GuardDuty's, and no finding"),
        },
        ("dynamodb", Some(name)) => {
            let table = Arn::table(&arn.partition, &arn.region, &arn.account, name).to_string();
            in_tab(app, Tab::Tables, Screen::Detail(Thing::Table(table)))
        }
        ("cloudformation", _) => in_tab(app, Tab::Drift, Screen::Detail(Thing::Stack(text.to_owned()))),
        _ => return refuse(app, "nothing here is known by such an ARN"),
    };
    effects.insert(0, scope);
    effects
}

/// An event as EventBridge sends it: GuardDuty's finding, or CloudTrail's record.
fn from_json(app: &mut App, json: &Value) -> Vec<Effect> {
    let text = |path: &str| json.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let scope = text("/account").zip(text("/region")).map(|(account, region)| Scope::new(account, region));
    let mut effects: Vec<Effect> = scope.map(Effect::Prefer).into_iter().collect();
    let id = text("/detail/eventID").or_else(|| text("/eventID"));
    if let Some(id) = id {
        effects.extend(event(app, &id));
    } else if let Some(id) = text("/detail/id").or_else(|| text("/Id")).or_else(|| text("/detail/Id")) {
        effects.extend(finding(app, &id));
    } else {
        return refuse(app, "this JSON names no finding and no event");
    }
    effects
}

fn is_finding_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_event_id(text: &str) -> bool {
    text.len() == 36
        && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn finding_in_url(url: &str) -> Option<&str> {
    if !url.starts_with("https://") || !url.contains("guardduty") {
        return None;
    }
    url.split(|c: char| !c.is_ascii_alphanumeric()).find(|part| is_finding_id(part))
}

fn event_in_url(url: &str) -> Option<&str> {
    if !url.starts_with("https://") {
        return None;
    }
    url.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(|part| is_event_id(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_console_urls() {
        let id = "0123456789abcdef0123456789abcdef";
        let url =
            format!("https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?fId={id}&x=1");
        assert_eq!(finding_in_url(&url), Some(id));
        let event = "12345678-aaaa-bbbb-cccc-1234567890ab";
        let url = format!("https://console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/{event}");
        assert_eq!(event_in_url(&url), Some(event));
        assert_eq!(finding_in_url("orders"), None);
    }
}
