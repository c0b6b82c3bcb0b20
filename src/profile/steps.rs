//! Steps as they are written: one verb, its options beside it.

use std::cell::RefCell;

use crate::components::{
    BLOCKING, Block, CALL, Decode, FALLBACK, HELD, Kind, Policies, RETRY, SHARE, Steps, TIMEOUT,
    field, kinds, nearest,
};
use crate::source::{Entry, FaultKind, Field, Fields, Node, Shape, Table, Value};

use super::model::{Step, Verb, Work};

/// Decodes steps into numbered lists.
#[derive(Debug, Default)]
pub(crate) struct StepReader {
    /// The lists, by handle.
    pub(crate) blocks: RefCell<Vec<Vec<Step>>>,
}

macro_rules! step {
    ($word:literal, $doc:literal, $($field:expr),* $(,)?) => {
        Table {
            name: $word,
            doc: $doc,
            fields: &[$($field,)* SHARE, BLOCKING, TIMEOUT, RETRY, FALLBACK],
        }
    };
}

const MEMORY: Field = field("memory", Shape::BytesDist, "", "bytes held meanwhile");
const STEPS: Field = field("steps", Shape::Steps, "required", "the steps");

static CPU: Table = step!(
    "cpu",
    "work done by the worker itself",
    field("cpu", Shape::DurationDist, "required", "time on a core"),
    MEMORY,
);
static EXEC: Table = step!(
    "exec",
    "work beside the worker, on the same cores",
    field("exec", Shape::DurationDist, "required", "time on a core"),
    MEMORY,
);
static DELAY: Table = step!(
    "delay",
    "time passes; what is held stays held",
    field("delay", Shape::DurationDist, "required", "how long"),
    MEMORY,
);
static TAKE: Table =
    step!("take", "take one unit", field("take", Shape::Name("component"), "required", "of what"));
static RELEASE: Table = step!(
    "release",
    "give it back",
    field("release", Shape::Name("component"), "required", "of what"),
);
static HOLD: Table = step!(
    "hold",
    "one unit is held during the steps: a lock, a transaction",
    field("hold", Shape::Name("component"), "required", "of what"),
    STEPS,
);
static PARALLEL: Table = step!(
    "parallel",
    "branches at once",
    field("parallel", Shape::ListOf(&Shape::Steps), "required", "the branches"),
    field(
        "join",
        Shape::OneOf(&[Shape::Word(&["all"]), Shape::Count]),
        "all",
        "how many branches must end before the request goes on",
    ),
    field("losers", Shape::Word(&["finish", "cancel"]), "finish", "what becomes of the others"),
);
static CHOOSE: Table = step!(
    "choose",
    "one branch; what is missing to 100 % does nothing",
    field("choose", Shape::ListOf(&Shape::Table(&ARM)), "required", "the branches"),
);
static ARM: Table = Table {
    name: "choose",
    doc: "a branch and its share",
    fields: &[field("share", Shape::Ratio, "required", "its probability"), STEPS],
};
static REPEAT: Table = step!(
    "repeat",
    "several times, one after another",
    field("repeat", Shape::CountDist, "required", "how often"),
    STEPS,
);
static SPAWN: Table = step!(
    "spawn",
    "goes on beside the request",
    field("spawn", Shape::Steps, "required", "the steps"),
);
static TRY: Table =
    step!("try", "steps under one policy", field("try", Shape::Steps, "required", "the steps"));
static REPLY: Table = step!(
    "reply",
    "the client has its answer, the rest still holds the worker",
    field("reply", Shape::Any, "", ""),
);
static FAIL: Table = step!(
    "fail",
    "ends the request or the enclosing try",
    field("fail", Shape::Text, "required", "the kind of failure"),
);

/// Steps of the language.
static GENERIC: &[&Table] = &[
    &CPU, &EXEC, &DELAY, &CALL, &TAKE, &RELEASE, &HOLD, &PARALLEL, &CHOOSE, &REPEAT, &SPAWN, &TRY,
    &REPLY, &FAIL,
];

/// Steps that the language has and this version does not.
const NOT_YET: &[(&str, &str)] = &[("enqueue", "enqueue: job queues")];

/// All tables of steps, for the schema.
pub(crate) fn tables() -> Vec<&'static Table> {
    let owned = kinds().flat_map(|kind| kind.verbs).map(|verb| verb.table);
    let mut all: Vec<&'static Table> = GENERIC.to_vec();
    for table in owned {
        if !all.iter().any(|t| t.name == table.name) {
            all.push(table);
        }
    }
    all
}

impl Steps for StepReader {
    fn block(&self, decode: &Decode<'_>, node: &Node, path: &str) -> Block {
        let mut steps: Vec<Step> = Vec::new();
        if !matches!(&node.value, Value::List(_)) {
            let message = "expected a list of steps".to_owned();
            decode.fault(node.place, path, FaultKind::Shape, message);
        }
        for (i, node) in node.items().iter().enumerate() {
            let step = self.step(decode, node, &format!("{path}[{i}]"));
            steps.extend(step.map(|step| numbered(step, &steps)));
        }
        let mut blocks = self.blocks.borrow_mut();
        blocks.push(steps);
        Block(blocks.len() as u32 - 1)
    }
}

/// Gives a step a name of its own in its block: draws hang on it.
fn numbered(mut step: Step, before: &[Step]) -> Step {
    let is_same = |name: &str| name == step.name || name.starts_with(&format!("{}#", step.name));
    let same = before.iter().filter(|s| is_same(&s.name)).count();
    if same > 0 {
        step.name = format!("{}#{}", step.name, same + 1);
    }
    step
}

impl StepReader {
    fn step(&self, decode: &Decode<'_>, node: &Node, path: &str) -> Option<Step> {
        let entries = match &node.value {
            Value::Map(entries) => entries,
            Value::Scalar { text, .. } if text == "reply" => {
                return Some(plain(node, Verb::Reply));
            }
            _ => {
                let message = "a step is a verb with its options, or `reply`".to_owned();
                decode.fault(node.place, path, FaultKind::Shape, message);
                return None;
            }
        };
        let verb = Self::verb_entry(decode, node, entries, path)?;
        let target = match &verb.node.value {
            Value::Scalar { text, .. } => text.as_str(),
            _ => "",
        };
        let table = table(decode, &verb.key, target)?;
        let fields = decode.reader.fields(node, path, table);
        let is_component =
            matches!(verb.key.as_str(), "query" | "write" | "get" | "put" | "delete")
                || matches!(
                    verb.key.as_str(),
                    "call" | "serve" | "transfer" | "hold" | "take" | "release"
                );
        let name = if is_component { format!("{}:{target}", verb.key) } else { verb.key.clone() };
        let share = decode.share(&fields, "share").unwrap_or(1.0);
        let blocking = fields.bool("blocking").unwrap_or(false);
        let policies = Policies::decode(decode, &fields);
        let (place, target) = (verb.place, verb.node.place);
        let verb = self.verb(decode, &verb.key, verb, &fields)?;
        Some(Step { name, place, target, share, blocking, policies, verb })
    }

    /// The one key of a step that is its verb.
    fn verb_entry<'n>(
        decode: &Decode<'_>,
        node: &Node,
        entries: &'n [Entry],
        path: &str,
    ) -> Option<&'n Entry> {
        let all: Vec<&str> = tables().iter().map(|t| t.name).collect();
        let not_yet = |key: &str| NOT_YET.iter().find(|n| n.0 == key);
        if let Some((entry, what)) = entries.iter().find_map(|e| not_yet(&e.key).map(|n| (e, n.1)))
        {
            decode.not_yet(entry.place, &format!("{path}.{}", entry.key), what);
            return None;
        }
        let mut verbs = entries.iter().filter(|e| all.contains(&e.key.as_str()));
        let Some(first) = verbs.next() else {
            let unknown = entries.iter().find(|e| !is_option(&e.key));
            let Some(unknown) = unknown else {
                let message = "a step needs a verb, such as `cpu` or `query`".to_owned();
                decode.fault(node.place, path, FaultKind::MissingKey, message);
                return None;
            };
            let hint = nearest(&unknown.key, all.iter().copied());
            let message = format!("no step is called `{}`", unknown.key);
            let path = format!("{path}.{}", unknown.key);
            decode.hint(unknown.place, &path, FaultKind::UnknownKey, message, hint);
            return None;
        };
        if let Some(second) = verbs.next() {
            let message = format!("`{}` and `{}`: a step has one verb", first.key, second.key);
            let path = format!("{path}.{}", second.key);
            decode.fault(second.place, &path, FaultKind::Conflict, message);
            return None;
        }
        Some(first)
    }

    fn verb(
        &self,
        decode: &Decode<'_>,
        word: &str,
        entry: &Entry,
        fields: &Fields<'_>,
    ) -> Option<Verb> {
        let path = fields.path_of(word);
        let work = |key| {
            let time = fields.duration_dist(key)?;
            Some(Work { time, memory: fields.bytes_dist("memory") })
        };
        let block = |key: &str| {
            let node = fields.node(key)?;
            Some(self.block(decode, node, &fields.path_of(key)))
        };
        Some(match word {
            "cpu" => Verb::Cpu(work("cpu")?),
            "exec" => Verb::Exec(work("exec")?),
            "delay" => Verb::Delay(work("delay")?),
            "spawn" => Verb::Spawn(block("spawn")?),
            "try" => Verb::Try(block("try")?),
            "reply" => Verb::Reply,
            "fail" => {
                let name = fields.text("fail")?;
                Verb::Fail(decode.kind(&name, entry.node.place, &path))
            }
            "take" => Verb::Take(decode.component(&entry.node, &path, HELD)?),
            "release" => Verb::Release(decode.component(&entry.node, &path, HELD)?),
            "hold" => {
                let steps = block("steps");
                let component = decode.component(&entry.node, &path, HELD)?;
                Verb::Hold { component, steps: steps? }
            }
            "parallel" => self.parallel(decode, entry, fields)?,
            "choose" => self.choose(decode, entry, fields),
            "repeat" => {
                let steps = block("steps");
                Verb::Repeat { times: fields.count_dist("repeat")?, steps: steps? }
            }
            "call" if decode.names.endpoints.contains(&fields.text("call")?) => {
                if fields.has("amount") {
                    let message = "an endpoint has no usage price: `amount` is of an external";
                    decode.conflict(fields, "amount", message.to_owned());
                }
                Verb::Call(decode.endpoint(&fields.text("call")?, entry.node.place, &path)?)
            }
            _ => return component_verb(decode, word, entry, fields),
        })
    }

    fn parallel(&self, decode: &Decode<'_>, entry: &Entry, fields: &Fields<'_>) -> Option<Verb> {
        let path = fields.path_of("parallel");
        let Value::List(nodes) = &entry.node.value else { return None };
        if nodes.is_empty() {
            let message = "`parallel` needs at least one branch".to_owned();
            decode.fault(entry.node.place, &path, FaultKind::Range, message);
        }
        let branches: Vec<Block> = nodes
            .iter()
            .enumerate()
            .map(|(i, node)| self.block(decode, node, &format!("{path}[{i}]")))
            .collect();
        let all = branches.len() as u32;
        let join = match fields.text("join").as_deref() {
            None | Some("all") => all,
            Some(_) => decode.at_least_one(fields, "join", all),
        };
        if join > all && all > 0 {
            decode.range(fields, "join", &format!("at most {all}, the number of branches"));
        }
        let cancel = fields.word("losers") == Some("cancel");
        Some(Verb::Parallel { branches, join: join.clamp(1, all.max(1)), cancel })
    }

    fn choose(&self, decode: &Decode<'_>, entry: &Entry, fields: &Fields<'_>) -> Verb {
        let path = fields.path_of("choose");
        let mut arms = Vec::new();
        if let Value::List(nodes) = &entry.node.value {
            for (i, node) in nodes.iter().enumerate() {
                let path = format!("{path}[{i}]");
                let arm = decode.reader.fields(node, &path, &ARM);
                let share = decode.share(&arm, "share").unwrap_or(0.0);
                let steps = arm.node("steps");
                let steps = steps.map(|s| self.block(decode, s, &arm.path_of("steps")));
                arms.extend(steps.map(|steps| (share, steps)));
            }
        }
        let sum: f64 = arms.iter().map(|arm| arm.0).sum();
        if sum > 1.0 + 1e-5 {
            let message = format!("the shares sum to {}, more than 100%", percent(sum));
            decode.fault(entry.node.place, &path, FaultKind::Shares, message);
        }
        Verb::Choose(arms)
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let rounded = (percent * 1e6).round() / 1e6;
    format!("{rounded}%")
}

fn plain(node: &Node, verb: Verb) -> Step {
    Step {
        name: "reply".to_owned(),
        place: node.place,
        target: node.place,
        share: 1.0,
        blocking: false,
        policies: Policies::default(),
        verb,
    }
}

fn is_option(key: &str) -> bool {
    tables().iter().any(|table| table.fields.iter().any(|field| field.key == key))
}

/// The keys of a step: those of its verb at the type of its target.
fn table(decode: &Decode<'_>, word: &str, target: &str) -> Option<&'static Table> {
    if let Some(table) = GENERIC.iter().find(|table| table.name == word) {
        return Some(table);
    }
    let kind = decode.names.components.iter().find(|c| c.0 == target).and_then(|c| c.1);
    let own = kind.and_then(|kind| kind.verbs.iter().find(|verb| verb.word == word));
    let any = || kinds().flat_map(|kind| kind.verbs).find(|verb| verb.word == word);
    own.or_else(any).map(|verb| verb.table)
}

fn component_verb(
    decode: &Decode<'_>,
    word: &str,
    entry: &Entry,
    fields: &Fields<'_>,
) -> Option<Verb> {
    let path = fields.path_of(word);
    let owners = |kind: &&Kind| kind.verbs.iter().any(|verb| verb.word == word);
    let mut owners: Vec<&str> = kinds().filter(owners).map(|kind| kind.word).collect();
    if word == "get" {
        owners.push("object_store");
    }
    let name = fields.text(word)?;
    let known = decode.names.components.iter().any(|c| c.0 == name);
    if word == "call" && !known {
        // Both endpoints and externals are called.
        let endpoints = decode.names.endpoints.iter().map(String::as_str);
        let components = decode.names.components.iter().map(|c| c.0.as_str());
        let hint = nearest(&name, endpoints.chain(components));
        let message = format!("no endpoint or external is called `{name}`");
        decode.hint(entry.node.place, &path, FaultKind::UnknownName, message, hint);
        return None;
    }
    let component = decode.component(&entry.node, &path, &owners)?;
    let kind = decode.names.components[component].1?;
    kind.table?; // without keys, its type has its fault already
    let verb = kind.verbs.iter().find(|verb| verb.word == word)?;
    (verb.decode)(decode, fields, component).map(Verb::Component)
}
