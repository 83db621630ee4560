//! The log of one task run: what its own span logged, whatever else runs in the process.
//!
//! A task's result in the StateBox is the INFO-and-above log of the work itself (spec 01 §10.5). The
//! lines come from the task's tracing span, so concurrent tasks cannot mix, child tasks that are
//! instrumented with the span belong to it, and the console's level does not matter. The state
//! store's own chatter stays out.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use oar_release::Clock;
use oar_release::time::stamp;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Name of the span that carries a task's log.
const SPAN: &str = "oar.task";
/// Modules whose lines are not part of a task's result.
const CHATTER: [&str; 5] =
    ["oar_statebox", "oar_state_repo", "oar_github", "oar_transport", "oar_operators::progress"];

/// Collects the lines of one task run.
#[derive(Debug)]
pub struct TaskLog {
    id: u64,
    text: Arc<Mutex<String>>,
}

impl TaskLog {
    /// An empty log, known to the layer until it is dropped.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let log = Self { id: NEXT.fetch_add(1, Ordering::Relaxed), text: Arc::default() };
        known().insert(log.id, Arc::downgrade(&log.text));
        log
    }

    /// The span to run the task in.
    pub fn span(&self, task: &str) -> Span {
        tracing::info_span!(target: "oar_operators", SPAN, task_log = self.id, task)
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        lock(&self.text).clone()
    }
}

impl Default for TaskLog {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TaskLog {
    fn drop(&mut self) {
        known().remove(&self.id);
    }
}

type Known = HashMap<u64, Weak<Mutex<String>>>;

fn known() -> MutexGuard<'static, Known> {
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(text: &Mutex<String>) -> MutexGuard<'_, String> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Formats a log line: `{timestamp}: {LEVEL}: {message}` (spec 01 §1.3).
pub fn format_line(now: jiff::Timestamp, event: &Event<'_>) -> String {
    let level = match *event.metadata().level() {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    };
    let mut message = Message::default();
    event.record(&mut message);
    format!("{}: {level}: {}{}", stamp(now), message.text, message.fields)
}

/// The message and the other fields of an event.
#[derive(Default)]
struct Message {
    text: String,
    fields: String,
}

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _infallible = if field.name() == "message" {
            write!(self.text, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

/// The tracing layer that fills every [`TaskLog`].
#[derive(Debug)]
pub struct TaskLogLayer {
    clock: Arc<dyn Clock>,
}

impl TaskLogLayer {
    /// A layer that stamps lines with `clock`'s time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

/// Kept in a span's extensions.
struct Attached(Weak<Mutex<String>>);

impl<S> Layer<S> for TaskLogLayer
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() != SPAN {
            return;
        }
        let mut number = LogNumber(None);
        attributes.record(&mut number);
        let text = number.0.and_then(|number| known().get(&number).cloned());
        if let (Some(span), Some(text)) = (context.span(id), text) {
            span.extensions_mut().insert(Attached(text));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO
            || CHATTER.iter().any(|module| metadata.target().starts_with(module))
            || !metadata.target().starts_with("oar")
        {
            return;
        }
        let text = context.event_scope(event).and_then(|scope| {
            scope.into_iter().find_map(|span| span.extensions().get::<Attached>()?.0.upgrade())
        });
        if let Some(text) = text {
            let mut text = lock(&text);
            text.push_str(&format_line(self.clock.now(), event));
            text.push('\n');
        }
    }
}

struct LogNumber(Option<u64>);

impl Visit for LogNumber {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "task_log" {
            self.0 = Some(value);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use oar_release::clock::ManualClock;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn with_layer(run: impl FnOnce()) {
        let start: Timestamp = "2026-03-01T10:00:00.5Z".parse().unwrap();
        let layer = TaskLogLayer::new(Arc::new(ManualClock::new(start)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), run);
    }

    #[test]
    fn two_tasks_in_one_process_keep_their_lines_apart() {
        with_layer(|| {
            let (one, two) = (TaskLog::new(), TaskLog::new());
            one.span("stage-testing").in_scope(|| tracing::info!("of one"));
            two.span("take-ownership").in_scope(|| {
                tracing::info_span!("jira.search").in_scope(|| tracing::warn!("of two"));
            });
            tracing::info!("of nobody");
            assert_eq!(one.text(), "2026-03-01T10:00:00Z: INFO: of one\n");
            assert_eq!(two.text(), "2026-03-01T10:00:00Z: WARNING: of two\n");
        });
    }

    #[test]
    fn debug_lines_and_the_state_stores_chatter_stay_out() {
        with_layer(|| {
            let log = TaskLog::new();
            log.span("stage-testing").in_scope(|| {
                tracing::debug!("detail");
                tracing::info!(target: "oar_statebox::store", "saved");
                tracing::info!(target: "hyper", "connected");
                tracing::error!(code = 7, "kept");
            });
            assert_eq!(log.text(), "2026-03-01T10:00:00Z: ERROR: kept code=7\n");
        });
    }
}
