//! Ids: dense indices into the tables of a program.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);
        impl $name {
            /// The id as an index into its table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// Index of a [`Station`](super::Station).
    StationId(u32);
    /// Index of a [`Distribution`](crate::dist::Distribution) in the program's table.
    DistId(u32);
    /// Index of a [`Draw`](super::Draw).
    DrawId(u32);
    /// Index of a component of the profile (its name is in the catalogue).
    ComponentId(u16);
    /// Index of a traffic-and-endpoint pair: the unit in which requests are counted.
    ClassId(u16);
    /// A kind of failure; [`Kind`](super::Kind) lists the ones that the language names.
    KindId(u8);
    /// Index of a [`Frame`](super::Frame).
    FrameId(u16);
    /// Index of a [`Boundary`](super::Boundary).
    BoundaryId(u16);
    /// Index of a [`Group`](super::Group) of replicated members.
    GroupId(u16);
    /// Index of an [`Admission`](super::Admission).
    AdmissionId(u16);
    /// Index of a [`Family`](super::Family) of cache keys.
    FamilyId(u16);
    /// Index of a [`Node`](super::Node) (the memory of one cache node).
    NodeId(u16);
    /// Index of a [`Breaker`](super::Breaker).
    BreakerId(u16);
    /// Index of a [`Budget`](super::Budget) of retries.
    BudgetId(u16);
    /// Index of a [`Fault`](super::Fault).
    FaultId(u16);
    /// Index of a [`Source`](super::Source).
    SourceId(u16);
    /// Index of an [`Instance`](super::Instance): one copy of a service, the unit that dies and boots.
    InstanceId(u32);
    /// Index of a word of a task's local memory.
    Local(u8);
    /// Index of something a task may hold (bit of its mask; the local of the same number stores the
    /// station). At most 48.
    Slot(u8);
}

/// Address of an operation in [`Program::ops`](super::Program::ops).
pub type Pc = u32;

/// "None" for optional 16-bit ids.
pub const NONE: u16 = u16::MAX;
