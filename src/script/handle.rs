//! What a script can hold that is no plain value: a namespace, a device, a connection. Each has methods, and is shown as a line
//! of text.

use std::any::TypeId;

use rhai::{Dynamic, Engine};

use super::{capture, netns, tcp, tuntap};

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
    "capture" => capture::Handle,
}
