use proptest::prelude::*;

use super::*;

#[test]
fn the_whole_tag_of_an_address_goes() {
    for (given, expected) in [
        ("a+jira@example.com", Some("a@example.com")),
        ("a+b+c@example.com", Some("a@example.com")),
        ("a+b-c@example.com", Some("a@example.com")),
        ("a.b@example.com", Some("a.b@example.com")),
        (" a@example.com ", Some("a@example.com")),
        ("Unknown", None),
        ("", None),
        ("@example.com", None),
        ("+x@example.com", None),
        ("a@", None),
    ] {
        assert_eq!(lookup_address(given).as_deref(), expected, "{given:?}");
    }
}

#[test]
fn r39_long_output_is_cut_at_line_ends() {
    let line = "x".repeat(99);
    let text = vec![line.as_str(); 100].join("\n");
    let posts = fenced(&text);
    assert_eq!(posts.len(), 3);
    for post in &posts {
        assert!(post.chars().count() <= LIMIT);
        let inside = post.strip_prefix("```\n").unwrap().strip_suffix("\n```").unwrap();
        assert!(inside.lines().all(|found| found == line));
    }
}

#[test]
fn a_line_longer_than_a_post_is_cut_but_never_inside_an_entity() {
    // The entity would cross the edge of the first post.
    let text = format!("{}<tail>", "x".repeat(LIMIT - 10));
    let posts = fenced(&text);
    assert_eq!(posts.len(), 2);
    assert!(posts[1].starts_with("```\n&lt;tail&gt;"), "{}", posts[1]);
}

#[test]
fn a_link_is_never_cut() {
    let link = link("https://example.com/browse/X-1", "X-1");
    let text = format!("{}{link}", "x".repeat(LIMIT - 20));
    let posts = notification("[4.98.1]", &text);
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[1], format!("[4.98.1] {link}"));
}

#[test]
fn every_part_of_a_notification_repeats_the_prefix() {
    let text = vec!["- an issue"; 1000].join("\n");
    let posts = notification("[4.98.1]", &text);
    assert!(posts.len() > 1);
    assert!(posts.iter().all(|post| post.starts_with("[4.98.1] - an issue")));
}

#[test]
fn spec05_case_07_nothing_in_a_label_can_end_its_link() {
    let link = link("https://example.com/x", "a<b>|c");
    assert_eq!(link, "<https://example.com/x|a&lt;b&gt;¦c>");
}

#[test]
fn spec05_case_08_a_long_line_comes_in_pieces_that_together_are_the_line() {
    let text: String = ('a'..='z').cycle().take(4000).collect();
    let posts = fenced(&text);
    assert!(posts.len() > 1);
    let mut together = String::new();
    for post in &posts {
        assert!(post.chars().count() <= 3900, "{}", post.chars().count());
        assert_eq!(post.matches("```").count(), 2);
        together += post.strip_prefix("```\n").unwrap().strip_suffix("\n```").unwrap();
    }
    assert_eq!(together, text);
}

#[test]
fn a_fence_inside_the_text_cannot_close_ours() {
    let posts = fenced("before\n`````` after ```");
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].matches("```").count(), 2);
}

#[test]
fn nothing_is_never_posted() {
    assert_eq!(fenced(" \n"), [NO_OUTPUT]);
    assert!(notification("[4.98.1]", "\n ").is_empty());
}

#[test]
fn inserted_text_cannot_mention_anybody() {
    let hostile = "<!channel> <@U1> <https://evil.example.com|click>";
    for post in fenced(hostile) {
        assert!(!post.contains('<') && !post.contains('>'), "{post}");
    }
    assert_eq!(
        link("https://e.example.com/>|<x", "a>b"),
        "<https://e.example.com/%3E%7C%3Cx|a&gt;b>"
    );
}

/// What the posts say, put together again.
fn unfenced(posts: &[String]) -> String {
    let inside =
        posts.iter().map(|post| post.strip_prefix("```\n").unwrap().strip_suffix("\n```").unwrap());
    inside.collect::<String>().replace(['\u{200b}', '\n'], "")
}

proptest! {
    #[test]
    fn splitting_loses_nothing_and_keeps_to_the_limit(
        text in "([a-z<>&`|; ]{0,90}\n){0,20}[a-z<>&`é😀]{0,9000}x"
    ) {
        let posts = fenced(&text);
        for post in &posts {
            prop_assert!(post.chars().count() <= LIMIT);
            prop_assert_eq!(post.matches("```").count(), 2);
            // No entity is cut: each ampersand begins a whole one.
            for (at, _) in post.match_indices('&') {
                let rest = &post[at..];
                prop_assert!(["&amp;", "&lt;", "&gt;"].iter().any(|e| rest.starts_with(e)));
            }
        }
        prop_assert_eq!(unfenced(&posts), escape(&text).replace('\n', ""));
    }

    #[test]
    fn a_link_has_one_beginning_one_bar_and_one_end(url in "\\PC{0,40}", label in "\\PC{0,40}") {
        let link = link(&url, &label);
        prop_assert_eq!(link.matches('<').count(), 1);
        prop_assert_eq!(link.matches('>').count(), 1);
        prop_assert_eq!(link.matches('|').count(), 1);
    }
}
