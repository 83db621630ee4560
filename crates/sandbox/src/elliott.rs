//! What elliott prints in the sandbox. elliott is a program, so a program of ours stands in for it.

use serde_json::json;

use crate::world::World;

/// The output of `elliott ARGUMENTS` for the calls that are known: `--version`, and `find-bugs` for an
/// assembly and a build system. Anything else is an error in elliott's words.
pub fn output(world: &World, arguments: &[String]) -> Result<String, String> {
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    if arguments.iter().any(|argument| argument == "--version") {
        return Ok("elliott of the sandbox\n".to_owned());
    }
    if !arguments.iter().any(|argument| argument == "find-bugs") {
        return Err("Error: No such command in the sandbox.".to_owned());
    }
    let assembly = value("--assembly").ok_or("Error: Missing option '--assembly'.")?;
    let system = value("--build-system").unwrap_or("brew");
    let found = world.errata.trackers.get(assembly).and_then(|systems| systems.get(system));
    let found = found.ok_or_else(|| format!("Error: assembly {assembly} is not defined"))?;
    Ok(format!("{:#}\n", json!(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &[&str]) -> Result<String, String> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        output(&World::seeded(), &arguments)
    }

    #[test]
    fn it_finds_the_trackers_of_an_assembly() {
        let call_for = |assembly: &str| {
            call(&[
                "--group",
                "openshift-4.99",
                "--assembly",
                assembly,
                "--build-system",
                "konflux",
                "find-bugs",
                "--cve-only",
                "-o",
                "json",
            ])
        };
        let found: serde_json::Value = serde_json::from_str(&call_for("4.99.3").unwrap()).unwrap();
        assert_eq!(found["rhcos"], json!(["OCPBUGS-99033"]));
        assert!(call_for("4.97.1").unwrap_err().contains("4.97.1"));
        assert!(call(&["find-bugs"]).unwrap_err().contains("--assembly"));
        assert!(call(&["attach-bugs"]).is_err());
        assert!(call(&["--version"]).unwrap().starts_with("elliott"));
    }
}
