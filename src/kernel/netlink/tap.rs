//! Whoever wants to see the bytes that pass: `--show-netlink`, tests, benchmarks.

use std::cell::{Cell, RefCell};

/// Which way a tapped message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From netsh to the kernel.
    Sent,
    /// From the kernel to netsh.
    Received,
}

/// Who sees the messages that pass: the netlink protocol (NETLINK_* of linux/netlink.h), the way, and the bytes.
pub type Tap = Box<dyn FnMut(isize, Direction, &[u8])>;

thread_local! {
    static TAPPED: Cell<bool> = const { Cell::new(false) };
    static TAP: RefCell<Option<Tap>> = const { RefCell::new(None) };
}

/// Shows every netlink message of this thread, sent and received, to `tap`, byte for byte.
pub fn set_tap(tap: Option<Tap>) {
    TAPPED.with(|tapped| tapped.set(tap.is_some()));
    TAP.with(|slot| *slot.borrow_mut() = tap);
}

pub(super) fn show(protocol: isize, direction: Direction, bytes: &[u8]) {
    if TAPPED.with(Cell::get) {
        TAP.with(|slot| {
            if let Some(tap) = slot.borrow_mut().as_mut() {
                tap(protocol, direction, bytes);
            }
        });
    }
}
