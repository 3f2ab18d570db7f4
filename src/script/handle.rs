//! What a script can hold that is no plain value: a namespace, a device, a connection. Each has methods, and is shown as a line
//! of text.

use std::any::TypeId;

use rhai::{Dynamic, Engine, Map};

use crate::picture::Drawing;

use super::{capture, netns, server, tcp, trace, tuntap, udp, why};

macro_rules! handles {
    ($($kind:literal => $type:ty),+ $(,)?) => {
        /// Tells the engine what they are called.
        pub fn register(engine: &mut Engine) {
            $(engine.register_type_with_name::<$type>($kind);)+
        }

        /// Whether it is the type of one of them.
        pub fn is_type(found: &TypeId) -> bool {
            [$(TypeId::of::<$type>()),+].contains(found)
        }

        /// What a value is called, if it is one of them.
        pub fn kind(value: &Dynamic) -> Option<&'static str> {
            $(if value.is::<$type>() { return Some($kind); })+
            None
        }

        /// Its line of text, if it is one of them.
        pub fn text(value: &Dynamic) -> Option<String> {
            $(if let Some(handle) = value.read_lock::<$type>() { return Some(handle.to_string()); })+
            None
        }

        /// Another one of the same, if it is one of them: also of a shared value that is locked for a method that runs.
        pub fn copy(value: &Dynamic) -> Option<Dynamic> {
            $(if let Some(handle) = value.read_lock::<$type>() { return Some(Dynamic::from(handle.clone())); })+
            None
        }
    };
}

handles! {
    "netns" => netns::Handle,
    "tuntap" => tuntap::Device,
    "listener" => tcp::Listener,
    "connection" => tcp::Connection,
    "udp_listener" => udp::UdpListener,
    "udp_connection" => udp::UdpConnection,
    "server" => server::Server,
    "capture" => capture::Capturing,
    "trace" => trace::Traced,
    "verdict" => why::Told,
}

/// What is drawn of a value for people, of those that are drawn.
pub fn drawing(value: &Dynamic) -> Option<Box<dyn Drawing>> {
    if let Some(trace) = value.read_lock::<trace::Traced>() {
        return Some(Box::new(trace.drawing()));
    }
    let verdict = value.read_lock::<why::Told>()?;
    Some(Box::new(verdict.drawing()))
}

/// The same for machines.
pub fn data(value: &Dynamic) -> Option<Map> {
    if let Some(trace) = value.read_lock::<trace::Traced>() {
        return Some(trace.data());
    }
    let verdict = value.read_lock::<why::Told>()?;
    Some(verdict.data())
}
