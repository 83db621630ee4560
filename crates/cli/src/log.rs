//! Logging to stderr: `{timestamp}: {LEVEL}: {message}` (spec 01 §1.3, docs/logging.md).

use std::io::Write as _;
use std::sync::Arc;

use oar_operators::task_log::{TaskLogLayer, format_line};
use oar_release::{Clock, Masker};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::progress::Bars;

/// Starts logging for this process; a second call changes nothing.
pub fn start(debug: bool, clock: Arc<dyn Clock>, masker: Arc<Masker>, bars: Bars) {
    let stderr = Stderr { debug, clock: Arc::clone(&clock), masker, bars };
    let subscriber = tracing_subscriber::registry().with(TaskLogLayer::new(clock)).with(stderr);
    let _already_started = tracing::subscriber::set_global_default(subscriber);
}

/// Writes each event as one line; everything is masked on its way out.
struct Stderr {
    debug: bool,
    clock: Arc<dyn Clock>,
    masker: Arc<Masker>,
    bars: Bars,
}

impl Stderr {
    /// Our own events from INFO (DEBUG with `--debug`), those of libraries from WARNING.
    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("oar");
        let limit = match (ours, self.debug) {
            (true, true) => Level::DEBUG,
            (true, false) => Level::INFO,
            (false, _) => Level::WARN,
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
