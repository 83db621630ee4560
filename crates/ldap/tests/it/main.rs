//! The client against a directory server on loopback.

#[cfg(test)]
mod fake;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod managers;
#[cfg(test)]
mod real_slapd;
#[cfg(test)]
mod tls;

#[cfg(test)]
pub(crate) fn directory(url: &str) -> oar_ldap::LdapDirectory {
    let endpoints = oar_transport::testing::endpoints_at(oar_transport::Service::Ldap, url);
    oar_ldap::LdapDirectory::new(&endpoints, &oar_transport::real::NetworkSettings::default())
}
