//! The client against the release controller's answers.

#[cfg(test)]
mod reads;
