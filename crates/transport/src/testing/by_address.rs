//! A service that answers by address, for tests of flows that ask many things in any order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::Method;

use super::script::{Script, Seen, Step};
use crate::port::{HttpSend, Request, Response, SendError};

/// Answers by verb and address: of all rules whose part is in the address, the one whose part ends
/// last wins; its answers come in order and the last one repeats. What no rule fits is a 404.
#[derive(Debug, Clone, Default)]
pub struct ByAddress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    otherwise: Option<Step>,
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Rule {
    method: Method,
    part: String,
    steps: VecDeque<Step>,
    /// Whether the last answer was given already: the next one to be added replaces it.
    used: bool,
}

impl ByAddress {
    /// Answers `method` at addresses that hold `part` with `step`; said again, with the next one.
    #[must_use]
    pub fn on(self, method: Method, part: &str, step: Step) -> Self {
        {
            let mut state = self.lock();
            let known = state.rules.iter_mut().find(|r| r.method == method && r.part == part);
            if let Some(rule) = known {
                if std::mem::take(&mut rule.used) {
                    rule.steps.clear();
                }
                rule.steps.push_back(step);
            } else {
                let (part, steps) = (part.to_owned(), [step].into());
                state.rules.push(Rule { method, part, steps, used: false });
            }
        }
        self
    }

    /// Answers GET at addresses that hold `part` with this JSON.
    #[must_use]
    pub fn get(self, part: &str, body: &serde_json::Value) -> Self {
        self.on(Method::GET, part, Step::json(body))
    }

    /// Answers what no rule fits with `step` instead of an empty 404.
    #[must_use]
    pub fn otherwise(self, step: Step) -> Self {
        self.lock().otherwise = Some(step);
        self
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// The requests with this verb whose address holds `part`.
    pub fn asked(&self, method: &Method, part: &str) -> Vec<Seen> {
        let fits = |seen: &Seen| seen.method == *method && seen.url.contains(part);
        self.seen().into_iter().filter(fits).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, request: &Request) -> Step {
        let mut state = self.lock();
        let url = request.uri().to_string();
        state.seen.push(Seen {
            method: request.method().clone(),
            url: url.clone(),
            headers: request.headers().clone(),
            body: request.body().clone(),
        });
        let end = |rule: &Rule| url.rfind(&rule.part).map(|at| at + rule.part.len());
        let fits = |rule: &&mut Rule| rule.method == *request.method() && end(rule).is_some();
        let Some(rule) = state.rules.iter_mut().filter(fits).max_by_key(|rule| end(rule)) else {
            return state.otherwise.clone().unwrap_or_else(|| Step::answer(404, ""));
        };
        if rule.steps.len() > 1 {
            rule.steps.pop_front().expect("there are at least two")
        } else {
            rule.used = true;
            rule.steps[0].clone()
        }
    }
}

#[async_trait]
impl HttpSend for ByAddress {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let step = self.next(&request);
        Script::new([step]).send(request).await
    }
}
