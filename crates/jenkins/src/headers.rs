//! Headers that a proxy in front of Jenkins wants to see (spec 05 §1.2).

use std::fmt;
use std::str::FromStr;

use http::HeaderName;
use oar_transport::Call;

/// Headers that go with every request; their values are shown nowhere.
#[derive(Clone, Default)]
pub struct ExtraHeaders(Vec<(HeaderName, String)>);

/// A line that is no header; the value is not part of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of JENKINS_API_EXTRA_HEADERS is no `Name: value`")]
pub struct BadHeader {
    /// Which line, from 1.
    pub line: usize,
}

impl ExtraHeaders {
    pub(crate) fn add_to(&self, call: Call) -> Call {
        self.0.iter().fold(call, |call, (name, value)| call.header(name.clone(), value))
    }
}

impl FromStr for ExtraHeaders {
    type Err = BadHeader;

    /// One `Name: value` a line; empty lines are skipped. `Authorization` is not taken: the
    /// credential has its own place.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let headers = lines.map(|(at, line)| {
            let bad = BadHeader { line: at + 1 };
            let (name, value) = line.split_once(':').ok_or(bad.clone())?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| bad.clone())?;
            let plain = !value.chars().any(char::is_control);
            if !plain || name == http::header::AUTHORIZATION {
                return Err(bad);
            }
            Ok((name, value.trim().to_owned()))
        });
        Ok(Self(headers.collect::<Result<_, _>>()?))
    }
}

impl fmt::Debug for ExtraHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name.as_str());
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_line_by_line_and_show_no_values() {
        let headers: ExtraHeaders = "X-Gate: canary\n\nX-Two:  b:c \r\n".parse().unwrap();
        let pairs: Vec<(&str, &str)> =
            headers.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("x-gate", "canary"), ("x-two", "b:c")]);
        assert_eq!(format!("{headers:?}"), r#"["x-gate", "x-two"]"#);
    }

    #[test]
    fn r04_a_bad_line_is_named_by_its_number_only() {
        for text in ["canary", "\nbad name: canary", "Authorization: Basic canary"] {
            let error = text.parse::<ExtraHeaders>().unwrap_err();
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
