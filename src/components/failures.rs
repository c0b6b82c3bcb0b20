//! Random failures of a component: how often it breaks, for how long, and what becomes of the work.

use crate::dist::Distribution;
use crate::program::{Counter, Fault, FaultId, Gauge, Measure, Quantity, StationId};
use crate::source::{Field, Fields, Shape, Table};

use super::common::field;
use super::decode::Decode;
use super::lower::{Lower, Own};

/// The `failures` of a component as they are written.
#[derive(Clone, Debug)]
pub(crate) struct Failures {
    mtbf: Distribution,
    mttr: Distribution,
    /// Each server of a station breaks by itself, also while idle.
    pub(crate) each_server: bool,
    /// Interrupted work goes back to the head of the queue and resumes.
    pub(crate) resumes: bool,
}

impl Failures {
    /// Whether servers of a station stop while what is inside stays there.
    pub(crate) const fn stops_servers(&self) -> bool {
        self.each_server || self.resumes
    }

    /// Decodes the `failures` of a component, if there are any.
    pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Option<Self> {
        let own = fields.table("failures", &TABLE)?;
        let (mtbf, mttr) = (own.duration_dist("mtbf"), own.duration_dist("mttr"));
        let each_server = own.word("each") == Some("server");
        let resumes = own.word("work") == Some("resumes");
        if fields.word("type") != Some("station") {
            if each_server {
                let message = "only a station has servers that break each by itself".to_owned();
                decode.conflict(&own, "each", message);
            }
            if resumes {
                let (place, path) = (own.value_place("work"), own.path_of("work"));
                decode.not_yet(
                    place,
                    &path,
                    "work that resumes after a breakdown, but at a station",
                );
            }
        }
        if each_server || resumes {
            Self::check_servers(decode, fields);
        }
        Some(Self { mtbf: mtbf?, mttr: mttr?, each_server, resumes })
    }

    /// What does not go together with servers that break each by itself, or resume.
    fn check_servers(decode: &Decode<'_>, fields: &Fields<'_>) {
        let wrong = |key: &str, message: &str| {
            decode.conflict(fields, key, message.to_owned());
        };
        if fields.text("servers").is_some_and(|text| text == "unlimited") {
            wrong("failures", "servers without number cannot break each by itself, or resume");
        }
        if !matches!(fields.word("discipline"), None | Some("fifo" | "priority" | "polling")) {
            wrong(
                "failures",
                "servers break each by itself, or resume, under `fifo` and `priority`",
            );
        }
        for key in ["setup", "latency"] {
            if fields.has(key) {
                wrong(key, "not together with servers that break each by itself, or resume");
            }
        }
    }
}

/// The key of components that can break.
pub(crate) const FAILURES: Field = field(
    "failures",
    Shape::Table(&TABLE),
    "",
    "how often it breaks, for how long, and what becomes of the work",
);

static TABLE: Table = Table {
    name: "failures",
    doc: "random failures",
    fields: &[
        field("mtbf", Shape::DurationDist, "required", "time up until it breaks"),
        field("mttr", Shape::DurationDist, "required", "time until it is up again"),
        field(
            "each",
            Shape::Word(&["component", "server"]),
            "component",
            "what breaks by itself: all of it, or each server of a station",
        ),
        field(
            "work",
            Shape::Word(&["fails", "resumes"]),
            "fails",
            "what was under way fails as `unavailable`, or resumes afterwards",
        ),
    ],
};

impl Lower<'_> {
    /// Builds what breaks of a component; `station` is the one whose servers stop.
    pub(crate) fn build_failures(&mut self, own: &Own<'_>, station: Option<StationId>) {
        let Some(failures) = &self.parts[own.index].common.failures else { return };
        let up = self.own_draw(own, "mtbf", &failures.mtbf);
        let down = self.own_draw(own, "mttr", &failures.mttr);
        let program = self.builder.program();
        let fault = FaultId(program.faults.len() as u16);
        program.faults.push(Fault {
            owner: own.id(),
            station: station.filter(|_| failures.stops_servers()),
            each_server: failures.each_server,
            up,
            down,
            resumes: failures.resumes,
        });
        let name = |metric: &str| format!("{}.{metric}", own.name);
        let share = |of, per| Measure::Level { of: vec![of], per: vec![per] };
        let units = match station {
            Some(station) if failures.each_server => Gauge::Size(station),
            _ => Gauge::Constant(1.0),
        };
        let broken = share(Gauge::Broken(fault), Gauge::Constant(1.0));
        self.metric(name("downtime"), Quantity::Ratio, broken);
        self.metric(name("available"), Quantity::Ratio, share(Gauge::UnitsUp(fault), units));
        let count = Measure::Count(vec![Counter::Breakdowns(fault)]);
        self.metric(name("breakdowns.count"), Quantity::Count, count);
    }

    /// What breaks of a component as a whole: its calls fail while it is down.
    pub(crate) fn gate_of(&self, component: usize) -> Option<FaultId> {
        let failures = self.parts[component].common.failures.as_ref()?;
        if failures.each_server {
            return None;
        }
        let faults = &self.builder.so_far().faults;
        let own = |fault: &Fault| fault.owner.index() == component;
        faults.iter().position(own).map(|i| FaultId(i as u16))
    }
}
