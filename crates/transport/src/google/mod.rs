//! Google service accounts: a key file becomes a token that calls to Google carry (spec 04 §7.1,
//! 05 §5.1).

mod account;
mod error;
mod tokens;

pub use account::ServiceAccount;
pub use error::GoogleError;
pub use tokens::{GoogleTokens, TOKEN};
