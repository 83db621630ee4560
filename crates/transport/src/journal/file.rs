//! A journal in a file: one JSON line per event, locked by the kernel, on disk before it counts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use oar_release::{Clock, effect};

use super::{Intent, IntentId, IntentJournal, JournalError, Known, OpenState, Record};

/// The intents of one release, in `<state_dir>/journal/<release>.jsonl`.
///
/// Lines are only ever appended. A last line that was cut by a crash was never acknowledged, so it
/// is removed when the journal is next written; a damaged line elsewhere is an error, because taking
/// it for absent could repeat an effect.
#[derive(Debug, Clone)]
pub struct FileJournal {
    path: Arc<Path>,
    clock: Arc<dyn Clock>,
}

impl FileJournal {
    /// The journal of `release` below `state_dir`; folders and file are made when first needed.
    pub fn new(
        state_dir: &Path,
        release: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if release.is_empty() || release.starts_with('.') || !release.bytes().all(plain) {
            return Err(JournalError::BadName { release: release.to_owned() });
        }
        let path = state_dir.join("journal").join(format!("{release}.jsonl"));
        Ok(Self { path: path.into(), clock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `act` on the locked file, off the runtime's threads: the lock may be held by another
    /// process, and the disk takes its time.
    async fn locked<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Opened) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let path = Arc::clone(&self.path);
        let work = move || act(&mut Opened::lock(&path)?);
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(ended) => Err(JournalError::Io {
                path: self.path.display().to_string(),
                source: io::Error::other(ended),
            }),
        }
    }
}

#[async_trait]
impl IntentJournal for FileJournal {
    async fn open(&self, intent: &Intent) -> Result<OpenState, JournalError> {
        let (intent, at) = (intent.clone(), self.clock.now());
        self.locked(move |file| {
            if let Some(known) = Known::find(file.records.iter(), &intent.id) {
                known.state(&intent)
            } else {
                effect::point("journal.open.before");
                file.append(&Record::Open { at, intent })?;
                effect::point("journal.open.after");
                Ok(OpenState::New)
            }
        })
        .await
    }

    async fn look(&self, id: &IntentId) -> Result<OpenState, JournalError> {
        // Looking must not make the file.
        if !self.path.exists() {
            return Ok(OpenState::New);
        }
        let id = id.clone();
        self.locked(move |file| {
            let known = Known::find(file.records.iter(), &id);
            Ok(known.map_or(OpenState::New, Known::open_state))
        })
        .await
    }

    async fn close(&self, id: &IntentId, receipt: &str) -> Result<(), JournalError> {
        let (id, receipt, at) = (id.clone(), receipt.to_owned(), self.clock.now());
        self.locked(move |file| match Known::find(file.records.iter(), &id) {
            None => Err(JournalError::NotOpen { id }),
            Some(known) if known.receipt.is_some() => Ok(()),
            Some(_) => {
                effect::point("journal.close.before");
                file.append(&Record::Close { at, id, receipt })?;
                effect::point("journal.close.after");
                Ok(())
            }
        })
        .await
    }
}

/// The file, locked until dropped, and what it says.
struct Opened {
    path: PathBuf,
    file: File,
    records: Vec<Record>,
    /// Length of the sound part, bytes.
    sound: u64,
}

impl Opened {
    fn lock(path: &Path) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Io { path: path.display().to_string(), source };
        let file = open_or_create(path).map_err(failed)?;
        file.lock().map_err(failed)?;
        let mut opened = Self { path: path.to_owned(), file, records: Vec::new(), sound: 0 };
        let mut text = Vec::new();
        opened.file.read_to_end(&mut text).map_err(failed)?;
        opened.read(&text)?;
        Ok(opened)
    }

    fn read(&mut self, text: &[u8]) -> Result<(), JournalError> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let is_whole = line.ends_with(b"\n");
            match serde_json::from_slice(line) {
                Ok(record) if is_whole => self.records.push(record),
                // The last line was being written when the process or the machine died.
                _ if lines.peek().is_none() => return Ok(()),
                Ok(_) => unreachable!("only the last line can lack its line break"),
                Err(source) => {
                    let path = self.path.display().to_string();
                    return Err(JournalError::Damaged { path, line: number + 1, source });
                }
            }
            self.sound += line.len() as u64;
        }
        Ok(())
    }

    /// Appends `record` behind the sound part and waits until it is on disk.
    fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(record).expect("a record has only text in it");
        line.push(b'\n');
        self.write(&line)
            .map_err(|source| JournalError::Io { path: self.path.display().to_string(), source })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.set_len(self.sound)?;
        self.file.seek(SeekFrom::Start(self.sound))?;
        self.file.write_all(line)?;
        effect::point("journal.write.before_sync");
        self.file.sync_data()?;
        self.sound += line.len() as u64;
        Ok(())
    }
}

/// Opens the file; a new one is also recorded in its folder, or a power cut could forget it.
fn open_or_create(path: &Path) -> io::Result<File> {
    let existing = OpenOptions::new().read(true).write(true).open(path);
    match existing {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}
