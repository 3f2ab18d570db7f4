//! Ctrl-C. A signal sets a flag; scripts and every wait look at it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::kernel::wait::GLANCE;

static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

fn flag() -> &'static Arc<AtomicBool> {
    FLAG.get_or_init(Arc::default)
}

/// From now on SIGINT stops the script rather than the process.
pub fn listen() -> io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGINT, flag().clone())?;
    Ok(())
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    FLAG.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Whether Ctrl-C was pressed since the last time that this was asked: what it stopped has stopped.
pub fn take() -> bool {
    FLAG.get()
        .is_some_and(|flag| flag.swap(false, Ordering::Relaxed))
}

/// Sleeps for `time`, or until Ctrl-C. Returns whether it slept to the end.
pub fn sleep(time: Duration) -> bool {
    let start = Instant::now();
    loop {
        if requested() {
            return false;
        }
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return true;
        }
        // poll(2) comes back at once on a signal, where std's sleep would go on.
        let step = left.min(GLANCE).as_nanos().div_ceil(1_000_000);
        let step = nix::poll::PollTimeout::try_from(step).unwrap_or(nix::poll::PollTimeout::ZERO);
        let precise = left < Duration::from_millis(2);
        if precise {
            std::thread::sleep(left);
        } else {
            let _ = nix::poll::poll(&mut [], step);
        }
    }
}
