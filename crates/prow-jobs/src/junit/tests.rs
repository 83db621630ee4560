use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<JunitFile, JunitError> {
    read(text.as_bytes())
}

fn counts(tests: u64, failures: u64, errors: u64, skipped: u64) -> Counts {
    Counts { tests, failures, errors, skipped }
}

#[test]
fn spec04_case_37_suites_within_suites_are_summed_and_errors_are_failures() {
    let cases = |names: &[&str]| {
        let cases: Vec<String> =
            names.iter().map(|name| format!("<testcase name='{name}'/>")).collect();
        cases.concat()
    };
    let first = format!(
        "<testsuite name='one' tests='3' failures='1'>{}<testcase name='c'>\
         <failure type='Assert' message='no'>at line 1</failure></testcase></testsuite>",
        cases(&["a", "b"])
    );
    let second = format!(
        "<testsuite name='two' tests='2' errors='1'>{}<testcase name='e' classname='k' time='1.5'>\
         <error>\n  broke &lt;here&gt;&#33;\n</error></testcase></testsuite>",
        cases(&["d"])
    );
    for text in [
        format!("<testsuites>{first}{second}</testsuites>"),
        format!(
            "<testsuites><testsuite name='outer' tests='5'>{first}{second}</testsuite></testsuites>"
        ),
        format!(
            "<?xml version='1.0' encoding='UTF-8'?>\n<testsuites>\n{first}\n{second}\n</testsuites>\n"
        ),
    ] {
        let file = parse(&text).unwrap();
        assert_eq!(file.counts, counts(5, 1, 1, 0), "{text}");
        assert_eq!(file.counts.passed(), 3);
        let names: Vec<_> = file.failed.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["c", "e"]);
        let suites: Vec<_> = file.suites.iter().map(|suite| suite.name.as_str()).collect();
        assert_eq!(suites, ["one", "two"]);
        let [failed, broken] = file.failed.as_slice() else { panic!("{file:?}") };
        assert_eq!((failed.kind, failed.message.as_str()), (FailureKind::Failure, "no"));
        assert_eq!((failed.error_type.as_str(), failed.details.as_str()), ("Assert", "at line 1"));
        assert_eq!((broken.kind, broken.message.as_str()), (FailureKind::Error, "broke <here>!"));
        assert_eq!((broken.time.as_deref(), broken.suite.as_str()), (Some("1.5"), "two"));
    }
}

#[test]
fn what_a_suite_says_and_what_it_lists_cannot_hide_each_other() {
    let file = |attributes: &str| {
        let text = format!(
            "<testsuite name='s' {attributes}><testcase name='a'><skipped/></testcase>\
             <testcase name='b'><failure/><error/></testcase></testsuite>"
        );
        parse(&text).unwrap().counts
    };
    assert_eq!(file(""), counts(2, 1, 0, 1), "counted where nothing is told");
    assert_eq!(file("tests='' failures='x' errors='-1'"), counts(2, 1, 0, 1));
    assert_eq!(file("tests='2' failures='0'"), counts(2, 1, 0, 1), "a listed failure counts");
    assert_eq!(file("tests='9' errors='3'"), counts(9, 1, 3, 1), "and so does a told one");
    assert_eq!(parse("<testsuites/>").unwrap(), JunitFile::default(), "no test is no evidence");
}

#[test]
fn output_of_tests_and_failures_that_were_retried_are_no_failures() {
    let text = "<testsuite><properties><property name='error'/></properties>\
        <testcase name='a'><system-out><![CDATA[<failure> & more]]></system-out>\
        <flakyFailure/><properties><failure/></properties></testcase>\
        <system-err>error &amp; failure</system-err><!-- <failure/> --><?pi failure?></testsuite>";
    let file = parse(text).unwrap();
    assert_eq!((file.counts, file.failed), (counts(1, 0, 0, 0), Vec::new()));
}

#[test]
fn text_of_a_failure_is_put_together_from_all_its_parts() {
    let text = "<testsuite><testcase name='a&amp;b'><failure message='&#xA;'>x &amp; <![CDATA[<y>]]>\
        <b>inner</b> z</failure></testcase></testsuite>";
    let failed = parse(text).unwrap().failed.remove(0);
    assert_eq!((failed.name.as_str(), failed.details.as_str()), ("a&b", "x & <y> z"));
    assert_eq!(failed.message, "x & <y> z", "a blank message is none");
}

#[test]
fn entities_are_refused_whatever_they_stand_for() {
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><testsuite name='&b;'/>";
    let outside = "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><testsuite/>";
    let used = "<testsuite><testcase><failure>&secret;</failure></testcase></testsuite>";
    let in_name = "<testsuite><testcase name='&secret;'><failure/></testcase></testsuite>";
    let in_suite = "<testsuite name='&secret;'/>";
    for text in [bomb, outside, used, in_name, in_suite] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, JunitError::Entities { .. }), "{text}: {error}");
    }
}

#[test]
fn malformed_files_are_told_and_never_read_as_no_failures() {
    let deep = format!("<testsuite>{}", "<a>".repeat(100));
    for text in [
        "",
        " \n",
        "no XML",
        "<html><body/></html>",
        "<testcase/>",
        "<testsuite>",
        "<testsuite><testcase>",
        "<testsuite><testcase></testsuite>",
        "<testsuite/><testsuite/>",
        "<testsuite/>trailing",
        "<testsuite name='a",
        "<testsuite name=a b/>",
        "<testsuite name='a' name='b' tests='1'/>",
        "<testsuite><testcase><failure>&#0;&#xFFFFFFF;</failure></testcase></testsuite>",
        "<testsuite><system-out><![CDATA[",
        "<testsuite><!-- ",
        "</testsuite>",
        "{\"json\": true}",
        &deep,
    ] {
        assert!(parse(text).is_err(), "{text:?} was read: {:?}", parse(text));
    }
    assert!(read(&b"<testsuite><testcase name='\xff\xfe'/></testsuite>"[..]).is_err(), "no UTF-8");
}

#[test]
fn long_texts_are_cut_and_endless_ones_refused() {
    let long = "ä".repeat(50_000);
    let text = format!(
        "<testsuite name='{long}'><testcase name='a'><failure message='{long}'>{long}</failure>\
         </testcase></testsuite>"
    );
    let file = parse(&text).unwrap();
    let failed = &file.failed[0];
    for kept in [&file.name, &failed.message, &failed.details, &failed.suite] {
        assert!(kept.len() <= 8192 && kept.starts_with("ää"), "{}", kept.len());
    }
    let endless = std::io::Read::chain(
        &b"<testsuite><system-out>"[..],
        std::io::Read::take(std::io::repeat(b'x'), 1 << 40),
    );
    let error = read(std::io::BufReader::new(endless)).unwrap_err();
    assert!(matches!(error, JunitError::TooLong { .. }), "{error}");
}

#[test]
fn failures_without_number_are_counted_and_the_first_are_listed() {
    let text = "x".repeat(8_000);
    let case = format!("<testcase name='a'><failure message='{text}'>{text}</failure></testcase>");
    let file = parse(&format!("<testsuite>{}</testsuite>", case.repeat(4_000))).unwrap();
    assert_eq!(file.counts.failures, 4_000);
    assert!(file.unlisted > 0 && file.failed.len() > 1_000);
    assert_eq!(file.failed.len() as u64 + file.unlisted, 4_000);
}

#[test]
fn a_source_that_breaks_off_is_an_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let source = std::io::Read::chain(&b"<testsuite><testcase name='a'/>"[..], Broken);
    let error = read(std::io::BufReader::new(source)).unwrap_err();
    assert!(matches!(error, JunitError::Io(_)), "{error}");
}

/// A suite tree as text, with what it should count.
fn suite(depth: u32) -> BoxedStrategy<(String, Counts)> {
    let case = prop_oneof![
        Just(("<testcase name='p'/>", counts(1, 0, 0, 0))),
        Just(("<testcase name='f'><failure>&lt;</failure></testcase>", counts(1, 1, 0, 0))),
        Just(("<testcase name='e'><error message='x'/></testcase>", counts(1, 0, 1, 0))),
        Just(("<testcase name='s'><skipped/></testcase>", counts(1, 0, 0, 1))),
    ];
    let cases = prop::collection::vec(case, 0..6);
    let below = match depth {
        0 => Just(Vec::new()).boxed(),
        _ => prop::collection::vec(suite(depth - 1), 0..3).boxed(),
    };
    (cases, below, any::<bool>())
        .prop_map(|(cases, below, tells)| {
            let (mut body, mut all) = (String::new(), Counts::default());
            for (text, count) in cases.iter().map(|(text, count)| (*text, count)) {
                body.push_str(text);
                all.add(count);
            }
            for (text, count) in &below {
                body.push_str(text);
                all.add(count);
            }
            let told = if tells { format!("tests='{}'", all.tests) } else { String::new() };
            (format!("<testsuite name='s' {told}>{body}</testsuite>"), all)
        })
        .boxed()
}

proptest! {
    #[test]
    fn every_case_counts_once_however_suites_are_nested((text, all) in suite(3)) {
        for text in [text.clone(), format!("<testsuites>{text}{text}</testsuites>")] {
            let file = parse(&text).unwrap();
            let times = if text.starts_with("<testsuites") { 2 } else { 1 };
            prop_assert_eq!(file.counts.tests, all.tests * times);
            prop_assert_eq!(file.counts.failures, all.failures * times);
            prop_assert_eq!(file.counts.errors, all.errors * times);
            prop_assert_eq!(file.counts.skipped, all.skipped * times);
            prop_assert_eq!(file.failed.len() as u64, (all.failures + all.errors) * times);
            let mut sum = Counts::default();
            file.suites.iter().for_each(|suite| sum.add(&suite.counts));
            prop_assert_eq!(sum, file.counts);
        }
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_an_error((text, _) in suite(2), at in 0.0..1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
                 reason = "a place in a short text")]
        let at = (text.len() as f64 * at) as usize;
        prop_assert!(parse(&text[..at]).is_err());
    }

    /// Nothing that is done to a file makes the reader panic, or count fewer tests than it lists.
    #[test]
    fn mutated_files_are_read_or_refused(
        (text, _) in suite(2),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..8),
    ) {
        let mut bytes = text.into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            match how {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, b"<>&;'\"/!-[]"[usize::from(byte) % 11]),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => {
                    let piece: Vec<u8> = bytes[at..].iter().take(usize::from(byte)).copied().collect();
                    bytes.splice(at..at, piece);
                }
            }
        }
        if let Ok(file) = read(bytes.as_slice()) {
            prop_assert!(file.counts.tests >= file.failed.len() as u64);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _either = read(bytes.as_slice());
    }
}

/// One element of a valid file, with what may be done to it.
#[derive(Debug, Clone)]
struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    inside: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Element(Element),
    Text(String),
    Cdata(String),
    Comment(String),
}

impl Element {
    fn write(&self, into: &mut String) {
        let escaped =
            |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;");
        into.push('<');
        into.push_str(self.name);
        for (name, value) in &self.attributes {
            let _ = write!(into, " {name}='{}'", escaped(value));
        }
        into.push('>');
        for piece in &self.inside {
            match piece {
                Piece::Element(element) => element.write(into),
                Piece::Text(text) => into.push_str(&escaped(text)),
                Piece::Cdata(text) => drop(write!(into, "<![CDATA[{text}]]>")),
                Piece::Comment(text) => drop(write!(into, "<!--{text}-->")),
            }
        }
        let _ = write!(into, "</{}>", self.name);
    }
}

/// Well-formed trees of JUnit's words in places where they belong and where they do not.
fn element(depth: u32) -> BoxedStrategy<Element> {
    let name = prop::sample::select(vec![
        "testsuite",
        "testsuite",
        "testcase",
        "testcase",
        "failure",
        "error",
        "skipped",
        "testsuites",
        "system-out",
        "properties",
        "rerunFailure",
    ]);
    let attribute = (
        prop::sample::select(vec![
            "name", "tests", "failures", "errors", "skipped", "time", "message", "type",
        ]),
        prop_oneof![40 => "[a-z&<' ]{0,8}", 40 => "-?[0-9]{1,25}", 1 => Just("é".repeat(9_000))],
    );
    let attributes = prop::collection::vec(attribute, 0..4).prop_map(|mut given| {
        given.sort_by_key(|(name, _)| *name);
        given.dedup_by_key(|(name, _)| *name);
        given
    });
    let text = prop_oneof![
        "[a-z<>& \n]{0,12}".prop_map(Piece::Text),
        "[a-z<>&]{0,9}".prop_map(Piece::Cdata),
        "[a-z<& ]{0,9}".prop_map(Piece::Comment)
    ];
    let inside = if depth == 0 {
        prop::collection::vec(text, 0..3).boxed()
    } else {
        let piece = prop_oneof![1 => text, 4 => element(depth - 1).prop_map(Piece::Element)];
        prop::collection::vec(piece, 0..5).boxed()
    };
    (name, attributes, inside)
        .prop_map(|(name, attributes, inside)| Element { name, attributes, inside })
        .boxed()
}

/// What holds for every file that is read, however it came about.
fn is_bounded(file: &JunitFile, size: usize) -> Result<(), TestCaseError> {
    const KEPT: usize = 8 * 1024;
    let listed = file.failed.len() as u64;
    prop_assert!(file.counts.tests >= listed);
    let failed = file.counts.failures.saturating_add(file.counts.errors);
    prop_assert!(failed >= listed.saturating_add(file.unlisted));
    prop_assert!(file.failed.len() <= size / 4 && file.suites.len() <= size / 4);
    for case in &file.failed {
        let time = case.time.as_deref().unwrap_or_default();
        let FailedCase { name, classname, suite, error_type, message, details, .. } = case;
        for text in [name, classname, suite, error_type, message, details, time] {
            prop_assert!(text.len() <= KEPT);
        }
    }
    prop_assert!(file.name.len() <= KEPT);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// A valid file whose elements are moved, repeated, renamed and nested at will is still well-formed
    /// and so is read, unless its root is another; what it says stays within bounds.
    #[test]
    fn valid_files_with_elements_in_any_place_are_read(inside in element(4)) {
        for root in ["testsuites", "testsuite", "html"] {
            let mut text = String::new();
            let whole = Element { name: root, attributes: Vec::new(), inside: vec![Piece::Element(inside.clone())] };
            whole.write(&mut text);
            match parse(&text) {
                Ok(file) => {
                    prop_assert_ne!(root, "html");
                    is_bounded(&file, text.len())?;
                    // In pieces, as from the network.
                    let pieces = std::io::BufReader::with_capacity(5, text.as_bytes());
                    prop_assert_eq!(read(pieces).unwrap(), file);
                }
                Err(error) => {
                    let is_other = matches!(error, JunitError::NotJunit { .. });
                    prop_assert!(root == "html" && is_other, "{}: {}", error, text);
                }
            }
        }
    }
}
