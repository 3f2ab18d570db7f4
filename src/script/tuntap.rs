//! Verbs about tun and tap devices, and the handle through which a script is what is behind the link.

use std::fmt;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, FnPtr, Map, Position};

use crate::kernel::link_set::LinkSet;
use crate::kernel::tuntap::{Mode, Tuntap, TuntapAdd};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::tuntap;

use super::call::{RhaiResultOf, lab, thrown, verb};
use super::link_add::{link_name, netns_of};
use super::options::{Mtu, NetnsName, Options, describe};
use super::serve::{Server, serving, waiting};
use super::value::{array_of_maps, map, maybe};
use super::wait::read_duration;

/// How many packets are answered at one go, before others have their turn.
const BATCH: usize = 64;

/// A tun or tap device in the hands of a script.
#[derive(Clone)]
pub struct Device(Rc<tuntap::Device>);

impl Device {
    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.mode().word(), self.0.name())
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a tun device: a link behind which is this script, and not a wire. It carries IP packets.
    ///
    /// What the kernel sends out of the link is for `read`, and what is given to `write` comes in by it. The device goes when the
    /// handle is closed, or nobody holds it any more.
    ///
    /// Equivalent to: `ip tuntap add dev NAME mode tun`
    ///
    /// Search words: `tuntap`, `tunnel`, `vpn`, `userspace`, `virtual`, `raw packets`, `packet`, `point to point`, `create`, `new`
    ///
    /// # Options
    /// - `up` (bool): bring it up
    /// - `mtu` (int, bytes): the largest packet
    /// - `netns` (netns): the namespace in which it is made
    /// - `persistent` (bool): let it stay when its handle is closed
    /// - `multi_queue` (bool): let several handles share its packets: each flow belongs to one; `tuntap_get` gives more handles
    /// - `owner` (int; `user`): number of the user who may take hold of it without privilege
    /// - `group` (int): number of the group that may
    /// - `pi` (bool): have 4 bytes of packet information (flags, protocol) before each packet
    /// - `vnet_hdr` (bool): have a virtio header (10 bytes) before each packet
    ///
    /// # Returns
    /// A handle: `name`, `kind` ("tun" or "tap"); `read`, `write`, `serve`, `close`.
    ///
    /// # Errors
    /// A link of this name exists (EBUSY); there is no /dev/net/tun (ENOENT), or this user may not open it (EACCES).
    ///
    /// # Example
    /// ```rhai
    /// let tun = tun_add("tun0", #{ up: true });
    /// addr_add("tun0", "10.0.0.1/24");
    /// ping("10.0.0.2", #{ count: 1, timeout: "10ms", quiet: true });
    /// // Of what the kernel sent, the first IPv4 packet.
    /// let packet = wait_until(|| packet_decode(tun.read("1s"), #{ link: "ip" }).get("ip"), "5s");
    /// show(packet.daddr);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tun_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<Device> {
        add(&ctx, name, Mode::Tun, Options::new(options))
    }

    /// Makes a tap device: a link behind which is this script, and not a wire. It carries Ethernet frames.
    ///
    /// Whoever is behind it has to answer ARP too. Such a link can be a port of a bridge.
    ///
    /// Equivalent to: `ip tuntap add dev NAME mode tap`
    ///
    /// Search words: `tuntap`, `ethernet`, `frame`, `userspace`, `virtual machine`, `qemu`, `vpn`, `virtual`, `raw packets`,
    /// `create`, `new`
    ///
    /// # Options
    /// - `up` (bool): bring it up
    /// - `mtu` (int, bytes): the largest payload
    /// - `mac` (mac; `address`): the hardware address of the kernel's end; the kernel chooses one otherwise
    /// - `netns` (netns): the namespace in which it is made
    /// - `persistent` (bool): let it stay when its handle is closed
    /// - `multi_queue` (bool): let several handles share its frames: each flow belongs to one; `tuntap_get` gives more handles
    /// - `owner` (int; `user`): number of the user who may take hold of it without privilege
    /// - `group` (int): number of the group that may
    /// - `pi` (bool): have 4 bytes of packet information (flags, protocol) before each frame
    /// - `vnet_hdr` (bool): have a virtio header (10 bytes) before each frame
    ///
    /// # Returns
    /// A handle: `name`, `kind` ("tun" or "tap"); `read`, `write`, `serve`, `close`.
    ///
    /// # Errors
    /// A link of this name exists (EBUSY); there is no /dev/net/tun (ENOENT), or this user may not open it (EACCES).
    ///
    /// # Example
    /// ```rhai
    /// let tap = tap_add("tap0", #{ mac: "02:00:00:00:00:01", up: true });
    /// show([tap.name, tap.kind, link_get("tap0").mac]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tap_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<Device> {
        add(&ctx, name, Mode::Tap, Options::new(options))
    }

    /// Takes hold of a tun or tap device that is there.
    ///
    /// It is a persistent one that nobody holds, or one that was made with `multi_queue`, of which each handle is one more queue.
    ///
    /// Search words: `open`, `attach`, `queue`, `multiqueue`, `handle`, `persistent`
    ///
    /// # Returns
    /// A handle, as from `tun_add`.
    ///
    /// # Errors
    /// No such link (ENODEV), or of another kind; somebody else holds it (EBUSY) or owns it (EPERM).
    ///
    /// # Example
    /// ```rhai
    /// tun_add("tun0", #{ persistent: true }).close();
    /// let tun = tuntap_get("tun0");
    /// show(tun);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tuntap_get(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Device> {
        verb(&ctx, |lab| Ok(Device(Rc::new(lab.tuntap_get(name)?))))
    }

    /// Lists the tun and tap devices of the current namespace.
    ///
    /// Equivalent to: `ip tuntap list`
    ///
    /// Search words: `tun`, `tap`, `devices`
    ///
    /// # Returns
    /// An array of maps: `name`; `mode` ("tun" or "tap"); `persistent`, `multi_queue`, `pi`, `vnet_hdr` (bools); `owner`,
    /// `group` (numbers; `()` for anybody with the privilege); `queues` (how many handles share it; `()` without `multi_queue`).
    ///
    /// # Example
    /// ```rhai
    /// let tun = tun_add("tun0");
    /// let tap = tap_add("tap0");
    /// show(tuntap_list().map(|device| device.mode));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tuntap_list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let found = ask(lab, "list the tun and tap devices", || lab.tuntaps())?;
            Ok(array_of_maps(found.into_iter().map(device_map)))
        })
    }

    /// Waits for the next packet that the kernel sends out of the device.
    ///
    /// Search words: `receive`, `recv`, `packet`, `frame`
    ///
    /// # Returns
    /// A blob: the bytes of one packet, an IP packet or an Ethernet frame.
    ///
    /// # Errors
    /// The handle is closed (EBADF); the device was deleted (EBADFD).
    ///
    /// # Example
    /// ```rhai
    /// // An interface that comes up says something by itself.
    /// let tap = tap_add("tap0", #{ up: true });
    /// let frame = tap.read();
    /// show(packet_decode(frame).ether.type);
    /// ```
    #[rhai_fn(name = "read", return_raw, pure)]
    pub fn read_for_ever(ctx: NativeCallContext, device: &mut Device) -> RhaiResultOf<Dynamic> {
        read_packet(&ctx, device, None)
    }

    /// Waits for the next packet that the kernel sends out of the device, for a time.
    ///
    /// Search words: `receive`, `recv`, `packet`, `frame`, `poll`
    ///
    /// # Returns
    /// A blob, as without a time; `()` if none came. A packet that comes later is for the next `read`.
    ///
    /// # Errors
    /// The handle is closed (EBADF); the device was deleted (EBADFD); the time is no duration.
    ///
    /// # Example
    /// ```rhai
    /// let tun = tun_add("tun0");
    /// show(tun.read("10ms")); // it is down
    /// ```
    #[rhai_fn(name = "read", return_raw, pure)]
    pub fn read(
        ctx: NativeCallContext,
        device: &mut Device,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |_| read_duration(&timeout, "timeout"))?;
        read_packet(&ctx, device, Some(limit))
    }

    /// Lets a packet come in by the device, as if it came from the wire.
    ///
    /// Search words: `send`, `inject`, `packet`, `frame`
    ///
    /// # Errors
    /// The link is down (EIO); the bytes are no packet of the device's kind (EINVAL); the handle is closed (EBADF).
    ///
    /// # Example
    /// ```rhai
    /// let tun = tun_add("tun0", #{ up: true });
    /// addr_add("tun0", "10.0.0.1/24");
    /// let request = #{ ip: #{ saddr: "10.0.0.2", daddr: "10.0.0.1" }, icmp: #{ type: 8 } };
    /// tun.write(packet_encode(request));
    /// show(link_get("tun0").statistics.rx_packets);
    /// ```
    #[rhai_fn(return_raw, pure)]
    pub fn write(ctx: NativeCallContext, device: &mut Device, packet: Blob) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.tuntap_write(&device.0, &packet))
    }

    /// Runs a closure, and while that waits for something has another one answer the packets that come.
    ///
    /// `answer` is called with each packet, and what it returns comes in by the device: a blob, an array of them, or `()` for
    /// nothing. `work` is what is to happen meanwhile: whenever it waits, in `ping`, `sleep`, `wait_until`, a `read` or a
    /// program, packets are answered.
    ///
    /// Search words: `respond`, `reply`, `callback`, `handler`, `responder`, `server`, `background`, `loop`
    ///
    /// # Returns
    /// What `work` returns.
    ///
    /// # Errors
    /// Those of either closure; the handle is closed (EBADF); `answer` returned something else.
    ///
    /// # Example
    /// ```rhai
    /// let tun = tun_add("tun0", #{ up: true });
    /// addr_add("tun0", "10.0.0.1/24");
    /// let seen = 0;
    /// tun.serve(|packet| { seen += 1; () }, || ping("10.0.0.2", #{ count: 1, timeout: "500ms", quiet: true }));
    /// assert(seen > 0);
    /// ```
    #[rhai_fn(return_raw, pure)]
    pub fn serve(
        ctx: NativeCallContext,
        device: &mut Device,
        answer: FnPtr,
        work: FnPtr,
    ) -> RhaiResultOf<Dynamic> {
        verb(&ctx, |lab| lab.opened(&device.0, "answer for").map(drop))?;
        let server = Answering {
            device: device.clone(),
            answer,
            position: ctx.call_position(),
        };
        let result = serving(&ctx, server, || work.call_within_context(&ctx, ()));
        result.map_err(|mut error: Box<EvalAltResult>| {
            if error.position() == Position::NONE {
                error.set_position(ctx.call_position());
            }
            error
        })
    }

    /// Lets go of the device. One that is not persistent goes, unless another handle shares it.
    ///
    /// Search words: `delete`, `remove`, `release`, `detach`
    ///
    /// # Errors
    /// None: a handle that is closed stays closed.
    ///
    /// # Example
    /// ```rhai
    /// let tun = tun_add("tun0");
    /// tun.close();
    /// show(link_exists("tun0"));
    /// ```
    #[rhai_fn(return_raw, pure)]
    pub fn close(ctx: NativeCallContext, device: &mut Device) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.tuntap_close(&device.0))
    }

    /// The name of its link.
    #[rhai_fn(get = "name", pure)]
    pub fn device_name_of(device: &mut Device) -> String {
        device.name()
    }

    /// What passes through it: "tun" or "tap".
    #[rhai_fn(get = "kind", pure)]
    pub fn device_kind_of(device: &mut Device) -> String {
        device.0.mode().word().into()
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn device_text(device: &mut Device) -> String {
        device.to_string()
    }

    /// Whether two handles are the same.
    #[rhai_fn(name = "==", pure)]
    pub fn device_same(device: &mut Device, other: Device) -> bool {
        Rc::ptr_eq(&device.0, &other.0)
    }

    /// Whether two handles are different ones.
    #[rhai_fn(name = "!=", pure)]
    pub fn device_different(device: &mut Device, other: Device) -> bool {
        !Rc::ptr_eq(&device.0, &other.0)
    }
}

fn add(
    ctx: &NativeCallContext,
    name: &str,
    mode: Mode,
    mut options: Options,
) -> RhaiResultOf<Device> {
    verb(ctx, |lab| {
        let add = TuntapAdd {
            name: link_name(name, "name")?,
            mode,
            pi: options.flag("pi")?,
            vnet_hdr: options.flag("vnet_hdr")?,
            multi_queue: options.flag("multi_queue")?,
            persistent: options.flag("persistent")?,
            owner: options.take("owner")?,
            group: options.take("group")?,
        };
        let set = LinkSet {
            link: name.into(),
            up: options.flag("up")?.then_some(true),
            mtu: options.take::<Mtu>("mtu")?.map(|mtu| mtu.0),
            mac: match mode {
                Mode::Tun => None,
                Mode::Tap => options.take("mac")?,
            },
            ..LinkSet::default()
        };
        let netns = options.take::<NetnsName>("netns")?.map(|name| name.0);
        options.finish()?;
        let netns = netns_of(lab, &netns, "netns")?;
        Ok(Device(Rc::new(lab.tuntap_add(&netns, add, set)?)))
    })
}

fn read_packet(
    ctx: &NativeCallContext,
    device: &Device,
    limit: Option<Duration>,
) -> RhaiResultOf<Dynamic> {
    waiting(ctx, |lab, waiter| {
        let words = format!("waiting for a packet from {}", device.name());
        lab.screen().doing(&words);
        let packet = lab.tuntap_read(&device.0, limit, waiter);
        lab.screen().doing("");
        Ok(packet?.map_or(Dynamic::UNIT, Dynamic::from_blob))
    })
}

/// A device whose packets a closure answers.
struct Answering {
    device: Device,
    answer: FnPtr,
    /// Where the script says that it is to answer: what it can't answer is told there.
    position: Position,
}

impl Server for Answering {
    fn watched(&self) -> Option<Rc<dyn AsFd>> {
        let queue = self.device.0.queue()?;
        Some(queue)
    }

    fn serve(&self, ctx: &NativeCallContext) -> RhaiResultOf<()> {
        let lab = lab(ctx)?;
        let told = |failure: Box<Failure>| thrown("serve", *failure, self.position);
        for _ in 0..BATCH {
            if self.device.0.queue().is_none() {
                break;
            }
            let Some(packet) = lab.tuntap_read_now(&self.device.0).map_err(told)? else {
                break;
            };
            let packet = Dynamic::from_blob(packet);
            let reply: Dynamic = self.answer.call_within_context(ctx, (packet,))?;
            for packet in packets(&reply).map_err(told)? {
                lab.tuntap_write(&self.device.0, &packet).map_err(told)?;
            }
        }
        Ok(())
    }
}

/// What a closure answered: a packet, several, or none.
fn packets(reply: &Dynamic) -> Outcome<Vec<Blob>> {
    if reply.is_unit() {
        return Ok(Vec::new());
    }
    if let Some(packet) = reply.read_lock::<Blob>() {
        return Ok(vec![packet.clone()]);
    }
    if let Some(several) = reply.read_lock::<Array>() {
        return several
            .iter()
            .map(packets)
            .collect::<Outcome<Vec<_>>>()
            .map(|all| all.concat());
    }
    let words = format!(
        "cannot answer a packet: it takes a blob, an array of them or (), not {}",
        describe(reply)
    );
    Err(Failure::new(words)
        .blame("answer")
        .hint("packet_encode() makes a blob of a map"))
}

fn device_map(device: Tuntap) -> Map {
    let number = |number: Option<u32>| maybe(number.map(i64::from));
    map([
        ("group", number(device.group)),
        ("mode", device.mode.word().into()),
        ("multi_queue", device.multi_queue.into()),
        ("name", device.name.into()),
        ("owner", number(device.owner)),
        ("persistent", device.persistent.into()),
        ("pi", device.pi.into()),
        ("queues", number(device.queues)),
        ("vnet_hdr", device.vnet_hdr.into()),
    ])
}
