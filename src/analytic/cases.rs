//! A row of stations as its laws see it: how arrivals come, what they ask for, and what the station does
//! with them; or why no law sees it.

use super::laws::{Case, Feed, Job, Order, Shape};
use super::network::{Access, Use};
use super::product_form::places;
use super::solution::Obstacle;
use super::solve::Solver;
use super::supply::Arrivals;
use crate::program::{Accept, DrawId, Policy, StationKind, Tokens};

impl<'n> Solver<'n, '_> {
    /// A row as its laws see it.
    pub(super) fn case(&self, row: usize) -> Result<Case<'n>, Obstacle> {
        let network = self.network;
        let feed = self.feed(row)?;
        // What a law below knows of.
        let known = |obstacle: &Obstacle| match obstacle {
            Obstacle::Absent { .. } => true,
            Obstacle::Balancer { .. } => matches!(feed, Feed::Shorter),
            _ => false,
        };
        if let Some(obstacle) = network.obstacles_of(row).into_iter().find(|o| !known(o)) {
            return Err(obstacle);
        }
        let station = network.rows[row].base;
        let places = places(network, row, self.rows[row].rho);
        let (mut servers, mut split) = (network.units(row), 1.0);
        let shape = match network.kind(row) {
            // Where something breaks, its callers' flows are not those of the profile.
            _ if !network.faults_only_delay() => return Err(Obstacle::Discipline { station }),
            StationKind::Tokens(tokens) if tokens.feeds.is_some() || tokens.wake.is_some() => {
                return Err(Obstacle::Discipline { station });
            }
            StationKind::Tokens(tokens) if !tokens.is_constant() => {
                self.absent(row, tokens).ok_or(Obstacle::Absent { station })?
            }
            StationKind::Tokens(tokens) => {
                let patience = tokens.patience.map(|id| &network.program.draws[id.index()]);
                let order = match (tokens.preemptive, tokens.priority) {
                    (true, _) => Order::Preemptive,
                    (_, true) => Order::Priority,
                    _ => Order::Arrival,
                };
                let patience = patience.map(|draw| &network.program.dists[draw.dist.index()]);
                Shape::Queue { places, patience, order }
            }
            StationKind::Crew(crew) => {
                let order = if crew.priority { Order::Priority } else { Order::Arrival };
                if matches!(crew.accept, Accept::Hashed) && crew.workers > 1 {
                    if places.is_some() {
                        return Err(Obstacle::Discipline { station });
                    }
                    // Bound at random: each worker is a queue of its own.
                    (servers, split) = (f64::from(crew.per_worker), f64::from(crew.workers));
                }
                Shape::Queue { places, patience: None, order }
            }
            StationKind::Processor(p) if p.groups > 1 && p.group_cap.is_finite() => {
                return Err(Obstacle::Discipline { station });
            }
            StationKind::Processor(_) => Shape::Shared,
            StationKind::Bucket(bucket) => Shape::Limit(bucket),
            StationKind::Memory(_) => return Err(Obstacle::Memory { station }),
        };
        let job = |u: &Use| Job {
            class: u.class,
            priority: u.class.map_or(0, |c| network.program.classes[c.index()].priority),
            rate_per_s: network.rate_per_s(u) / split,
            queue: network.queue_of(u),
            service: u.service.clone(),
        };
        let jobs = network.of_row(row).filter(|u| network.rate_per_s(u) > 0.0).map(job).collect();
        Ok(Case { servers, shape, feed, jobs })
    }

    /// Servers that are not always there: off when idle, broken at times, on their way round. `None`
    /// where anything else is special too.
    fn absent(&self, row: usize, tokens: &'n Tokens) -> Option<Shape<'n>> {
        let network = self.network;
        let program = network.program;
        let plain = tokens.places == u32::MAX
            && tokens.patience.is_none()
            && tokens.overflow.is_none()
            && !tokens.preemptive
            && (!tokens.priority || network.has_one_priority(row));
        let alone = network.rows[row].choice.members <= 1;
        let served = network.of_row(row).all(|u| u.access == Access::Serve);
        if !plain || !alone || !served {
            return None;
        }
        let law = |id: DrawId| {
            let draw = &program.draws[id.index()];
            (draw.factor == 1.0).then(|| &program.dists[draw.dist.index()])
        };
        match (tokens.breaks, &tokens.setup, &tokens.polling) {
            (true, None, None) => {
                let base = network.rows[row].base;
                let mut own = program.faults.iter().filter(|f| f.station == Some(base));
                let fault = own.next().filter(|f| f.resumes && own.next().is_none())?;
                let each = fault.each_server;
                Some(Shape::Breaks { up: law(fault.up)?, down: law(fault.down)?, each })
            }
            (false, Some(setup), None) => {
                let stays_s = setup.idle_off.map_or(Some(0.0), |id| Some(law(id)?.mean()))?;
                (stays_s == 0.0).then_some(Shape::SetUp { time: law(setup.time)? })
            }
            (false, None, Some(polling)) => Some(Shape::Rounds {
                switchover: law(polling.switchover)?,
                limited: polling.limited,
                queues: polling.queues.len(),
            }),
            _ => None,
        }
    }

    /// How arrivals come to one member of a row, when that is known exactly.
    fn feed(&self, row: usize) -> Result<Feed<'n>, Obstacle> {
        let network = self.network;
        let station = network.rows[row].base;
        let uses: Vec<&Use> = network.of_row(row).collect();
        let unknown = Obstacle::Input { station };
        let visit = |u: &Use| &network.streams[u.stream].walk.visits[&u.pc];
        for u in &uses {
            if let Some(obstacle) = self.disturbances[u.stream].first() {
                return Err(*obstacle);
            }
            let alone = uses.iter().filter(|other| other.stream == u.stream).count() == 1;
            let seen = visit(u);
            if seen.joined || ((seen.forked || seen.spawned) && !alone) {
                return Err(Obstacle::Parallel { source: network.streams[u.stream].source });
            }
        }
        let mut streams: Vec<usize> = uses.iter().map(|u| u.stream).collect();
        streams.dedup();
        let poisson = |s: &usize| matches!(network.streams[*s].supply, Arrivals::Poisson(_));
        if streams.is_empty() {
            return Err(unknown);
        }
        if streams.iter().all(poisson) {
            let state = &self.rows[row];
            if state.upstream[row] && !state.product_form {
                return Err(unknown);
            }
            let clean = |before: usize| {
                self.rows[before].product_form
                    && network
                        .of_row(before)
                        .all(|u| poisson(&u.stream) && self.disturbances[u.stream].is_empty())
            };
            let mut before = (0..self.rows.len()).filter(|b| *b != row && state.upstream[*b]);
            if !before.all(clean) {
                return Err(unknown);
            }
            let choice = network.rows[row].choice;
            let is_crew = matches!(network.kind(row), StationKind::Crew(_));
            return match choice.policy {
                _ if network.splits(row) => Ok(Feed::Poisson),
                Some(Policy::RoundRobin) if is_crew && !choice.sticky => {
                    Ok(Feed::Turns(choice.members))
                }
                // Of two, the one with fewer is the shorter queue.
                Some(Policy::LeastConnections | Policy::Choices(2..))
                    if is_crew && choice.members == 2 && !choice.sticky && !choice.changes =>
                {
                    Ok(Feed::Shorter)
                }
                _ => Err(Obstacle::Balancer { station }),
            };
        }
        let [stream] = streams.as_slice() else { return Err(unknown) };
        let fresh = uses.iter().all(|u| !visit(u).delayed);
        let upstream = (0..self.rows.len()).any(|b| self.rows[row].upstream[b] && !network.idle[b]);
        if !fresh || upstream || network.rows[row].choice.members > 1 {
            return Err(unknown);
        }
        let every = uses.len() == 1 && (uses[0].count - 1.0).abs() < 1e-12;
        match network.streams[*stream].supply {
            Arrivals::Renewal(_, gaps) if every => Ok(Feed::Renewal(gaps)),
            Arrivals::Batches(_, size) if every => Ok(Feed::Batches(size)),
            Arrivals::Flipping(levels) => Ok(Feed::Flipping(levels)),
            _ => Err(match network.streams[*stream].supply {
                Arrivals::Other(_) => Obstacle::Clocks { source: network.streams[*stream].source },
                _ => unknown,
            }),
        }
    }
}
