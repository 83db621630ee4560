//! Commands on the configuration: show, list, validate, encrypt, decrypt, rotate the key.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use oar_config::document::{Finding, validate};
use oar_config::settings::Listed;
use oar_config::{AppConfig, ConfigKey, JweError, jwe};
use oar_release::{ErrorClass, effect};
use oar_transport::SecretSource;
use oar_transport::env::Environment;
use oar_transport::file::read_at_most;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Value;

use crate::error::CliError;
use crate::oarctl::{ConfigCommand, ConfigConvert, ConfigList, ConfigValidate};
use crate::render::table::{BAD, Cell, GOOD, WARN, columns, paint};
use crate::render::{Printer, Render};
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

/// Runs one of the commands.
pub(crate) fn run(
    around: &Surroundings,
    printer: Printer,
    command: &ConfigCommand,
) -> Result<Ended, CliError> {
    match command {
        ConfigCommand::Show => show(around, printer),
        ConfigCommand::List(options) => list(around, printer, options),
        ConfigCommand::Validate(options) => check(around, printer, options),
        ConfigCommand::Encrypt(options) => {
            let plain = read_file(&options.file)?;
            refuse_errors(&validate(&plain)?)?;
            let text = jwe::encrypt(&plain, &key(&around.environment, "OAR_JWK")?)?;
            convert(printer, options, text.as_bytes(), "encrypted")
        }
        ConfigCommand::Decrypt(options) => {
            let key = key(&around.environment, "OAR_JWK")?;
            let plain = decrypt(&options.file, &key)?;
            convert(printer, options, &plain, "decrypted")
        }
        ConfigCommand::RotateKey(options) => rotate(around, printer, options.dry_run),
    }
}

/// The key in `variable` or the file that `<variable>_FILE` names.
pub(crate) fn key(environment: &Environment, variable: &str) -> Result<ConfigKey, CliError> {
    let secret = SecretSource::variable(environment, variable, "the configuration").read()?;
    Ok(ConfigKey::parse(secret.expose())?)
}

/// The file of the settings.
pub(crate) fn configured_file(around: &Surroundings) -> Result<PathBuf, CliError> {
    around.settings.config_file().ok_or_else(|| {
        CliError::new(ErrorClass::NotConfigured, "no configuration file is configured")
            .hint("set OAR_CONFIG_FILE or --config-file")
    })
}

/// Reads and decrypts the configuration.
pub(crate) fn read(path: &Path, key: &ConfigKey) -> Result<AppConfig, CliError> {
    Ok(AppConfig::parse(&decrypt(path, key)?)?)
}

fn decrypt(path: &Path, key: &ConfigKey) -> Result<Vec<u8>, CliError> {
    let bytes = read_file(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let plain = jwe::decrypt(text.trim(), key).map_err(|error: JweError| {
        let class = error.class();
        CliError::new(class, format!("{}: {}", path.display(), crate::error::one_line(&error)))
    })?;
    Ok(plain.expose_secret().to_vec())
}

/// Longest configuration, bytes.
const LONGEST: u64 = 16 << 20;

fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    read_at_most(path, LONGEST).map_err(|error| {
        let text = format!("{} cannot be read: {error}", path.display());
        CliError::new(ErrorClass::NotConfigured, text)
    })
}

/// The decrypted document, masked.
#[derive(Serialize)]
struct Shown {
    schema: &'static str,
    config: Value,
}

impl Render for Shown {
    fn text(&self) -> String {
        serde_yaml::to_string(&self.config).unwrap_or_default()
    }
}

fn show(around: &Surroundings, printer: Printer) -> Result<Ended, CliError> {
    let plain = if around.sandbox.is_some() {
        oar_sandbox::seed::CONFIG.as_bytes().to_vec()
    } else {
        decrypt(&configured_file(around)?, &key(&around.environment, "OAR_JWK")?)?
    };
    AppConfig::parse(&plain)?;
    let text = String::from_utf8_lossy(&plain).into_owned();
    let config = serde_json::from_str(&around.masker.mask(&text)).map_err(|error| {
        CliError::new(ErrorClass::Internal, format!("masking broke the document: {error}"))
    })?;
    print(printer, &Shown { schema: "oar.config/1", config })?;
    Ok(Ended::done())
}

/// All settings.
#[derive(Serialize)]
struct SettingsList {
    schema: &'static str,
    settings: Vec<ListedSetting>,
    #[serde(skip)]
    show_origin: bool,
}

#[derive(Serialize)]
struct ListedSetting {
    key: String,
    value: Option<String>,
    origin: String,
}

impl Render for SettingsList {
    fn text(&self) -> String {
        let rows: Vec<Vec<Cell>> = self
            .settings
            .iter()
            .map(|setting| {
                let value = setting.value.clone().unwrap_or_else(|| "-".to_owned());
                let mut row = vec![Cell::from(setting.key.clone()), Cell::from(value)];
                if self.show_origin {
                    row.push(Cell::from(setting.origin.clone()));
                }
                row
            })
            .collect();
        let header: &[&str] =
            if self.show_origin { &["KEY", "VALUE", "ORIGIN"] } else { &["KEY", "VALUE"] };
        columns(header, &rows)
    }
}

fn list(around: &Surroundings, printer: Printer, options: &ConfigList) -> Result<Ended, CliError> {
    // Without a key the encrypted configuration's addresses are just not listed.
    let config = around.config().ok();
    let listed = |setting: Listed| ListedSetting {
        key: setting.key,
        value: setting.value,
        origin: setting.origin.to_string(),
    };
    let settings = around.settings.list(config.as_ref()).into_iter().map(listed).collect();
    let list =
        SettingsList { schema: "oar.settings/1", settings, show_origin: options.show_origin };
    print(printer, &list)?;
    Ok(Ended::done())
}

/// What is wrong with a configuration.
#[derive(Serialize)]
struct Checked {
    schema: &'static str,
    file: String,
    findings: Vec<Finding>,
}

impl Render for Checked {
    fn text(&self) -> String {
        if self.findings.is_empty() {
            return format!("{}: {}\n", self.file, paint(GOOD, "complete, nothing unknown"));
        }
        let row = |finding: &Finding| {
            let bad = is_error(finding);
            let style = if bad { BAD } else { WARN };
            let kind = serde_json::to_value(finding.kind).unwrap_or_default();
            vec![
                Cell::styled(kind.as_str().unwrap_or_default(), style),
                Cell::from(finding.path.clone()),
                Cell::from(finding.message.clone()),
            ]
        };
        let rows: Vec<Vec<Cell>> = self.findings.iter().map(row).collect();
        columns(&["KIND", "KEY", "FOUND"], &rows)
    }
}

fn is_error(finding: &Finding) -> bool {
    use oar_config::document::FindingKind;
    matches!(finding.kind, FindingKind::Error | FindingKind::Missing)
}

fn check(
    around: &Surroundings,
    printer: Printer,
    options: &ConfigValidate,
) -> Result<Ended, CliError> {
    let file = match &options.file {
        Some(file) => file.clone(),
        None => configured_file(around)?,
    };
    let plain = if options.plain {
        read_file(&file)?
    } else {
        decrypt(&file, &key(&around.environment, "OAR_JWK")?)?
    };
    let findings = validate(&plain)?;
    let sound = !findings.iter().any(is_error);
    let file = file.display().to_string();
    print(printer, &Checked { schema: "oar.config-check/1", file, findings })?;
    Ok(if sound { Ended::done() } else { Ended::found_trouble() })
}

/// A configuration with errors is not worth encrypting; missing keys are only told by `validate`.
fn refuse_errors(findings: &[Finding]) -> Result<(), CliError> {
    use oar_config::document::FindingKind;
    match findings.iter().find(|finding| finding.kind == FindingKind::Error) {
        None => Ok(()),
        Some(finding) => {
            let text = format!("{}: {}", finding.path, finding.message);
            Err(CliError::new(ErrorClass::InvalidArgument, text))
        }
    }
}

/// What happened to a file.
#[derive(Serialize)]
struct Written {
    schema: &'static str,
    file: String,
    action: String,
    dry_run: bool,
}

impl Render for Written {
    fn text(&self) -> String {
        let verb = if self.dry_run { "would be" } else { "is" };
        format!("{} {verb} {}\n", self.file, self.action)
    }
}

fn convert(
    printer: Printer,
    options: &ConfigConvert,
    content: &[u8],
    action: &str,
) -> Result<Ended, CliError> {
    if options.to.exists() && !options.force {
        let text = format!("{} exists already", options.to.display());
        return Err(CliError::new(ErrorClass::Conflict, text).hint("--force replaces it"));
    }
    let dry_run = options.dry_run.dry_run;
    if !dry_run {
        replace(&options.to, content)?;
    }
    let file = options.to.display().to_string();
    let action = format!("{action} from {}", options.file.display());
    print(printer, &Written { schema: "oar.file/1", file, action, dry_run })?;
    Ok(Ended::done())
}

fn rotate(around: &Surroundings, printer: Printer, dry_run: bool) -> Result<Ended, CliError> {
    let path = configured_file(around)?;
    let old = key(&around.environment, "OAR_JWK")?;
    let new = key(&around.environment, "OAR_NEW_JWK")?;
    let plain = decrypt(&path, &old)?;
    let text = jwe::encrypt(&plain, &new)?;
    if !dry_run {
        replace(&path, text.as_bytes())?;
    }
    let file = path.display().to_string();
    let action = "encrypted with the new key".to_owned();
    print(printer, &Written { schema: "oar.file/1", file, action, dry_run })?;
    Ok(Ended::done())
}

/// Writes a file that only its owner can read, in one step: a reader sees the old or the new one.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        effect::point("config.replace.before_rename");
        fs::rename(&fresh, path)?;
        effect::point("config.replace.after_rename");
        Ok(())
    };
    write().map_err(|error: std::io::Error| {
        CliError::new(
            ErrorClass::Internal,
            format!("{} cannot be written: {error}", path.display()),
        )
    })
}
