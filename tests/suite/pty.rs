//! A terminal for a test: a pseudo terminal (pty(7)) on which a program runs as the leader of a session.
//!
//! nix gives all that is needed; the crates that drive terminals bring a language of patterns and time-outs of their own.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use libtest_mimic::Failed;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};

use crate::process::{Patience, Process, end_of};
use crate::screen::Screen;
use crate::support::Verdict;

/// What the keyboard sends for Ctrl-C, Ctrl-Z and Ctrl-D.
pub const CTRL_C: &str = "\x03";
pub const CTRL_Z: &str = "\x1a";
pub const CTRL_D: &str = "\x04";

/// A terminal with a program on it.
pub struct Pty {
    master: Option<PtyMaster>,
    child: Child,
    /// What was written and not yet expected.
    unread: String,
    /// What was written and is not on the screen yet.
    undrawn: Vec<u8>,
    screen: Screen,
    /// All that was written.
    pub written: String,
}

impl Pty {
    /// Starts `command` on a terminal of 24 rows and 80 columns.
    pub fn start(command: Command) -> Result<Pty, Failed> {
        Pty::start_sized(command, 24, 80)
    }

    /// Starts `command` on a terminal of this size.
    pub fn start_sized(mut command: Command, rows: u16, columns: u16) -> Result<Pty, Failed> {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let side: OwnedFd = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(ptsname_r(&master)?)?
            .into();
        command
            .stdin(side.try_clone()?)
            .stdout(side.try_clone()?)
            .stderr(side);
        // SAFETY: only system calls between fork and exec, on descriptor 0, which is the terminal.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                nix::errno::Errno::result(libc::ioctl(0, libc::TIOCSCTTY, 0))?;
                Ok(())
            });
        }
        // Before the program looks.
        set_size(&master, rows, columns)?;
        let mut pty = Pty {
            master: Some(master),
            child: command.spawn()?,
            unread: String::new(),
            undrawn: Vec::new(),
            screen: Screen::new(),
            written: String::new(),
        };
        pty.screen.resize(rows, columns);
        Ok(pty)
    }

    /// The program.
    pub fn process(&self) -> Process {
        Process::of(&self.child)
    }

    fn master(&self) -> Result<&PtyMaster, Failed> {
        self.master.as_ref().ok_or("the terminal is gone".into())
    }

    /// Changes the size of the terminal; the kernel sends SIGWINCH to the foreground.
    pub fn resize(&mut self, rows: u16, columns: u16) -> Verdict {
        set_size(self.master()?, rows, columns)?;
        self.draw();
        self.screen.resize(rows, columns);
        Ok(())
    }

    fn draw(&mut self) {
        self.screen.draw(&std::mem::take(&mut self.undrawn));
    }

    /// Reads until the screen shows something.
    pub fn until_shown<T>(
        &mut self,
        what: &str,
        look: impl Fn(&Screen) -> Option<T>,
    ) -> Result<T, Failed> {
        let mut patience = Patience::new();
        loop {
            self.draw();
            if let Some(seen) = look(&self.screen) {
                return Ok(seen);
            }
            if patience.is_over() || !self.read_some() {
                let screen = self.screen.text();
                return Err(format!("waited in vain for {what} on the screen:\n{screen}").into());
            }
        }
    }

    /// Presses keys again and again until the screen shows something.
    pub fn keys_until<T>(
        &mut self,
        keys: &str,
        look: impl Fn(&Screen) -> Option<T>,
    ) -> Result<T, Failed> {
        let mut patience = Patience::new();
        while !patience.is_over() {
            self.keys(keys)?;
            let is_open = self.read_some();
            self.draw();
            match look(&self.screen) {
                Some(seen) => return Ok(seen),
                None if is_open => {}
                None => break,
            }
        }
        Err(format!("{keys:?} are not taken:\n{}", self.screen.text()).into())
    }

    /// What was written by now is not waited for any more.
    pub fn forget(&mut self) {
        self.unread.clear();
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) -> Verdict {
        let master = self.master.as_mut().ok_or("the terminal is gone")?;
        Ok(master.write_all(keys.as_bytes())?)
    }

    /// Presses so many keys that the program writes before it has read them all.
    pub fn many_keys(&mut self, keys: &[u8]) -> Verdict {
        let mut patience = Patience::new();
        let mut rest = keys;
        while !rest.is_empty() {
            let master = self.master.as_mut().ok_or("the terminal is gone")?;
            let mut watched = [PollFd::new(
                master.as_fd(),
                PollFlags::POLLIN | PollFlags::POLLOUT,
            )];
            poll(&mut watched, PollTimeout::from(100u16))?;
            let ready = watched[0].revents().unwrap_or(PollFlags::empty());
            if ready.contains(PollFlags::POLLOUT) {
                // What a terminal takes at once (N_TTY_BUF_SIZE in drivers/tty/n_tty.c) is more than this.
                let (now, later) = rest.split_at(rest.len().min(256));
                master.write_all(now)?;
                rest = later;
            }
            if ready.contains(PollFlags::POLLIN) && !self.read_some() || patience.is_over() {
                return Err("the program does not read its keys".into());
            }
        }
        Ok(())
    }

    /// Reads until `text` was written.
    pub fn expect(&mut self, text: &str) -> Verdict {
        let mut patience = Patience::new();
        loop {
            if let Some(at) = self.unread.find(text) {
                self.unread.drain(..at + text.len());
                return Ok(());
            }
            if patience.is_over() || !self.read_some() {
                let words = format!("waited in vain for {text:?} in {:?}", self.written);
                return Err(words.into());
            }
        }
    }

    /// False when nobody has the other side open any more.
    fn read_some(&mut self) -> bool {
        let Some(master) = &mut self.master else {
            return false;
        };
        let mut watched = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        if poll(&mut watched, PollTimeout::from(100u16)) == Ok(0) {
            return true;
        }
        let mut buffer = [0; 4096];
        let Ok(length) = master.read(&mut buffer) else {
            return false;
        };
        let text = String::from_utf8_lossy(&buffer[..length]);
        self.undrawn.extend_from_slice(&buffer[..length]);
        self.unread += &text;
        self.written += &text;
        length > 0
    }

    /// Takes the terminal away from the program and waits for its end.
    pub fn hang_up(&mut self) -> Result<ExitStatus, Failed> {
        self.master = None;
        end_of(&mut self.child)
    }

    /// Reads to the end and waits for the program.
    pub fn end(&mut self) -> Result<ExitStatus, Failed> {
        let mut patience = Patience::new();
        while self.read_some() {
            if patience.is_over() {
                return Err(format!("no end after {:?}", self.written).into());
            }
        }
        end_of(&mut self.child)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_size(terminal: &PtyMaster, rows: u16, columns: u16) -> Verdict {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the descriptor is open, and `size` is a valid winsize that outlives the call; the kernel only reads it.
    let done = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &size) };
    nix::errno::Errno::result(done)?;
    Ok(())
}
