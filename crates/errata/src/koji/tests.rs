use proptest::prelude::*;

use super::*;

fn answer(names: &[&str]) -> String {
    let tag = |name: &&str| {
        format!(
            "<value><struct><member><name>id</name><value><int>7</int></value></member>\n\
             <member>\n<name>name</name>\n<value><string>{}</string></value></member>\
             <member><name>perm</name><value><nil/></value></member></struct></value>",
            escape(*name)
        )
    };
    let tags: Vec<String> = names.iter().map(tag).collect();
    format!(
        "<?xml version='1.0'?><methodResponse><params><param><value><array><data>{}</data></array>\
         </value></param></params></methodResponse>",
        tags.concat()
    )
}

#[test]
fn the_names_of_all_tags_are_read() {
    let names = ["a-candidate", "early-kernel-stop-ship", "a<b&c"];
    let expected = names.map(str::to_owned).to_vec();
    assert_eq!(read_answer(&answer(&names)), Ok(Answer::Tags(expected)));
    assert_eq!(read_answer(&answer(&[])), Ok(Answer::Tags(Vec::new())));
}

#[test]
fn a_value_without_a_type_is_text() {
    let document = answer(&["x"]).replace("<string>x</string>", "x");
    assert_eq!(read_answer(&document), Ok(Answer::Tags(vec!["x".to_owned()])));
}

#[test]
fn a_struct_in_a_struct_gives_no_tag() {
    let inner =
        "<value><struct><member><name>name</name><value>inner</value></member></struct></value>";
    let document = answer(&["outer"]).replace("<value><nil/></value>", inner);
    assert_eq!(read_answer(&document), Ok(Answer::Tags(vec!["outer".to_owned()])));
}

#[test]
fn a_fault_is_told_in_kojis_words() {
    let document = "<methodResponse><fault><value><struct>\
        <member><name>faultCode</name><value><int>1000</int></value></member>\
        <member><name>faultString</name><value><string>No such build: &quot;x&quot;</string></value>\
        </member></struct></value></fault></methodResponse>";
    assert_eq!(read_answer(document), Ok(Answer::Fault("No such build: \"x\"".to_owned())));
}

#[test]
fn anything_else_is_no_answer() {
    let whole = answer(&["x"]);
    let deep = "<a>".repeat(100_000);
    for document in [
        "",
        "{}",
        "<html>login</html>",
        "<methodResponse></methodResponse>",
        "<methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>",
        &whole[..whole.len() - 20],
        &whole.replace("<methodResponse>", "<!DOCTYPE x [<!ENTITY a 'b'>]><methodResponse>"),
        &whole.replace(">x<", ">&a;<"),
        &deep,
    ] {
        assert!(read_answer(document).is_err(), "{document:.80}");
    }
}

#[test]
fn the_request_names_the_build_and_marks_the_keyword_arguments() {
    let body = list_tags("kernel-5.14.0-1<x>");
    assert!(body.contains("<methodName>listTags</methodName>"), "{body}");
    assert!(body.contains("<name>build</name><value><string>kernel-5.14.0-1&lt;x&gt;<"), "{body}");
    assert!(body.contains("<name>__starstar</name><value><boolean>1</boolean></value>"), "{body}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[<>/a-z&;! \\[\\]\"=]{0,200}") {
        let _any = read_answer(&text);
    }
}
