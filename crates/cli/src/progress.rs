//! Live progress on a terminal: bars on stderr that make room for log lines and vanish in the end.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use oar_operators::progress::{Logged, Meter, Progress};
use oar_release::Clock;

/// How often a bar without known end moves.
const TICK: Duration = Duration::from_millis(120);

/// The place for bars, shared with the log.
#[derive(Debug, Clone, Default)]
pub struct Bars(Option<MultiProgress>);

impl Bars {
    /// Bars where stderr is a terminal that can show them; elsewhere none.
    pub fn of_process(term: Option<&str>) -> Self {
        let shows = std::io::stderr().is_terminal() && term.is_none_or(|term| term != "dumb");
        Self(shows.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())))
    }

    /// Takes the bars away while `write` writes to stderr.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// A bar for one release that is driven; none where nobody sees it.
    pub fn of_release(&self) -> Option<ReleaseBar> {
        let bars = self.0.as_ref()?;
        let bar = bars.add(ProgressBar::new(0).with_style(released()));
        bar.enable_steady_tick(TICK);
        Some(ReleaseBar(bar))
    }

    /// Where long work is shown: here, or in the log.
    pub fn progress(&self, clock: Arc<dyn Clock>) -> Arc<dyn Progress> {
        match &self.0 {
            Some(bars) => Arc::new(Live(bars.clone())),
            None => Arc::new(Logged::new(clock)),
        }
    }
}

/// Bars on the terminal.
#[derive(Debug)]
struct Live(MultiProgress);

impl Progress for Live {
    fn start(&self, work: &str, total: Option<usize>) -> Box<dyn Meter> {
        let bar = match total {
            Some(total) => ProgressBar::new(total as u64).with_style(counted()),
            None => ProgressBar::new_spinner(),
        };
        let bar = self.0.add(bar.with_message(work.to_owned()));
        if total.is_none() {
            bar.enable_steady_tick(TICK);
        }
        Box::new(LiveMeter(bar))
    }
}

/// How far one release is, as long as it is driven.
#[derive(Debug)]
pub struct ReleaseBar(ProgressBar);

impl ReleaseBar {
    /// So many of so many tasks are done.
    pub fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// What goes on.
    pub fn say(&self, text: String) {
        self.0.set_message(text);
    }
}

impl Drop for ReleaseBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn released() -> ProgressStyle {
    let form = "{spinner} [{bar:18}] {pos}/{len} {wide_msg}";
    ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn counted() -> ProgressStyle {
    let form = "{msg} [{bar:30}] {pos}/{len} {eta}";
    ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A bar that is gone when its work is.
struct LiveMeter(ProgressBar);

impl Meter for LiveMeter {
    fn at(&self, done: usize, total: usize) {
        if self.0.length() != Some(total as u64) {
            self.0.set_length(total as u64);
            self.0.set_style(counted());
        }
        self.0.set_position(done as u64);
    }
}

impl Drop for LiveMeter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use indicatif::TermLike;

    use super::*;

    /// A terminal of one line.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn line(&self) -> String {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }

        fn change(&self, change: impl FnOnce(&mut String)) {
            change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.change(|line| line.push_str(text));
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.change(String::clear);
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_counts_makes_room_for_lines_and_is_gone_in_the_end() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bars = Bars(Some(MultiProgress::with_draw_target(target)));
        let progress = bars.progress(Arc::new(oar_release::clock::SystemClock));
        let meter = progress.start("grading images", Some(4));
        meter.at(3, 4);
        let shown = screen.line();
        assert!(shown.contains("grading images") && shown.contains("3/4"), "{shown:?}");
        assert_eq!(bars.aside(|| screen.line()).trim(), "");
        drop(meter);
        assert_eq!(screen.line().trim(), "");
    }

    #[test]
    fn without_a_terminal_there_are_no_bars() {
        let bars = Bars::default();
        assert_eq!(bars.aside(|| 7), 7);
        let progress = bars.progress(Arc::new(oar_release::clock::SystemClock));
        assert!(format!("{progress:?}").starts_with("Logged"));
    }
}
