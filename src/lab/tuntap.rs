//! tun and tap devices in the hands of a script: made through the door, read and written through their descriptors.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;

use crate::kernel::change::Change;
use crate::kernel::error::{Error, Result};
use crate::kernel::link_set::LinkSet;
use crate::kernel::tuntap::{
    self, Mode, Queue, Tuntap, TuntapAdd, TuntapDel, attach_fault, packet_fault,
};
use crate::kernel::wait::{Waiter, patiently};

use super::Lab;
use super::explain::ask;
use super::failure::{Failure, Outcome};
use super::netns::Netns;

/// A tun or tap device that is held. It is let go of with this value, or by [`Lab::tuntap_close`].
pub struct Device {
    netns: Rc<Netns>,
    mode: Mode,
    persistent: bool,
    /// What it was called when it was opened.
    name: String,
    queue: RefCell<Option<Rc<Queue>>>,
}

impl Device {
    /// What passes through it.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What it is called now, or was called last.
    pub fn name(&self) -> String {
        let now = self.queue().and_then(|queue| queue.name().ok());
        now.unwrap_or_else(|| self.name.clone())
    }

    /// Its descriptor, unless it was closed.
    pub fn queue(&self) -> Option<Rc<Queue>> {
        self.queue.borrow().clone()
    }
}

impl Lab {
    /// Makes a device in this namespace and sets up its link.
    pub fn tuntap_add(&self, netns: &Rc<Netns>, add: TuntapAdd, set: LinkSet) -> Outcome<Device> {
        let (name, mode, persistent) = (add.name.clone(), add.mode, add.persistent);
        let mut steps = Vec::new();
        if !set.is_empty() {
            steps.push((netns.clone(), Change::from(set)));
        }
        let queue = self.apply_opening(netns, add, &steps)?;
        Ok(Device {
            netns: netns.clone(),
            mode,
            persistent,
            name,
            queue: RefCell::new(Some(Rc::new(queue))),
        })
    }

    /// Takes hold of a device that is there: of a persistent one that nobody holds, or of one more queue.
    pub fn tuntap_get(&self, name: &str) -> Outcome<Device> {
        let words = format!("take hold of {name}");
        let netns = self.current();
        let found = ask(self, &words, || tuntap::get(&*netns.namespace()?, name))
            .map_err(|failure| failure.blame("name"))?;
        let Some(found) = found else {
            let words = format!("cannot {words}: it is no tun or tap device");
            return Err(Failure::new(words).about(name).blame("name"));
        };
        let queue = netns
            .namespace()
            .and_then(|namespace| tuntap::attach(&namespace, &found));
        let queue = queue.map_err(|error| {
            self.explain_in(&netns, &words, &error, |refusal| {
                attach_fault(&found, refusal.errno)
            })
        })?;
        Ok(Device {
            mode: found.mode,
            persistent: found.persistent,
            name: found.name,
            netns,
            queue: RefCell::new(Some(Rc::new(queue))),
        })
    }

    /// The tun and tap devices of the current namespace.
    pub fn tuntaps(&self) -> Result<Vec<Tuntap>> {
        tuntap::list(&*self.current().namespace()?)
    }

    /// The next packet that the kernel sent out of the device; none if the time is over, or the waiter wants no more.
    pub fn tuntap_read(
        &self,
        device: &Device,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Vec<u8>>> {
        let queue = self.opened(device, "read from")?;
        let read = patiently(queue.as_fd(), limit, waiter, || {
            let packet = queue.read()?;
            packet.ok_or_else(|| ErrorKind::WouldBlock.into())
        });
        read.map_err(|error| self.packet_failure(device, "read from", &error.into()))
    }

    /// The next packet, if there is one.
    pub fn tuntap_read_now(&self, device: &Device) -> Outcome<Option<Vec<u8>>> {
        let packet = self.opened(device, "read from")?.read();
        packet.map_err(|error| self.packet_failure(device, "read from", &error))
    }

    /// Lets a packet come in by the device.
    pub fn tuntap_write(&self, device: &Device, packet: &[u8]) -> Outcome<()> {
        let queue = self.opened(device, "write to")?;
        // Whoever answers it has to be able to send.
        self.settle();
        let written = queue.write(packet);
        written.map_err(|error| self.packet_failure(device, "write to", &error))
    }

    /// Lets go of the device. One that is not persistent goes with its last descriptor.
    pub fn tuntap_close(&self, device: &Device) -> Outcome<()> {
        let Some(queue) = device.queue.take() else {
            return Ok(());
        };
        match self.to_remove(device, &queue) {
            Some(change) => self.apply_together(&[(device.netns.clone(), change.into())]),
            // Somebody else holds it too or has deleted it, or it is to stay.
            None => Ok(()),
        }
    }

    /// What goes with this descriptor, as a change. It is made before the descriptor is closed, so that it can be seen.
    fn to_remove(&self, device: &Device, queue: &Queue) -> Option<TuntapDel> {
        if device.persistent {
            return None;
        }
        let name = queue.name().ok()?;
        let namespace = device.netns.namespace().ok()?;
        let there = tuntap::get(&namespace, &name).ok()??;
        let is_last = !there.multi_queue || there.queues == Some(1);
        let mode = device.mode;
        (is_last && there.mode == mode).then_some(TuntapDel { name, mode })
    }

    /// Its descriptor, or words why it can do nothing any more.
    pub fn opened(&self, device: &Device, verb: &str) -> Outcome<Rc<Queue>> {
        device.queue().ok_or_else(|| {
            let words = format!("cannot {verb} {}: its handle is closed", device.name());
            let mut failure = Failure::new(words).about(device.name());
            failure.errno = Some(Errno::EBADF);
            failure
        })
    }

    fn packet_failure(&self, device: &Device, verb: &str, error: &Error) -> Box<Failure> {
        let name = device.name();
        let mut failure =
            self.explain_in(&device.netns, &format!("{verb} {name}"), error, |refusal| {
                packet_fault(device.mode, &name, refusal.errno)
            });
        failure.object = name;
        failure
    }
}
