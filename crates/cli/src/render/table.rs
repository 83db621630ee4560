//! Tables and colours for people.

use anstyle::{AnsiColor, Style};
use oar_release::TaskStatus;
use unicode_width::UnicodeWidthStr as _;

/// `text` in `style`; terminals that want no colour never see it.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Green: good.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Red: bad.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Yellow: needs a look, or moves.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Dim: less important.
pub const DIM: Style = Style::new().dimmed();
/// Bold: headings.
pub const BOLD: Style = Style::new().bold();

/// The colour of a task status; the word stays beside it.
pub const fn status_style(status: TaskStatus) -> Style {
    match status {
        TaskStatus::Pass => GOOD,
        TaskStatus::Fail => BAD,
        TaskStatus::InProgress => WARN,
        TaskStatus::NotStarted => DIM,
    }
}

/// A cell: its text, and the style it is painted in.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, style: Style::new() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Cell {
    /// `text` painted in `style`.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// Columns as wide as their widest cell, two blanks apart, no frames: easy to read and to cut.
///
/// The last column is never padded, so lines have no trailing blanks.
pub fn columns(header: &[&str], rows: &[Vec<Cell>]) -> String {
    let head: Vec<Cell> = header.iter().map(|name| Cell::styled(*name, BOLD)).collect();
    let all = || std::iter::once(&head).chain(rows);
    let widths: Vec<usize> = (0..header.len())
        .map(|at| all().filter_map(|row| row.get(at)).map(|c| c.text.width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in all() {
        let mut line = String::new();
        let mut pending = 0;
        for (cell, width) in row.iter().zip(&widths) {
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', pending));
                line.push_str(&paint(cell.style, &cell.text));
                pending = 0;
            }
            pending += width - cell.text.width() + 2;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_display_width_and_leave_no_trailing_blanks() {
        let rows = [
            vec![Cell::from("a"), Cell::from("→ x"), Cell::from("")],
            vec![Cell::from("long"), Cell::from(""), Cell::from("z")],
        ];
        let text = anstream::adapter::strip_str(&columns(&["N", "M", "O"], &rows)).to_string();
        assert_eq!(text, "N     M    O\na     → x\nlong       z\n");
    }
}
