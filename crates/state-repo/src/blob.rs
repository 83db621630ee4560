//! Ids of contents, as git makes them.

use sha1::{Digest as _, Sha1};

use crate::port::FileVersion;

/// The git blob id of `content`: what GitHub calls the file's `sha`.
pub fn blob_id(content: &[u8]) -> FileVersion {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    FileVersion(hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        // `git hash-object` of the empty file and of "hello\n".
        assert_eq!(blob_id(b"").0, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(blob_id(b"hello\n").0, "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
