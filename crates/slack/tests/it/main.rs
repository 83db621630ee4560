//! The client against Slack's answers.

#[cfg(test)]
mod lookups;
#[cfg(test)]
mod posts;

#[cfg(test)]
pub(crate) fn scripted(
    steps: impl IntoIterator<Item = oar_transport::testing::Step>,
) -> (oar_transport::testing::Script, oar_slack::HttpSlack) {
    let script = oar_transport::testing::Script::new(steps);
    let http = oar_transport::testing::client(std::sync::Arc::new(script.clone()));
    let token = oar_transport::Secret::new("canary-slack-token");
    (script, oar_slack::HttpSlack::new(&http, token.into()))
}

/// An answer with `ok: false`.
#[cfg(test)]
pub(crate) fn refusal(code: &str) -> oar_transport::testing::Step {
    oar_transport::testing::Step::json(&serde_json::json!({ "ok": false, "error": code }))
}
