//! What is measured only because somebody asks for it: levels at instants, their spread over time,
//! parts of the measured time, single classes at a station. What nobody asks for costs nothing.

use super::{ClassId, ComponentId, Counter, Gauge, Measure, Op, Program, StationId, site};
use crate::stats::Statistic;

/// A part of the measured time, in nanoseconds from its beginning; equal ends are an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct During {
    /// First moment.
    pub from_ns: u64,
    /// Last moment.
    pub to_ns: u64,
}

impl During {
    /// From seconds.
    pub fn new(from_s: f64, to_s: f64) -> Self {
        let ns = |s: f64| (s.clamp(0.0, 9e9) * 1e9).round() as u64;
        Self { from_ns: ns(from_s), to_ns: ns(to_s) }
    }

    /// Whether it is a single moment.
    pub const fn is_instant(&self) -> bool {
        self.from_ns == self.to_ns
    }
}

/// What a program measures besides what it always does.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Levels whose spread over time is kept, with the hash that finds them in the results.
    pub levels: Vec<(u64, Measure)>,
    /// Levels whose value at a moment is kept, in order of time.
    pub instants: Vec<(u64, u64, Measure)>,
    /// Parts of the measured time that are kept as measured.
    pub spans: Vec<During>,
    /// Classes that are told apart at a station.
    pub shares: Vec<(StationId, ClassId)>,
    /// Classes whose calls of a component are told apart.
    pub calls: Vec<(ComponentId, ClassId)>,
    /// Stations whose visits are compared with their own demand.
    pub slowdowns: Vec<StationId>,
}

impl Measure {
    /// A number that stands for this measure in results.
    pub fn key(&self) -> u64 {
        site(0, &format!("{self:?}"))
    }
}

impl Program {
    /// Measures what a metric needs beyond what is always measured. A level at an instant, its
    /// spread, a part of the time, a class at a station, a slowdown; anything else changes nothing.
    pub fn ask(&mut self, measure: &Measure, statistic: Option<Statistic>, during: Option<During>) {
        if let Measure::Part { classes, of } = measure {
            self.tell_apart(classes, of);
        }
        let whole = if let Measure::Part { of, .. } = measure { of } else { measure };
        if let Measure::Slowdown(stations) = whole {
            for station in stations {
                push(&mut self.asked.slowdowns, *station);
            }
        }
        let is_level = matches!(whole, Measure::Level { .. });
        match during {
            Some(at) if at.is_instant() => {
                if is_level {
                    let (key, at_ns) = (measure.key(), at.from_ns);
                    let instants = &mut self.asked.instants;
                    if !instants.iter().any(|i| (i.0, i.1) == (at_ns, key)) {
                        let index = instants.partition_point(|i| i.0 <= at_ns);
                        instants.insert(index, (at_ns, key, measure.clone()));
                    }
                }
                return;
            }
            Some(span) => push(&mut self.asked.spans, span),
            None => {}
        }
        if is_level && !matches!(statistic, None | Some(Statistic::Mean)) {
            let key = measure.key();
            if !self.asked.levels.iter().any(|level| level.0 == key) {
                self.asked.levels.push((key, measure.clone()));
            }
        }
    }

    /// The last moment that something is asked about, seconds from the beginning of the measured
    /// time.
    pub fn asked_until_s(&self) -> f64 {
        let spans = self.asked.spans.iter().map(|span| span.to_ns);
        let last = self.asked.instants.iter().map(|i| i.0).chain(spans).max();
        last.unwrap_or(0) as f64 * 1e-9
    }

    fn tell_apart(&mut self, classes: &[ClassId], of: &Measure) {
        let (mut stations, mut components) = (Vec::new(), Vec::new());
        of.places(&mut stations, &mut components);
        for class in classes {
            for station in &stations {
                push(&mut self.asked.shares, (*station, *class));
            }
            for component in &components {
                push(&mut self.asked.calls, (*component, *class));
            }
        }
        for op in &mut self.ops {
            match *op {
                Op::Enter { component, mark } if components.contains(&component) => {
                    *op = Op::EnterTold { component, mark };
                }
                Op::Exit { component, mark, amount } if components.contains(&component) => {
                    *op = Op::ExitTold { component, mark, amount };
                }
                _ => {}
            }
        }
    }
}

impl Measure {
    /// The stations and components that it is about, where a class can be told apart.
    fn places(&self, stations: &mut Vec<StationId>, components: &mut Vec<ComponentId>) {
        let mut count = |counters: &[Counter]| {
            for counter in counters {
                match counter {
                    Counter::StationArrivals(s)
                    | Counter::StationWaited(s)
                    | Counter::StationRefused(s)
                    | Counter::StationTimeouts(s)
                    | Counter::StationServed(s) => stations.push(*s),
                    Counter::Calls(c) => components.push(*c),
                    _ => {}
                }
            }
        };
        match self {
            Self::Count(of) | Self::Rate(of) => count(of),
            Self::Share(of, per) => {
                count(of);
                count(per);
            }
            Self::Response(component) => components.push(*component),
            Self::Wait { stations: of, .. } | Self::Slowdown(of) => stations.extend(of),
            Self::Level { of, .. } => stations.extend(of.iter().filter_map(|gauge| match gauge {
                Gauge::Busy(s) | Gauge::Queue(s) | Gauge::InSystem(s) => Some(*s),
                _ => None,
            })),
            Self::Latency { .. } | Self::Usage(_) | Self::Part { .. } => {}
        }
    }

    /// Whether one class of it can be asked for with `@`: it is about stations or calls, and nothing
    /// in it belongs to all classes together (being full, a size alone).
    pub fn has_parts(&self) -> bool {
        let (mut stations, mut components) = (Vec::new(), Vec::new());
        self.places(&mut stations, &mut components);
        let counters = |of: &[Counter]| {
            of.iter().all(|counter| {
                matches!(
                    counter,
                    Counter::StationArrivals(_)
                        | Counter::StationWaited(_)
                        | Counter::StationRefused(_)
                        | Counter::StationTimeouts(_)
                        | Counter::StationServed(_)
                        | Counter::Calls(_)
                )
            })
        };
        let every = match self {
            Self::Count(of) | Self::Rate(of) => counters(of),
            Self::Share(of, per) => counters(of) && counters(per),
            Self::Level { of, .. } => of.iter().all(|gauge| {
                matches!(gauge, Gauge::Busy(_) | Gauge::Queue(_) | Gauge::InSystem(_))
            }),
            _ => true,
        };
        every && !(stations.is_empty() && components.is_empty())
    }
}

fn push<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}
