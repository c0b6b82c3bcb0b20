//! The rows of a plan's cost table: against what is simulated, and against themselves.
//!
//! A promise is kept when what is simulated costs no more than the upper end of its range. Whether
//! the numbers of a row fit each other needs no simulation:
//!
//! ```text
//! total    = infrastructure + api + parts                  at both ends
//! per_user = total_low / users_low .. total_high / users_high   (each total over its own users)
//! ```

use rust_decimal::Decimal;

use super::kleene::Verdict;
use super::money::{Money, decimal};
use crate::expr::{Comparator, Condition, CostMetric, Limit, Operand, Question};
use crate::profile::{Judgement, Promise};

/// Where a simulated amount lies beside a promised range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lies {
    /// Surely below its lower end.
    Below,
    /// Surely inside, both ends included.
    Within,
    /// Surely above its upper end.
    Above,
    /// Its interval straddles an end.
    Undecided,
    /// Nothing was measured that could be compared.
    Unknown,
}

impl Lies {
    /// Beside a range, of which the lower end comes first.
    pub fn of(measured: Option<Money>, plan: (Decimal, Decimal)) -> Self {
        let Some(Money { low, high, .. }) = measured else { return Self::Unknown };
        match high {
            _ if low > plan.1 => Self::Above,
            Some(high) if high < plan.0 => Self::Below,
            Some(high) if low >= plan.0 && high <= plan.1 => Self::Within,
            _ => Self::Undecided,
        }
    }

    /// Whether the promise is kept: it costs no more than its upper end.
    pub fn verdict(self, measured: Option<Money>, plan: (Decimal, Decimal)) -> Verdict {
        let at_most = measured.and_then(|money| money.high).is_some_and(|high| high <= plan.1);
        match self {
            Self::Above => Verdict::Fails,
            Self::Below | Self::Within => Verdict::Holds,
            Self::Undecided if at_most => Verdict::Holds,
            Self::Undecided | Self::Unknown => Verdict::Undecided,
        }
    }

    /// The word that reports print.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Within => "within",
            Self::Above => "above",
            Self::Undecided => "undecided",
            Self::Unknown => "unknown",
        }
    }
}

/// How numbers of a plan fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They follow from each other.
    Reproduced,
    /// They do so for some of the users and totals of the row.
    Partly,
    /// They do not.
    Contradicted,
}

impl Fit {
    /// The word that reports print.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Partly => "partly",
            Self::Contradicted => "contradicted",
        }
    }
}

/// A check of numbers of a plan against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// What was checked.
    pub what: String,
    /// How it came out.
    pub fit: Fit,
    /// The numbers, in one sentence.
    pub says: String,
}

/// Checks the numbers of a row against each other, and the plan's criteria on the cost per user
/// against the row. `users` are those of the profile, for rows that state none of their own.
pub fn sums(promise: &Promise, users: Option<(f64, f64)>, claims: &[Judgement]) -> Vec<Sum> {
    let mut sums = Vec::new();
    sums.extend(total(promise));
    let users = promise.users.or(users);
    let users = users.and_then(|(low, high)| Some((decimal(low)?, decimal(high)?)));
    let users = users.filter(|users| !users.0.is_zero());
    let (Some(total), Some(users)) = (promise.total, users) else { return sums };
    sums.extend(promise.per_user.map(|range| per_user(range, total, users)));
    for claim in claims {
        if let Some((bound, strict)) = most_per_user(claim) {
            sums.push(criterion(claim, (bound, strict), total, users));
        }
    }
    sums
}

/// The sum of the parts against the total.
fn total(promise: &Promise) -> Option<Sum> {
    let named = [("infrastructure", promise.infrastructure), ("api", promise.api)];
    let named = named.into_iter().filter_map(|(name, range)| Some((name, range?)));
    let parts = promise.parts.iter().map(|(name, range)| (name.as_str(), *range));
    let parts: Vec<(&str, (Decimal, Decimal))> = named.chain(parts).collect();
    let stated = promise.total.filter(|_| parts.len() > 1)?;
    let sum = parts.iter().try_fold((Decimal::ZERO, Decimal::ZERO), |sum, (_, part)| {
        Some((sum.0.checked_add(part.0)?, sum.1.checked_add(part.1)?))
    })?;
    let names: Vec<&str> = parts.iter().map(|part| part.0).collect();
    let written: Vec<String> = parts.iter().map(|part| range(part.1)).collect();
    let written = format!("{} = {}", written.join(" + "), range(sum));
    let (fit, says) = match (sum.0 == stated.0, sum.1 == stated.1) {
        (true, true) => (Fit::Reproduced, written),
        (true, false) | (false, true) => {
            (Fit::Partly, format!("{written}; the row says {}", range(stated)))
        }
        (false, false) => (Fit::Contradicted, format!("{written}; the row says {}", range(stated))),
    };
    Some(Sum { what: format!("total = {}", names.join(" + ")), fit, says })
}

/// The cost per user against the totals over the users.
fn per_user(
    stated: (Decimal, Decimal),
    total: (Decimal, Decimal),
    users: (Decimal, Decimal),
) -> Sum {
    let what = "per_user = total / users".to_owned();
    let own = (total.0 / users.0, total.1 / users.1);
    let own = (own.0.min(own.1), own.0.max(own.1));
    let same = |a: Decimal, b: Decimal| a.round_dp(2) == b.round_dp(2);
    if same(own.0, stated.0) && same(own.1, stated.1) {
        let says = format!("{} / {} and {}", dollars(total.0), users.0, quotient(total.1, users.1));
        return Sum { what, fit: Fit::Reproduced, says: format!("{says} = {}", range(own)) };
    }
    let mut parts: Vec<String> = Vec::new();
    let ends = if stated.0 == stated.1 { vec![stated.0] } else { vec![stated.0, stated.1] };
    let mut low_totals = 0;
    for end in &ends {
        let found =
            [(total.0, users.0), (total.0, users.1), (total.1, users.1), (total.1, users.0)]
                .into_iter()
                .find(|(total, users)| same(total / users, *end));
        parts.push(match found {
            Some((sum, number)) => {
                low_totals += usize::from(sum == total.0);
                format!("{} = {}", dollars(*end), quotient(sum, number))
            }
            None => format!("{} is no quotient of the row ({})", dollars(*end), needs(*end, total)),
        });
    }
    let mut says = parts.join(", ");
    if low_totals == ends.len() && total.0 != total.1 {
        says.push_str(": both of the lowest total");
    }
    let own_words = if total.0 == total.1 && users.0 == users.1 {
        format!("; {} = {}", quotient(total.0, users.0), dollars(own.0))
    } else {
        format!(
            "; each total over its own users is {} and {}: {}",
            quotient(total.0, users.0),
            quotient(total.1, users.1),
            range(own)
        )
    };
    says.push_str(&own_words);
    Sum { what, fit: Fit::Contradicted, says }
}

/// The users that it takes to come to an amount per user.
fn needs(per_user: Decimal, total: (Decimal, Decimal)) -> String {
    let users = |total: Decimal| {
        total.checked_div(per_user).map_or_else(|| "-".to_owned(), |n| n.ceil().to_string())
    };
    if total.0 == total.1 {
        return format!("{} needs {} users", dollars(total.0), users(total.0));
    }
    format!(
        "it takes {} users at {}, {} at {}",
        users(total.0),
        dollars(total.0),
        users(total.1),
        dollars(total.1)
    )
}

/// A criterion of the plan on the cost per user against its own row.
fn criterion(
    claim: &Judgement,
    (bound, strict): (Decimal, bool),
    total: (Decimal, Decimal),
    users: (Decimal, Decimal),
) -> Sum {
    let (least, most) = (total.0 / users.1, total.1 / users.0);
    let own = (total.0 / users.0).max(total.1 / users.1);
    let keeps = |x: Decimal| if strict { x < bound } else { x <= bound };
    let what = format!("{}: {}", claim.name, claim.text);
    let at_least = format!("{} = {}", quotient(total.0, users.1), dollars(least));
    if !keeps(least) {
        let needed = needs(bound, total);
        let says = format!("the least that the row can mean is {at_least}; {needed}");
        return Sum { what, fit: Fit::Contradicted, says };
    }
    if keeps(own) && keeps(most) {
        let says = format!("the most that the row can mean is {}", dollars(most));
        return Sum { what, fit: Fit::Reproduced, says };
    }
    let says =
        format!("kept by {at_least}, not by {} = {}", quotient(total.1, users.0), dollars(most));
    Sum { what, fit: Fit::Partly, says }
}

/// The upper bound of a claim on the cost per user, and whether it is strict.
fn most_per_user(claim: &Judgement) -> Option<(Decimal, bool)> {
    let Condition::Trial(trial) = &claim.compiled.condition else { return None };
    if trial.operand != Operand::Cost(CostMetric::PerUser) {
        return None;
    }
    match &trial.question {
        Question::Against(Comparator::Less, Limit::Value(x)) => Some((decimal(*x)?, true)),
        Question::Against(Comparator::AtMost, Limit::Value(x)) => Some((decimal(*x)?, false)),
        Question::Within(_, high) => Some((decimal(*high)?, false)),
        Question::Against(..) => None,
    }
}

fn dollars(amount: Decimal) -> String {
    let cents = amount.round_dp(2).normalize();
    if cents.scale() == 0 { format!("${cents}") } else { format!("${cents:.2}") }
}

fn quotient(total: Decimal, users: Decimal) -> String {
    format!("{} / {}", dollars(total), users.normalize())
}

fn range((low, high): (Decimal, Decimal)) -> String {
    if low == high { dollars(low) } else { format!("{}..{}", dollars(low), dollars(high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn ends(low: &str, high: &str) -> (Decimal, Decimal) {
        (d(low), d(high))
    }

    fn row(users: (f64, f64), numbers: [(&str, &str); 4]) -> Promise {
        let [infrastructure, api, total, per_user] =
            numbers.map(|(low, high)| Some(ends(low, high)));
        let name = "row".to_owned();
        Promise { name, users: Some(users), infrastructure, api, parts: vec![], total, per_user }
    }

    fn fits(promise: &Promise) -> Vec<(Fit, String)> {
        sums(promise, None, &[]).into_iter().map(|sum| (sum.fit, sum.says)).collect()
    }

    /// MINA-SCL-067: 150/50 = 3 and 150/10 = 15 are both of the lowest total; 450/50 = 9.
    #[test]
    fn the_first_row_of_mina_takes_both_ends_of_the_lowest_total() {
        let row = row((10.0, 50.0), [("50", "150"), ("100", "300"), ("150", "450"), ("3", "15")]);
        let fits = fits(&row);
        assert_eq!(fits[0], (Fit::Reproduced, "$50..$150 + $100..$300 = $150..$450".to_owned()));
        let says = "$3 = $150 / 50, $15 = $150 / 10: both of the lowest total; each total over its \
                    own users is $150 / 10 and $450 / 50: $9..$15";
        assert_eq!(fits[1], (Fit::Contradicted, says.to_owned()));
    }

    /// MINA-SCL-068: 450/200 = 2.25, 450/50 = 9, 1200/200 = 6.
    #[test]
    fn the_second_row_of_mina_does_so_too() {
        let row =
            row((50.0, 200.0), [("150", "400"), ("300", "800"), ("450", "1200"), ("2.25", "9")]);
        let (fit, says) = &fits(&row)[1];
        assert_eq!(*fit, Fit::Contradicted);
        assert!(says.starts_with("$2.25 = $450 / 200, $9 = $450 / 50: both"), "{says}");
        assert!(says.ends_with("$450 / 50 and $1200 / 200: $6..$9"), "{says}");
    }

    /// MINA-SCL-069: 1200/500 = 2.40, 2800/500 = 5.60; 1.60 is 1200/750 or 2800/1750.
    #[test]
    fn the_third_row_of_mina_needs_more_users_than_it_has() {
        let row = row(
            (500.0, 500.0),
            [("400", "800"), ("800", "2000"), ("1200", "2800"), ("1.60", "2.40")],
        );
        let (fit, says) = &fits(&row)[1];
        assert_eq!(*fit, Fit::Contradicted);
        let first = "$1.60 is no quotient of the row (it takes 750 users at $1200, 1750 at $2800)";
        assert!(says.starts_with(first), "{says}");
        assert!(says.contains("$2.40 = $1200 / 500") && says.ends_with("$2.40..$5.60"), "{says}");
    }

    /// A VM of $20 and a domain of $15 a year are $21.25, not "about $25".
    #[test]
    fn parts_are_summed_at_both_ends() {
        let part = |name: &str, low: &str, high: &str| (name.to_owned(), ends(low, high));
        let mut promise = Promise {
            parts: vec![part("vm", "20", "20"), part("domain", "1.25", "1.25")],
            infrastructure: None,
            api: None,
            per_user: None,
            total: Some(ends("25", "25")),
            users: None,
            name: "row".to_owned(),
        };
        let says = "$20 + $1.25 = $21.25; the row says $25".to_owned();
        assert_eq!(fits(&promise), [(Fit::Contradicted, says)]);
        // 87 000 in parts, of a total of 87 000 to 200 000
        promise.parts = vec![part("compute", "20000", "20000"), part("rest", "67000", "67000")];
        promise.total = Some(ends("87000", "200000"));
        assert_eq!(fits(&promise)[0].0, Fit::Partly);
    }

    #[test]
    fn a_promise_is_broken_from_above_only() {
        let plan = (d("150"), d("450"));
        let at = |low: &str, high: &str| {
            let money = Money { value: d(low), low: d(low), high: Some(d(high)) };
            let lies = Lies::of(Some(money), plan);
            (lies, lies.verdict(Some(money), plan))
        };
        assert_eq!(at("20", "30"), (Lies::Below, Verdict::Holds));
        assert_eq!(at("140", "160"), (Lies::Undecided, Verdict::Holds));
        assert_eq!(at("150", "450"), (Lies::Within, Verdict::Holds));
        assert_eq!(at("440", "460"), (Lies::Undecided, Verdict::Undecided));
        assert_eq!(at("451", "460"), (Lies::Above, Verdict::Fails));
        assert_eq!(Lies::of(None, plan), Lies::Unknown);
    }
}
