//! Why a probe could not be made: which step failed, and which option of the caller is to blame.
//!
//! Only what keeps a probe from starting is told here; what happens to a probe on its way is the prober's result.

use std::fmt;
use std::io;
use std::net::IpAddr;

use nix::libc;

/// Why a probe could not be made. The `io::Error` in each keeps the kernel's errno.
#[derive(Debug)]
pub enum ProbeError {
    /// Neither a raw nor a datagram ICMP socket could be had.
    Open(io::Error),
    /// There is no such interface, or the socket may not be bound to it.
    BindDevice {
        /// The interface.
        name: String,
        /// The kernel's answer.
        error: io::Error,
    },
    /// The scope of an address (`%eth0`) is no interface.
    Scope {
        /// The scope.
        name: String,
        /// The kernel's answer.
        error: io::Error,
    },
    /// The source address is not one of this namespace, or of the wrong family.
    BindSource {
        /// The address.
        address: IpAddr,
        /// The kernel's answer.
        error: io::Error,
    },
    /// The kernel refused a socket option.
    SetOption {
        /// The prober's option that it was set for, if it was for one.
        option: Option<&'static str>,
        /// The kernel's name for it.
        name: &'static str,
        /// The kernel's answer.
        error: io::Error,
    },
    /// More payload than fits into a packet.
    TooLarge {
        /// What was asked for.
        size: usize,
        /// The most that the protocol carries.
        limit: usize,
    },
    /// There is no way to the destination, or the first probe could not be sent: no route (ENETUNREACH, EHOSTUNREACH), a route that forbids it (EACCES, also the answer for a
    /// broadcast address; EINVAL, also the answer for a link-local address without a scope), a link that is down (ENETDOWN).
    Send {
        /// Where it was to go.
        destination: IpAddr,
        /// The kernel's answer.
        error: io::Error,
    },
    /// Nothing can be read from the socket any more.
    Receive(io::Error),
}

impl ProbeError {
    /// The option that is to blame, by its name in a script.
    pub fn option(&self) -> Option<&'static str> {
        match self {
            Self::BindDevice { .. } => Some("iface"),
            Self::BindSource { .. } => Some("source"),
            Self::TooLarge { .. } => Some("size"),
            Self::SetOption { option, .. } => *option,
            Self::Open(_) | Self::Scope { .. } | Self::Send { .. } | Self::Receive(_) => None,
        }
    }

    /// The kernel's errno.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::TooLarge { .. } => Some(libc::EMSGSIZE),
            Self::Open(error)
            | Self::Receive(error)
            | Self::BindDevice { error, .. }
            | Self::Scope { error, .. }
            | Self::BindSource { error, .. }
            | Self::SetOption { error, .. }
            | Self::Send { error, .. } => error.raw_os_error(),
        }
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => write!(formatter, "can't open an ICMP socket: {error}"),
            Self::BindDevice { name, error } => {
                write!(formatter, "can't bind to interface {name}: {error}")
            }
            Self::Scope { name, error } => {
                write!(formatter, "the scope {name} is no interface: {error}")
            }
            Self::BindSource { address, error } => {
                write!(formatter, "can't bind to source address {address}: {error}")
            }
            Self::SetOption { name, error, .. } => write!(formatter, "can't set {name}: {error}"),
            Self::TooLarge { size, limit } => {
                write!(
                    formatter,
                    "a payload of {size} bytes is too large: at most {limit}"
                )
            }
            Self::Send { destination, error } => {
                write!(formatter, "can't send to {destination}: {error}")
            }
            Self::Receive(error) => write!(formatter, "can't receive: {error}"),
        }
    }
}

impl std::error::Error for ProbeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Open(error)
            | Self::Receive(error)
            | Self::BindDevice { error, .. }
            | Self::Scope { error, .. }
            | Self::BindSource { error, .. }
            | Self::SetOption { error, .. }
            | Self::Send { error, .. } => Some(error),
        }
    }
}
