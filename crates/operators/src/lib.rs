//! One module per release task, and the runner that records them.
