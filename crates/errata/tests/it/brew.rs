//! The kernel stop-ship check.

use oar_errata::{AdvisoryError, BrewRead as _, Impetus, StopShip, StopShipRule, check_stop_ship};
use oar_release::ErrorClass;
use oar_transport::testing::{Script, Step, client};
use serde_json::json;

use crate::support::{ID, Lab, RHCOS, advisory, kerberos};

const KERNEL: &str = "kernel-5.99.0-99.1";

async fn check(
    lab: &Lab,
    impetus: Impetus,
    rules: &[StopShipRule],
) -> Result<StopShip, AdvisoryError> {
    check_stop_ship(&lab.errata, &lab.brew, &impetus, RHCOS, rules).await
}

#[tokio::test]
async fn spec02_case_18_r31_other_kinds_hold_no_kernel_and_nothing_is_fetched() {
    let lab = Lab::new();
    for kind in ["metadata", "extras", "rpm", "microshift", "bootimage"] {
        assert_eq!(check(&lab, kind.into(), &[]).await.unwrap(), StopShip::NotApplicable);
    }
    assert_eq!(lab.requests(), 0);
}

#[tokio::test]
async fn r31_every_image_of_every_architecture_is_looked_into() {
    let lab = Lab::new();
    for kind in [Impetus::Rhcos, Impetus::Image] {
        let found = check(&lab, kind, &[]).await.unwrap();
        assert_eq!(found, StopShip::Clear(vec![KERNEL.to_owned()]));
    }
    assert_eq!(lab.sandbox.requests()["brew GET"], 2 * 2);
    assert_eq!(lab.sandbox.requests()["brew POST"], 2, "each kernel once");
    // A kernel of its own on one architecture is found.
    let lab = Lab::with(|world| {
        let image = world.errata.images.get_mut("rhcos-aarch64-499.98.202603010000-0").unwrap();
        image.push(["kernel-rt", "5.99.0", "99.2"].map(str::to_owned));
        let tags = vec!["early-kernel-stop-ship".to_owned()];
        world.errata.tags.insert("kernel-rt-5.99.0-99.2".to_owned(), tags);
    });
    let StopShip::Tagged(tagged) = check(&lab, Impetus::Rhcos, &[]).await.unwrap() else {
        panic!("not found")
    };
    assert_eq!(tagged.len(), 1);
    assert_eq!(tagged[0].kernel, "kernel-rt-5.99.0-99.2");
    assert_eq!(tagged[0].image, "rhcos-aarch64-499.98.202603010000-0");
}

#[tokio::test]
async fn r31_an_advisory_without_an_image_is_told_and_no_error() {
    let lab = Lab::with(|world| {
        let builds = advisory(world, RHCOS).builds.values_mut().next().unwrap();
        builds.retain(|nvr| !nvr.starts_with("rhcos-"));
    });
    assert_eq!(check(&lab, Impetus::Rhcos, &[]).await.unwrap(), StopShip::NoImage);
    let lab = Lab::new();
    let found = check_stop_ship(&lab.errata, &lab.brew, &Impetus::Image, ID, &[]).await.unwrap();
    assert_eq!(found, StopShip::NoImage, "no builds at all");
}

#[tokio::test]
async fn a_rule_of_the_build_data_replaces_the_default() {
    let rule = |package: &str, tag: &str| StopShipRule {
        packages: vec![package.to_owned()],
        tag: tag.to_owned(),
    };
    let lab = Lab::with(|world| {
        world.errata.tags.insert("bash-5.99-9".to_owned(), vec!["hold".to_owned()]);
        world.errata.tags.get_mut(KERNEL).unwrap().push("hold".to_owned());
    });
    let rules = [rule("bash", "other"), rule("kernel", "hold")];
    let StopShip::Tagged(tagged) = check(&lab, Impetus::Rhcos, &rules).await.unwrap() else {
        panic!("not found")
    };
    assert!(tagged.iter().all(|one| one.kernel == KERNEL && one.tag == "hold"), "{tagged:?}");
}

#[tokio::test]
async fn what_cannot_be_looked_into_is_never_clear() {
    let no_kernel = Lab::with(|world| {
        for rpms in world.errata.images.values_mut() {
            rpms.retain(|[name, ..]| name != "kernel");
        }
    });
    let error = check(&no_kernel, Impetus::Rhcos, &[]).await.unwrap_err();
    assert!(error.to_string().contains("none of the packages kernel, kernel-rt"), "{error}");
    assert_eq!(error.class(), ErrorClass::Undetermined);
    let gone = Lab::with(|world| world.errata.images.clear());
    let error = check(&gone, Impetus::Rhcos, &[]).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::NotFound { .. }), "{error}");
    let untagged = Lab::with(|world| world.errata.tags.clear());
    let error = check(&untagged, Impetus::Rhcos, &[]).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::Koji { .. }), "{error}");
    let odd = Lab::with(|world| {
        advisory(world, RHCOS).builds.values_mut().next().unwrap()[0] = "rhcos-odd".to_owned();
    });
    let error = check(&odd, Impetus::Rhcos, &[]).await.unwrap_err();
    assert!(matches!(error, AdvisoryError::NotABuild { .. }), "{error}");
}

#[tokio::test]
async fn components_may_be_absent_or_null_and_are_told_once() {
    let kernel = json!({ "name": "kernel", "version": "1", "release": "2", "arch": "x86_64" });
    let metadata = json!({ "output": [
        {}, { "components": null }, { "components": [kernel, { "name": "bash", "version": "1", "release": "1" }] },
        { "components": [kernel] },
    ] });
    let script = Script::new([Step::json(&metadata)]);
    let brew = oar_errata::HttpBrew::new(&client(std::sync::Arc::new(script.clone())), kerberos());
    let found = brew.components("rhcos-x86_64-499.98.1-0", &["kernel".to_owned()]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].nvr, "kernel-1-2");
    assert_eq!(
        script.seen()[0].url,
        "https://download.engineering.redhat.com/brewroot/packages/rhcos-x86_64/499.98.1/0/metadata.json"
    );
}
