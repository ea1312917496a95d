//! A file that goes when its owner goes.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file, a socket's file included, that is removed when this value is
/// dropped, unless another file has taken its place meanwhile.
#[derive(Debug)]
pub(crate) struct OwnFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    is_left: bool,
}

impl OwnFile {
    /// Takes charge of the file that stands at `path` now.
    ///
    /// # Errors
    /// The file's metadata cannot be read.
    pub(crate) fn adopt(path: impl Into<PathBuf>) -> io::Result<OwnFile> {
        let path = path.into();
        let metadata = fs::symlink_metadata(&path)?;
        Ok(OwnFile::new(path, &metadata))
    }

    /// Takes charge of the file at `path` if it is the open file that `open`
    /// describes.
    pub(crate) fn if_same(path: &Path, open: &Metadata) -> Option<OwnFile> {
        let own = OwnFile::new(path.to_owned(), open);
        own.is_there().then_some(own)
    }

    fn new(path: PathBuf, metadata: &Metadata) -> OwnFile {
        OwnFile {
            path,
            device: metadata.dev(),
            inode: metadata.ino(),
            is_left: false,
        }
    }

    /// Leaves the file to whoever finds it.
    pub(crate) fn leave(mut self) {
        self.is_left = true;
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file at the path is still the one that was adopted.
    fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path)
            .is_ok_and(|now| (now.dev(), now.ino()) == (self.device, self.inode))
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if !self.is_left && self.is_there() {
            // Nobody is left to tell, and a leftover does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_with_its_owner_but_never_takes_anothers_file_along() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "one").unwrap();
        let own = OwnFile::adopt(&path).unwrap();
        assert_eq!(own.path(), path);
        drop(own);
        assert!(!path.exists());

        fs::write(&path, "two").unwrap();
        let own = OwnFile::adopt(&path).unwrap();
        let other = dir.path().join("other");
        fs::write(&other, "three").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(!own.is_there());
        drop(own);
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");

        OwnFile::adopt(&path).unwrap().leave();
        assert!(path.exists());
    }
}
