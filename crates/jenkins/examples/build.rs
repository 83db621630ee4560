//! Shows a build of the stage tests: `cargo run -p oar-jenkins --example build -- <number>`, with
//! `OAR_ENDPOINT_JENKINS`, `JENKINS_USER` and `JENKINS_TOKEN`.
#![expect(clippy::print_stdout, reason = "an example's output is its answer")]

use std::sync::Arc;

use oar_jenkins::{HttpJenkins, JenkinsJob, JenkinsRead as _};
use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};
use oar_transport::env::Environment;
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::{Endpoints, HttpClient, SecretSource};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = std::env::args().nth(1).ok_or("usage: build <number>")?.parse()?;
    let environment = Environment::from_process();
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
    let network = ReqwestSend::new(NetworkSettings::from_environment(&environment, &endpoints));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let http = HttpClient::new(Arc::new(network), clock, entropy, endpoints, Masker::default());
    let secret = |name| SecretSource::variable(&environment, name, "this example");
    let jenkins = HttpJenkins::new(&http, secret("JENKINS_USER"), secret("JENKINS_TOKEN"));
    println!("{:#?}", jenkins.build(JenkinsJob::StagePipeline, number).await?);
    Ok(())
}
