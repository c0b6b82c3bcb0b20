//! Rows of a plan's cost table, as it promised them.

use rust_decimal::Decimal;

use crate::components::{Decode, field};
use crate::source::{FaultKind, Fields, Shape, Table};

/// One row of a plan's cost table. Ranges are given by both ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Promise {
    /// Its name in the profile.
    pub name: String,
    /// The users that it is for; `None`: those of the profile.
    pub users: Option<(f64, f64)>,
    /// Infrastructure, dollars per month.
    pub infrastructure: Option<(Decimal, Decimal)>,
    /// What is paid to external services, dollars per month.
    pub api: Option<(Decimal, Decimal)>,
    /// Further parts by name, dollars per month.
    pub parts: Vec<(String, (Decimal, Decimal))>,
    /// The sum, dollars per month.
    pub total: Option<(Decimal, Decimal)>,
    /// The sum over the users, dollars per month.
    pub per_user: Option<(Decimal, Decimal)>,
}

/// Keys of a promise.
pub(crate) static TABLE: Table = Table {
    name: "promise",
    doc: "a row of a plan's cost table",
    fields: &[
        field("users", Shape::CountRange, "(those of the profile)", "whom it is for"),
        field("infrastructure", Shape::MoneyRange, "", "all that is not paid to externals"),
        field("api", Shape::MoneyRange, "", "all that is paid to externals"),
        field(
            "parts",
            Shape::MapOf(&Shape::MoneyRange),
            "",
            "further parts; one that is called like a component or a row of cost.other is compared \
             with it",
        ),
        field("total", Shape::MoneyRange, "", "the sum"),
        field("per_user", Shape::MoneyRange, "", "the sum over the users"),
    ],
};

/// Decodes all promises.
pub(crate) fn all(decode: &Decode<'_>, root: &Fields<'_>) -> Vec<Promise> {
    let tables = root.tables("promises", &TABLE).into_iter();
    tables.map(|(entry, fields)| one(decode, &entry.key, &fields)).collect()
}

fn one(decode: &Decode<'_>, name: &str, fields: &Fields<'_>) -> Promise {
    let parts = fields.map("parts").into_iter().filter_map(|entry| {
        let path = format!("{}.parts.{}", fields.path(), entry.key);
        Some((entry.key.clone(), decode.reader.money_range(&entry.node, &path)?))
    });
    let promise = Promise {
        name: name.to_owned(),
        users: fields.count_range("users"),
        infrastructure: fields.money_range("infrastructure"),
        api: fields.money_range("api"),
        parts: parts.collect(),
        total: fields.money_range("total"),
        per_user: fields.money_range("per_user"),
    };
    let keys = ["infrastructure", "api", "parts", "total", "per_user"];
    let slip = fields.iter().any(|entry| TABLE.field(&entry.key).is_none());
    if !slip && !keys.iter().any(|key| fields.has(key)) {
        let message = "a promise has an amount".to_owned();
        decode.fault(fields.here(), &fields.path(), FaultKind::MissingKey, message);
    }
    if promise.users.is_some_and(|users| users.0 <= 0.0) {
        decode.range(fields, "users", "at least 1");
    }
    promise
}
