//! The name that was probably meant.

/// Most names that are compared: a list that long is not one that people know by heart.
const MAX_NAMES: usize = 1000;

/// The nearest of `names` to `wrong`, when one is near enough to be worth a question.
///
/// Distance is that of Damerau and Levenshtein; at most a third of the longer name may differ
/// (one letter in names of up to four), or one name is the beginning of the other.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.is_empty() || wrong.len() > 100 {
        return None;
    }
    let lower = wrong.to_lowercase();
    let mut best: Option<((usize, usize), &str)> = None;
    for name in names.into_iter().take(MAX_NAMES) {
        let other = name.to_lowercase();
        let distance = strsim::osa_distance(&lower, &other);
        let longer = lower.chars().count().max(other.chars().count());
        let shorter = lower.chars().count().min(other.chars().count());
        let begins = shorter >= 3 && (other.starts_with(&lower) || lower.starts_with(&other));
        if name.is_empty() || (distance > (longer / 3).max(1) && !begins) {
            continue;
        }
        if longer <= 2 && distance > 1 || longer == 1 && distance > 0 {
            continue;
        }
        let rank = (distance, longer.abs_diff(lower.chars().count()));
        if best.is_none_or(|(known, _)| rank < known) {
            best = Some((rank, name));
        }
    }
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let names = ["db", "redis", "whisper", "connections", "timeout", "p95"];
        for (wrong, expected) in [
            ("dbb", Some("db")),
            ("reids", Some("redis")),
            ("wisper", Some("whisper")),
            ("conections", Some("connections")),
            ("timeuot", Some("timeout")),
            ("p59", Some("p95")),
            ("Timeout", Some("timeout")),
            ("kafka", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names), expected, "{wrong}");
        }
    }
}
