//! The top level of a profile, and what must be known before its parts can be decoded.

use std::cell::RefCell;

use crate::components::{
    COMPONENT, Common, Decode, Names, Part, field, kinds, nearest, stand_in, type_of,
};
use crate::program::Kind;
use crate::source::{
    Entry, Fault, FaultKind, Faults, Fields, Node, Reader, Shape, Table, Tree, Value,
};

use super::controls::Controls;
use super::judgement::{self, Written};
use super::model::{Endpoint, Model, Verb};
use super::settings::{self, ASSUMPTION, CostSpec, RunSpec, Start};
use super::steps::StepReader;
use super::{Options, Profile, promise, traffic};

/// Keys of a profile.
pub(crate) static ROOT: Table = Table {
    name: "profile",
    doc: "a profile of a system",
    fields: &[
        field("capplan", Shape::Count, "required", "version of the language: 1"),
        field("name", Shape::Text, "(the file's name)", "printed title"),
        field(
            "extends",
            Shape::OneOf(&[Shape::Text, Shape::ListOf(&Shape::Text)]),
            "",
            "files that this one is a layer over; later ones win",
        ),
        field("users", Shape::MapOf(&Shape::Any), "", "populations"),
        field("parameters", Shape::MapOf(&Shape::Any), "", "named values, used as =name"),
        field("regions", Shape::NotYet("regions"), "", "named places"),
        field("network", Shape::NotYet("regions"), "", "round trips between them"),
        field("cells", Shape::NotYet("cells"), "", "equal cells, of which one is simulated"),
        field("traffic", Shape::MapOf(&Shape::Table(&traffic::TABLE)), "", "sources of requests"),
        field("components", Shape::MapOf(&COMPONENT), "", "what requests use"),
        field("endpoints", Shape::MapOf(&Shape::Table(&ENDPOINT)), "", "what requests do"),
        field("slo", Shape::MapOf(&Shape::Expression), "", "objectives"),
        field("alerts", Shape::MapOf(&Shape::Table(&judgement::ALERT)), "", "alerts"),
        field("claims", Shape::MapOf(&Shape::Expression), "", "what a plan says will be so"),
        field("gate", Shape::MapOf(&Shape::Expression), "", "when the next phase may begin"),
        field("cost", Shape::Table(&settings::COST), "", "what money is counted for"),
        field("timeline", Shape::NotYet("a timeline of events"), "", "events"),
        field("run", Shape::Table(&settings::RUN), "", "how to run"),
        field("assumptions", Shape::MapOf(&Shape::Table(&ASSUMPTION)), "", "what was assumed"),
        field("phases", Shape::MapOf(&Shape::Profile), "", "profiles in order, each a layer"),
        field("growth", Shape::MapOf(&Shape::Growth), "", "populations over months, for forecast"),
        field(
            "promises",
            Shape::MapOf(&Shape::Table(&promise::TABLE)),
            "",
            "rows of a plan's cost table, checked against what is simulated and against themselves",
        ),
        field("lead_time", Shape::DurationRange, "", "from decision to service of this phase"),
        field("planned", Shape::DurationRange, "", "when the plan has this phase, from its start"),
    ],
};

/// Keys of an endpoint.
static ENDPOINT: Table = Table {
    name: "endpoint",
    doc: "what a request does",
    fields: &[
        field("service", Shape::Name("service"), "(the only service)", "where it runs"),
        field("priority", Shape::Positive, "5", "1 goes first wherever a queue has priorities"),
        field("memory", Shape::BytesDist, "", "held from start to end"),
        field("response", Shape::BytesDist, "", "bytes of the answer, for links, CDN and prices"),
        field("steps", Shape::Steps, "required", "what it does"),
    ],
};

/// Decodes everything; faults go to the reader.
pub(crate) fn profile(reader: &Reader, tree: &Tree, options: &Options) -> (Profile, Vec<Written>) {
    let root = reader.fields(&tree.root, "", &ROOT);
    let steps = StepReader::default();
    let users = reader.users();
    let names = names(&root);
    let decode = Decode {
        reader,
        names: &names,
        steps: &steps,
        kinds: RefCell::new(Kind::NAMES.iter().map(|name| (*name).to_owned()).collect()),
        wanted_kinds: RefCell::default(),
        notes: RefCell::default(),
        used: RefCell::default(),
    };
    check_names(&decode, &root, &users);
    if root.count("capplan").is_some_and(|version| version != 1) {
        decode.range(&root, "capplan", "1: this program reads version 1 of the language");
    }
    let parts: Vec<Part> = root.map("components").into_iter().map(|e| part(&decode, e)).collect();
    let endpoints: Vec<Endpoint> = root
        .tables("endpoints", &ENDPOINT)
        .into_iter()
        .map(|(entry, fields)| endpoint(&decode, entry, &fields))
        .collect();
    let traffic = root
        .tables("traffic", &traffic::TABLE)
        .into_iter()
        .map(|(entry, fields)| traffic::decode(&decode, &entry.key, entry, &fields))
        .collect();
    let run = RunSpec::decode(&decode, &root);
    let cost = CostSpec::decode(&decode, &root, &users);
    let known = known(&root, &users);
    let assumptions = settings::assumptions(&decode, &root, &names, &known);
    let written = judgement::all(&decode, &root, &options.asserts);
    let mut model = Model {
        parts,
        endpoints,
        traffic,
        blocks: steps.blocks.borrow().clone(),
        kinds: Vec::new(),
        complete: names.components.iter().all(|c| c.1.is_some_and(|kind| kind.table.is_some())),
        clients: Vec::new(),
        scale: options.scale,
        warm_start: run.start == Start::Warm,
        window_s: run.window_s,
    };
    decode.check_kinds(&raised(&model, &decode.kinds.borrow()));
    model.clients = clients(&model);
    model.kinds.clone_from(&decode.kinds.borrow());
    let defaults_used = decode.notes.borrow().clone();
    let profile = Profile {
        name: root.text("name").unwrap_or_else(|| title(tree)),
        users,
        slo: Vec::new(),
        alerts: Vec::new(),
        claims: Vec::new(),
        gate: Vec::new(),
        asserts: Vec::new(),
        cost,
        prices: Vec::new(),
        promises: promise::all(&decode, &root),
        lead_time_s: root.seconds_range("lead_time"),
        planned_s: root.seconds_range("planned"),
        has_range: false,
        idle_users: Vec::new(),
        run,
        assumptions,
        defaults_used,
        warnings: Faults::new(),
        files: tree.files.clone(),
        events: tree
            .root
            .get("timeline")
            .map_or(&[][..], Node::entries)
            .iter()
            .map(|entry| entry.key.clone())
            .collect(),
        model,
        controls: Controls::default(),
    };
    (profile, written)
}

/// The file's name without its ending.
fn title(tree: &Tree) -> String {
    let name = tree.files.name(tree.root.place.file);
    let name = name.rsplit('/').next().unwrap_or(name);
    name.trim_end_matches(".yaml").trim_end_matches(".yml").to_owned()
}

fn names(root: &Fields<'_>) -> Names {
    let families = |node: &Node| -> Vec<String> {
        node.get("keys").map_or(&[][..], Node::entries).iter().map(|e| e.key.clone()).collect()
    };
    let components = root.map("components");
    Names {
        families: components.iter().map(|e| families(&e.node)).collect(),
        components: components.iter().map(|e| (e.key.clone(), type_of(&e.node))).collect(),
        endpoints: root.map("endpoints").iter().map(|e| e.key.clone()).collect(),
    }
}

/// Words that begin metrics of the whole.
const METRIC_WORDS: [&str; 10] = [
    "latency",
    "latency_all",
    "offered",
    "throughput",
    "error_rate",
    "availability",
    "in_flight",
    "failed",
    "attempts",
    "manual",
];

/// Why nothing in a profile can have this name, whatever else is in it: `None` when it can.
pub fn reserved(name: &str) -> Option<&'static str> {
    if ROOT.field(name).is_some() {
        Some("a top-level key")
    } else if METRIC_WORDS.contains(&name) {
        Some("a word of metrics")
    } else {
        None
    }
}

fn check_names(decode: &Decode<'_>, root: &Fields<'_>, users: &[(String, f64)]) {
    let mut before: Vec<(&str, &str)> = Vec::new();
    for what in ["traffic", "components", "endpoints"] {
        for entry in root.map(what) {
            let name = entry.key.as_str();
            let path = format!("{what}.{name}");
            let fault = |kind, message| decode.fault(entry.place, &path, kind, message);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !name.chars().all(is_plain) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                let message = format!("`{name}`: names are lower-case letters, digits and `_`");
                fault(FaultKind::Name, message);
            } else if let Some(what) = reserved(name) {
                fault(FaultKind::Name, format!("`{name}` is {what} and cannot be a name"));
            } else if users.iter().any(|u| u.0 == name) {
                fault(FaultKind::Name, format!("`{name}` is a population already"));
            } else if let Some(other) = before.iter().find(|b| b.0 == name) {
                let other = other.1;
                fault(FaultKind::Name, format!("`{name}` is a name in `{other}` already"));
            }
            before.push((name, what));
        }
    }
}

fn known(root: &Fields<'_>, users: &[(String, f64)]) -> Vec<String> {
    let mut known: Vec<String> = ROOT.keys().map(str::to_owned).collect();
    for what in ["traffic", "endpoints", "parameters", "claims", "slo", "alerts"] {
        known.extend(root.map(what).iter().map(|entry| entry.key.clone()));
    }
    known.extend(users.iter().map(|u| u.0.clone()));
    known
}

fn part(decode: &Decode<'_>, entry: &Entry) -> Part {
    let path = format!("components.{}", entry.key);
    let stand_in = || Part {
        name: entry.key.clone(),
        place: entry.place,
        spec: stand_in(),
        common: Common::default(),
    };
    let Value::Map(_) = &entry.node.value else {
        let message = "a component is a map with a `type`".to_owned();
        decode.fault(entry.node.place, &path, FaultKind::Shape, message);
        return stand_in();
    };
    let Some(written) = entry.node.get("type") else {
        if entry.node.get("<<").is_some() {
            return stand_in(); // no feature of profiles, said already
        }
        let message = "`type` is missing".to_owned();
        decode.fault(entry.node.place, &path, FaultKind::MissingKey, message);
        return stand_in();
    };
    let word = written.text().unwrap_or_default();
    let Some(kind) = type_of(&entry.node) else {
        let words: Vec<&str> = kinds().map(|kind| kind.word).collect();
        let fault = Fault::error(
            FaultKind::Word,
            written.place,
            &format!("{path}.type"),
            format!("no type of component is called `{word}`"),
        );
        let hint = nearest(word, words.iter().copied());
        decode.reader.fault(Fault { hint, ..fault }.expected(words.join(", ")));
        return stand_in();
    };
    let Some(table) = kind.table else {
        decode.not_yet(
            written.place,
            &format!("{path}.type"),
            &format!("components of type {word}"),
        );
        return stand_in();
    };
    let fields = decode.reader.fields(&entry.node, &path, table);
    let common = Common::decode(decode, &fields);
    let spec = kind.decode(decode, &fields).unwrap_or_else(crate::components::stand_in);
    Part { name: entry.key.clone(), place: entry.place, spec, common }
}

fn endpoint(decode: &Decode<'_>, entry: &Entry, fields: &Fields<'_>) -> Endpoint {
    let is_service = |c: &&(String, Option<&'static crate::components::Kind>)| {
        c.1.is_some_and(|kind| kind.word == "service")
    };
    let services: Vec<&str> =
        decode.names.components.iter().filter(is_service).map(|c| c.0.as_str()).collect();
    let service = match (fields.node("service"), &services[..]) {
        (Some(node), _) => decode.component(node, &fields.path_of("service"), &["service"]),
        (None, []) => None,
        (None, [only]) => decode.component_named(only, entry.place, &fields.path(), &["service"]),
        (None, _) => {
            let message = "`service` is missing: there is more than one service".to_owned();
            let fault = Fault::error(FaultKind::MissingKey, fields.here(), &fields.path(), message);
            decode.reader.fault(fault.expected(services.join(", ")));
            None
        }
    };
    let steps = fields
        .node("steps")
        .cloned()
        .unwrap_or(Node { place: entry.place, value: Value::List(Vec::new()) });
    let body = decode.steps.block(decode, &steps, &fields.path_of("steps"));
    Endpoint {
        name: entry.key.clone(),
        place: entry.place,
        service,
        priority: fields.count("priority").unwrap_or(5),
        memory: fields.bytes_dist("memory"),
        response: fields.bytes_dist("response"),
        body,
    }
}

/// Kinds of failure that `fail` steps raise.
fn raised(model: &Model, kinds: &[String]) -> Vec<String> {
    let mut raised = Vec::new();
    for endpoint in &model.endpoints {
        model.visit(endpoint.body, &mut |step| {
            if let Verb::Fail(kind) = step.verb {
                raised.push(kinds[usize::from(kind.0)].clone());
            }
        });
    }
    raised
}

/// The services whose endpoints use each component.
fn clients(model: &Model) -> Vec<Vec<Option<usize>>> {
    let mut clients: Vec<Vec<Option<usize>>> = vec![Vec::new(); model.parts.len()];
    let mut note = |component: usize, service: Option<usize>| {
        if !clients[component].contains(&service) {
            clients[component].push(service);
        }
    };
    for endpoint in &model.endpoints {
        model.visit(endpoint.body, &mut |step| match &step.verb {
            Verb::Component(action) => note(action.component(), endpoint.service),
            Verb::Hold { component, .. } | Verb::Take(component) => {
                note(*component, endpoint.service);
            }
            Verb::Call(callee) => {
                if let Some(service) = model.endpoints[*callee].service {
                    note(service, endpoint.service);
                }
            }
            _ => {}
        });
    }
    for services in &mut clients {
        services.sort_unstable();
    }
    clients
}
