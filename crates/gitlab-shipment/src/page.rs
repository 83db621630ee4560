//! Lists that come in pages (spec 03 §2.1), with an end in any case (spec 08 R34).

use std::collections::HashSet;
use std::hash::Hash;

use http::Method;
use oar_transport::probe::Operation;
use oar_transport::{Call, Reply};
use serde::de::DeserializeOwned;

use crate::client::HttpGitLab;
use crate::error::GitLabError;

/// Most pages that are read.
const MAX_PAGES: usize = 500;

impl HttpGitLab {
    /// All items of a list, in order. `id` tells items apart: one that moved to another page while
    /// the list was read is taken once.
    pub(crate) async fn pages<T: DeserializeOwned, K: Eq + Hash>(
        &self,
        operation: Operation,
        what: &str,
        path: String,
        query: &[(&'static str, String)],
        id: impl Fn(&T) -> K + Send,
    ) -> Result<Vec<T>, GitLabError> {
        let first = || {
            let call = self.call(operation, Method::GET, path.clone());
            query.iter().fold(call, |call, (name, value)| call.query(name, value))
        };
        let (mut items, mut seen, mut asked) = (Vec::new(), HashSet::new(), HashSet::new());
        let mut call: Call = first();
        for _ in 0..MAX_PAGES {
            let reply = call.send().await.map_err(|error| GitLabError::of(what, error))?;
            let page: Vec<T> = reply.json().map_err(|error| GitLabError::of(what, error))?;
            let before = items.len();
            items.extend(page.into_iter().filter(|item| seen.insert(id(item))));
            let Some(next) = next_page(&reply) else { return Ok(items) };
            // A page that brings nothing new, or comes again, will not end.
            if items.len() == before || !asked.insert(next.clone()) {
                break;
            }
            call = match next {
                Next::Address(url) => {
                    self.require_home(&url)?;
                    self.call(operation, Method::GET, url)
                }
                Next::Number(number) => first().query("page", number),
            };
        }
        Err(GitLabError::Endless { what: what.to_owned() })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Next {
    Address(String),
    Number(String),
}

/// The `Link` header's `rel="next"`, else `X-Next-Page`.
fn next_page(reply: &Reply) -> Option<Next> {
    if let Some(links) = reply.header("link") {
        return next_link(links).map(Next::Address);
    }
    let number = reply.header("x-next-page").map(str::trim)?;
    (!number.is_empty()).then(|| Next::Number(number.to_owned()))
}

fn next_link(links: &str) -> Option<String> {
    // Addresses may hold commas: entries are told apart by their angle brackets.
    links.split('<').find_map(|entry| {
        let (url, parameters) = entry.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim().trim_end_matches(',').trim();
            matches!(parameter, "rel=\"next\"" | "rel=next")
        });
        is_next.then(|| url.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let links = "<https://g.example.com/a?page=1>; rel=\"prev\", \
                     <https://g.example.com/a?x=1,2&page=3>; rel=\"next\", \
                     <https://g.example.com/a?page=9>; rel=\"last\"";
        assert_eq!(next_link(links).unwrap(), "https://g.example.com/a?x=1,2&page=3");
        assert_eq!(next_link("<https://g.example.com/a?page=1>; rel=\"first\""), None);
        assert_eq!(next_link("nonsense"), None);
    }
}
