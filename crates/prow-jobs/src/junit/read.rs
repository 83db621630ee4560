//! The one pass over the file.

use std::io::BufRead;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::source::Metered;
use super::{Counts, FailedCase, FailureKind, JunitError, JunitFile, JunitSuite};

/// Nesting that is read.
const DEEPEST: usize = 64;
/// Longest tag or text, bytes; what is read of it is in memory for a moment.
const LONGEST: usize = 32 * 1024 * 1024;
/// How much is kept of one attribute or text, bytes.
const KEPT: usize = 8 * 1024;
/// How much is kept of all failures of a file, bytes.
const KEPT_IN_SUM: usize = 32 * 1024 * 1024;
/// Suites of one file.
const SUITES: usize = 20_000;

/// Reads a file to its end. Memory is bounded whatever the file: the longest text in it, and what is
/// kept of failures.
pub fn read(source: impl BufRead) -> Result<JunitFile, JunitError> {
    let mut reader = Reader::from_reader(Metered::new(source));
    let (mut scan, mut buffer) = (Scan::default(), Vec::new());
    loop {
        buffer.clear();
        reader.get_mut().left = LONGEST;
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(_) if reader.get_ref().is_exhausted => {
                return Err(JunitError::TooLong { limit: LONGEST });
            }
            Err(quick_xml::Error::Io(error)) => {
                return Err(JunitError::Io(std::io::Error::new(error.kind(), error)));
            }
            Err(source) => return Err(JunitError::Syntax { at: reader.error_position(), source }),
        };
        let at = reader.buffer_position();
        match event {
            Event::Start(tag) => scan.open(&tag, at)?,
            Event::Empty(tag) => {
                scan.open(&tag, at)?;
                scan.close(at)?;
            }
            Event::End(_) => scan.close(at)?,
            Event::Text(text) if scan.keeps_text() => scan.add(&text.xml10_content()),
            Event::CData(text) if scan.keeps_text() => scan.add(&text.xml10_content()),
            Event::Text(text) => scan.pass(&text, at)?,
            Event::GeneralRef(name) => {
                let letter = name.resolve_char_ref();
                match letter.map_err(|source| JunitError::Syntax { at, source })? {
                    Some(letter) => scan.add(letter.encode_utf8(&mut [0; 4])),
                    None => scan.add(
                        resolve_predefined_entity(&name.xml10_content())
                            .ok_or(JunitError::Entities { at })?,
                    ),
                }
            }
            Event::DocType(_) => return Err(JunitError::Entities { at }),
            Event::Eof => return scan.end(),
            Event::CData(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

/// An element that is open.
#[derive(Debug)]
enum Open {
    Suite(Suite),
    Case,
    /// `failure` or `error` of a case.
    Failure,
    Other,
}

/// A suite that is open.
#[derive(Debug)]
struct Suite {
    /// Its place among the suites, which is that of its start.
    at: usize,
    told: Counts,
    counted: Counts,
    has_suites: bool,
}

/// The case that is open.
#[derive(Debug, Default)]
struct Case {
    /// Its attributes, unread: only those of failed ones matter.
    attributes: String,
    failure: Option<Failure>,
    is_skipped: bool,
}

#[derive(Debug)]
struct Failure {
    kind: FailureKind,
    error_type: String,
    message: String,
    details: String,
}

#[derive(Debug, Default)]
struct Scan {
    file: JunitFile,
    open: Vec<Open>,
    has_root: bool,
    case: Case,
    kept: usize,
}

impl Scan {
    /// Whether text is part of a failure.
    fn keeps_text(&self) -> bool {
        matches!(self.open.last(), Some(Open::Failure))
    }

    fn is_in_case(&self) -> bool {
        // At most `DEEPEST` steps, and in practice one or two.
        self.open.iter().rev().any(|open| matches!(open, Open::Case))
    }

    fn open(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<(), JunitError> {
        if self.open.len() >= DEEPEST {
            return Err(JunitError::TooDeep { limit: DEEPEST });
        }
        let name = tag.local_name();
        let name: &str = name.as_ref();
        if self.open.is_empty() {
            self.open_root(name, tag, at)?;
        }
        let opened = match name {
            "testcase" if !self.is_in_case() => {
                self.case.attributes.clear();
                self.case.attributes.push_str(tag.attributes_raw());
                self.case.failure = None;
                self.case.is_skipped = false;
                Open::Case
            }
            "testsuite" | "testsuites" if !self.is_in_case() => self.open_suite(tag, at)?,
            "failure" | "error" if matches!(self.open.last(), Some(Open::Case)) => {
                self.open_failure(name, tag, at)?
            }
            "skipped" if matches!(self.open.last(), Some(Open::Case)) => {
                self.case.is_skipped = true;
                Open::Other
            }
            _ => Open::Other,
        };
        self.open.push(opened);
        Ok(())
    }

    fn open_root(&mut self, name: &str, tag: &BytesStart<'_>, at: u64) -> Result<(), JunitError> {
        if self.has_root {
            return Err(JunitError::Malformed { at, problem: "there is a second root element" });
        }
        if !matches!(name, "testsuite" | "testsuites") {
            return Err(JunitError::NotJunit { root: cut(name).to_owned() });
        }
        self.has_root = true;
        self.file.name = attribute(tag.attributes(), "name", at)?.unwrap_or_default();
        Ok(())
    }

    fn open_suite(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<Open, JunitError> {
        if self.file.suites.len() >= SUITES {
            return Err(JunitError::TooMany { limit: SUITES });
        }
        for open in &mut self.open {
            if let Open::Suite(suite) = open {
                suite.has_suites = true;
            }
        }
        let count = |name: &str| {
            let text = attribute(tag.attributes(), name, at)?;
            Ok(text.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
        };
        let told = Counts {
            tests: count("tests")?,
            failures: count("failures")?,
            errors: count("errors")?,
            skipped: count("skipped")?,
        };
        let name = attribute(tag.attributes(), "name", at)?.unwrap_or_default();
        self.file.suites.push(JunitSuite { name, counts: Counts::default() });
        let at = self.file.suites.len() - 1;
        Ok(Open::Suite(Suite { at, told, counted: Counts::default(), has_suites: false }))
    }

    fn open_failure(
        &mut self,
        name: &str,
        tag: &BytesStart<'_>,
        at: u64,
    ) -> Result<Open, JunitError> {
        // The first one tells; a case fails once.
        if self.case.failure.is_some() {
            return Ok(Open::Other);
        }
        let kind = if name == "error" { FailureKind::Error } else { FailureKind::Failure };
        self.case.failure = Some(Failure {
            kind,
            error_type: attribute(tag.attributes(), "type", at)?.unwrap_or_default(),
            message: attribute(tag.attributes(), "message", at)?.unwrap_or_default(),
            details: String::new(),
        });
        Ok(Open::Failure)
    }

    fn add(&mut self, text: &str) {
        if !self.keeps_text() {
            return;
        }
        if let Some(failure) = &mut self.case.failure {
            let room = KEPT.saturating_sub(failure.details.len());
            failure.details.push_str(&text[..text.floor_char_boundary(room)]);
        }
    }

    /// Text that nobody keeps; outside of all elements there may only be space.
    fn pass(&self, text: &str, at: u64) -> Result<(), JunitError> {
        if self.open.is_empty() && !text.trim_ascii().is_empty() {
            let behind = JunitError::Malformed { at, problem: "there is text behind the end" };
            let before = JunitError::NotJunit { root: String::new() };
            return Err(if self.has_root { behind } else { before });
        }
        Ok(())
    }

    fn close(&mut self, at: u64) -> Result<(), JunitError> {
        match self.open.pop() {
            Some(Open::Suite(suite)) => self.close_suite(&suite),
            Some(Open::Case) => return self.close_case(at),
            Some(Open::Failure | Open::Other) => {}
            None => return Err(JunitError::Malformed { at, problem: "nothing is open" }),
        }
        Ok(())
    }

    fn close_suite(&mut self, suite: &Suite) {
        let mut counts = suite.counted;
        // Whether an outer suite's numbers include those of the suites in it differs from tool to
        // tool: only what is listed directly in it is counted.
        if !suite.has_suites {
            counts.at_least(&suite.told);
        }
        self.file.counts.add(&counts);
        self.file.suites[suite.at].counts = counts;
    }

    fn close_case(&mut self, at: u64) -> Result<(), JunitError> {
        let failure = self.case.failure.take();
        let kind = failure.as_ref().map(|failure| failure.kind);
        let one = Counts {
            tests: 1,
            failures: u64::from(kind == Some(FailureKind::Failure)),
            errors: u64::from(kind == Some(FailureKind::Error)),
            skipped: u64::from(kind.is_none() && self.case.is_skipped),
        };
        let suite = self.open.iter_mut().rev().find_map(|open| match open {
            Open::Suite(suite) => Some(suite),
            _ => None,
        });
        let suite = suite.ok_or(JunitError::Malformed { at, problem: "a case without a suite" })?;
        suite.counted.add(&one);
        let suite = self.file.suites[suite.at].name.clone();
        match failure {
            Some(failure) => self.keep(suite, failure, at),
            None => Ok(()),
        }
    }

    fn keep(&mut self, suite: String, failure: Failure, at: u64) -> Result<(), JunitError> {
        let of = |name| attribute(Attributes::new(&self.case.attributes, 0), name, at);
        let Failure { kind, error_type, mut message, details } = failure;
        if message.trim().is_empty() {
            let mut lines = details.lines().map(str::trim);
            lines.find(|line| !line.is_empty()).unwrap_or_default().clone_into(&mut message);
        }
        let failed = FailedCase {
            name: of("name")?.unwrap_or_default(),
            classname: of("classname")?.unwrap_or_default(),
            suite,
            time: of("time")?,
            kind,
            error_type,
            message,
            details: details.trim().to_owned(),
        };
        let texts = [&failed.name, &failed.classname, &failed.message, &failed.details];
        let size: usize = texts.iter().map(|text| text.len()).sum::<usize>() + 256;
        self.kept += size;
        if self.kept > KEPT_IN_SUM {
            self.file.unlisted += 1;
        } else {
            self.file.failed.push(failed);
        }
        Ok(())
    }

    fn end(mut self) -> Result<JunitFile, JunitError> {
        if let Some(open) = self.open.last() {
            let element = match open {
                Open::Suite(_) => "testsuite",
                Open::Case => "testcase",
                Open::Failure => "failure",
                Open::Other => "an element",
            };
            return Err(JunitError::CutOff { element });
        }
        if !self.has_root {
            return Err(JunitError::NotJunit { root: String::new() });
        }
        self.file.suites.retain(|suite| suite.counts != Counts::default());
        Ok(self.file)
    }
}

/// The attribute `name`, unescaped, its beginning when it is very long.
fn attribute(
    attributes: Attributes<'_>,
    name: &str,
    at: u64,
) -> Result<Option<String>, JunitError> {
    for attribute in attributes {
        let syntax = |source: quick_xml::Error| JunitError::Syntax { at, source };
        let attribute = attribute.map_err(|error| syntax(error.into()))?;
        let key = attribute.key;
        if AsRef::<str>::as_ref(&key) == name {
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(
                    |error| match error {
                        quick_xml::Error::Escape(_) => JunitError::Entities { at },
                        other => syntax(other),
                    },
                )?;
            return Ok(Some(cut(&value).to_owned()));
        }
    }
    Ok(None)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEPT)]
}
