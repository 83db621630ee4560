//! Kerberos for real: a realm of the test's own, and Apache, which accepts its tickets as the
//! services do.
//!
//! Runs when `OAR_REAL_KDC` is 1. Needs the packages krb5-kdc, krb5-admin-server, krb5-user,
//! apache2-bin and libapache2-mod-auth-gssapi; the library itself is libgssapi-krb5-2.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oar_release::ErrorClass;
use oar_transport::env::Environment;
use oar_transport::negotiate::{FixedToken, Gssapi, NegotiateTokens};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{Program, client_at, endpoints_at, free_port};
use oar_transport::{HttpError, Reply, Secret, Service};

/// The orders of the process that asks: a [`Case`]'s name, and the server's address.
const CASE: &str = "OAR_TEST_KERBEROS_CASE";
const URL: &str = "OAR_TEST_KERBEROS_URL";

/// The mechanism of RFC 4178, 1.3.6.1.5.5.2; Apache would take a bare Kerberos token too.
const SPNEGO: &[u8] = &[0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// A ticket server, a web server that wants tickets, and what a person needs to get one.
struct Realm {
    folder: tempfile::TempDir,
    _tickets: Program,
    web: Program,
    url: String,
}

impl Realm {
    /// `None` when nobody asked for the real thing.
    fn start() -> Option<Self> {
        if Environment::from_process().get("OAR_REAL_KDC").as_deref() != Some("1") {
            println!(
                "skipped: no real Kerberos; set OAR_REAL_KDC=1 (packages krb5-kdc, \
                 krb5-admin-server, krb5-user, apache2-bin, libapache2-mod-auth-gssapi)"
            );
            return None;
        }
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home = folder.path();
        // A web server that is started by root gives up root: its user must get in here.
        open_to_all(home, 0o755);
        for (name, mode) in [("www", 0o755), ("replays", 0o777), ("delegated", 0o777)] {
            fs::create_dir(home.join(name)).expect("a scratch folder");
            open_to_all(&home.join(name), mode);
        }
        fs::write(home.join("www/secret"), "for those with a ticket").expect("a scratch file");

        // Somebody else may take a port before the program does.
        let tickets = again(|| tickets(home));
        for request in [
            "addprinc -randkey member",
            "addprinc -randkey HTTP/localhost",
            "ktadd -k member.keytab member",
            "ktadd -k http.keytab HTTP/localhost",
        ] {
            done(tool("/usr/sbin/kadmin.local", home).args(["-q", request]));
        }
        open_to_all(&home.join("http.keytab"), 0o644);
        let kinit = ["-f", "-c", "cache", "-k", "-t", "member.keytab", "member"];
        done(tool("/usr/bin/kinit", home).args(kinit));
        let (web, url) = again(|| web(home));
        Some(Self { _tickets: tickets, web, url, folder })
    }

    /// Has another process of this test ask: the library reads its settings from the variables
    /// of the process, and no test changes its own.
    #[expect(clippy::disallowed_methods, reason = "the test needs a process of its own")]
    fn ask(&self, case: &str, variables: &[(&str, &str)]) {
        let this = std::env::current_exe().expect("this test's path");
        let mut command = Command::new(this);
        let test = ["--exact", "real_kdc::asks_as_it_is_told", "--nocapture"];
        in_realm(command.args(test), self.folder.path());
        command.env(CASE, case).env(URL, &self.url).envs(variables.iter().copied());
        let output = done(&mut command);
        assert!(output.contains(&format!("asked: {case}")), "{case}: {output}");
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        let mut stop = apache(self.folder.path());
        if stop.args(["-k", "stop"]).status().is_ok_and(|status| status.success()) {
            self.web.wait();
        }
    }
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}

fn again<T>(start: impl Fn() -> std::io::Result<T>) -> T {
    start().or_else(|_| start()).or_else(|_| start()).expect("the server starts")
}

/// The variables that keep the library in the folder, whatever the machine is configured for.
fn in_realm<'c>(command: &'c mut Command, home: &Path) -> &'c mut Command {
    for variable in ["KRB5CCNAME", "KRB5_CLIENT_KTNAME", "KRB5_KTNAME", "KRB5_TRACE"] {
        command.env_remove(variable);
    }
    command
        .current_dir(home)
        .env("KRB5_CONFIG", home.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", home.join("kdc.conf"))
        .env("KRB5RCACHEDIR", home.join("replays"))
}

#[expect(clippy::disallowed_methods, reason = "the test needs a real realm")]
fn tool(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    in_realm(&mut command, home);
    command
}

/// What it printed; it must succeed.
fn done(command: &mut Command) -> String {
    let output = command.output().expect("the program is installed");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

/// A new realm EXAMPLE.COM, and its ticket server.
fn tickets(home: &Path) -> std::io::Result<Program> {
    let (port, folder) = (free_port()?, home.display());
    fs::write(
        home.join("krb5.conf"),
        format!(
            "[libdefaults]\ndefault_realm = EXAMPLE.COM\ndns_lookup_kdc = false\n\
             dns_lookup_realm = false\ndns_canonicalize_hostname = false\nrdns = false\n\
             [realms]\nEXAMPLE.COM = {{\nkdc = 127.0.0.1:{port}\n}}\n\
             [domain_realm]\nlocalhost = EXAMPLE.COM\n127.0.0.1 = EXAMPLE.COM\n"
        ),
    )?;
    fs::write(
        home.join("kdc.conf"),
        format!(
            "[kdcdefaults]\nkdc_listen = \"\"\nkdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\nEXAMPLE.COM = {{\ndatabase_name = {folder}/principal\n\
             key_stash_file = {folder}/stash\nacl_file = {folder}/acl\n}}\n\
             [logging]\nkdc = STDERR\n"
        ),
    )?;
    if !home.join("principal").exists() {
        let create = ["create", "-s", "-P", "invented", "-r", "EXAMPLE.COM"];
        done(tool("/usr/sbin/kdb5_util", home).args(create));
    }
    Program::start(tool("/usr/sbin/krb5kdc", home).arg("-n"), "commencing operation")
}

fn apache(home: &Path) -> Command {
    let mut command = tool("/usr/sbin/apache2", home);
    command.arg("-f").arg(home.join("apache.conf"));
    command
}

/// A web server that answers with the name of whom it believes, and its address.
fn web(home: &Path) -> std::io::Result<(Program, String)> {
    let (port, folder) = (free_port()?, home.display());
    let module =
        |name: &&str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
    let modules =
        ["mpm_prefork", "authn_core", "authz_core", "authz_user", "auth_gssapi", "headers"];
    fs::write(
        home.join("apache.conf"),
        format!(
            "ServerRoot {folder}\nServerName localhost\nListen 127.0.0.1:{port}\n\
             PidFile {folder}/apache.pid\nDefaultRuntimeDir {folder}\nMutex pthread\n\
             ErrorLog /dev/stderr\nUser www-data\nGroup www-data\n{}StartServers 1\n\
             DocumentRoot {folder}/www\n<Location />\nAuthType GSSAPI\nAuthName invented\n\
             GssapiCredStore keytab:{folder}/http.keytab\n\
             GssapiDelegCcacheDir {folder}/delegated\nRequire valid-user\n\
             Header always set X-Person \"expr=%{{REMOTE_USER}}\"\n</Location>\n",
            modules.iter().map(module).collect::<String>()
        ),
    )?;
    // At its end it ends its whole group, which must not be the test's.
    let mut server = apache(home);
    server.arg("-DFOREGROUND").process_group(0);
    let started = Program::start(&mut server, "resuming normal operations")?;
    Ok((started, format!("http://localhost:{port}")))
}

#[test]
fn a_real_server_believes_the_tokens_of_a_real_ticket() {
    let Some(realm) = Realm::start() else { return };
    let path = |name: &str| PathBuf::from(realm.folder.path()).join(name).display().to_string();
    realm.ask("believed", &[("KRB5CCNAME", &path("cache"))]);
    let (none, keytab) = (path("no-cache"), path("member.keytab"));
    // Nothing to type: services and timers get their tickets from the key alone.
    realm.ask("believed", &[("KRB5CCNAME", &path("own-cache")), ("KRB5_CLIENT_KTNAME", &keytab)]);
    realm.ask("no-ticket", &[("KRB5CCNAME", &none), ("KRB5_CLIENT_KTNAME", &none)]);
    realm.ask("unknown-service", &[("KRB5CCNAME", &path("cache"))]);
    realm.ask("not-believed", &[("KRB5CCNAME", &path("cache"))]);
    let delegated = fs::read_dir(path("delegated")).unwrap().count();
    assert_eq!(delegated, 0, "the person's ticket, though it may be passed on, was kept");
}

/// The asking process; does nothing unless it was started by the test above.
#[tokio::test]
async fn asks_as_it_is_told() {
    let orders = Environment::from_process();
    let (Some(case), Some(url)) = (orders.get(CASE), orders.get(URL)) else { return };
    match &*case {
        "believed" => believed(&url).await,
        "no-ticket" => {
            let problem = no_token(&url).await;
            assert!(problem.contains("kinit"), "{problem}");
        }
        "unknown-service" => {
            let problem = no_token(&url.replace("localhost", "127.0.0.1")).await;
            assert!(problem.contains("not found in Kerberos database"), "{problem}");
        }
        "not-believed" => not_believed(&url).await,
        other => panic!("no case {other}"),
    }
    println!("asked: {case}");
}

async fn ask(url: &str, tokens: Arc<dyn NegotiateTokens>) -> Result<Reply, HttpError> {
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    let http = client_at(network, endpoints_at(Service::Errata, url));
    let call = http.service(Service::Errata).call("x", Method::GET, "secret");
    call.negotiate(tokens).send().await
}

/// More than once: the server refuses a token that it has seen.
async fn believed(url: &str) {
    let tokens = Arc::new(Gssapi::new());
    for _ in 0..3 {
        let reply = ask(url, tokens.clone()).await.expect("the server believes the token");
        assert_eq!(&reply.body[..], b"for those with a ticket");
        assert_eq!(reply.headers["x-person"], "member@EXAMPLE.COM");
    }
}

/// The library's words, in an error that says that the person is not known.
async fn no_token(url: &str) -> String {
    let error = ask(url, Arc::new(Gssapi::new())).await.expect_err("there is no token");
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream, "{error}");
    std::error::Error::source(&error).expect("the token's error").to_string()
}

/// That the server looks: nonsense, and a token it has seen.
async fn not_believed(url: &str) {
    let nonsense = ask(url, Arc::new(FixedToken(Secret::new("YII=")))).await;
    assert_eq!(nonsense.expect_err("nonsense").class(), ErrorClass::UnauthenticatedUpstream);
    let token = Gssapi::new().token("localhost").await.expect("a token");
    let bytes = STANDARD.decode(token.expose()).expect("base64");
    assert!(bytes.windows(SPNEGO.len()).any(|part| part == SPNEGO), "servers may insist on it");
    let seen = Arc::new(FixedToken(token));
    ask(url, seen.clone()).await.expect("new");
    let error = ask(url, seen).await.expect_err("seen before");
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream, "{error}");
}
