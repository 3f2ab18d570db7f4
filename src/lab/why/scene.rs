//! Where a packet stopped, and all that there is to ask there.

use std::net::IpAddr;

use crate::packet::identity::Look;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::Asked;
use super::follow::{Course, Stop};
use super::probe::{Protocol, Sent};
use super::state::{Space, State};

/// Where the packet stopped, and all that there is to ask.
#[derive(Clone)]
pub(super) struct Scene<'a> {
    pub(super) sent: &'a Sent,
    pub(super) state: &'a State<'a>,
    pub(super) asked: &'a Asked,
    /// The namespace.
    pub(super) space: &'a Space<'a>,
    /// The link by which the packet came in; None of one that this namespace sends.
    pub(super) by: Option<&'a NamedLink>,
    /// The link by which it left, if it did.
    pub(super) left_by: Option<String>,
    /// Whether it is for this namespace.
    pub(super) is_received: bool,
    /// Whether it is the answer.
    pub(super) is_back: bool,
    /// What it looked like.
    pub(super) look: Look,
    /// Where it goes.
    pub(super) to: IpAddr,
}

impl Scene<'_> {
    /// A line that acts where the packet stopped.
    pub(super) fn line(&self, verb: impl AsRef<str>) -> String {
        self.state.line(self.space.name(), verb.as_ref())
    }

    pub(super) fn place(&self, link: &str) -> Place {
        self.space.place(link)
    }
}

/// The scene of the probe where it was sent.
pub(super) fn sender<'a>(
    sent: &'a Sent,
    state: &'a State<'a>,
    asked: &'a Asked,
    course: &Course,
) -> Option<Scene<'a>> {
    let source = match course.is_back {
        false => course.look.source,
        true => course.look.destination,
    };
    Some(Scene {
        sent,
        state,
        asked,
        space: state.space(&state.from)?,
        by: None,
        left_by: None,
        is_received: false,
        is_back: false,
        look: Look {
            source: source.or(asked.source),
            destination: Some(asked.to),
            dport: asked.protocol.port(),
            ..Look::default()
        },
        to: asked.to,
    })
}

/// The scene of a packet that is to go on from where it was last: of one that never left, that is not passed on, or of the answer
/// to one that was received.
pub(super) fn going_on<'a>(
    sent: &'a Sent,
    state: &'a State<'a>,
    asked: &'a Asked,
    course: &Course,
) -> Option<Scene<'a>> {
    let space = state.space(&course.netns)?;
    let is_answer = course.stop == Stop::Received;
    let look = match is_answer {
        true => answer(&course.look),
        false => course.look.clone(),
    };
    let came_by = course.link.as_deref();
    let came_by = came_by.filter(|_| course.stop == Stop::NotPassedOn);
    Some(Scene {
        sent,
        state,
        asked,
        space,
        by: came_by.and_then(|link| space.link(link)),
        left_by: None,
        is_received: false,
        is_back: course.is_back || is_answer,
        to: look.destination?,
        look,
    })
}

/// What the answer to a packet looks like.
pub(super) fn answer(look: &Look) -> Look {
    Look {
        source: look.destination,
        destination: look.source,
        sport: look.dport,
        dport: look.sport,
        ..Look::default()
    }
}

/// The packet of a tunnel, with the probe in it, as what is asked for.
pub(super) fn packed(asked: &Asked, look: &Look) -> Option<Asked> {
    Some(Asked {
        to: look.destination?,
        protocol: look.dport.map_or(Protocol::Icmp, Protocol::Udp),
        source: look.source,
        iface: None,
        size: asked.size,
        ttl: None,
        timeout: asked.timeout,
    })
}
