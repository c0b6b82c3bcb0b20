//! Config, workload and measured demands to a profile in YAML: the path that users run.
//!
//! Everything is read from fields (server, worker class, path of the request, draws), nothing from the
//! name of a point.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::constants::{Constant, IDLE_LOOP, OTHERS_BUSY, SHARED_CORE_MS, TIMER_MS};
use crate::point::{Endpoint, Known, Law};

/// How to translate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// A constant to leave out.
    pub(crate) without: Option<Constant>,
    /// Factor on all CPU demands.
    pub(crate) cpu: f64,
}

impl Default for Choice {
    fn default() -> Self {
        Self { without: None, cpu: 1.0 }
    }
}

/// A profile, and what it rests on.
#[derive(Clone, Debug)]
pub(crate) struct Translated {
    /// The profile.
    pub(crate) yaml: String,
    /// Constants that it uses.
    pub(crate) uses: BTreeSet<Constant>,
    /// Whether requests draw CPU work: such points ran alone on their core.
    pub(crate) draws_cpu: bool,
    /// Removed at the beginning, seconds.
    pub(crate) warmup_s: f64,
    /// The end of the last load above the one before it, when there is such a burst, seconds.
    pub(crate) burst_end_s: Option<f64>,
    /// How busy the loop was where its CPU per request was measured, when that is taken to fall with the
    /// load.
    pub(crate) calibrated_at: Option<f64>,
    /// Fields of the point that have no part in the profile.
    pub(crate) ignored: Vec<String>,
}

impl Translated {
    /// Whether a constant has a part in the prediction. (The spread of CPU demands is no part of the
    /// profile: it makes an interval of two more runs.)
    pub(crate) fn uses(&self, constant: Constant) -> bool {
        match constant {
            Constant::CpuSpread => self.draws_cpu,
            constant => self.uses.contains(&constant),
        }
    }
}

/// How the server works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runtime {
    Process,
    Thread,
    EventLoop,
    Node,
}

/// Translates a point.
///
/// # Errors
/// It says something that has no translation.
pub(crate) fn translate(id: &str, known: &Known, choice: Choice) -> Result<Translated> {
    let mut me = Translator {
        known,
        choice,
        uses: BTreeSet::new(),
        runtime: runtime(known)?,
        endpoints: known.endpoints()?,
        pg: false,
        calibrated_at: None,
    };
    let mut translated = me.profile(id)?;
    translated.ignored = known.unread();
    Ok(translated)
}

fn runtime(known: &Known) -> Result<Runtime> {
    Ok(match (known.word("/config/server"), known.word("/config/worker_class")) {
        (Some("node"), _) => Runtime::Node,
        (Some("gunicorn"), Some("sync")) => Runtime::Process,
        (Some("gunicorn"), Some("gthread")) => Runtime::Thread,
        (Some("gunicorn"), Some("gevent" | "eventlet")) => Runtime::EventLoop,
        (server, class) => bail!("no translation of server {server:?} with workers {class:?}"),
    })
}

/// CPU of one request by its parts, milliseconds, at the load where it was measured.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    /// Framework: accept, parse, route, answer, close.
    framework: f64,
    /// A look-up in the cache.
    get: f64,
    /// A statement after a miss, with the store.
    fill: f64,
    /// A statement.
    sql: f64,
    /// A call to the external service.
    call: f64,
}

struct Translator<'a> {
    known: &'a Known,
    choice: Choice,
    uses: BTreeSet<Constant>,
    runtime: Runtime,
    endpoints: Vec<Endpoint>,
    /// Whether a statement is made.
    pg: bool,
    /// How busy the loop of the calibration run was.
    calibrated_at: Option<f64>,
}

const DEMANDS: &str = "/measured_demands";

impl Translator<'_> {
    /// Whether a constant is used: it is asked for, and not left out.
    fn takes(&mut self, constant: Constant) -> bool {
        self.uses.insert(constant);
        self.choice.without != Some(constant)
    }

    fn demand(&self, path: &str) -> Option<f64> {
        self.known.number(&format!("{DEMANDS}/{path}"))
    }

    fn is_loop(&self) -> bool {
        matches!(self.runtime, Runtime::EventLoop | Runtime::Node)
    }

    fn draws_cpu(&self) -> bool {
        self.endpoints.iter().any(|e| e.law("a").is_some() || e.law("b").is_some())
    }

    fn profile(&mut self, id: &str) -> Result<Translated> {
        match self.known.word("/workload/arrivals") {
            None | Some("poisson" | "poisson_open_loop") => {}
            Some(other) => bail!("no translation of arrivals `{other}`"),
        }
        if self.endpoints.is_empty() {
            bail!("no endpoint is asked for");
        }
        let phases = self.known.phases();
        let Some(first) = phases.first().copied() else { bail!("no load") };
        let total_s: f64 = phases.iter().map(|phase| phase.duration_s).sum();
        let warmup_s = self.known.number("/workload/warmup_s_excluded").unwrap_or(0.0);
        let parts = self.parts();
        let (parts, wake) = self.idle_loop(parts);
        let mut endpoints = String::new();
        for endpoint in self.endpoints.clone() {
            let steps = self.steps(&endpoint, parts)?;
            let _ = writeln!(endpoints, "  {}:\n    steps:\n{steps}", name(&endpoint.path));
        }
        let rate = if phases.len() == 1 {
            format!("{}/s", first.rate_per_s)
        } else {
            let mut at_s = 0.0;
            let pieces: Vec<String> = phases
                .iter()
                .map(|phase| {
                    let piece = format!("{at_s}s={}/s", phase.rate_per_s);
                    at_s += phase.duration_s;
                    piece
                })
                .collect();
            format!("steps({})", pieces.join(" "))
        };
        let mut at_s = 0.0;
        let mut burst_end_s = None;
        for pair in phases.windows(2) {
            at_s += pair[0].duration_s;
            if pair[1].rate_per_s < pair[0].rate_per_s {
                burst_end_s = Some(at_s);
            }
        }
        let mix: Vec<String> = self
            .endpoints
            .iter()
            .map(|e| format!("{}: {}%", name(&e.path), round(100.0 * e.share)))
            .collect();
        let mut yaml = format!("capplan: 1\nname: {id}\n");
        let _ =
            writeln!(yaml, "traffic:\n  web:\n    rate: {rate}\n    mix: {{ {} }}", mix.join(", "));
        yaml.push_str(&self.client());
        let components = self.components(wake);
        let _ = writeln!(yaml, "components:\n{components}endpoints:\n{}", endpoints.trim_end());
        let duration_s = total_s - warmup_s;
        let _ = writeln!(
            yaml,
            "run: {{ start: empty, warmup: {warmup_s}s, duration: {duration_s}s, window: 1s }}"
        );
        if burst_end_s.is_some() {
            let (from, to) = (duration_s - 20.0, duration_s);
            let _ = writeln!(
                yaml,
                "alerts:\n  failing: {{ warning: web.failed.rate > 0/s for 1s }}\nclaims:\n  recovers: web.failed.rate during {from}s..{to}s < {}/s",
                round(0.01 * first.rate_per_s)
            );
        }
        yaml.push_str(&self.assumptions());
        Ok(Translated {
            yaml,
            uses: self.uses.clone(),
            draws_cpu: self.draws_cpu(),
            warmup_s,
            burst_end_s,
            calibrated_at: self.calibrated_at,
            ignored: Vec::new(),
        })
    }

    /// The constants that are in the profile, as reports print them.
    fn assumptions(&self) -> String {
        let mut text = String::new();
        let names: Vec<String> = self.endpoints.iter().map(|e| name(&e.path)).collect();
        for constant in self.uses.iter().filter(|c| self.choice.without != Some(**c)) {
            let (what, source) = constant.says();
            let _ = writeln!(
                text,
                "  {}: {{ says: {:?}, about: [{}] }}",
                constant.name(),
                format!("{what} ({source})"),
                names.join(", ")
            );
        }
        if text.is_empty() { text } else { format!("assumptions:\n{text}") }
    }

    fn client(&self) -> String {
        let at = |key: &str| self.known.number(&format!("/workload/client/{key}"));
        let mut text = String::new();
        if let Some(timeout_ms) = at("timeout_ms") {
            let _ = writeln!(text, "    timeout: {timeout_ms}ms");
        }
        let (tries, backoff) = (at("max_tries").unwrap_or(1.0), at("backoff_ms").unwrap_or(0.0));
        if tries > 1.0 {
            let _ = writeln!(
                text,
                "    retry: {{ attempts: {tries}, backoff: {backoff}ms, errors: any }}"
            );
        }
        text
    }

    fn components(&mut self, wake_ms: f64) -> String {
        let known = self.known;
        let config = |key: &str| known.number(&format!("/config/{key}"));
        let workers = config("workers").unwrap_or(1.0);
        let mut text = format!("  app:\n    type: service\n    workers: {workers}\n");
        let cores = config("app_cores").unwrap_or(1.0);
        let _ = writeln!(text, "    cores: {cores}");
        let runtime = match self.runtime {
            Runtime::Process => "process".to_owned(),
            Runtime::Thread => {
                let threads = config("threads").or(known.flag("--threads")).unwrap_or(1.0);
                format!("thread\n    threads: {threads}\n    worker_cores: 1")
            }
            Runtime::EventLoop | Runtime::Node => {
                let connections = known.flag("--worker-connections").unwrap_or(1000.0);
                format!("event_loop\n    connections: {connections}")
            }
        };
        let _ = writeln!(text, "    runtime: {runtime}");
        if let Some(backlog) = known.flag("--backlog").or(config("backlog")) {
            let _ = writeln!(text, "    backlog: {backlog}");
        }
        if let Some(latency) = self.at_the_door() {
            let _ = writeln!(text, "    balancer: {{ latency: {latency} }}");
        }
        if wake_ms > 0.0 {
            let _ = writeln!(text, "    wake: {}ms", round(wake_ms));
        }
        // Without restarts it makes no difference who imports the application.
        let _ = known.flagged("/config/preload");
        if let Some(most) = known.flag("--max-requests").filter(|most| *most > 0.0) {
            let jitter = known.flag("--max-requests-jitter").unwrap_or(0.0);
            let recycle = if jitter > 0.0 {
                format!("uniform({most}..{})", most + jitter)
            } else {
                most.to_string()
            };
            let _ = writeln!(text, "    recycle: {recycle}");
            if let Some(boot) = self.boot() {
                let _ = writeln!(text, "    boot: {boot}");
            }
        }
        if self.pg {
            let size = known.env("POOL_SIZE").unwrap_or(5.0);
            let overflow = known.env("MAX_OVERFLOW").unwrap_or(0.0);
            let timeout = known.env("POOL_TIMEOUT").unwrap_or(30.0);
            let connect = self.connect_ms().map(|ms| format!(", connect: {ms}ms"));
            let _ = writeln!(
                text,
                "  pg:\n    type: database\n    pool: {{ size: {size}, overflow: {overflow}, timeout: {timeout}s{} }}",
                connect.unwrap_or_default()
            );
        }
        for endpoint in &self.endpoints {
            if let Some(Law::Zipf { keys, exponent }) = endpoint.law("k") {
                let ttl = known.env("TTL").map_or("never".to_owned(), |ttl| format!("{ttl}s"));
                let fill = if known.env("LOCKFILL") == Some(1.0) { "single_flight" } else { "all" };
                let _ = writeln!(
                    text,
                    "  redis:\n    type: cache\n    keys: {{ item: {{ population: {keys}, popularity: zipf({exponent}), ttl: {ttl}, fill: {fill} }} }}"
                );
            }
            if let Some(law) = endpoint.law("x") {
                let _ =
                    writeln!(text, "  api:\n    type: external\n    latency: {}", written(law, ""));
                if let Some(rate) = known.env("EXT_RATE") {
                    let _ = writeln!(text, "    rate_limit: {rate}/s");
                    if let Some(burst) = known.env("EXT_BURST") {
                        let _ = writeln!(text, "    burst: {burst}");
                    }
                }
                if let Some(most) = known.env("EXT_CONC") {
                    let _ = writeln!(text, "    concurrency: {most}");
                }
                let tries = known.env("EXT_TRIES").unwrap_or(1.0);
                let base = known.env("EXT_BASE").unwrap_or(0.0);
                if tries > 1.0 {
                    let _ = writeln!(
                        text,
                        "    client: {{ retry: {{ attempts: {tries}, backoff: doubling({}ms jitter=50%), errors: [rate_limited] }} }}",
                        round(1000.0 * base)
                    );
                }
            }
        }
        text
    }

    /// How long a connection of the pool takes to open, where that was measured.
    fn connect_ms(&self) -> Option<f64> {
        let names = self.known.names(DEMANDS).into_iter();
        let mut all = names.filter(|name| name.contains("connect")).flat_map(|name| {
            ["median", "p50", "mean"].map(|field| self.demand(&format!("{name}/{field}")))
        });
        all.find_map(|ms| ms)
    }

    /// How long a worker that replaces another takes to start.
    fn boot(&mut self) -> Option<String> {
        if self.known.flagged("/config/preload") {
            return None; // It is forked from a process that has imported the application.
        }
        let import_s = self.demand("worker_boot/app_import_wall_s_idle_core")?;
        if !self.takes(Constant::Boot) {
            return None;
        }
        if self.draws_cpu() || !self.takes(Constant::BootShared) {
            return Some(format!("{import_s}s"));
        }
        let on = |busy: f64| round(import_s / (1.0 - busy));
        Some(format!("uniform({}s..{}s)", on(OTHERS_BUSY.0), on(OTHERS_BUSY.1)))
    }

    /// CPU per request beyond what it draws, by its parts, milliseconds.
    fn parts(&mut self) -> Parts {
        if !self.takes(Constant::Overhead) {
            return Parts::default();
        }
        let total = self.demand("cpu_ms_per_request_total").unwrap_or(0.0);
        let drawn = self.demand("cpu_ms_per_request_drawn_busy_part").unwrap_or(0.0);
        let framework = (total - drawn).max(0.0);
        if !self.draws_cpu() {
            return self.by_latency(framework);
        }
        let Some(parts) = self.by_step() else { return Parts { framework, ..Parts::default() } };
        // The mix of the calibration run is this point's, at the calibration's rate.
        let rate = self.demand("calibration_run/rate_rps").unwrap_or(0.0);
        let mixed: f64 = self.endpoints.iter().map(|e| e.share * self.cpu_of(e, parts, rate)).sum();
        let by = if mixed > 0.0 { framework / mixed } else { 1.0 };
        Parts {
            framework: by * parts.framework,
            get: by * parts.get,
            fill: by * parts.fill,
            sql: by * parts.sql,
            call: by * parts.call,
        }
    }

    /// What low-load latencies say: nearly all of it is CPU of a request that nobody disturbs. A worker of
    /// its own is held for its CPU; what the client sees beyond passes before.
    fn by_latency(&self, framework: f64) -> Parts {
        if self.runtime == Runtime::Process {
            return Parts { framework, ..Parts::default() };
        }
        let fixed = self.demand("fixed_overhead_ms/median").unwrap_or(framework);
        let hit = self.demand("hit_latency_ms/p50");
        let miss = self.demand("miss_overhead_ms/median");
        let hold = self.demand("db_hold_overhead_ms/median").unwrap_or(0.0);
        Parts {
            framework: hit.unwrap_or((fixed - hold).max(0.0)),
            fill: miss.zip(hit).map_or(0.0, |(miss, hit)| (miss - hit).max(0.0)),
            ..Parts::default()
        }
    }

    /// CPU of the kinds of steps from the separate one-endpoint runs, the ones at a load next to the
    /// calibration's. Each kind but `null` contains the same drawn work.
    fn by_step(&self) -> Option<Parts> {
        let at = format!("{DEMANDS}/gevent_cpu_ms_per_request_by_step/runs");
        let (cpu, busy) =
            (self.known.entries(&at, "cpu_ms"), self.known.entries(&at, "app_core_busy"));
        let own = self.demand("calibration_run/app_core_busy")?;
        let kind = |kind: &str| {
            let of_kind = |(run, _): &&(String, f64)| run.split('@').next() == Some(kind);
            let distance = |run: &str| {
                let busy = busy.iter().find(|(name, _)| name == run).map_or(0.0, |b| b.1);
                (busy - own).abs()
            };
            let near =
                |a: &&(String, f64), b: &&(String, f64)| distance(&a.0).total_cmp(&distance(&b.0));
            cpu.iter().filter(of_kind).min_by(near).map(|run| run.1)
        };
        let null = kind("null")?;
        let above = |of: Option<f64>, base: f64| (of.unwrap_or(base) - base).max(0.0);
        // The drawn work of these runs: a mean 0.8, b mean 0.4 (their note says so).
        let drawn = 1.2;
        let (hit, db) = (kind("hit").map(|c| c - drawn), kind("db").map(|c| c - drawn));
        Some(Parts {
            framework: null,
            get: above(hit, null),
            fill: above(kind("miss").map(|c| c - drawn), hit.unwrap_or(null)),
            sql: above(db, null),
            call: above(kind("ext").map(|c| c - drawn), db.unwrap_or(null)),
        })
    }

    /// CPU of one kind of request beyond what it draws, when this rate is offered in all.
    fn cpu_of(&self, endpoint: &Endpoint, parts: Parts, rate_per_s: f64) -> f64 {
        let misses = self.misses(endpoint, rate_per_s);
        parts.framework
            + match endpoint.path.as_str() {
                "/cache" => parts.get + misses * parts.fill,
                "/db" => parts.sql,
                "/ext" => parts.call + endpoint.law("s").map_or(0.0, |_| parts.sql),
                _ => 0.0,
            }
    }

    /// Slices of CPU of one kind of request.
    fn slices(&self, endpoint: &Endpoint, rate_per_s: f64) -> f64 {
        match endpoint.path.as_str() {
            "/cache" => 2.0 + 4.0 * self.misses(endpoint, rate_per_s),
            "/db" => 5.0,
            "/ext" => endpoint.law("s").map_or(2.0, |_| 6.0),
            _ => 2.0,
        }
    }

    /// Share of look-ups that miss: a key of rate λ lives for its TTL and is missed once.
    fn misses(&self, endpoint: &Endpoint, rate_per_s: f64) -> f64 {
        let (Some(Law::Zipf { keys, exponent }), Some(ttl_s)) =
            (endpoint.law("k"), self.known.env("TTL"))
        else {
            return 0.0;
        };
        let weight = |rank: u32| f64::from(rank).powf(-exponent);
        let all: f64 = (1..=*keys).map(weight).sum();
        let rate = rate_per_s * endpoint.share;
        (1..=*keys).map(|rank| weight(rank) / all).map(|p| p / (1.0 + rate * p * ttl_s)).sum()
    }

    /// Splits CPU that was measured at one load into what every request costs and what waking an idle
    /// loop costs: (the parts of a busy loop, one wake-up in milliseconds).
    ///
    /// ```text
    /// T(u) = T1·(1 + (1−u)/3): an idle loop (u = 0) costs a third more than a busy one
    /// wake = (T1/3) / slices:  a slice finds the loop idle with probability 1−u
    /// ```
    fn idle_loop(&mut self, parts: Parts) -> (Parts, f64) {
        if !self.is_loop() || !self.draws_cpu() || parts.framework <= 0.0 {
            return (parts, 0.0);
        }
        if !self.takes(Constant::IdleLoop) {
            return (parts, 0.0);
        }
        let rate = self.demand("calibration_run/rate_rps").unwrap_or(0.0);
        let framework: f64 =
            self.endpoints.iter().map(|e| e.share * self.cpu_of(e, parts, rate)).sum();
        let drawn: f64 = self.endpoints.iter().map(|e| e.share * drawn_cpu(e)).sum();
        let slices: f64 = self.endpoints.iter().map(|e| e.share * self.slices(e, rate)).sum();
        let total = framework + drawn;
        let own = (rate * total * 1e-3).min(1.0);
        self.calibrated_at = Some(own);
        let busy = total / (1.0 + IDLE_LOOP * (1.0 - own));
        let by = ((busy - drawn) / framework).max(0.0);
        let parts = Parts {
            framework: by * parts.framework,
            get: by * parts.get,
            fill: by * parts.fill,
            sql: by * parts.sql,
            call: by * parts.call,
        };
        (parts, IDLE_LOOP * busy / slices * self.choice.cpu)
    }

    /// A CPU step of a drawn slice and what comes on top of it; nothing when both are nothing.
    fn cpu(&self, drawn: Option<&Law>, more_ms: f64) -> Option<String> {
        let by = self.choice.cpu;
        let more = round(by * more_ms);
        match drawn {
            Some(law) => {
                let plus = if more > 0.0 { format!(" plus={more}ms") } else { String::new() };
                Some(format!("- cpu: {}", scaled(law, by, &plus)))
            }
            None if more > 0.0 => Some(format!("- cpu: {more}ms")),
            None => None,
        }
    }

    /// Waiting for a core that others use too: half of it when a request arrives, half when what it
    /// waits for is there (then it holds what it holds).
    fn half_of_shared_core(&mut self) -> Option<(f64, f64)> {
        let shares = !self.draws_cpu() && self.takes(Constant::SharedCore);
        shares.then_some((0.5 * SHARED_CORE_MS.0, 0.5 * SHARED_CORE_MS.1))
    }

    /// The second half, as a step.
    fn shared_core(&mut self) -> Option<String> {
        let (low, high) = self.half_of_shared_core()?;
        Some(format!("- delay: uniform({low}ms..{high}ms)"))
    }

    /// What passes before a worker has the request: connection set-up, and the first half.
    fn at_the_door(&mut self) -> Option<String> {
        let mut set_up_ms = 0.0;
        if self.runtime == Runtime::Process && self.choice.without != Some(Constant::Overhead) {
            let total = self.demand("cpu_ms_per_request_total").unwrap_or(0.0);
            let seen = self.demand("fixed_overhead_ms/median").unwrap_or(total);
            set_up_ms = round((seen - total).max(0.0));
        }
        Some(match self.half_of_shared_core() {
            Some((low, high)) if set_up_ms > 0.0 => {
                format!("uniform({low}ms..{high}ms plus={set_up_ms}ms)")
            }
            Some((low, high)) => format!("uniform({low}ms..{high}ms)"),
            None if set_up_ms > 0.0 => format!("{set_up_ms}ms"),
            None => return None,
        })
    }

    /// A timer of the runtime.
    fn timer(&mut self, law: &Law) -> String {
        let rounded = self.runtime == Runtime::Node && self.takes(Constant::NodeTimer);
        let rounding =
            if rounded { format!(" floor={TIMER_MS}ms min={TIMER_MS}ms") } else { String::new() };
        format!("- delay: {}", written(law, &rounding))
    }

    /// A statement that sleeps, in a transaction that holds a connection: BEGIN, the statement, and its
    /// end are a round trip each, and after each the request waits for its turn to compute. `inside_ms`
    /// of CPU pass in these three slices.
    fn statement(&mut self, law: &Law, inside_ms: f64) -> Vec<String> {
        self.pg = true;
        let calibrated = self.demand("db_hold_overhead_ms/median");
        let contained = calibrated.is_some() || self.demand("miss_overhead_ms/median").is_some();
        let rounded = !contained && self.takes(Constant::PgSleep);
        let rounding = if rounded { format!(" ceil={TIMER_MS}ms") } else { String::new() };
        let statement = format!("- {{ write: pg, time: {} }}", written(law, &rounding));
        let trips = inside_ms > 0.0 && self.takes(Constant::Transaction);
        let slices = if trips { [1.0, 1.0, 1.0] } else { [0.0, 3.0, 0.0] };
        let mut slices = slices.map(|thirds| self.cpu(None, inside_ms * thirds / 3.0)).into_iter();
        let mut inside: Vec<String> = slices.next().flatten().into_iter().collect();
        inside.push(statement);
        if let Some(ms) = calibrated
            && self.takes(Constant::HoldOverhead)
        {
            inside.push(format!("- delay: {ms}ms"));
        }
        inside.extend(self.shared_core());
        inside.extend(slices.flatten());
        let mut lines = vec!["- hold: pg".to_owned(), "  steps:".to_owned()];
        lines.extend(inside.into_iter().map(|line| format!("    {line}")));
        lines
    }

    /// What an endpoint does.
    fn steps(&mut self, endpoint: &Endpoint, parts: Parts) -> Result<String> {
        let path = endpoint.path.as_str();
        let known = self.known;
        for letter in ["a", "b"] {
            known.draws(path, letter);
        }
        let need = |letter: &str| {
            known.draws(path, letter);
            match endpoint.law(letter) {
                Some(law) => Ok(law.clone()),
                None => bail!("{path} draws no `{letter}`"),
            }
        };
        let (a, b) = (endpoint.law("a").cloned(), endpoint.law("b").cloned());
        let drawn = self.draws_cpu();
        // Where slices are drawn, half of each part lies before its wait and half after it; of the SQL
        // layer's a quarter, and a quarter after each of three round trips.
        let parted = |all: f64, first: f64| {
            if drawn { (first * all, (1.0 - first) * all) } else { (all, 0.0) }
        };
        let split = |all: f64| parted(all, 0.5);
        let split_sql = |all: f64| parted(all, 0.25);
        let (before, after) = split(parts.framework);
        let mut lines: Vec<String> = Vec::new();
        match path {
            "/null" => lines.extend(self.cpu(a.as_ref(), before)),
            "/sleep" => {
                lines.extend(self.cpu(a.as_ref(), before));
                let law = need("s")?;
                lines.push(self.timer(&law));
                lines.extend(self.shared_core());
            }
            "/loop" => {
                lines.extend(self.cpu(a.as_ref(), before));
                let law = need("w")?;
                lines.push(self.timer(&law));
                lines.extend(self.shared_core());
            }
            "/db" => {
                let (first, then) = split_sql(parts.sql);
                lines.extend(self.cpu(a.as_ref(), before + first));
                lines.extend(self.statement(&need("s")?, then));
            }
            "/cache" => {
                need("k")?;
                let ((first, then), (fill_first, fill_then)) =
                    (split(parts.get), split_sql(parts.fill));
                lines.extend(self.cpu(a.as_ref(), before + first));
                let mut miss = self.cpu(None, fill_first).into_iter().collect::<Vec<_>>();
                miss.extend(self.statement(&need("s")?, fill_then));
                lines.push("- get: redis".to_owned());
                lines.push("  key: item".to_owned());
                lines.push("  miss:".to_owned());
                lines.extend(miss.into_iter().map(|line| format!("    {line}")));
                if !drawn {
                    lines.extend(self.shared_core());
                }
                lines.extend(self.cpu(b.as_ref(), after + then));
                return Ok(indented(&lines));
            }
            "/ext" => {
                need("x")?;
                known.draws(path, "s");
                let (first, then) = split(parts.call);
                lines.extend(self.cpu(a.as_ref(), before + first));
                lines.push("- call: api".to_owned());
                lines.extend(self.shared_core());
                if let Some(law) = endpoint.law("s") {
                    let (sql_first, sql_then) = split_sql(parts.sql);
                    lines.extend(self.cpu(None, then + sql_first));
                    lines.extend(self.statement(law, sql_then));
                } else {
                    lines.extend(self.cpu(None, then));
                }
            }
            other => bail!("no translation of the request {other}"),
        }
        lines.extend(self.cpu(b.as_ref(), after));
        Ok(indented(&lines))
    }
}

fn indented(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("      {line}")).collect();
    lines.join("\n")
}

fn name(path: &str) -> String {
    format!("do_{}", path.trim_matches('/').replace(['/', '-'], "_"))
}

/// Mean CPU that a request draws, milliseconds.
fn drawn_cpu(endpoint: &Endpoint) -> f64 {
    ["a", "b"].iter().filter_map(|letter| endpoint.law(letter)).map(mean_ms).sum()
}

const fn mean_ms(law: &Law) -> f64 {
    match law {
        Law::Exponential { mean_ms }
        | Law::Constant { mean_ms }
        | Law::LogNormal { mean_ms, .. } => *mean_ms,
        Law::Zipf { .. } => 0.0,
    }
}

/// A law in the profile's language, with more arguments.
fn written(law: &Law, arguments: &str) -> String {
    scaled(law, 1.0, arguments)
}

fn scaled(law: &Law, by: f64, arguments: &str) -> String {
    let mean = round(by * mean_ms(law));
    match law {
        Law::Exponential { .. } => format!("exp({mean}ms{arguments})"),
        // A distribution with one value takes the same arguments.
        Law::Constant { .. } if arguments.is_empty() => format!("{mean}ms"),
        Law::Constant { .. } => format!("lognormal(mean={mean}ms cv=0{arguments})"),
        Law::LogNormal { cv, .. } => format!("lognormal(mean={mean}ms cv={cv}{arguments})"),
        Law::Zipf { .. } => format!("{mean}ms"),
    }
}

/// Six digits after the point: a nanosecond of a millisecond, and never an exponent.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
