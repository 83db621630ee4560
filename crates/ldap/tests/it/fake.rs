//! A directory server on loopback that answers what a test says, in BER (RFC 4511).

use std::sync::{Arc, Mutex};

use ldap3::asn1::{PL, StructureTag, TagClass, parse_tag, write};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A search that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) base: String,
    /// 0 is the entry itself, 2 everything below.
    pub(crate) scope: u8,
    /// `attribute=value` of an equality with the value as it arrived, `attribute` of a presence.
    pub(crate) filter: String,
    pub(crate) attributes: Vec<String>,
    /// Page size and cookie.
    pub(crate) page: Option<(u64, Vec<u8>)>,
}

/// Attributes with their values.
pub(crate) type Attributes = Vec<(String, Vec<String>)>;

/// What the server does with a search.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Name and attributes of each.
    pub(crate) entries: Vec<(String, Attributes)>,
    pub(crate) referrals: Vec<String>,
    pub(crate) code: u8,
    pub(crate) cookie: Option<Vec<u8>>,
    pub(crate) act: Act,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Act {
    #[default]
    Answer,
    Silence,
    HangUp,
    HangUpAfter,
    Garbage,
    BrokenEntry,
}

pub(crate) fn person(attribute: &str, values: &[&str]) -> Answer {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let attributes = vec![(attribute.to_owned(), values)];
    Answer { entries: vec![("uid=x".to_owned(), attributes)], ..Answer::default() }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) connections: usize,
    /// Names and passwords of binds.
    pub(crate) binds: Vec<(String, String)>,
    pub(crate) asked: Vec<Asked>,
}

type Handler = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) port: u16,
    log: Arc<Mutex<Log>>,
    handler: Arc<Handler>,
    pub(crate) bind_code: u8,
}

impl Fake {
    /// Answers each search, with its number from 0, by `handler`.
    pub(crate) async fn start(
        handler: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(0, handler).await
    }

    pub(crate) async fn start_with(
        bind_code: u8,
        handler: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fake = Self { port, log: Arc::default(), handler: Arc::new(handler), bind_code };
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        fake
    }

    pub(crate) fn log<T>(&self, read: impl FnOnce(&Log) -> T) -> T {
        read(&self.log.lock().unwrap())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log(|log| log.asked.clone())
    }

    /// Speaks the protocol over one connection.
    pub(crate) async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        self.log.lock().unwrap().connections += 1;
        let mut buffer = Vec::new();
        while let Some((id, operation, controls)) = next_message(&mut stream, &mut buffer).await {
            let reply = match operation.id {
                0 => {
                    self.bound(operation);
                    vec![message(id, result(1, self.bind_code), None)]
                }
                3 => match self.search(id, operation, controls) {
                    Some(reply) => reply,
                    None => return std::future::pending().await,
                },
                _ => return,
            };
            for part in &reply {
                if part.is_empty() || stream.write_all(part).await.is_err() {
                    return;
                }
            }
        }
    }

    fn bound(&self, operation: StructureTag) {
        let parts = operation.expect_constructed().unwrap();
        let text = |tag: &StructureTag| string(tag);
        let bind = (text(&parts[1]), text(&parts[2]));
        self.log.lock().unwrap().binds.push(bind);
    }

    /// The messages of the answer; an empty one hangs up, none at all is silence.
    fn search(
        &self,
        id: u64,
        operation: StructureTag,
        controls: Option<StructureTag>,
    ) -> Option<Vec<Vec<u8>>> {
        let asked = asked(operation, controls);
        let number = {
            let mut log = self.log.lock().unwrap();
            log.asked.push(asked.clone());
            log.asked.len() - 1
        };
        let answer = (self.handler)(&asked, number);
        let mut messages = Vec::new();
        match answer.act {
            Act::Silence => return None,
            Act::HangUp => return Some(vec![Vec::new()]),
            Act::Garbage => return Some(vec![vec![4, 1, b'x']]),
            Act::BrokenEntry => {
                let broken = application(4, PL::C(vec![octets(b"uid=x"), octets(b"not a list")]));
                messages.push(message(id, broken, None));
            }
            Act::Answer | Act::HangUpAfter => {}
        }
        for (dn, attributes) in &answer.entries {
            messages.push(message(id, entry(dn, attributes), None));
        }
        for url in &answer.referrals {
            let reference = application(19, PL::C(vec![octets(url.as_bytes())]));
            messages.push(message(id, reference, None));
        }
        messages.push(message(id, result(5, answer.code), answer.cookie.as_deref()));
        if answer.act == Act::HangUpAfter {
            messages.push(Vec::new());
        }
        Some(messages)
    }
}

async fn next_message(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Option<(u64, StructureTag, Option<StructureTag>)> {
    loop {
        let parsed = parse_tag(buffer).ok().map(|(rest, tag)| (rest.len(), tag));
        if let Some((rest, tag)) = parsed {
            buffer.drain(..buffer.len() - rest);
            let mut parts = tag.expect_constructed()?.into_iter();
            let id = number(&parts.next()?);
            return Some((id, parts.next()?, parts.next()));
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => buffer.extend_from_slice(&piece[..length]),
        }
    }
}

fn asked(operation: StructureTag, controls: Option<StructureTag>) -> Asked {
    let parts = operation.expect_constructed().unwrap();
    let filter = &parts[6];
    let filter = match &filter.payload {
        PL::C(pair) => format!("{}={}", string(&pair[0]), string(&pair[1])),
        PL::P(name) => String::from_utf8(name.clone()).unwrap(),
    };
    let attributes = parts[7].clone().expect_constructed().unwrap();
    Asked {
        base: string(&parts[0]),
        scope: u8::try_from(number(&parts[1])).unwrap(),
        filter,
        attributes: attributes.iter().map(string).collect(),
        page: controls.map(page),
    }
}

/// The one control that is asked for: a sequence of name, (criticality,) value.
fn page(controls: StructureTag) -> (u64, Vec<u8>) {
    let control = controls.expect_constructed().unwrap().remove(0).expect_constructed().unwrap();
    assert_eq!(string(&control[0]), "1.2.840.113556.1.4.319");
    let value = control.last().unwrap().clone().expect_primitive().unwrap();
    let (_, value) = parse_tag(&value).unwrap();
    let parts = value.expect_constructed().unwrap();
    (number(&parts[0]), parts[1].clone().expect_primitive().unwrap())
}

fn string(tag: &StructureTag) -> String {
    String::from_utf8(tag.clone().expect_primitive().unwrap()).unwrap()
}

fn number(tag: &StructureTag) -> u64 {
    let bytes = tag.clone().expect_primitive().unwrap();
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn universal(id: u64, payload: PL) -> StructureTag {
    StructureTag { class: TagClass::Universal, id, payload }
}

fn application(id: u64, payload: PL) -> StructureTag {
    StructureTag { class: TagClass::Application, id, payload }
}

fn octets(bytes: &[u8]) -> StructureTag {
    universal(4, PL::P(bytes.to_vec()))
}

fn result(operation: u64, code: u8) -> StructureTag {
    let code = universal(10, PL::P(vec![code]));
    application(operation, PL::C(vec![code, octets(b""), octets(b"the server's words")]))
}

fn entry(dn: &str, attributes: &[(String, Vec<String>)]) -> StructureTag {
    let attribute = |(name, values): &(String, Vec<String>)| {
        let values = values.iter().map(|value| octets(value.as_bytes())).collect();
        universal(16, PL::C(vec![octets(name.as_bytes()), universal(17, PL::C(values))]))
    };
    let attributes = attributes.iter().map(attribute).collect();
    application(4, PL::C(vec![octets(dn.as_bytes()), universal(16, PL::C(attributes))]))
}

fn message(id: u64, operation: StructureTag, cookie: Option<&[u8]>) -> Vec<u8> {
    let id = universal(2, PL::P(id.to_be_bytes().to_vec()));
    let mut parts = vec![id, operation];
    if let Some(cookie) = cookie {
        let value = universal(16, PL::C(vec![universal(2, PL::P(vec![0])), octets(cookie)]));
        let name = octets(b"1.2.840.113556.1.4.319");
        let control = universal(16, PL::C(vec![name, octets(&encoded(value))]));
        let class = TagClass::Context;
        parts.push(StructureTag { class, id: 0, payload: PL::C(vec![control]) });
    }
    encoded(universal(16, PL::C(parts)))
}

fn encoded(tag: StructureTag) -> Vec<u8> {
    let mut bytes = bytes::BytesMut::new();
    write::encode_into(&mut bytes, tag).unwrap();
    bytes.to_vec()
}
