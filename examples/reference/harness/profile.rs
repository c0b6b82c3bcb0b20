//! The text of a profile, put together part by part.

use std::fmt::Write;

/// A profile as it will be written: names and the flow-style maps behind them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) traffic: Vec<(String, String)>,
    pub(crate) components: Vec<(String, String)>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Keys of `run`.
    pub(crate) run: Vec<String>,
    /// Conditions that the run is asked about.
    pub(crate) claims: Vec<(String, String)>,
}

/// What a request does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) priority: Option<usize>,
    pub(crate) steps: Vec<Step>,
}

/// One step: a line, or a line with a block of steps below a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// `serve: q, time: exp(1s)`.
    Plain(String),
    /// `repeat: 3` with `steps`, `try` with steps, …: head, key of the block, its steps, the rest.
    Block { head: String, key: &'static str, steps: Vec<Step>, tail: Vec<String> },
    /// `parallel` branches; `join` so many of them, or all.
    Parallel { branches: Vec<Vec<Step>>, join: Option<u32> },
    /// `choose` one of them.
    Choose(Vec<(String, Vec<Step>)>),
}

impl Step {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    fn flow(&self) -> String {
        match self {
            Self::Plain(text) if text.contains(':') => format!("{{ {text} }}"),
            Self::Plain(word) => word.clone(),
            Self::Block { head, key, steps, tail } => {
                let mut parts: Vec<String> = Vec::new();
                if !head.is_empty() {
                    parts.push(head.clone());
                }
                parts.push(format!("{key}: {}", flow(steps)));
                parts.extend(tail.iter().cloned());
                format!("{{ {} }}", parts.join(", "))
            }
            Self::Parallel { branches, join } => {
                let branches: Vec<String> = branches.iter().map(|steps| flow(steps)).collect();
                let join = join.map(|n| format!(", join: {n}")).unwrap_or_default();
                format!("{{ parallel: [ {} ]{join} }}", branches.join(", "))
            }
            Self::Choose(arms) => {
                let arm = |(share, steps): &(String, Vec<Self>)| {
                    format!("{{ share: {share}, steps: {} }}", flow(steps))
                };
                let arms: Vec<String> = arms.iter().map(arm).collect();
                format!("{{ choose: [ {} ] }}", arms.join(", "))
            }
        }
    }
}

/// Steps in flow style.
pub(crate) fn flow(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "[]".to_owned();
    }
    let steps: Vec<String> = steps.iter().map(Step::flow).collect();
    format!("[ {} ]", steps.join(", "))
}

impl Draft {
    /// Adds a component: its type and its keys, empty ones left out.
    pub(crate) fn component(&mut self, name: &str, kind: &str, keys: &[String]) {
        let keys: Vec<&str> =
            keys.iter().map(String::as_str).filter(|key| !key.is_empty()).collect();
        let all = [&[format!("type: {kind}").as_str()], keys.as_slice()].concat().join(", ");
        self.components.push((name.to_owned(), format!("{{ {all} }}")));
    }

    /// Adds an endpoint.
    pub(crate) fn endpoint(&mut self, name: &str, steps: Vec<Step>) {
        self.endpoints.push(Endpoint { name: name.to_owned(), priority: None, steps });
    }

    /// The YAML text.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("capplan: 1\nname: {}\n", self.name);
        for (key, entries) in [("traffic", &self.traffic), ("components", &self.components)] {
            if !entries.is_empty() {
                let _ = writeln!(out, "{key}:");
                for (name, text) in entries {
                    let _ = writeln!(out, "  {name}: {text}");
                }
            }
        }
        let _ = writeln!(out, "endpoints:");
        for Endpoint { name, priority, steps } in &self.endpoints {
            let _ = writeln!(out, "  {name}:");
            if let Some(priority) = priority {
                let _ = writeln!(out, "    priority: {priority}");
            }
            if steps.is_empty() {
                let _ = writeln!(out, "    steps: []");
                continue;
            }
            let _ = writeln!(out, "    steps:");
            for step in steps {
                let _ = writeln!(out, "      - {}", step.flow());
            }
        }
        if !self.run.is_empty() {
            let _ = writeln!(out, "run: {{ {} }}", self.run.join(", "));
        }
        if !self.claims.is_empty() {
            let _ = writeln!(out, "claims:");
            for (id, condition) in &self.claims {
                let _ = writeln!(out, "  {id}: {condition}");
            }
        }
        out
    }
}

/// Booleans of YAML 1.1, and the names that translations give themselves.
const TAKEN: [&str; 11] =
    ["on", "off", "yes", "no", "true", "false", "null", "visit", "jobs", "origin", "orbit"];

/// A name of the profile for a name of the case; `taken` are in use.
pub(crate) fn name(raw: &str, taken: &[String]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let mut name: String = raw.chars().map(plain).collect();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, "s_");
    }
    while capplan::profile::reserved(&name).is_some()
        || TAKEN.contains(&name.as_str())
        || taken.contains(&name)
    {
        name.push('_');
    }
    name
}
