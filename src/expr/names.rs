//! What a name in an expression stands for: the catalogue's metrics, money, and helpful refusals.

use super::ast::MetricRef;
use super::metric::statistic;
use super::{ExprError, Mistake};
use crate::program::{Catalogue, ClassId, Measure, Metric, Quantity};
use crate::stats::Statistic;

/// Everything that an expression may name.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Metrics, components, traffic and endpoints.
    pub catalogue: &'a Catalogue,
    /// Rows of `cost.other`.
    pub other_costs: &'a [String],
    /// Whether `cost.budget` is stated.
    pub has_budget: bool,
    /// Whether there is a population that `cost.per_user` divides by.
    pub has_users: bool,
    /// Names of the timeline's events.
    pub events: &'a [String],
}

impl<'a> Names<'a> {
    /// The names of a catalogue, with a budget and users, and no events or other costs.
    pub const fn of(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, other_costs: &[], has_budget: true, has_users: true, events: &[] }
    }
}

/// A metric of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CostMetric {
    /// `cost.total`, per month.
    Total,
    /// `cost.provisioned`: prices of what is provisioned, per month.
    Provisioned,
    /// `cost.usage`: prices of what is used, per month.
    Usage,
    /// `cost.N`: a component or a row of `cost.other`, per month.
    Row(String),
    /// `cost.per_user`, per month.
    PerUser,
    /// `cost.per_request`: of one completed request.
    PerRequest,
    /// `cost.budget`, per month.
    Budget,
}

/// A metric that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// In the catalogue.
    Measured { measure: Measure, statistic: Option<Statistic>, quantity: Quantity },
    /// Money.
    Cost(CostMetric),
}

impl Found {
    pub(crate) const fn quantity(&self) -> Quantity {
        match self {
            Self::Measured { quantity, .. } => *quantity,
            Self::Cost(_) => Quantity::Money,
        }
    }
}

/// Endings of metrics that are in the language but that nothing measures so far.
const NOT_YET: [&str; 16] = [
    "accepted.rate",
    "breaker.open_share",
    "downtime",
    "instances",
    "instances.mean",
    "memory.growth",
    "network.rate",
    "offload",
    "queue.length",
    "queue.oldest",
    "quota.utilization",
    "recovery_time",
    "replicas.lag",
    "scalings.down.count",
    "scalings.up.count",
    "setup.busy",
];

impl Names<'_> {
    /// What a metric stands for.
    pub(crate) fn find(&self, metric: &MetricRef) -> Result<Found, ExprError> {
        let error = |message: String| {
            ExprError::new(metric.offset, metric.width, message).is(Mistake::Name)
        };
        if let Some(at) = &metric.at {
            return self.part(metric, at);
        }
        if let Some(rest) = metric.written.strip_prefix("cost.") {
            return self.cost(metric, rest).map(Found::Cost);
        }
        if metric.written == "cost" {
            return Err(error("`cost` alone is no metric".to_owned())
                .hint("which? cost.total, cost.usage, cost.per_user …"));
        }
        if let Some(found) = self.catalogue.metric(&metric.written) {
            if found.measure.is_distribution() {
                let name = &metric.written;
                return Err(error(format!("`{name}` needs a statistic"))
                    .hint(format!("which? {name}.mean, {name}.p95, {name}.p99, {name}.max")));
            }
            return Ok(measured(found, None));
        }
        let Some(statistic) = metric.statistic else {
            return Err(self.unknown(metric));
        };
        let Some(found) = self.catalogue.metric(&metric.name) else {
            return Err(self.unknown(metric));
        };
        match (&found.measure, statistic) {
            (m, Statistic::Min) if m.is_distribution() => {
                Err(error(format!("the smallest `{}` is not kept", metric.name))
                    .hint("levels have a `.min`"))
            }
            (m, _) if m.is_distribution() => Ok(measured(found, Some(statistic))),
            (Measure::Level { .. }, Statistic::Mean) => Ok(measured(found, None)),
            (Measure::Level { .. }, _) => Ok(measured(found, Some(statistic))),
            _ => Err(error(format!("`{}` has no statistics", metric.name))
                .hint(format!("write `{}`", metric.name))),
        }
    }

    fn cost(&self, metric: &MetricRef, rest: &str) -> Result<CostMetric, ExprError> {
        let error = |message: String| {
            ExprError::new(metric.offset, metric.width, message).is(Mistake::Name)
        };
        match rest {
            "total" => Ok(CostMetric::Total),
            "provisioned" => Ok(CostMetric::Provisioned),
            "usage" => Ok(CostMetric::Usage),
            "per_request" => Ok(CostMetric::PerRequest),
            "per_user" if self.has_users => Ok(CostMetric::PerUser),
            "per_user" => Err(error("`cost.per_user` has nothing to divide by".to_owned())
                .hint("state `users` and, with more than one population, `cost: { per: name }`")),
            "budget" if self.has_budget => Ok(CostMetric::Budget),
            "budget" => {
                Err(error("no budget is stated".to_owned())
                    .hint("state `cost: { budget: $450/mo }`"))
            }
            _ if self.cost_rows().any(|row| row == rest) => Ok(CostMetric::Row(rest.to_owned())),
            _ => {
                let words = ["total", "provisioned", "usage", "per_user", "per_request", "budget"];
                let all = words.into_iter().chain(self.cost_rows());
                let error = error(format!("nothing has the cost `{}`", metric.written))
                    .expected("cost.total, .provisioned, .usage, .per_user, .per_request, .budget or a component");
                Err(match nearest(rest, all) {
                    Some(name) => error.hint(format!("did you mean `cost.{name}`?")),
                    None => error,
                })
            }
        }
    }

    fn cost_rows(&self) -> impl Iterator<Item = &str> {
        let components = self.catalogue.components.iter().map(|c| c.name.as_str());
        components.chain(self.other_costs.iter().map(String::as_str))
    }

    /// `metric@endpoint` or `metric@traffic`: what its requests alone add.
    fn part(&self, metric: &MetricRef, at: &str) -> Result<Found, ExprError> {
        let error = |message: String| {
            ExprError::new(metric.offset, metric.width, message).is(Mistake::Name)
        };
        // The name before `@` must be right before its part can be.
        let whole = self.find(&MetricRef { at: None, ..metric.clone() })?;
        let of_class = |class: &&(ClassId, usize, usize)| {
            let endpoint = self.catalogue.endpoints.get(class.2);
            let traffic = self.catalogue.traffic.get(class.1);
            endpoint.is_some_and(|name| name == at) || traffic.is_some_and(|name| name == at)
        };
        let classes: Vec<ClassId> =
            self.catalogue.classes.iter().filter(of_class).map(|class| class.0).collect();
        if classes.is_empty() {
            let names = || self.catalogue.traffic.iter().chain(&self.catalogue.endpoints);
            if names().any(|name| name == at) {
                return Err(error(format!("no request begins at `{at}`"))
                    .hint("a class of requests is named by its traffic or by its first endpoint"));
            }
            return Err(match nearest(at, names().map(String::as_str)) {
                Some(name) => error(format!("no traffic or endpoint is called `{at}`"))
                    .hint(format!("did you mean `@{name}`?")),
                // A region, a client service or a shard.
                None => not_yet(metric).hint(
                    "`@` takes the name of a traffic, or of an endpoint where requests begin",
                ),
            });
        }
        // Bytes, and connections that pools open, belong to no single request.
        let pooled = self.catalogue.resources.iter().any(|resource| {
            let own = metric.name.strip_prefix(resource.name.as_str());
            let kind = self.catalogue.components.get(resource.component.index()).map(|c| c.kind);
            own.is_some_and(|rest| rest.starts_with('.'))
                && (resource.name.ends_with(".memory")
                    || kind == Some("database") && resource.name.ends_with(".connections"))
        });
        match whole {
            Found::Measured { measure, statistic, quantity } if measure.has_parts() && !pooled => {
                let measure = Measure::Part { classes, of: Box::new(measure) };
                Ok(Found::Measured { measure, statistic, quantity })
            }
            _ => Err(error(format!("`{metric}`: one class of this is not measured")).hint(format!(
                "without `@{at}` it is measured as a whole; waits, levels and responses of resources have classes"
            ))),
        }
    }

    /// Why a name is not known, and which one may be meant.
    fn unknown(&self, metric: &MetricRef) -> ExprError {
        let error = |message: String| {
            ExprError::new(metric.offset, metric.width, message).is(Mistake::Name)
        };
        let written = metric.written.as_str();
        if statistic(written).is_some() {
            let full: Vec<String> = self
                .catalogue
                .metrics
                .iter()
                .filter(|m| m.measure.is_distribution() && m.name.ends_with("latency"))
                .map(|m| format!("{}.{written}", m.name))
                .take(4)
                .collect();
            return error(format!("`{written}` of what?"))
                .hint(format!("which? {}", full.join(", ")));
        }
        let (head, rest) = written.split_once('.').unwrap_or((written, ""));
        let owned =
            |m: &&Metric| m.name.strip_prefix(head).is_some_and(|rest| rest.starts_with('.'));
        if self.events.iter().any(|event| event == head) {
            return not_yet(metric);
        }
        if self.catalogue.metrics.iter().any(|m| owned(&m)) || self.is_name(head) {
            let base = metric.name.split_once('.').map_or("", |(_, rest)| rest);
            if NOT_YET.contains(&rest) || NOT_YET.contains(&base) {
                return not_yet(metric);
            }
            if let Some(last) = rest.rsplit('.').next().filter(|last| last.starts_with('p')) {
                let digits = &last[1..];
                if digits == "100" {
                    return error(format!("`{last}` is no quantile")).hint("write `max`");
                }
                if digits.len() == 1 && digits.bytes().all(|b| b.is_ascii_digit()) {
                    return error(format!("`{last}` is no quantile"))
                        .hint("the digits follow the point: p50 is 50 %, p95 is 95 %");
                }
            }
            let names = self.catalogue.metrics.iter().filter(owned).map(|m| m.name.as_str());
            let names: Vec<&str> = names.collect();
            let error = error(format!("`{head}` has no metric `{rest}`"));
            if rest.is_empty() {
                return ExprError { message: format!("`{head}` alone is no metric"), ..error }
                    .hint(format!("which? {}", listed(&names)));
            }
            if let Some(hint) = self.nearest_metric(metric, &names) {
                return error.hint(hint);
            }
            return if names.is_empty() {
                error
            } else {
                error.hint(format!("it has {}", listed(&names)))
            };
        }
        let names: Vec<&str> = self.catalogue.metrics.iter().map(|m| m.name.as_str()).collect();
        let error = error(format!("no metric is called `{written}`"));
        if let Some(hint) = self.nearest_metric(metric, &names) {
            return error.hint(hint);
        }
        let heads = self.heads();
        match nearest(head, heads.iter().map(String::as_str)) {
            Some(name) if rest.is_empty() => error.hint(format!("did you mean `{name}`?")),
            Some(name) => error.hint(format!("did you mean `{name}.{rest}`?")),
            None => error.expected(format!(
                "a metric of the whole, or of {}",
                listed(&heads.iter().map(String::as_str).collect::<Vec<_>>())
            )),
        }
    }

    fn is_name(&self, head: &str) -> bool {
        self.heads().iter().any(|name| name == head)
    }

    fn heads(&self) -> Vec<String> {
        let mut heads: Vec<String> = Vec::new();
        let components = self.catalogue.components.iter().map(|c| &c.name);
        for name in self.catalogue.traffic.iter().chain(components).chain(&self.catalogue.endpoints)
        {
            if !heads.contains(name) {
                heads.push(name.clone());
            }
        }
        heads
    }

    /// `did you mean …` among the names given, with the statistic kept.
    fn nearest_metric(&self, metric: &MetricRef, names: &[&str]) -> Option<String> {
        let whole = nearest(&metric.written, names.iter().copied());
        let base = nearest(&metric.name, names.iter().copied());
        let ending = metric.written.strip_prefix(metric.name.as_str()).unwrap_or_default();
        let best = base.or(whole)?;
        let ending = match self.catalogue.metric(best) {
            Some(found) if found.measure.is_distribution() && ending.is_empty() => ".p95",
            Some(found) if found.measure.is_distribution() => ending,
            _ => "",
        };
        Some(format!("did you mean `{best}{ending}`?"))
    }
}

fn measured(metric: &Metric, statistic: Option<Statistic>) -> Found {
    Found::Measured { measure: metric.measure.clone(), statistic, quantity: metric.quantity }
}

/// In the language, not built.
pub(crate) fn not_yet(metric: &MetricRef) -> ExprError {
    ExprError::new(metric.offset, metric.width, format!("`{metric}` is not supported yet"))
        .is(Mistake::NotYet)
}

fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

/// The name nearest to what was written, when it is near enough to be meant.
fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let reach = (written.chars().count() / 4).clamp(1, 4);
    names
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
