//! Why a file is not read.

use std::io;

/// A file that is no JUnit file, or one that is not safe to read.
#[derive(Debug, thiserror::Error)]
pub enum JunitError {
    /// The file could not be read to its end.
    #[error("the file broke off")]
    Io(#[source] io::Error),
    /// It is not XML.
    #[error("no XML at byte {at}")]
    Syntax {
        /// Where.
        at: u64,
        /// Why.
        #[source]
        source: quick_xml::Error,
    },
    /// It ends in the middle.
    #[error("the file ends within {element}")]
    CutOff {
        /// The element that was not closed.
        element: &'static str,
    },
    /// Something is where it cannot be.
    #[error("at byte {at}: {problem}")]
    Malformed {
        /// Where.
        at: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// It is XML about something else.
    #[error("{root:?} is no JUnit file")]
    NotJunit {
        /// Its root element; empty when it has none.
        root: String,
    },
    /// It defines a document type or uses entities of its own, the way into every XML bomb.
    #[error("entities are refused (byte {at})")]
    Entities {
        /// Where.
        at: u64,
    },
    /// It is nested too deeply.
    #[error("more than {limit} elements within each other")]
    TooDeep {
        /// How many are read.
        limit: usize,
    },
    /// One tag or text is too long.
    #[error("one tag or text is longer than {limit} bytes")]
    TooLong {
        /// How many are read.
        limit: usize,
    },
    /// There are too many suites.
    #[error("more than {limit} suites")]
    TooMany {
        /// How many are read.
        limit: usize,
    },
}
