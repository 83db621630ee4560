//! The two things that the Errata Tool tells only on its web pages (spec 02 §3.3).

use crate::types::StagePushGuard;

/// The health grade on an advisory's container page, `A` to `F`; `None` when the page has none.
pub fn container_grade(page: &str) -> Option<char> {
    const BEFORE: &str = "Docker Container Content - ";
    let rest = &page[page.find(BEFORE)? + BEFORE.len()..];
    let mut letters = rest.chars();
    let grade = letters.next().filter(|letter| ('A'..='F').contains(letter))?;
    letters.next().is_none_or(|next| !next.is_ascii_alphanumeric()).then_some(grade)
}

/// What the table of state guards says about the push to staging: a row of type, test and outcome,
/// the outcome being the class of a `span`.
pub fn stage_push_guard(page: &str) -> StagePushGuard {
    let rows = page.split("<tr").skip(1).map(|row| row.split("</tr").next().unwrap_or(row));
    let mut answer = StagePushGuard::NotFound;
    for row in rows {
        let cells: Vec<&str> = row.split("<td").skip(1).collect();
        let [_, test, outcome, ..] = cells.as_slice() else { continue };
        if !text_of(test).eq_ignore_ascii_case("stagepush") {
            continue;
        }
        if outcome.contains("step-status-block") {
            return StagePushGuard::Blocking;
        }
        if outcome.contains("step-status-ok") {
            answer = StagePushGuard::Satisfied;
        }
    }
    answer
}

/// The text of one cell; `cell` begins inside of the opening tag.
fn text_of(cell: &str) -> String {
    let body = cell.split_once('>').map_or("", |(_, body)| body);
    let mut text = String::new();
    let mut inside = false;
    for letter in body.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grade_is_one_letter_after_the_heading() {
        for (page, expected) in [
            ("<h2>Docker Container Content - B</h2>", Some('B')),
            ("Docker Container Content - F", Some('F')),
            ("Docker Container Content - G</h2>", None),
            ("Docker Container Content - Bad", None),
            ("Docker Container Content - ", None),
            ("no heading", None),
            ("", None),
        ] {
            assert_eq!(container_grade(page), expected, "{page}");
        }
    }

    fn table(rows: &[(&str, &str, &str)]) -> String {
        let row = |(kind, test, class): &(&str, &str, &str)| {
            format!(
                "<tr class='x'><td>{kind}</td><td> <b>{test}</b> </td>\
                 <td><span class=\"badge {class}\">words</span></td></tr>"
            )
        };
        let rows: Vec<String> = rows.iter().map(row).collect();
        format!("<table><tbody><tr><td colspan=3>QE to REL_PREP</td></tr>{}</tbody>", rows.concat())
    }

    #[test]
    fn the_guard_of_the_push_to_staging_is_the_row_of_that_name() {
        let other = ("Block", "Rpmdiff", "step-status-block");
        for (row, expected) in [
            (("Block", "Stagepush", "step-status-block"), StagePushGuard::Blocking),
            (("Block", "Stagepush", "step-status-ok"), StagePushGuard::Satisfied),
            (("Block", "Stagepush", "step-status-new"), StagePushGuard::NotFound),
            (("Block", "Stagepush live", "step-status-block"), StagePushGuard::NotFound),
        ] {
            assert_eq!(stage_push_guard(&table(&[other, row])), expected, "{row:?}");
        }
        assert_eq!(stage_push_guard("<html>down</html>"), StagePushGuard::NotFound);
        assert_eq!(stage_push_guard("<tr><td>a<td>Stagepush"), StagePushGuard::NotFound);
    }

    #[test]
    fn one_blocking_row_outweighs_others() {
        let page = table(&[
            ("Info", "Stagepush", "step-status-ok"),
            ("Block", "Stagepush", "step-status-block"),
        ]);
        assert_eq!(stage_push_guard(&page), StagePushGuard::Blocking);
    }
}
