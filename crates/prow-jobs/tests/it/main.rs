//! The clients against the answers of the release controller, Gangway, Deck and the artefacts.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod gcs;
#[cfg(test)]
mod prow;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod results;
#[cfg(test)]
mod sippy;
#[cfg(test)]
mod world;
