//! The client against a real `slapd`, laid out as the company's directory (spec 02 §6).
//!
//! Runs when `OAR_REAL_SLAPD` is 1, or names the program. Needs the packages slapd and ldap-utils.

use std::fmt::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use oar_ldap::{DirectoryError, DirectoryRead as _, LdapDirectory};
use oar_release::ErrorClass;
use oar_transport::Service;
use oar_transport::env::Environment;
use oar_transport::real::NetworkSettings;
use oar_transport::testing::{Program, endpoints_at, free_port};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

const ADMIN: &str = "cn=admin,dc=redhat,dc=com";
/// Opens nothing but a directory in a test's own folder.
const PASSWORD: &str = "invented";

/// Modules and schemas are where Debian has them. Addresses compare without case.
const BASICS: &str = "\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
attributetype ( 1.1.2.1 NAME 'rhatPrimaryMail' EQUALITY caseIgnoreIA5Match
  SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 1.1.2.2 NAME 'rhatPerson' SUP inetOrgPerson STRUCTURAL MAY rhatPrimaryMail )
";

/// As public directories have it: 500 entries at once, everything in pages.
const PAGES: &str = "limits * size.soft=500 size.hard=500 size.prtotal=unlimited";

/// A directory in a folder of its own.
struct Slapd {
    folder: tempfile::TempDir,
    program: PathBuf,
    url: String,
    running: Program,
}

impl Slapd {
    /// Starts one with additional lines of configuration: of the whole server, and of the data.
    /// `None` when nobody asked for the real thing.
    fn start(global: &str, database: &str) -> Option<Self> {
        let Some(wanted) = Environment::from_process().get("OAR_REAL_SLAPD") else {
            println!(
                "skipped: no real directory; set OAR_REAL_SLAPD=1 (packages slapd, ldap-utils)"
            );
            return None;
        };
        let program = if wanted == "1" { "/usr/sbin/slapd" } else { wanted.as_str() };
        let folder = tempfile::tempdir().expect("a scratch folder");
        // Security profiles of some distributions keep the program, by its path, out of our folder.
        let copy = folder.path().join("slapd");
        std::fs::copy(program, &copy).expect("OAR_REAL_SLAPD is 1 or a path of slapd");
        std::fs::create_dir(folder.path().join("data")).expect("a scratch folder");
        let config = format!(
            "{BASICS}{global}\n\
             database mdb\nsuffix dc=redhat,dc=com\nrootdn {ADMIN}\nrootpw {PASSWORD}\n\
             directory {}/data\ndbnosync\nindex rhatPrimaryMail,memberOf eq\noverlay memberof\n\
             {database}\n",
            folder.path().display()
        );
        std::fs::write(folder.path().join("slapd.conf"), config).expect("a scratch file");
        // Somebody else may take the port before the program does.
        let attempt = |_| {
            let scheme = if global.contains("TLSCertificateFile") { "ldaps" } else { "ldap" };
            let url = format!("{scheme}://localhost:{}", free_port().expect("a free port"));
            (run(&copy, folder.path(), &url), url)
        };
        let (running, url) =
            (0..3).map(attempt).find(|(running, _)| running.is_ok()).unwrap_or_else(|| attempt(3));
        let running = running.expect("slapd starts");
        Some(Self { folder, program: copy, url, running })
    }

    /// The same data again, at the same address.
    fn restart(&mut self) {
        self.running = run(&self.program, self.folder.path(), &self.url).expect("slapd restarts");
    }

    /// Loads a file of entries, as an administrator does.
    #[expect(clippy::disallowed_methods, reason = "the test drives the directory's own tools")]
    fn add(&self, entries: &str) {
        let file = self.folder.path().join("entries.ldif");
        std::fs::write(&file, entries).expect("a scratch file");
        let mut command = Command::new("ldapadd");
        command.args(["-x", "-H", &self.url, "-D", ADMIN, "-w", PASSWORD, "-f"]).arg(&file);
        // Not the machine's settings; and this tool has no part in what is tested.
        command.env("LDAPCONF", "/dev/null").env("LDAPTLS_REQCERT", "never");
        let done = command.output().expect("ldapadd, of the package ldap-utils, starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn directory(&self) -> LdapDirectory {
        crate::directory(&self.url)
    }

    /// Ends it; how often it logged each of these.
    fn count<const N: usize>(mut self, what: [&str; N]) -> [usize; N] {
        let log = self.running.stop();
        what.map(|what| log.iter().filter(|line| line.contains(what)).count())
    }
}

/// In the foreground, with a log of what it is asked.
#[expect(clippy::disallowed_methods, reason = "the test needs a real directory")]
fn run(program: &Path, folder: &Path, url: &str) -> std::io::Result<Program> {
    let mut command = Command::new(program);
    command.arg("-f").arg(folder.join("slapd.conf")).args(["-h", url, "-d", "stats"]);
    let running = Program::start(&mut command, "slapd starting")?;
    // It says so a moment too early.
    let address = url.rsplit('/').next().unwrap_or_default();
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Err(_) if begun.elapsed() < Duration::from_secs(10) => std::thread::yield_now(),
            tried => return tried.map(|_| running),
        }
    }
}

/// The folders of the directory.
const FRAME: &str = "\
dn: dc=redhat,dc=com
objectClass: organization
objectClass: dcObject
o: Invented
dc: redhat

dn: ou=users,dc=redhat,dc=com
objectClass: organizationalUnit
ou: users

dn: ou=managedGroups,dc=redhat,dc=com
objectClass: organizationalUnit
ou: managedGroups

dn: ou=adhoc,ou=managedGroups,dc=redhat,dc=com
objectClass: organizationalUnit
ou: adhoc

";

/// A person's entry with more lines; a name in a DN has its comma escaped.
fn person(uid: &str, more: &str) -> String {
    format!(
        "dn: uid={},ou=users,dc=redhat,dc=com\nobjectClass: rhatPerson\nuid: {uid}\n\
         cn: {uid}\nsn: Invented\n{more}\n\n",
        uid.replace(',', "\\,")
    )
}

fn managed(uid: &str, mail: &str, manager: &str) -> String {
    let manager = format!("manager: uid={manager},ou=users,dc=redhat,dc=com");
    person(uid, &format!("rhatPrimaryMail: {mail}\n{manager}"))
}

fn company() -> String {
    [
        FRAME.to_owned(),
        person("boss", "rhatPrimaryMail: boss@example.com"),
        person("one,two", "rhatPrimaryMail: comma@example.com"),
        person("silent", "description: has no address"),
        managed("member", "member@example.com", "boss"),
        managed("second", "second@example.com", "one\\,two"),
        managed("third", "third@example.com", "silent"),
        managed("fourth", "fourth@example.com", "gone"),
        managed("odd", "o(d)*d\\@example.com", "boss"),
    ]
    .concat()
}

#[tokio::test]
async fn spec02_case_32_a_real_directory_names_managers() {
    let Some(slapd) = Slapd::start("", "") else { return };
    slapd.add(&company());
    let directory = slapd.directory();
    for (email, expected) in [
        ("member@example.com", Some("boss@example.com")),
        ("Member+jira@Example.com", Some("boss@example.com")),
        ("second@example.com", Some("comma@example.com")),
        ("o(d)*d\\@example.com", Some("boss@example.com")),
        ("third@example.com", None),
        ("fourth@example.com", None),
        ("boss@example.com", None),
        ("nobody@example.com", None),
        ("invalid@mail", None),
        ("m*@example.com", None),
        ("*)(uid=*", None),
        ("mémber@example.com", None),
    ] {
        let manager = directory.manager_email(email).await.unwrap();
        assert_eq!(manager.as_deref(), expected, "{email}");
    }
    drop(directory);
    let asked = ["ACCEPT", "BIND dn=\"\" method=128", "scope=2", "scope=0", "uid=boss,ou=users"];
    // Two connections more, and one mention of the name, are of the start and of the data's load.
    let [connections, anonymous, searches, reads, by_name] = slapd.count(asked);
    assert_eq!((connections, anonymous), (3, 1));
    assert_eq!((searches, reads, by_name), (11, 5, 3), "nothing twice, managers by name");
}

#[tokio::test]
async fn a_real_group_is_read_in_pages_past_the_limit_of_one_answer() {
    let Some(slapd) = Slapd::start("", PAGES) else { return };
    let mut entries = company();
    let mut members = String::new();
    for number in 0..1203 {
        let mail = format!("rhatPrimaryMail: p{number:04}@example.com");
        entries += &person(&format!("p{number}"), if number == 7 { "" } else { &mail });
        writeln!(members, "member: uid=p{number},ou=users,dc=redhat,dc=com").unwrap();
    }
    let group = |name: &str, members: &str| {
        let groups = "ou=adhoc,ou=managedGroups,dc=redhat,dc=com";
        let name = format!("dn: cn={},{groups}\ncn: {name}", name.replace(',', "\\,"));
        format!("{name}\nobjectClass: groupOfNames\n{members}\n")
    };
    entries += &group("large", &members);
    entries += &group("one, (two)*", "member: uid=boss,ou=users,dc=redhat,dc=com\n");
    slapd.add(&entries);
    let directory = slapd.directory();
    let found: Vec<String> = directory.group_emails("large").await.unwrap().into_iter().collect();
    assert_eq!(found.len(), 1202, "one of them has no address");
    assert_eq!((&*found[0], &*found[1201]), ("p0000@example.com", "p1202@example.com"));
    let found: Vec<String> =
        directory.group_emails("one, (two)*").await.unwrap().into_iter().collect();
    assert_eq!(found, ["boss@example.com"]);
    for nobody in ["unheard-of", "*", "large,ou=adhoc"] {
        assert!(directory.group_emails(nobody).await.unwrap().is_empty(), "{nobody}");
    }
    drop(directory);
    assert_eq!(slapd.count(["memberOf=cn=large,"]), [3], "1203 entries are three pages of 500");
}

#[tokio::test]
async fn a_real_directory_that_gives_a_part_of_a_group_is_an_error() {
    let limit = "limits * size.soft=2 size.hard=2 size.prtotal=2";
    let Some(slapd) = Slapd::start("", limit) else { return };
    let members = ["boss", "member", "third"];
    let members = members.map(|uid| format!("member: uid={uid},ou=users,dc=redhat,dc=com\n"));
    let group = "dn: cn=team,ou=adhoc,ou=managedGroups,dc=redhat,dc=com\ncn: team\n\
                 objectClass: groupOfNames\n";
    slapd.add(&format!("{}{group}{}", company(), members.concat()));
    let directory = slapd.directory();
    let error = directory.group_emails("team").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Incomplete { .. }), "{error}");
    let manager = directory.manager_email("member@example.com").await.unwrap();
    assert_eq!(manager.as_deref(), Some("boss@example.com"), "the connection is still good");
}

#[tokio::test]
async fn a_real_directory_that_lets_nobody_in_is_not_nobody() {
    let Some(slapd) = Slapd::start("disallow bind_anon", "") else { return };
    slapd.add(&company());
    let error = slapd.directory().manager_email("member@example.com").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream, "{error}");
    assert!(error.to_string().contains("the anonymous bind (code 48)"), "{error}");
    let Some(slapd) = Slapd::start("", "require authc") else { return };
    slapd.add(&company());
    let error = slapd.directory().manager_email("member@example.com").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_real_directory_that_went_away_is_an_error_until_it_is_back() {
    let Some(mut slapd) = Slapd::start("", "") else { return };
    slapd.add(&company());
    let directory = slapd.directory();
    let manager = directory.manager_email("member@example.com").await.unwrap();
    assert_eq!(manager.as_deref(), Some("boss@example.com"));
    slapd.running.stop();
    // Whether the end is seen before or after the question, the answer is no answer.
    let error = directory.manager_email("second@example.com").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable, "{error}");
    slapd.restart();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let manager = directory.manager_email("second@example.com").await.unwrap();
    assert_eq!(manager.as_deref(), Some("comma@example.com"));
}

#[tokio::test]
async fn r18_a_real_directorys_certificate_is_verified() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(path("ca"), authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    std::fs::write(path("certificate"), server.pem()).unwrap();
    std::fs::write(path("key"), key.serialize_pem()).unwrap();
    let files = scratch.path().display();
    let tls = format!("TLSCertificateFile {files}/certificate\nTLSCertificateKeyFile {files}/key");
    let Some(slapd) = Slapd::start(&tls, "") else { return };
    slapd.add(&company());

    let network = NetworkSettings { ca_bundles: vec![path("ca")], ..NetworkSettings::default() };
    let trusting = LdapDirectory::new(&endpoints_at(Service::Ldap, &slapd.url), &network);
    let manager = trusting.manager_email("member@example.com").await.unwrap();
    assert_eq!(manager.as_deref(), Some("boss@example.com"));
    let error = slapd.directory().manager_email("member@example.com").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Tls { .. }), "{error}");
    drop(trusting);
    assert_eq!(slapd.count(["BIND dn=\"\""]), [1], "the other asked nothing");
}
