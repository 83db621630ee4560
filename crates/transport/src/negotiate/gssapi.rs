//! The system's Kerberos, loaded at run time: the only `unsafe` of the workspace.
//!
//! Linking against it would make headers and libclang a need of the build (RFC 2743 and 2744 are
//! the interface that is called here; the layouts are those of MIT Kerberos on Linux).

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libloading::Library;

use super::{NegotiateError, NegotiateTokens};
use crate::secret::Secret;

const LIBRARY: &str = "libgssapi_krb5.so.2";

/// `GSS_C_NT_HOSTBASED_SERVICE`, 1.2.840.113554.1.2.1.4.
const HOST_BASED_SERVICE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04];
/// SPNEGO, 1.3.6.1.5.5.2.
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// `GSS_C_SEQUENCE_FLAG`: no delegation, no mutual authentication.
const SEQUENCE_FLAG: u32 = 8;
/// The bits of a status that mean failure (`GSS_ERROR`).
const ERROR_BITS: u32 = 0xffff_0000;
/// `GSS_C_GSS_CODE` and `GSS_C_MECH_CODE`.
const STATUS_KINDS: [c_int; 2] = [1, 2];

/// `gss_OID_desc`.
#[repr(C)]
struct Oid {
    length: u32,
    elements: *const c_void,
}

impl Oid {
    fn new(bytes: &'static [u8]) -> Self {
        let length = u32::try_from(bytes.len()).expect("the identifiers above are short");
        Self { length, elements: bytes.as_ptr().cast() }
    }
}

/// `gss_buffer_desc`.
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

impl Buffer {
    const EMPTY: Self = Self { length: 0, value: ptr::null_mut() };
}

type Handle = *mut c_void;
type ImportName = unsafe extern "C" fn(*mut u32, *mut Buffer, *mut Oid, *mut Handle) -> u32;
type InitSecContext = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *mut Oid,
    u32,
    u32,
    *mut c_void,
    *mut Buffer,
    *mut *mut Oid,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
type DisplayStatus =
    unsafe extern "C" fn(*mut u32, u32, c_int, *mut Oid, *mut u32, *mut Buffer) -> u32;
type ReleaseHandle = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;

/// The functions used; valid as long as the library is loaded.
struct Api {
    import_name: ImportName,
    init_sec_context: InitSecContext,
    display_status: DisplayStatus,
    release_name: ReleaseHandle,
    delete_sec_context: DeleteContext,
    release_buffer: ReleaseBuffer,
    _library: Library,
}

impl Api {
    fn load() -> Result<Self, libloading::Error> {
        // SAFETY: the initialisers of the system's Kerberos library may run in any program, and
        // each symbol is given the signature that RFC 2744 and MIT's header give it. The pointers
        // are kept next to the library and die with it.
        unsafe {
            let library = Library::new(LIBRARY)?;
            Ok(Self {
                import_name: *library.get(b"gss_import_name\0")?,
                init_sec_context: *library.get(b"gss_init_sec_context\0")?,
                display_status: *library.get(b"gss_display_status\0")?,
                release_name: *library.get(b"gss_release_name\0")?,
                delete_sec_context: *library.get(b"gss_delete_sec_context\0")?,
                release_buffer: *library.get(b"gss_release_buffer\0")?,
                _library: library,
            })
        }
    }

    /// The first token of a new context with `HTTP@host`, from the default credentials: the ticket
    /// cache, or a client keytab where the library is so configured.
    fn initial_token(&self, host: &str) -> Result<Vec<u8>, String> {
        let mut owned = Owned::new(self);
        let mut minor = 0;

        let mut service = format!("HTTP@{host}").into_bytes();
        let mut text = Buffer { length: service.len(), value: service.as_mut_ptr().cast() };
        let mut kind = Oid::new(HOST_BASED_SERVICE);
        // SAFETY: all pointers are to live locals; the library copies the text and writes one
        // handle, which `owned` releases.
        let major = unsafe {
            (self.import_name)(&raw mut minor, &raw mut text, &raw mut kind, &raw mut owned.name)
        };
        self.check(major, minor)?;

        let mut mechanism = Oid::new(SPNEGO);
        // SAFETY: the name is valid (checked above); null stands for default credentials, no channel
        // bindings and no input token; context and token are released by `owned`.
        let major = unsafe {
            (self.init_sec_context)(
                &raw mut minor,
                ptr::null_mut(),
                &raw mut owned.context,
                owned.name,
                &raw mut mechanism,
                SEQUENCE_FLAG,
                0,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut owned.token,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.check(major, minor)?;
        Ok(copy(&owned.token))
    }

    fn check(&self, major: u32, minor: u32) -> Result<(), String> {
        if major & ERROR_BITS == 0 {
            return Ok(());
        }
        let [general, special] = STATUS_KINDS;
        let texts = [self.status_text(major, general), self.status_text(minor, special)];
        Err(texts.into_iter().flatten().collect::<Vec<_>>().join(": "))
    }

    /// What the library says about a status; it may say several sentences.
    fn status_text(&self, status: u32, kind: c_int) -> Option<String> {
        let mut sentences = Vec::new();
        let mut more = 0;
        // The bound is against a library that never says it is done.
        for _ in 0..8 {
            let (mut minor, mut text) = (0, Buffer::EMPTY);
            // SAFETY: all pointers are to live locals; null stands for any mechanism; the text is
            // copied and released right below.
            let major = unsafe {
                (self.display_status)(
                    &raw mut minor,
                    status,
                    kind,
                    ptr::null_mut(),
                    &raw mut more,
                    &raw mut text,
                )
            };
            if major & ERROR_BITS != 0 {
                break;
            }
            sentences.push(String::from_utf8_lossy(&copy(&text)).into_owned());
            // SAFETY: the library filled this buffer, and it is not used afterwards.
            unsafe { (self.release_buffer)(&raw mut minor, &raw mut text) };
            if more == 0 {
                break;
            }
        }
        (!sentences.is_empty()).then(|| sentences.join(", "))
    }
}

/// Copies what the library wrote.
fn copy(buffer: &Buffer) -> Vec<u8> {
    if buffer.value.is_null() {
        return Vec::new();
    }
    // SAFETY: the library set both fields to one block of its own, which lives until it is released.
    unsafe { std::slice::from_raw_parts(buffer.value.cast::<u8>(), buffer.length) }.to_vec()
}

/// What the library hands out, given back on every way out.
struct Owned<'a> {
    api: &'a Api,
    name: Handle,
    context: Handle,
    token: Buffer,
}

impl<'a> Owned<'a> {
    fn new(api: &'a Api) -> Self {
        Self { api, name: ptr::null_mut(), context: ptr::null_mut(), token: Buffer::EMPTY }
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: each handle is null or came from the library, and is given back once; the library
        // accepts null handles and empty buffers.
        unsafe {
            (self.api.release_buffer)(&raw mut minor, &raw mut self.token);
            if !self.context.is_null() {
                let (context, no_token) = (&raw mut self.context, ptr::null_mut());
                (self.api.delete_sec_context)(&raw mut minor, context, no_token);
            }
            if !self.name.is_null() {
                (self.api.release_name)(&raw mut minor, &raw mut self.name);
            }
        }
    }
}

/// Tokens from the system's Kerberos library, which is loaded when the first one is needed.
#[derive(Clone, Default)]
pub struct Gssapi {
    api: Arc<OnceLock<Api>>,
}

impl Gssapi {
    /// Loads nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the library, which may ask the ticket server: this blocks.
    fn ask(&self, host: &str) -> Result<Secret, NegotiateError> {
        let missing = |source| NegotiateError::LibraryMissing { library: LIBRARY, source };
        let api = if let Some(api) = self.api.get() {
            api
        } else {
            // Two threads may load it at once; the system counts, and one of them wins.
            let loaded = Api::load().map_err(missing)?;
            self.api.get_or_init(|| loaded)
        };
        let refused = |problem| NegotiateError::NoToken { host: host.to_owned(), problem };
        let token = api.initial_token(host).map_err(refused)?;
        Ok(Secret::new(STANDARD.encode(token)))
    }
}

impl std::fmt::Debug for Gssapi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gssapi").field("loaded", &self.api.get().is_some()).finish()
    }
}

#[async_trait]
impl NegotiateTokens for Gssapi {
    /// Asks off the runtime's threads: the ticket server may be slow.
    async fn token(&self, host: &str) -> Result<Secret, NegotiateError> {
        let (library, host) = (self.clone(), host.to_owned());
        let asked = host.clone();
        let asking = tokio::task::spawn_blocking(move || library.ask(&asked));
        asking.await.unwrap_or_else(|_| {
            let problem = "the Kerberos library failed".to_owned();
            Err(NegotiateError::NoToken { host, problem })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds with and without the library, and without a ticket: a clear error, never a crash.
    #[test]
    fn without_a_ticket_the_error_says_what_to_do() {
        let error = Gssapi::new().ask("errata.example.com").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("kinit") || text.contains("install krb5-libs"), "{text}");
    }
}
