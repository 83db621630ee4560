//! The clients against the answers of the catalogue, the stores, the pages and the registry.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod health;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod payload;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod signer;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod world;
