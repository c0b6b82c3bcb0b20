//! Copies of a service, and how one of them is chosen.

use super::{AdmissionId, ComponentId, DrawId, Health, InstanceId, StationId};

/// One copy of a service: what a kill ends and a boot brings back.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The service.
    pub owner: ComponentId,
    /// Its workers.
    pub crew: StationId,
    /// Its memory.
    pub memory: Option<StationId>,
    /// Bytes that a session holds on it.
    pub session_bytes: f64,
    /// Boot time after a death.
    pub boot: Option<DrawId>,
}

/// Replicated members and how one is chosen.
#[derive(Clone, Debug)]
pub struct Group {
    /// The service.
    pub owner: ComponentId,
    /// First instance.
    pub first: InstanceId,
    /// Members.
    pub count: u32,
    /// Policy.
    pub policy: Policy,
    /// Keeps a client where it was first sent.
    pub sticky: bool,
    /// Index in [`Program::scalings`](super::Program::scalings) of what changes the number of members.
    pub scaling: Option<u16>,
    /// How dead members are found.
    pub health: Option<Health>,
    /// The door of sessions (that of requests is an operation).
    pub admission: Option<AdmissionId>,
}

impl Group {
    /// Whether not all members take work at all times.
    #[inline]
    pub const fn changes(&self) -> bool {
        self.scaling.is_some() || self.health.is_some()
    }
}

/// How a balancer chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// In turn.
    RoundRobin,
    /// The one with the fewest requests waiting and in service, ties at random.
    LeastConnections,
    /// Uniformly.
    Random,
    /// The least occupied of so many distinct ones (Mitzenmacher 2001), ties at random. At most
    /// [`Policy::MOST_CHOICES`].
    Choices(u32),
}

impl Policy {
    /// Most that [`Policy::Choices`] looks at.
    pub const MOST_CHOICES: u32 = 16;
}
