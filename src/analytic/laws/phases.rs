//! Arrivals and services made of exponential phases: the chain of all their states, solved
//! numerically.

use super::{Answer, Case, Feed, is_exponential};
use crate::analytic::levels::{self, Level};
use crate::analytic::solution::{Law, What};
use crate::analytic::stages::Stages;
use crate::dist::Distribution;

const LAW: Law = Law {
    name: "PH/PH/c (Markov chain)",
    source: "Neuts 1981, Matrix-Geometric Solutions in Stochastic Models",
};

/// Most states of a level: beyond, the time of the solution would be felt.
const MOST_STATES: usize = 64;
/// Most stages of one law.
const MOST_STAGES: f64 = 16.0;

/// Phases of a time: where it starts, the rate of each, whether the next one follows (else it ends).
struct Phases {
    start: Vec<f64>,
    rate_per_s: Vec<f64>,
    is_chain: bool,
}

impl Phases {
    fn of(law: &Distribution) -> Option<Self> {
        if is_exponential(Some(law)) {
            let rate_per_s = vec![1.0 / law.mean()];
            return Some(Self { start: vec![1.0], rate_per_s, is_chain: true });
        }
        match law {
            Distribution::Gamma { shape, scale }
                if shape.fract() == 0.0 && (2.0..=MOST_STAGES).contains(shape) =>
            {
                let n = *shape as usize;
                let start = (0..n).map(|i| f64::from(i == 0)).collect();
                Some(Self { start, rate_per_s: vec![1.0 / scale; n], is_chain: true })
            }
            Distribution::Hyperexponential { p1, mean1, mean2 } => Some(Self {
                start: vec![*p1, 1.0 - p1],
                rate_per_s: vec![1.0 / mean1, 1.0 / mean2],
                is_chain: false,
            }),
            Distribution::Mix(parts) if parts.len() <= MOST_STAGES as usize => {
                let (mut below, mut start, mut rate_per_s) = (0.0, Vec::new(), Vec::new());
                for (bound, part) in parts {
                    start.push(bound - below);
                    below = *bound;
                    rate_per_s.push(1.0 / part.mean());
                    if !is_exponential(Some(part)) {
                        return None;
                    }
                }
                Some(Self { start, rate_per_s, is_chain: false })
            }
            _ => None,
        }
    }

    fn len(&self) -> usize {
        self.start.len()
    }

    /// The phase after this one; `None` where the time ends.
    fn after(&self, phase: usize) -> Option<usize> {
        (self.is_chain && phase + 1 < self.len()).then_some(phase + 1)
    }

    /// Phases it may start in, with their probabilities.
    fn starts(&self) -> impl Iterator<Item = (usize, f64)> {
        self.start.iter().copied().enumerate().filter(|(_, p)| *p > 0.0)
    }
}

/// Gaps and services of exponential phases, the same service for all, no limit, in order of arrival,
/// ρ < 1, and few enough states.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let (law, servers) = (case.law()?, case.whole_servers()?);
    let rate = case.rate_per_s();
    let rho = rate * law.mean() / f64::from(servers);
    if !case.is_plain_queue() || rho >= 1.0 {
        return None;
    }
    let gaps = match case.feed {
        Feed::Poisson => Phases::of(&Distribution::Exponential { mean: 1.0 / rate })?,
        Feed::Turns(k) => Phases::of(&Distribution::erlang(1.0 / rate, k))?,
        Feed::Renewal(gaps) => Phases::of(&gaps.clone().scaled(1.0 / rate))?,
        Feed::Batches(_) | Feed::Flipping(_) | Feed::Shorter => return None,
    };
    let services = Phases::of(law)?;
    let most = configurations(servers as usize, services.len(), MOST_STATES)?;
    if most.len() * gaps.len() > MOST_STATES {
        return None;
    }
    let chain = Chain { gaps, services, servers: servers as usize };
    let p = levels::solve(|k| chain.level(k as usize), rho, servers)?;
    let number: f64 =
        p.iter().zip(0_u32..).map(|(p, k)| f64::from(k) * p.iter().sum::<f64>()).sum();
    // An arrival waits that comes while all servers are busy.
    let full = p.iter().skip(servers as usize).flat_map(|p| p.iter().enumerate());
    let ends = |phase: usize| match chain.gaps.after(phase) {
        None => chain.gaps.rate_per_s[phase],
        Some(_) => 0.0,
    };
    let waits: f64 = full.map(|(state, p)| p * ends(state % chain.gaps.len())).sum::<f64>() / rate;
    let wait_s = number / rate - law.mean();
    let mut answer = Answer::exact(LAW)
        .with(What::Utilization, rho)
        .with(What::InSystem, number)
        .with(What::Queue, rate * wait_s)
        .with(What::Waits, waits)
        .with(What::Wait, wait_s)
        .with(What::Response, wait_s + law.mean());
    // An arrival finds a level with the states that arrivals find.
    let weight = |p: &Vec<f64>| {
        let found =
            p.iter().enumerate().map(|(state, p)| p * ends(state % chain.gaps.len()) / rate);
        let mut states = vec![0.0; p.len() / chain.gaps.len()];
        found.enumerate().for_each(|(state, p)| states[state / chain.gaps.len()] += p);
        states
    };
    let found: Vec<Vec<f64>> = p.iter().skip(servers as usize).map(weight).collect();
    if let Some(wait) = chain.wait(found) {
        answer = answer
            .with(What::WaitDeviation, wait.deviation_s())
            .quantiles(What::WaitQuantile, |q| wait.quantile_s(q));
    }
    Some(answer)
}

/// Law of the wait at one server, Poisson arrivals; `None` where the service is of no phases or too
/// many, or ρ is too high for the chain to be worth its time.
pub(super) fn wait_at_one(rate_per_s: f64, law: &Distribution) -> Option<Stages> {
    let gaps = Phases::of(&Distribution::Exponential { mean: 1.0 / rate_per_s })?;
    let services = Phases::of(law)?;
    let chain = Chain { gaps, services, servers: 1 };
    let p = levels::solve(|k| chain.level(k as usize), rate_per_s * law.mean(), 1)?;
    chain.wait(p.into_iter().skip(1).collect())
}

/// Most states times steps of an arrival's chain.
const MOST_CELLS: usize = 16_000_000;
/// Probability of so many in line below which they no longer count.
const FAR: f64 = 1e-17;
/// Share of the arrivals that still waits when their chain ends: no quantile that is asked for feels it.
const NEGLIGIBLE: f64 = 1e-13;

/// Ways in which `busy` services may stand in `phases` phases; `None` when there are more than `most`.
fn configurations(busy: usize, phases: usize, most: usize) -> Option<Vec<Vec<usize>>> {
    let mut all = vec![vec![]];
    for phase in 0..phases {
        let mut longer = Vec::new();
        for begin in &all {
            let left = busy - begin.iter().sum::<usize>();
            let choices = if phase + 1 == phases { left..=left } else { 0..=left };
            for n in choices {
                longer.push([begin.as_slice(), &[n]].concat());
            }
            if longer.len() > most {
                return None;
            }
        }
        all = longer;
    }
    Some(all)
}

struct Chain {
    gaps: Phases,
    services: Phases,
    servers: usize,
}

impl Chain {
    /// Moves with `inside` jobs; a state is (configuration of services, phase of the gap).
    fn level(&self, inside: usize) -> Level {
        let here = self.states(inside);
        let (above, below) = (self.states(inside + 1), self.states(inside.saturating_sub(1)));
        let g = self.gaps.len();
        let at = |states: &[Vec<usize>], wanted: &[usize]| {
            states.iter().position(|s| s == wanted).expect("every configuration is listed")
        };
        let moved = |from: &[usize], out: Option<usize>, into: Option<usize>| {
            let mut to = from.to_vec();
            if let Some(phase) = out {
                to[phase] -= 1;
            }
            if let Some(phase) = into {
                to[phase] += 1;
            }
            to
        };
        let mut level = Level::new(here.len() * g);
        for (number, state) in here.iter().enumerate() {
            for gap in 0..g {
                let from = number * g + gap;
                let rate = self.gaps.rate_per_s[gap];
                match self.gaps.after(gap) {
                    Some(next) => level.inside(from, number * g + next, rate),
                    None => {
                        for (start, p) in self.gaps.starts() {
                            if inside >= self.servers {
                                level.up(from, at(&above, state) * g + start, rate * p);
                                continue;
                            }
                            for (service, chance) in self.services.starts() {
                                let to = at(&above, &moved(state, None, Some(service)));
                                level.up(from, to * g + start, rate * p * chance);
                            }
                        }
                    }
                }
                for (phase, busy) in state.iter().enumerate().filter(|(_, n)| **n > 0) {
                    let rate = *busy as f64 * self.services.rate_per_s[phase];
                    match self.services.after(phase) {
                        Some(next) => {
                            let to = at(&here, &moved(state, Some(phase), Some(next)));
                            level.inside(from, to * g + gap, rate);
                        }
                        None if inside > self.servers => {
                            for (start, p) in self.services.starts() {
                                let to = at(&below, &moved(state, Some(phase), Some(start)));
                                level.down(from, to * g + gap, rate * p);
                            }
                        }
                        None => {
                            let to = at(&below, &moved(state, Some(phase), None));
                            level.down(from, to * g + gap, rate);
                        }
                    }
                }
            }
        }
        level
    }

    /// The wait of an arrival that finds all servers busy and n others in line with the states
    /// `found[n]`: the chain of those before it, who alone count in order of arrival. `None` where it
    /// is too long.
    fn wait(&self, found: Vec<Vec<f64>>) -> Option<Stages> {
        let states = self.states(self.servers);
        let at = |wanted: &[usize]| {
            states.iter().position(|s| s == wanted).expect("every configuration is listed")
        };
        // (from, to, rate, whether a service ends and the next in line begins)
        let mut moves: Vec<(usize, usize, f64, bool)> = Vec::new();
        for (from, state) in states.iter().enumerate() {
            for (phase, busy) in state.iter().enumerate().filter(|(_, n)| **n > 0) {
                let rate = *busy as f64 * self.services.rate_per_s[phase];
                let mut left = state.clone();
                left[phase] -= 1;
                match self.services.after(phase) {
                    Some(next) => {
                        left[next] += 1;
                        moves.push((from, at(&left), rate, false));
                    }
                    None => {
                        for (start, p) in self.services.starts() {
                            let mut to = left.clone();
                            to[start] += 1;
                            moves.push((from, at(&to), rate * p, true));
                        }
                    }
                }
            }
        }
        let out = |state: usize| moves.iter().filter(|m| m.0 == state).map(|m| m.2).sum::<f64>();
        let rates: Vec<f64> = (0..states.len()).map(out).collect();
        let fastest = rates.iter().copied().fold(0.0, f64::max);
        for step in &mut moves {
            step.2 /= fastest;
        }
        let n = states.len();
        let mut here: Vec<f64> = found.into_iter().flatten().collect();
        let mut beyond = Vec::new();
        let mut cells = MOST_CELLS;
        loop {
            // The vector shortens as its end empties.
            while here.len() > n && here[here.len() - n..].iter().sum::<f64>() < FAR {
                here.truncate(here.len() - n);
            }
            cells = cells.checked_sub(here.len() / n * moves.len())?;
            let left: f64 = here.iter().sum();
            beyond.push(left);
            if left < NEGLIGIBLE {
                return Some(Stages::surviving(fastest, beyond));
            }
            let mut next = vec![0.0; here.len()];
            for (line, before) in here.chunks(n).enumerate() {
                for (state, p) in before.iter().enumerate() {
                    next[line * n + state] += p * (1.0 - rates[state] / fastest);
                }
                for (from, to, share, ends) in &moves {
                    let p = before[*from] * share;
                    if !ends {
                        next[line * n + to] += p;
                    } else if line > 0 {
                        next[(line - 1) * n + to] += p;
                    }
                }
            }
            here = next;
        }
    }

    fn states(&self, inside: usize) -> Vec<Vec<usize>> {
        let busy = inside.min(self.servers);
        configurations(busy, self.services.len(), usize::MAX).expect("no limit was set")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_the_ways_to_stand_in_phases() {
        assert_eq!(configurations(2, 2, 9), Some(vec![vec![0, 2], vec![1, 1], vec![2, 0]]));
        assert_eq!(configurations(0, 3, 9), Some(vec![vec![0, 0, 0]]));
        assert_eq!(configurations(9, 9, 100), None);
    }
}
