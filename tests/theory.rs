//! The simulator against queueing theory, by the path users run: text, profile, program, world.
//!
//! Each test simulates a model whose answer is known exactly and asks for agreement within four
//! standard errors of independent replications. Seeds are fixed, so a test never flickers; a bound
//! on the standard error keeps it sharp. Where no formula exists the model is also written as a
//! Markov chain and solved numerically.

#[path = "theory/caches.rs"]
mod caches;
#[path = "theory/chain.rs"]
mod chain;
#[path = "theory/closed.rs"]
mod closed;
#[path = "theory/levels.rs"]
mod levels;
#[path = "theory/limits.rs"]
mod limits;
#[path = "theory/networks.rs"]
mod networks;
#[path = "theory/policies.rs"]
mod policies;
#[path = "theory/queues.rs"]
mod queues;
#[path = "theory/run.rs"]
mod run;
#[path = "theory/scaling.rs"]
mod scaling;
#[path = "theory/servers.rs"]
mod servers;
#[path = "theory/services.rs"]
mod services;
#[path = "theory/sources.rs"]
mod sources;
