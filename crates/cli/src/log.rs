//! Logging to stderr: `{timestamp}: {LEVEL}: {message}` (spec 01 §1.3, docs/logging.md).

use std::io::Write as _;
use std::sync::Arc;

use oar_operators::task_log::{TaskLogLayer, format_line};
use oar_release::{Clock, Masker};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::progress::Bars;

/// How much of our own events is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Debug,
    /// What is done.
    Work,
    /// Only trouble: the command tells by itself what it does.
    Trouble,
}

/// Starts logging for this process; a second call changes nothing.
pub fn start(detail: Detail, clock: Arc<dyn Clock>, masker: Arc<Masker>, bars: Bars) {
    let stderr = Stderr { detail, clock: Arc::clone(&clock), masker, bars };
    let subscriber = tracing_subscriber::registry().with(TaskLogLayer::new(clock)).with(stderr);
    let _already_started = tracing::subscriber::set_global_default(subscriber);
}

/// Writes each event as one line; everything is masked on its way out.
struct Stderr {
    detail: Detail,
    clock: Arc<dyn Clock>,
    masker: Arc<Masker>,
    bars: Bars,
}

impl Stderr {
    /// Our own events from INFO (DEBUG with `--debug`, WARNING for a driver), those of libraries from
    /// WARNING.
    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("oar");
        let limit = match (ours, self.detail) {
            (true, Detail::Debug) => Level::DEBUG,
            (true, Detail::Work) => Level::INFO,
            (true, Detail::Trouble) | (false, _) => Level::WARN,
        };
        *metadata.level() <= limit
    }
}

impl<S: Subscriber> Layer<S> for Stderr {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if self.shows(event.metadata()) {
            let line = format_line(self.clock.now(), event);
            // A closed stderr must not end the work.
            let line = self.masker.mask(&line);
            self.bars.aside(|| {
                let _closed = writeln!(anstream::stderr(), "{line}");
            });
        }
    }
}
