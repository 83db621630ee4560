//! Being told to stop: SIGINT and SIGTERM end a command after its current write (spec 00 §e).

use std::fmt;
use std::future::Future;
use std::pin::pin;

use oar_transport::writes::Writes;
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;

/// Who told the program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGINT: Ctrl-C.
    Interrupted,
    /// SIGTERM: systemd, a container's end, `kill`.
    Terminated,
}

impl Stop {
    /// The exit code: 128 and the signal's number.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        })
    }
}

/// The next signal that asks the program to stop.
pub(crate) async fn signals() -> Stop {
    listening().await
}

/// The same, listening from the call on: a signal that comes before the future is polled counts.
pub(crate) fn listening() -> impl Future<Output = Stop> {
    // Registering fails only outside of a runtime or where the kernel has no such signal.
    let interrupt = signal(SignalKind::interrupt()).ok();
    let terminate = signal(SignalKind::terminate()).ok();
    async move {
        select! {
            () = told(interrupt) => Stop::Interrupted,
            () = told(terminate) => Stop::Terminated,
        }
    }
}

async fn told(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Does `work` to its end, unless `told` comes first: then only until no write is on its way, so
/// that nothing is left unknown that a moment's patience can tell.
pub(crate) async fn unless_told<T>(
    work: impl Future<Output = Result<T, CliError>>,
    told: impl Future<Output = Stop>,
    writes: &Writes,
) -> Result<T, CliError> {
    let mut work = pin!(work);
    let stop = select! {
        // First in turn, so that signals are listened to before the work begins.
        biased;
        stop = told => stop,
        ended = &mut work => return ended,
    };
    tracing::warn!("{stop}: ending after the write that is on its way");
    select! {
        biased;
        () = writes.ended() => Err(CliError::stopped(stop)),
        ended = &mut work => ended,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;
    use http::Method;
    use oar_transport::pause::sleep;
    use oar_transport::{HttpSend, Request, Response, SendError};
    use tokio::time::Instant;

    use super::*;
    use crate::exit::Codes;

    /// Takes five seconds for every answer.
    #[derive(Debug)]
    struct Slow;

    #[async_trait]
    impl HttpSend for Slow {
        async fn send(&self, _request: Request) -> Result<Response, SendError> {
            sleep(Duration::from_secs(5)).await;
            Ok(Response::full(http::StatusCode::OK, http::HeaderMap::new(), ""))
        }
    }

    async fn told() -> Stop {
        sleep(Duration::from_secs(1)).await;
        Stop::Terminated
    }

    /// Sends one request, then would go on for an hour.
    async fn command(
        method: Method,
        writes: &Writes,
        answered: &AtomicBool,
    ) -> Result<(), CliError> {
        let request = http::Request::builder().method(method).uri("https://a.example.com/");
        let request = request.body("".into()).expect("a request");
        writes.around(Arc::new(Slow)).send(request).await.expect("an answer");
        answered.store(true, Ordering::Relaxed);
        sleep(Duration::from_hours(1)).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_on_its_way_is_awaited_and_nothing_after_it() {
        let (writes, answered, start) = (Writes::default(), AtomicBool::new(false), Instant::now());
        let ended = unless_told(command(Method::PUT, &writes, &answered), told(), &writes).await;
        assert_eq!(ended.expect_err("stopped").exit_code(Codes::Plain), 143);
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_is_not_awaited() {
        let (writes, answered, start) = (Writes::default(), AtomicBool::new(false), Instant::now());
        let ended = unless_told(command(Method::GET, &writes, &answered), told(), &writes).await;
        assert_eq!(ended.expect_err("stopped").exit_code(Codes::Detailed), 143);
        assert_eq!(start.elapsed().as_secs(), 1);
        assert!(!answered.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ends_in_time_keeps_its_result() {
        let writes = Writes::default();
        assert_eq!(unless_told(async { Ok(7) }, told(), &writes).await.ok(), Some(7));
    }
}
