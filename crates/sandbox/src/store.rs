//! A world that outlives the process: one JSON file in a folder, changed under a kernel lock.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::world::World;

/// The world's file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("cannot use the sandbox in {}", folder.display())]
    Io {
        /// The sandbox's folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not a world of this version; removing the folder starts a new one.
    #[error("{} is not a sandbox of this version; remove the folder to start afresh", folder.display())]
    Unreadable {
        /// The sandbox's folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// The folder a world lives in.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens the world in `folder`, or starts the seeded one there.
    pub(crate) fn open(folder: &Path) -> Result<(Self, World), StoreError> {
        let store = Self { folder: folder.to_owned() };
        fs::create_dir_all(folder).map_err(|source| store.io(source))?;
        // Left to `lock`, a folder that was removed would be made again by whoever still runs.
        File::create(store.lock_file()).map_err(|source| store.io(source))?;
        let _lock = store.lock()?;
        let world = if store.file().exists() {
            store.load()?
        } else {
            let world = World::seeded();
            store.save(&world)?;
            world
        };
        Ok((store, world))
    }

    /// Runs `change` on the newest world and stores the result, other processes locked out.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut World) -> T,
    ) -> Result<(T, World), StoreError> {
        let _lock = self.lock()?;
        let mut world = self.load()?;
        let before = world.clone();
        let value = change(&mut world);
        if world != before {
            self.save(&world)?;
        }
        Ok((value, world))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&self) -> PathBuf {
        self.folder.join("world.json")
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// Locks others out.
    fn lock(&self) -> Result<File, StoreError> {
        let open = || {
            let file = File::options().write(true).open(self.lock_file())?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|source| self.io(source))
    }

    fn load(&self) -> Result<World, StoreError> {
        let text = fs::read(self.file()).map_err(|source| self.io(source))?;
        serde_json::from_slice(&text)
            .map_err(|source| StoreError::Unreadable { folder: self.folder.clone(), source })
    }

    /// Replaces the file in one step, so that a crash leaves the old or the new world.
    fn save(&self, world: &World) -> Result<(), StoreError> {
        let text = serde_json::to_vec(world)
            .map_err(|source| StoreError::Unreadable { folder: self.folder.clone(), source })?;
        let fresh = self.folder.join("world.json.new");
        let replace = || {
            fs::write(&fresh, text)?;
            fs::rename(&fresh, self.file())
        };
        replace().map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> StoreError {
        StoreError::Io { folder: self.folder.clone(), source }
    }
}
