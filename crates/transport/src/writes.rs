//! Writes that are on their way, so that a program that is told to stop can let them end.
//!
//! A write that is cut off leaves its effect unknown (promise P4: the next run has to look). Waiting
//! for the answer costs a moment and saves the question.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use tokio::sync::watch;

use crate::port::{HttpSend, Request, Response, SendError};

/// The number of writes that were sent and not answered yet.
#[derive(Debug, Clone)]
pub struct Writes(watch::Sender<usize>);

impl Default for Writes {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Writes {
    /// `send`, with its writes counted here.
    pub fn around(&self, send: Arc<dyn HttpSend>) -> Arc<dyn HttpSend> {
        Arc::new(Counted { send, writes: self.clone() })
    }

    /// Waits until no write is on its way.
    pub async fn ended(&self) {
        // Fails only when the sender is gone, and it is held here.
        let mut count = self.0.subscribe();
        let _counted = count.wait_for(|writes| *writes == 0).await;
    }

    fn begin(&self) -> OnItsWay<'_> {
        self.0.send_modify(|writes| *writes += 1);
        OnItsWay(self)
    }
}

/// Counts back also when the call is dropped.
struct OnItsWay<'w>(&'w Writes);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|writes| *writes -= 1);
    }
}

#[derive(Debug)]
struct Counted {
    send: Arc<dyn HttpSend>,
    writes: Writes,
}

#[async_trait]
impl HttpSend for Counted {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let _on_its_way = (!reads).then(|| self.writes.begin());
        self.send.send(request).await
    }
}
