//! XML answers (EC2, CloudFormation, STS errors) as JSON, so that raw answers are shown in one form.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// How deep answers may nest; AWS's own stay far below.
const DEPTH: usize = 64;

/// Reads an XML document into JSON: an element becomes its text or an object of its children, `item` and
/// `member` lists become arrays, and a name that comes twice becomes an array.
///
/// # Errors
///
/// Why the text is not a whole XML document.
pub fn to_json(body: &[u8]) -> Result<Value, String> {
    let mut reader = Reader::from_reader(body);
    let mut stack: Vec<Node> = vec![Node::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                if stack.len() > DEPTH {
                    return Err("nested too deeply".to_owned());
                }
                stack.push(Node { name, ..Node::default() });
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                close(&mut stack, Node { name, ..Node::default() })?;
            }
            Event::End(_) => {
                let node = stack.pop().ok_or("an end without a start")?;
                close(&mut stack, node)?;
            }
            Event::Text(text) => {
                push(&mut stack, &text);
            }
            Event::CData(text) => {
                push(&mut stack, &text);
            }
            Event::GeneralRef(reference) => {
                let text = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => named(&reference)?,
                };
                push(&mut stack, &text);
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
        }
    }
    if stack.len() != 1 {
        return Err("the document ends before its last element does".to_owned());
    }
    match stack.pop().map(|root| root.children) {
        Some(mut children) if children.len() == 1 => Ok(children.remove(0).1),
        _ => Err("no single root element".to_owned()),
    }
}

#[derive(Default)]
struct Node {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

fn push(stack: &mut [Node], text: &str) {
    if let Some(node) = stack.last_mut() {
        node.text.push_str(text);
    }
}

fn named(name: &str) -> Result<String, String> {
    quick_xml::escape::resolve_predefined_entity(name)
        .map(str::to_owned)
        .ok_or_else(|| format!("the entity {name} is not XML's own"))
}

fn close(stack: &mut [Node], node: Node) -> Result<(), String> {
    let parent = stack.last_mut().ok_or("an end without a start")?;
    let is_list = |name: &str| name == "item" || name == "member";
    let value = if node.children.is_empty() {
        Value::String(node.text)
    } else if node.children.iter().all(|(name, _)| is_list(name)) {
        Value::Array(node.children.into_iter().map(|(_, value)| value).collect())
    } else {
        Value::Object(object(node.children))
    };
    parent.children.push((node.name, value));
    Ok(())
}

fn object(children: Vec<(String, Value)>) -> Map<String, Value> {
    let mut map = Map::new();
    let mut twice: Vec<String> = Vec::new();
    for (name, value) in children {
        match map.get_mut(&name) {
            None => {
                map.insert(name, value);
            }
            Some(Value::Array(list)) if twice.contains(&name) => list.push(value),
            Some(first) => {
                *first = Value::Array(vec![first.take(), value]);
                twice.push(name);
            }
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_text_and_escapes_are_kept() {
        let xml = br#"<?xml version="1.0"?><R xmlns="urn:x"><a>1 &lt; 2 &amp; &#51;</a><s><item><id>x</id></item>
            <item><id>y</id></item></s><e/></R>"#;
        let value = to_json(xml).unwrap();
        assert_eq!(value, json!({"a": "1 < 2 & 3", "s": [{"id": "x"}, {"id": "y"}], "e": ""}));
    }

    #[test]
    fn a_cut_document_is_refused() {
        assert!(to_json(b"<R><a>1</a>").is_err());
        assert!(to_json(b"<R><a>1</R>").is_err());
        assert!(to_json(b"").is_err());
    }
}
