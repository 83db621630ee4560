//! Brew: the metadata of builds, and the tags in Koji.

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Answers one request to Brew's files or to its hub.
pub(crate) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["brewroot", "packages", name, version, release, "metadata.json"]
            if *incoming.method == Method::GET =>
        {
            metadata(world, &format!("{name}-{version}-{release}"))
        }
        ["brewhub"] if *incoming.method == Method::POST => {
            list_tags(world, &String::from_utf8_lossy(incoming.body))
        }
        _ => Answer::text(404, "text/html", "<html>Not Found</html>"),
    }
}

fn metadata(world: &World, nvr: &str) -> Answer {
    let Some(rpms) = world.errata.images.get(nvr) else {
        return Answer::text(404, "text/html", "<html>Not Found</html>");
    };
    let rpm = |[name, version, release]: &[String; 3]| json!({ "type": "rpm", "name": name, "version": version, "release": release });
    let components: Vec<Value> = rpms.iter().map(rpm).collect();
    let output = json!([{ "components": null }, { "components": components }]);
    Answer::json(200, &json!({ "metadata_version": 0, "output": output }))
}

/// `listTags` with the build as keyword argument; anything else is a fault.
fn list_tags(world: &World, body: &str) -> Answer {
    let build = body
        .contains("<methodName>listTags</methodName>")
        .then(|| between(body, "<name>build</name><value><string>", "</string>"))
        .flatten();
    let body = match build.and_then(|build| world.errata.tags.get(build)) {
        Some(tags) => {
            let tag = |name: &String| {
                format!(
                    "<value><struct><member><name>id</name><value><int>1</int></value></member>\
                     <member><name>name</name><value><string>{name}</string></value></member>\
                     </struct></value>"
                )
            };
            let tags: Vec<String> = tags.iter().map(tag).collect();
            format!(
                "<params><param><value><array><data>{}</data></array></value></param></params>",
                tags.concat()
            )
        }
        None => {
            "<fault><value><struct><member><name>faultCode</name><value><int>1000</int></value>\
                 </member><member><name>faultString</name><value><string>No such build</string>\
                 </value></member></struct></value></fault>"
                .to_owned()
        }
    };
    let document = format!("<?xml version='1.0'?>\n<methodResponse>{body}</methodResponse>");
    Answer::text(200, "text/xml", document)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
