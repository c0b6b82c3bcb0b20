//! Where requests come from.

use super::{Curve, DistId, GroupId, Local, Pc};

/// Where requests come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// How.
    pub kind: SourceKind,
    /// Hash of the traffic's name: the source part of every key.
    pub site: u64,
}

/// Kinds of sources.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// Open: requests whatever the system does.
    Open {
        /// Rate of arrival *events* over time, 1/s.
        curve: Curve,
        /// Shape of the gaps, with mean 1; `None` is exponential (Poisson).
        gaps: Option<DistId>,
        /// Requests per event; `None` is one.
        batch: Option<DistId>,
        /// First operation of a request.
        entry: Pc,
    },
    /// Closed: clients that wait for their answer, then think.
    Closed {
        /// How many.
        clients: u32,
        /// Pause after an answer (seconds); `None` is none.
        think: Option<DistId>,
        /// First operation of a request.
        entry: Pc,
    },
    /// Sessions that hold a connection and send messages.
    Sessions(Sessions),
}

/// Session traffic.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// Constant number (one that ends is replaced at once), or arrivals.
    pub supply: Supply,
    /// Duration in seconds; `None` never ends.
    pub length: Option<DistId>,
    /// The service where each holds a connection.
    pub connects_to: Option<GroupId>,
    /// Messages sent by the clock.
    pub streams: Vec<Stream>,
    /// Request, answer, think, again: (think time, first operation).
    pub dialogue: Option<(DistId, Pc)>,
    /// Most sessions at once; beyond: `refused`.
    pub cap: Option<u32>,
    /// Pause before a dropped session comes back; `None` is never (a constant number is replaced).
    pub reconnect: Option<DistId>,
    /// Local in which a message finds the instance, and the worker, of its session.
    pub place: Option<(Local, Local)>,
}

/// Where sessions come from.
#[derive(Clone, Debug)]
pub enum Supply {
    /// That many, always.
    Constant(u32),
    /// They arrive.
    Arrivals(Curve),
}

/// One stream of messages of a session.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Gap between two messages of one session, seconds.
    pub every: DistId,
    /// The gap, when it is a constant (each session then keeps its phase).
    pub constant_ns: Option<u64>,
    /// First operation of a message; `None` for a push, which only counts bytes.
    pub entry: Option<Pc>,
    /// Bytes of a push.
    pub push: Option<DistId>,
    /// Hash of the stream's name.
    pub site: u64,
}

/// What a class of requests is.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Position of the traffic in the profile.
    pub traffic: u16,
    /// Position of the endpoint in the profile.
    pub endpoint: u16,
    /// Dense priority level, 0 goes first.
    pub priority: u8,
}
