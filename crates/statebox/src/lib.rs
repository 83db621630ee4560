//! One release's state as a document.
