//! How much gets through: TCP with one or more streams, or UDP at a rate, between two namespaces.
//!
//! Both ends are in this one thread: sockets that never block, and a turn for each. What counts is what arrives, from the first
//! byte to the end of the time.

use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Socket, Type};

use super::tcp_info;

/// The longest that a wait goes without asking whether to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// How often what is due at a rate is sent.
const PACE: Duration = Duration::from_millis(1);

/// How long a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long datagrams may be on their way after the last was sent.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// How much is handed to a stream, and taken from it, at once.
const PIECE: usize = 128 << 10;

/// How often a stream may send, or be read, before it is another's turn.
const TURNS: usize = 16;

/// What begins a datagram: its number, and when it was sent.
const STAMP: usize = 16;

/// What is to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// For how long.
    pub time: Duration,
    /// How many connections at once.
    pub streams: usize,
    /// Bytes per second; None is as fast as it goes.
    pub rate: Option<u64>,
    /// Datagrams in place of connections.
    pub udp: bool,
    /// The port of the receiver; 0 lets the kernel choose.
    pub port: u16,
    /// The payload of a datagram.
    pub length: usize,
}

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Bytes of payload that arrived.
    pub bytes: u64,
    /// From the beginning to the end.
    pub seconds: f64,
    /// Of TCP: segments that were sent again.
    pub retransmits: u64,
    /// Of UDP: datagrams sent.
    pub sent: u64,
    /// Of UDP: datagrams that arrived, each counted once.
    pub received: u64,
    /// Of UDP: datagrams that came after one with a higher number.
    pub out_of_order: u64,
    /// Of UDP: how much the time on the way varies (RFC 3550, 6.4.1).
    pub jitter: Duration,
}

impl Report {
    /// Bits of payload per second.
    pub fn bits_per_second(&self) -> f64 {
        match self.seconds > 0.0 {
            true => self.bytes as f64 * 8.0 / self.seconds,
            false => 0.0,
        }
    }
}

/// Why there is no measurement: what could not be done, and the kernel's answer.
#[derive(Debug)]
pub struct Fault {
    /// To follow "cannot".
    pub words: &'static str,
    /// The answer.
    pub error: io::Error,
}

fn cannot(words: &'static str) -> impl Fn(io::Error) -> Fault {
    move |error| Fault { words, error }
}

/// Opens a socket in a namespace.
pub type Open<'a> = &'a dyn Fn(Domain, Type) -> io::Result<Socket>;

/// Measures from the one namespace to `address` in the other, until `stopped`.
pub fn measure(
    near: Open<'_>,
    far: Open<'_>,
    address: IpAddr,
    options: &Options,
    stopped: &dyn Fn() -> bool,
) -> Result<Report, Fault> {
    let here = SocketAddr::new(address, options.port);
    match options.udp {
        true => datagrams(near, far, here, options, stopped),
        false => streams(near, far, here, options, stopped),
    }
}

fn streams(
    near: Open<'_>,
    far: Open<'_>,
    address: SocketAddr,
    options: &Options,
    stopped: &dyn Fn() -> bool,
) -> Result<Report, Fault> {
    let domain = Domain::for_address(address);
    let listener = far(domain, Type::STREAM).map_err(cannot("open a socket for the receiver"))?;
    let listen = || {
        listener.set_reuse_address(true)?;
        listener.set_nonblocking(true)?;
        listener.bind(&address.into())?;
        listener.listen(i32::try_from(options.streams).unwrap_or(i32::MAX))?;
        listener.local_addr()
    };
    let address = listen().map_err(cannot("listen at the destination"))?;
    let mut senders = Vec::new();
    for _ in 0..options.streams {
        let sender = near(domain, Type::STREAM).map_err(cannot("open a socket for the sender"))?;
        sender.set_nonblocking(true).map_err(cannot("connect"))?;
        match sender.connect(&address) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(cannot("connect")(error)),
        }
        senders.push(sender);
    }
    let receivers = accept(&listener, &senders, stopped)?;
    run_streams(&mut senders, receivers, options, stopped)
}

/// Waits until every connection is made.
fn accept(
    listener: &Socket,
    senders: &[Socket],
    stopped: &dyn Fn() -> bool,
) -> Result<Vec<Socket>, Fault> {
    let until = Instant::now() + PATIENCE;
    let mut receivers = Vec::new();
    while receivers.len() < senders.len() {
        for sender in senders {
            if let Some(error) = sender.take_error().map_err(cannot("connect"))? {
                return Err(cannot("connect")(error));
            }
        }
        match listener.accept() {
            Ok((receiver, _)) => {
                receiver.set_nonblocking(true).map_err(cannot("accept"))?;
                receivers.push(receiver);
                continue;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(cannot("accept")(error)),
        }
        if stopped() || Instant::now() >= until {
            return Err(cannot("connect")(io::Error::from_raw_os_error(
                libc::ETIMEDOUT,
            )));
        }
        // A refusal wakes the sender, a connection the listener.
        let mut waiting = vec![PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        waiting.extend(
            senders
                .iter()
                .map(|one| PollFd::new(one.as_fd(), PollFlags::empty())),
        );
        wait(&mut waiting, GLANCE);
    }
    Ok(receivers)
}

fn run_streams(
    senders: &mut [Socket],
    mut receivers: Vec<Socket>,
    options: &Options,
    stopped: &dyn Fn() -> bool,
) -> Result<Report, Fault> {
    let piece = vec![0u8; PIECE];
    let mut taken = vec![MaybeUninit::uninit(); PIECE];
    let mut report = Report::default();
    let mut offered = 0u64;
    let start = Instant::now();
    let ends = || stopped() || start.elapsed() >= options.time;
    while !ends() {
        let mut moved = 0;
        let due = options.rate.map(|rate| due(rate, start.elapsed()));
        // Each has what is due in its turn.
        senders.rotate_left(1);
        for sender in senders.iter_mut() {
            for _ in 0..TURNS {
                let most = due.map_or(PIECE, |due| worth_sending(due, offered, options.rate));
                let sent = match most {
                    0 => 0,
                    most => step(sender.write(&piece[..most]), "send")?,
                };
                if sent == 0 {
                    break;
                }
                offered += sent as u64;
                moved += sent;
            }
        }
        for receiver in &mut receivers {
            for _ in 0..TURNS {
                // The bytes are thrown away where they are: what is in them says nothing.
                let received = receiver.recv_with_flags(&mut taken, libc::MSG_TRUNC);
                let received = step(received, "receive")?;
                if received == 0 {
                    break;
                }
                report.bytes += received as u64;
                moved += received;
            }
        }
        if moved == 0 {
            let left = options.time.saturating_sub(start.elapsed());
            let pace = options.rate.map_or(GLANCE, |_| PACE);
            let mut waiting: Vec<PollFd> = receivers
                .iter()
                .map(|one| PollFd::new(one.as_fd(), PollFlags::POLLIN))
                .collect();
            if options.rate.is_none() {
                let sending = senders.iter();
                waiting.extend(sending.map(|one| PollFd::new(one.as_fd(), PollFlags::POLLOUT)));
            }
            wait(&mut waiting, left.min(pace));
        }
    }
    report.seconds = start.elapsed().as_secs_f64();
    for sender in senders.iter() {
        let again = tcp_info::retransmits(sender).map_err(cannot("ask for retransmits"))?;
        report.retransmits += u64::from(again);
    }
    Ok(report)
}

/// How many bytes are to be sent by now.
fn due(rate: u64, elapsed: Duration) -> u64 {
    let bytes = u128::from(rate) * elapsed.as_micros() / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// How much of what is due is written at once: what the rate gives in a [`PACE`], or nothing yet. A byte at a time would be mostly
/// headers.
fn worth_sending(due: u64, offered: u64, rate: Option<u64>) -> usize {
    let left = usize::try_from(due.saturating_sub(offered)).unwrap_or(PIECE);
    let of_a_pace = rate.map_or(0, |rate| self::due(rate, PACE));
    let least = usize::try_from(of_a_pace).unwrap_or(PIECE).clamp(1, PIECE);
    match left < least {
        true => 0,
        false => left.min(PIECE),
    }
}

/// What a socket took or gave; 0 where it would have to wait.
fn step(outcome: io::Result<usize>, words: &'static str) -> Result<usize, Fault> {
    match outcome {
        Ok(bytes) => Ok(bytes),
        // ENOBUFS: the queue of the link is full, which is what is measured.
        Err(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
                || error.raw_os_error() == Some(libc::ENOBUFS) =>
        {
            Ok(0)
        }
        Err(error) => Err(cannot(words)(error)),
    }
}

fn wait(waiting: &mut [PollFd], most: Duration) {
    let timeout = PollTimeout::try_from(most).unwrap_or(PollTimeout::ZERO);
    // A signal ends the wait, and whoever waits looks.
    let _ = poll(waiting, timeout);
}

fn datagrams(
    near: Open<'_>,
    far: Open<'_>,
    address: SocketAddr,
    options: &Options,
    stopped: &dyn Fn() -> bool,
) -> Result<Report, Fault> {
    let domain = Domain::for_address(address);
    let mut receiver =
        far(domain, Type::DGRAM).map_err(cannot("open a socket for the receiver"))?;
    let bind = || {
        receiver.set_nonblocking(true)?;
        // Both ends share one turn of the CPU: what comes meanwhile has to wait somewhere.
        let _ = receiver.set_recv_buffer_size(8 << 20);
        receiver.bind(&address.into())?;
        receiver.local_addr()
    };
    let address = bind().map_err(cannot("listen at the destination"))?;
    let mut sender = near(domain, Type::DGRAM).map_err(cannot("open a socket for the sender"))?;
    sender.set_nonblocking(true).map_err(cannot("connect"))?;
    // What waits in the link's queue counts as the socket's: a small one would be held back in place of losing anything.
    let _ = sender.set_send_buffer_size(8 << 20);
    sender.connect(&address).map_err(cannot("connect"))?;
    let mut flow = Flow {
        report: Report::default(),
        next: 0,
        transit: None,
        jitter: 0.0,
        seen: Vec::new(),
        last: Duration::ZERO,
    };
    let start = Instant::now();
    let mut packet = vec![0u8; options.length.max(STAMP)];
    let size = packet.len() as u64;
    while !stopped() && start.elapsed() < options.time {
        let mut moved = 0;
        let due = options
            .rate
            .map(|rate| due(rate, start.elapsed()) / size + 1);
        for _ in 0..TURNS {
            if due.is_some_and(|due| flow.report.sent >= due) {
                break;
            }
            flow.stamp(&mut packet, start.elapsed());
            if step(sender.write(&packet), "send")? == 0 {
                break;
            }
            flow.report.sent += 1;
            moved += 1;
        }
        moved += flow.take(&mut receiver, start)?;
        if moved == 0 {
            let mut waiting = [PollFd::new(receiver.as_fd(), PollFlags::POLLIN)];
            let left = options.time.saturating_sub(start.elapsed());
            wait(&mut waiting, left.min(PACE));
        }
    }
    flow.report.seconds = start.elapsed().as_secs_f64();
    let until = Instant::now() + STRAGGLERS;
    while flow.report.received < flow.report.sent && Instant::now() < until && !stopped() {
        let mut waiting = [PollFd::new(receiver.as_fd(), PollFlags::POLLIN)];
        wait(&mut waiting, GLANCE);
        flow.take(&mut receiver, start)?;
    }
    // What came late took longer.
    flow.report.seconds = flow.report.seconds.max(flow.last.as_secs_f64());
    flow.report.bytes = flow.report.received * size;
    flow.report.jitter = Duration::from_secs_f64(flow.jitter);
    Ok(flow.report)
}

/// Datagrams as they arrive.
struct Flow {
    report: Report,
    /// One more than the highest number that came.
    next: u64,
    /// How long the last was on its way.
    transit: Option<f64>,
    /// In seconds.
    jitter: f64,
    /// Which numbers came.
    seen: Vec<bool>,
    /// When the last came.
    last: Duration,
}

impl Flow {
    /// Writes the number and the time into a datagram; both ends have the same clock.
    fn stamp(&self, packet: &mut [u8], now: Duration) {
        let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        for (at, number) in [self.report.sent, nanoseconds].into_iter().enumerate() {
            if let Some(place) = packet.get_mut(at * 8..at * 8 + 8) {
                place.copy_from_slice(&number.to_be_bytes());
            }
        }
    }

    /// Takes in what is there.
    fn take(&mut self, receiver: &mut Socket, start: Instant) -> Result<usize, Fault> {
        let mut stamp = [0u8; STAMP];
        let mut taken = 0;
        while step(receiver.read(&mut stamp), "receive")? == STAMP {
            taken += 1;
            let (words, _) = stamp.as_chunks::<8>();
            if let [number, sent] = words {
                let sent = Duration::from_nanos(u64::from_be_bytes(*sent));
                self.arrived(u64::from_be_bytes(*number), sent, start.elapsed());
            }
            if taken >= TURNS * TURNS {
                break;
            }
        }
        Ok(taken)
    }

    fn arrived(&mut self, number: u64, sent: Duration, now: Duration) {
        // Anybody can send to the port; only what was sent is counted, and once.
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if number >= self.report.sent {
            return;
        }
        if self.seen.len() <= place {
            self.seen.resize(place + 1, false);
        }
        if std::mem::replace(&mut self.seen[place], true) {
            return;
        }
        self.report.received += 1;
        self.last = now;
        match number < self.next {
            true => self.report.out_of_order += 1,
            false => self.next = number + 1,
        }
        let transit = now.saturating_sub(sent).as_secs_f64();
        if let Some(before) = self.transit {
            self.jitter += ((transit - before).abs() - self.jitter) / 16.0;
        }
        self.transit = Some(transit);
    }
}
