//! The typed profile below its names: traffic, endpoints, steps.

use crate::components::{Action, Block, Part, Policies};
use crate::dist::{Curve, Distribution};
use crate::program::KindId;
use crate::source::Place;

/// Everything that is lowered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// Components in the order of the profile.
    pub(crate) parts: Vec<Part>,
    /// Endpoints in the order of the profile.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Traffic in the order of the profile.
    pub(crate) traffic: Vec<Traffic>,
    /// Lists of steps, by handle.
    pub(crate) blocks: Vec<Vec<Step>>,
    /// Names of the kinds of failure.
    pub(crate) kinds: Vec<String>,
    /// Whether every component could be read: else its absence explains other faults.
    pub(crate) complete: bool,
    /// Per component: the services whose endpoints use it.
    pub(crate) clients: Vec<Vec<Option<usize>>>,
    /// All load is multiplied by this.
    pub(crate) scale: f64,
    /// Whether caches and sessions start near their steady state.
    pub(crate) warm_start: bool,
    /// Window of `for` conditions, seconds.
    pub(crate) window_s: f64,
}

/// What a request does.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Name.
    pub(crate) name: String,
    /// Where it is written.
    pub(crate) place: Place,
    /// Where it runs.
    pub(crate) service: Option<usize>,
    /// 1 goes first.
    pub(crate) priority: u32,
    /// Bytes held from start to end.
    pub(crate) memory: Option<Distribution>,
    /// Bytes of the answer.
    pub(crate) response: Option<Distribution>,
    /// Its steps.
    pub(crate) body: Block,
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its name in paths: verb and target, numbered where a block has several alike.
    pub(crate) name: String,
    /// Where its verb is written.
    pub(crate) place: Place,
    /// Where what it does something to is written.
    pub(crate) target: Place,
    /// It happens with this probability.
    pub(crate) share: f64,
    /// Whether it holds the event loop while it waits.
    pub(crate) blocking: bool,
    /// Its timeout, retry and fallback.
    pub(crate) policies: Policies,
    /// What it does.
    pub(crate) verb: Verb,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    /// Work of the worker.
    Cpu(Work),
    /// Work beside the worker.
    Exec(Work),
    /// Time passes.
    Delay(Work),
    /// An endpoint is called and answers.
    Call(usize),
    /// A component is used by a verb of its own.
    Component(Action),
    /// One unit of a component is taken, and kept.
    Take(usize),
    /// And given back.
    Release(usize),
    /// One unit of a component is held during a block.
    Hold {
        /// The component.
        component: usize,
        /// Meanwhile.
        steps: Block,
    },
    /// Branches at once.
    Parallel {
        /// The branches.
        branches: Vec<Block>,
        /// How many must end.
        join: u32,
        /// Whether the others are stopped then.
        cancel: bool,
    },
    /// One of several, or none.
    Choose(Vec<(f64, Block)>),
    /// Several times.
    Repeat {
        /// How often.
        times: Distribution,
        /// What.
        steps: Block,
    },
    /// Goes on beside the request.
    Spawn(Block),
    /// A group for policies.
    Try(Block),
    /// The client has its answer.
    Reply,
    /// Ends with a failure.
    Fail(KindId),
}

/// Time of a step, and bytes held meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// Seconds.
    pub(crate) time: Distribution,
    /// Bytes.
    pub(crate) memory: Option<Distribution>,
}

impl Step {
    /// The blocks inside it.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut all = match &self.verb {
            Verb::Hold { steps, .. }
            | Verb::Repeat { steps, .. }
            | Verb::Spawn(steps)
            | Verb::Try(steps) => vec![*steps],
            Verb::Parallel { branches, .. } => branches.clone(),
            Verb::Choose(arms) => arms.iter().map(|arm| arm.1).collect(),
            Verb::Component(action) => action.blocks(),
            _ => Vec::new(),
        };
        all.extend(self.policies.fallback);
        all
    }
}

impl Model {
    /// Visits all steps of a block and of the blocks inside them, outer ones first; also the
    /// fallbacks that the `client` blocks of what they use add, each once.
    pub(crate) fn visit<'m>(&'m self, block: Block, see: &mut dyn FnMut(&'m Step)) {
        self.visit_once(block, &mut Vec::new(), see);
    }

    fn visit_once<'m>(
        &'m self,
        block: Block,
        fallbacks: &mut Vec<Block>,
        see: &mut dyn FnMut(&'m Step),
    ) {
        for step in &self.blocks[block.0 as usize] {
            see(step);
            for inner in step.blocks() {
                self.visit_once(inner, fallbacks, see);
            }
            if let Some((_, fallback)) = self.client_fallback(step)
                && !fallbacks.contains(&fallback)
            {
                fallbacks.push(fallback);
                self.visit_once(fallback, fallbacks, see);
            }
        }
    }

    /// Visits all steps of a block and of the blocks inside them, without what `client` blocks add.
    pub(crate) fn visit_written<'m>(&'m self, block: Block, see: &mut dyn FnMut(&'m Step)) {
        for step in &self.blocks[block.0 as usize] {
            see(step);
            for inner in step.blocks() {
                self.visit_written(inner, see);
            }
        }
    }

    /// The blocks inside a step, with the one that a `client` block adds.
    pub(crate) fn blocks_of(&self, step: &Step) -> Vec<Block> {
        let mut all = step.blocks();
        all.extend(self.client_fallback(step).map(|fallback| fallback.1));
        all
    }

    /// The fallback that the `client` block of what a step uses adds to it, with its component.
    pub(crate) fn client_fallback(&self, step: &Step) -> Option<(usize, Block)> {
        let component = match &step.verb {
            Verb::Component(action) => action.component(),
            Verb::Hold { component, .. } => *component,
            Verb::Call(callee) => self.endpoints[*callee].service?,
            _ => return None,
        };
        if step.policies.fallback.is_some() {
            return None;
        }
        Some((component, self.parts[component].common.client.policies.fallback?))
    }
}

impl Model {
    /// Connections that the pools of a service to a database may open in all.
    pub(crate) fn pool_connections(&self, database: usize, service: Option<usize>) -> u64 {
        let Some(pool) = self.parts[database].spec.pool() else { return 0 };
        let (pool, copies) = match service {
            Some(service) => {
                let spec = &self.parts[service].spec;
                (spec.pool_over(pool, database), spec.copies())
            }
            None => (pool.clone(), (1, 1)),
        };
        pool.connections(copies)
    }
}

/// A source of requests.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    /// Name.
    pub(crate) name: String,
    /// Where its rate or number is written.
    pub(crate) load: Place,
    /// How requests come.
    pub(crate) supply: Supply,
    /// Endpoints and their shares.
    pub(crate) mix: Mix,
    /// Components that each request passes first.
    pub(crate) via: Vec<usize>,
    /// The client's patience and repeats.
    pub(crate) policies: Policies,
}

/// Endpoints and their shares, which sum to 1.
pub(crate) type Mix = Vec<(usize, f64)>;

/// How requests come.
#[derive(Clone, Debug)]
pub(crate) enum Supply {
    /// At a rate, whatever the system does.
    Open {
        /// Requests per second.
        curve: Curve,
        /// Shape of the gaps, mean 1; `None` is exponential.
        gaps: Option<Distribution>,
        /// Requests per arrival.
        batch: Option<Distribution>,
    },
    /// From clients that wait for their answer, then think.
    Closed {
        /// How many.
        clients: u32,
        /// Pause after an answer.
        think: Option<Distribution>,
    },
    /// From sessions.
    Sessions(Box<Sessions>),
}

/// Sessions.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    /// A constant number of them.
    pub(crate) constant: Option<u32>,
    /// Or arrivals.
    pub(crate) arrivals: Option<Curve>,
    /// Duration.
    pub(crate) length: Option<Distribution>,
    /// The service where each holds a connection.
    pub(crate) connects_to: Option<usize>,
    /// Messages sent by the clock.
    pub(crate) messages: Vec<Message>,
    /// Instead: request, answer, think, again.
    pub(crate) think: Option<Distribution>,
    /// Gap between two heartbeats.
    pub(crate) heartbeat: Option<Distribution>,
    /// Most sessions.
    pub(crate) cap: Option<u32>,
    /// Pause before a dropped session comes back.
    pub(crate) reconnect: Option<Distribution>,
}

/// One stream of messages.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Name.
    pub(crate) name: String,
    /// Gap between two of one session.
    pub(crate) every: Distribution,
    /// What the system does with one; empty for a push.
    pub(crate) mix: Mix,
    /// Bytes to the client.
    pub(crate) push: Option<Distribution>,
}
