//! Shows a build of the stage tests: `cargo run -p oar-jenkins --example build -- <number>`, with
//! `OAR_ENDPOINT_JENKINS`, `JENKINS_USER` and `JENKINS_TOKEN`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use oar_jenkins::{HttpJenkins, JenkinsJob, JenkinsRead as _};
use oar_transport::env::Environment;
use oar_transport::{HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = std::env::args().nth(1).ok_or("usage: build <number>")?.parse()?;
    let environment = Environment::from_process();
    let http = HttpClient::from_environment(&environment)?;
    let secret = |name| SecretSource::variable(&environment, name, "this example");
    let jenkins = HttpJenkins::new(&http, secret("JENKINS_USER"), secret("JENKINS_TOKEN"));
    println!("{:#?}", jenkins.build(JenkinsJob::StagePipeline, number).await?);
    Ok(())
}
