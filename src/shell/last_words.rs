//! What netsh says when it can't go on: a fault of its own (a panic), or a stack that is full because a script nests its
//! values many thousands deep. Both end with words and status 1, as any failed script.
#![allow(unsafe_code)]

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::libc;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::lab::memory;

/// How far below its limit a full stack may be touched: no frame is larger.
const SLACK: usize = 1 << 20;

/// Between these addresses lies the stack, and what is touched when it is full.
static STACK_BOTTOM: AtomicUsize = AtomicUsize::new(0);
static STACK_TOP: AtomicUsize = AtomicUsize::new(0);

/// From now on netsh ends with words, whatever happens. For the main thread, before anything deep is called.
pub fn prepare() {
    let limit = getrlimit(Resource::RLIMIT_STACK).map_or(0, |(soft, _)| soft);
    prepare_on(usize::try_from(limit).unwrap_or(usize::MAX));
}

/// The same on a stack of that size, of which hardly anything is in use.
pub fn prepare_on(size: usize) {
    std::panic::set_hook(Box::new(fault));
    let here = 0u8;
    let top = std::ptr::from_ref(&here) as usize;
    STACK_TOP.store(top, Ordering::Relaxed);
    STACK_BOTTOM.store(
        top.saturating_sub(size).saturating_sub(SLACK),
        Ordering::Relaxed,
    );
    let action = SigAction::new(
        SigHandler::SigAction(segmentation_fault),
        SaFlags::SA_ONSTACK | SaFlags::SA_SIGINFO,
        SigSet::empty(),
    );
    // SAFETY: the handler calls nothing but functions that a signal handler may call (signal-safety(7)). It runs on the
    // stack that Rust's runtime has set aside for the main thread.
    let set = unsafe { sigaction(Signal::SIGSEGV, &action) };
    debug_assert!(set.is_ok());
}

fn fault(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("for no known reason").escape_debug();
    // The standard library's words for a size that no allocator is even asked for.
    if text.to_string() == "capacity overflow" {
        memory::give_up();
    }
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    eprintln!("error: netsh itself failed: {text}");
    eprintln!("  at {place}, version {}", env!("CARGO_PKG_VERSION"));
    eprintln!(
        "  help: this is a fault of netsh; the script and these lines are what its makers need to find it"
    );
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        eprintln!("{backtrace}");
    }
    std::process::exit(1);
}

extern "C" fn segmentation_fault(
    _signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    const WORDS: &[u8] =
        b"error: netsh ran out of stack: the script nests its values or its calls too deep\n";
    // SAFETY: the kernel hands over a valid siginfo_t, and for SIGSEGV its address is set (sigaction(2)); write and _exit
    // may be called here, and so may signal, after which the fault happens again and ends the process as it would have.
    unsafe {
        let address = (*info).si_addr() as usize;
        let stack = STACK_BOTTOM.load(Ordering::Relaxed)..STACK_TOP.load(Ordering::Relaxed);
        if stack.contains(&address) {
            libc::write(libc::STDERR_FILENO, WORDS.as_ptr().cast(), WORDS.len());
            libc::_exit(1);
        }
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
    }
}
