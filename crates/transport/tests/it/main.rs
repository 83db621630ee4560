//! The transport from outside: over a scripted network with paused time, and over real sockets.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod fault_table;
#[cfg(test)]
mod real_kdc;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod waits;
#[cfg(test)]
mod wire;
