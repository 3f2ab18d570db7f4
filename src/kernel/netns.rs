//! Network namespaces, and the only file that calls unshare(2) and setns(2).
//!
//! A [`Namespace`] is a file descriptor and the sockets that were made inside. A socket stays in the namespace in which
//! it was made, so nearly all work goes through the descriptors; only making a socket, starting a program and touching
//! /proc/sys enter the namespace, for that one step ([`Namespace::enter`]).

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use netlink_sys::protocols::{NETLINK_GENERIC, NETLINK_NETFILTER, NETLINK_ROUTE};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::fstat;

use super::error::{Error, Result};
use super::netlink::Socket;
use super::packet_socket::at_link::Sender;

/// Where iproute2 keeps named network namespaces (ip-netns(8)).
pub const NAMED: &str = "/run/netns";

/// Longest name of a network namespace: that of a file (NAME_MAX in linux/limits.h).
const NAME_MAX: usize = 255;

thread_local! {
    /// The namespace that this thread returns to, and the one whose links a program started without more ado sees.
    static HOME: OnceCell<OwnedFd> = const { OnceCell::new() };
}

/// An open network namespace. It lives at least as long as this value.
pub struct Namespace {
    fd: OwnedFd,
    home: bool,
    route: OnceCell<Socket>,
    netfilter: OnceCell<Socket>,
    generic: OnceCell<Socket>,
    /// For links without Ethernet, and for those with it.
    senders: [OnceCell<Sender>; 2],
}

/// What tells two namespaces apart: device and inode of their file (namespaces(7)).
pub type Identity = (u64, u64);

impl Namespace {
    /// The namespace that this thread is in now. The first call fixes the thread's home.
    pub fn home() -> Result<Self> {
        let fd: OwnedFd = own_namespace()?.into();
        HOME.with(|home| -> Result<()> {
            if home.get().is_none() {
                let _ = home.set(fd.try_clone()?);
            }
            Ok(())
        })?;
        Ok(Self::from_fd(fd, true))
    }

    /// A new namespace without a name. Its loopback link exists and is down.
    pub fn create() -> Result<Self> {
        has_home()?;
        unshare(CloneFlags::CLONE_NEWNET)?;
        let _return = Return;
        Ok(Self::from_fd(own_namespace()?.into(), false))
    }

    /// The namespace that is mounted at `path`, such as `/run/netns/h1`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let namespace = Self::from_fd(file.into(), false);
        if is_namespace(namespace.fd.as_fd()) {
            Ok(namespace)
        } else {
            Err(Error::from_errno(Errno::EINVAL))
        }
    }

    fn from_fd(fd: OwnedFd, home: bool) -> Self {
        Namespace {
            fd,
            home,
            route: OnceCell::new(),
            netfilter: OnceCell::new(),
            generic: OnceCell::new(),
            senders: Default::default(),
        }
    }

    /// Runs `work` with the calling thread inside this namespace, and comes back whatever happens.
    ///
    /// For single steps only: `work` must not enter another namespace.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> Result<R> {
        if self.home {
            return Ok(work());
        }
        has_home()?;
        setns(&self.fd, CloneFlags::CLONE_NEWNET)?;
        let _return = Return;
        Ok(work())
    }

    /// The rtnetlink socket of this namespace, opened on first use.
    pub fn route(&self) -> Result<&Socket> {
        self.socket(&self.route, NETLINK_ROUTE)
    }

    /// The netfilter socket of this namespace (nftables, conntrack), opened on first use.
    pub fn netfilter(&self) -> Result<&Socket> {
        self.socket(&self.netfilter, NETLINK_NETFILTER)
    }

    /// The generic netlink socket of this namespace (WireGuard), opened on first use.
    pub fn generic(&self) -> Result<&Socket> {
        self.socket(&self.generic, NETLINK_GENERIC)
    }

    /// The socket by which packets go out of links of this namespace as they are, opened on first use.
    pub fn sender(&self, is_ethernet: bool) -> Result<&Sender> {
        let [without, with] = &self.senders;
        let slot = if is_ethernet { with } else { without };
        if let Some(sender) = slot.get() {
            return Ok(sender);
        }
        let sender = Sender::open(self, is_ethernet)?;
        Ok(slot.get_or_init(|| sender))
    }

    fn socket<'a>(&self, slot: &'a OnceCell<Socket>, protocol: isize) -> Result<&'a Socket> {
        if let Some(socket) = slot.get() {
            return Ok(socket);
        }
        let socket = self.enter(|| Socket::open(protocol))??;
        Ok(slot.get_or_init(|| socket))
    }

    /// What tells this namespace from others.
    pub fn identity(&self) -> Result<Identity> {
        let stat = fstat(&self.fd)?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// Whether this is the namespace that the thread lives in.
    pub fn is_home(&self) -> bool {
        self.home
    }

    /// Mounts the namespace at `/run/netns/NAME`, as `ip netns add` does, so that programs can find it by name.
    pub fn mount(&self, name: &str) -> Result<()> {
        let path = named_path(name);
        // As `ip netns add` does; in the sandbox it is there.
        std::fs::create_dir_all(NAMED)?;
        // EXCL makes an existing name an error, as with iproute2.
        File::options().write(true).create_new(true).open(&path)?;
        let source = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        let flags = MsFlags::MS_BIND;
        mount(
            Some(source.as_str()),
            &path,
            None::<&str>,
            flags,
            None::<&str>,
        )
        .map_err(|errno| {
            let _ = std::fs::remove_file(&path);
            errno.into()
        })
    }
}

impl AsRawFd for Namespace {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A thread that has no home could not come back.
fn has_home() -> Result<()> {
    match HOME.with(|home| home.get().is_some()) {
        true => Ok(()),
        false => Err(Error::NoSuchNetns("home".into())),
    }
}

/// Brings the thread home when it goes out of scope. A thread in the wrong namespace would change the wrong links:
/// there is no safe way on, so the process ends.
struct Return;

impl Drop for Return {
    fn drop(&mut self) {
        let arrived = HOME.with(|home| match home.get() {
            Some(fd) => setns(fd, CloneFlags::CLONE_NEWNET),
            None => Err(Errno::ENOENT),
        });
        if arrived.is_err() {
            let words = "netsh: cannot return to the home network namespace; stopping at once";
            let _ = writeln!(io::stderr(), "{words}");
            std::process::abort();
        }
    }
}

/// `/proc/self/ns/net` would be the main thread's.
fn own_namespace() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

/// NS_GET_NSTYPE of ioctl_ns(2), asked through the file system's magic number: only nsfs files are namespaces.
fn is_namespace(fd: BorrowedFd<'_>) -> bool {
    nix::sys::statfs::fstatfs(fd)
        .is_ok_and(|found| found.filesystem_type() == nix::sys::statfs::NSFS_MAGIC)
}

/// The file that stands for the namespace of this name.
pub fn named_path(name: &str) -> PathBuf {
    Path::new(NAMED).join(name)
}

/// What is now under this name. The name alone proves nothing: others may have deleted it, and made another one so called.
pub fn named_identity(name: &str) -> Option<Identity> {
    let stat = nix::sys::stat::stat(&named_path(name)).ok()?;
    Some((stat.st_dev, stat.st_ino))
}

/// The names under `/run/netns`, sorted.
pub fn names() -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(NAMED) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Takes the name away, as `ip netns del` does. The namespace itself ends with its last user.
pub fn unmount(name: &str) -> Result<()> {
    let path = named_path(name);
    match umount2(&path, MntFlags::MNT_DETACH) {
        // A file left over by a crash is not mounted: removing it is all there is to do.
        Ok(()) | Err(Errno::EINVAL) => Ok(std::fs::remove_file(&path)?),
        Err(Errno::ENOENT) => Err(Error::NoSuchNetns(name.to_string())),
        Err(errno) => Err(errno.into()),
    }
}

/// Why a name can't be that of a network namespace, or None if it can.
pub fn name_fault(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("the name is empty"),
        "." | ".." => Some("the name is a directory's"),
        _ if name.contains('/') => Some("the name has a slash"),
        _ if name.contains('\0') => Some("the name has a NUL character"),
        // It would be a command to each terminal that shows the name.
        _ if name.contains(char::is_control) => Some("the name has a control character"),
        _ if name.len() > NAME_MAX => Some("the name is longer than 255 bytes"),
        _ => None,
    }
}

/// Puts the calling process, which must have one thread, into new mount, network and pid namespaces (the last for its
/// children), inside a new user namespace if `user` is true.
pub fn isolate(user: bool) -> nix::Result<()> {
    let mut flags = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID;
    if user {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(flags)
}

/// Puts the calling thread into the existing namespace at `path` for good. For `--netns`, before there is a home.
pub fn join(path: &Path) -> Result<()> {
    let namespace = Namespace::open(path)?;
    Ok(setns(&namespace.fd, CloneFlags::CLONE_NEWNET)?)
}

/// Puts the children of the calling process, which must have one thread, into the process namespace of the process behind
/// this descriptor, and itself into that one's user namespace if `user` is true (setns(2), Linux 5.8).
pub fn join_processes(process: impl AsFd, user: bool) -> nix::Result<()> {
    let mut flags = CloneFlags::CLONE_NEWPID;
    if user {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    setns(process, flags)
}

/// Puts the calling process, which must have one thread, into the mount and network namespaces of the process behind this
/// descriptor for good. Its working directory is then the root of the file system.
pub fn join_surroundings(process: impl AsFd) -> nix::Result<()> {
    setns(process, CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
}

/// For a child between fork and exec, in a namespace other than home: a mount namespace of its own with the /sys of
/// this network namespace, as `ip netns exec` gives it. Where that is refused the child sees home's /sys.
pub fn own_sysfs() {
    if unshare(CloneFlags::CLONE_NEWNS).is_err() {
        return;
    }
    let none = None::<&str>;
    if mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none).is_ok() {
        let _ = mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), none);
    }
}
