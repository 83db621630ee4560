//! The one XML-RPC call that Koji is asked: the tags of a build (spec 02 §3.11).

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

/// Nesting of the answer; Koji's is seven deep.
const DEEPEST: usize = 64;

/// What Koji answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The names of the tags.
    Tags(Vec<String>),
    /// A fault, in Koji's words.
    Fault(String),
}

/// Body of `listTags(build=<nvr>)`; keyword arguments travel as one struct with a mark.
pub(crate) fn list_tags(nvr: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<methodCall><methodName>listTags</methodName><params><param>\
         <value><struct>\
         <member><name>build</name><value><string>{}</string></value></member>\
         <member><name>__starstar</name><value><boolean>1</boolean></value></member>\
         </struct></value></param></params></methodCall>",
        escape(nvr)
    )
}

/// Reads the answer: an array of structs, of which `name` counts, or a fault.
pub(crate) fn read_answer(document: &str) -> Result<Answer, String> {
    let mut scan = Scan::default();
    let mut reader = Reader::from_str(document);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => scan.open(&text(tag.name().as_ref()))?,
            Event::End(_) => scan.close(),
            Event::Text(found) => scan.add(&found.xml10_content()),
            Event::CData(found) => scan.add(&found.xml10_content()),
            Event::GeneralRef(found) => {
                let letter = match found.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(letter) => letter,
                    None => named(&text(found.as_ref()))?,
                };
                scan.add(letter.encode_utf8(&mut [0; 4]));
            }
            // An entity definition is the way into every XML bomb, and Koji sends none.
            Event::DocType(_) => return Err("it defines a document type".to_owned()),
            Event::Eof => break,
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    scan.answer()
}

fn text(bytes: &(impl AsRef<[u8]> + ?Sized)) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}

fn named(entity: &str) -> Result<char, String> {
    match entity {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(format!("unknown entity &{other};")),
    }
}

/// What was met so far; `path` are the open elements.
#[derive(Default)]
struct Scan {
    path: Vec<String>,
    member: String,
    value: String,
    tags: Vec<String>,
    fault: Option<String>,
    is_response: bool,
    has_list: bool,
    closed: bool,
}

impl Scan {
    /// How many elements are open inside of a member that counts:
    /// `methodResponse/fault/value/struct/member`, or
    /// `methodResponse/params/param/value/array/data/value/struct/member`.
    const fn depth(&self) -> usize {
        if self.fault.is_some() { 5 } else { 9 }
    }

    fn open(&mut self, tag: &str) -> Result<(), String> {
        if self.path.len() >= DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        if self.path.is_empty() {
            self.is_response = tag == "methodResponse";
        }
        match tag {
            "fault" => self.fault = Some(String::new()),
            "member" if self.path.len() + 1 == self.depth() => {
                self.member.clear();
                self.value.clear();
            }
            "array" if self.path.len() == 4 => self.has_list = true,
            _ => {}
        }
        self.path.push(tag.to_owned());
        Ok(())
    }

    fn add(&mut self, text: &str) {
        let below = self.path.len().saturating_sub(self.depth());
        match (self.path.last().map(String::as_str), below) {
            (Some("name"), 1) => self.member.push_str(text),
            (Some("value"), 1) | (Some("string"), 2) => self.value.push_str(text),
            _ => {}
        }
    }

    fn close(&mut self) {
        let tag = self.path.pop();
        if tag.as_deref() == Some("member") && self.path.len() + 1 == self.depth() {
            match (&mut self.fault, self.member.trim()) {
                (Some(fault), "faultString") => self.value.trim().clone_into(fault),
                (None, "name") => self.tags.push(self.value.trim().to_owned()),
                _ => {}
            }
        }
        self.closed |= self.path.is_empty();
    }

    fn answer(self) -> Result<Answer, String> {
        if !self.is_response || !self.closed {
            return Err("it is no whole answer to a call".to_owned());
        }
        match self.fault {
            Some(fault) => Ok(Answer::Fault(fault)),
            None if self.has_list => Ok(Answer::Tags(self.tags)),
            None => Err("it holds no list".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
