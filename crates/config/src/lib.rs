//! Settings, encrypted configuration, ART build data.
