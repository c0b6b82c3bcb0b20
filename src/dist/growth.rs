//! How a number of users grows over months.

/// A number of users over time, in months of 730 h from the start of a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Growth {
    /// The same share more every month.
    Compound {
        /// At month 0.
        first: f64,
        /// Growth per month as a share (0.5: half as many again).
        per_month: f64,
    },
    /// Points with rising months; before the first and after the last the number stays.
    Points {
        /// Month and number.
        points: Vec<(f64, f64)>,
        /// Straight lines between the points; else the number stays until the next.
        is_linear: bool,
    },
}

impl Growth {
    /// Users at a month, which is not negative.
    ///
    /// ```text
    /// compound: N(t) = N₀·(1 + g)^t
    /// ```
    pub fn at(&self, month: f64) -> f64 {
        match self {
            Self::Compound { first, per_month } => first * (1.0 + per_month).powf(month),
            Self::Points { points, is_linear } => {
                let next = points.partition_point(|point| point.0 <= month);
                match (next.checked_sub(1).map(|i| points[i]), points.get(next)) {
                    (Some(before), Some(after)) if *is_linear => {
                        let share = (month - before.0) / (after.0 - before.0);
                        (after.1 - before.1).mul_add(share, before.1)
                    }
                    (Some(before), _) => before.1,
                    (None, Some(first)) => first.1,
                    (None, None) => 0.0,
                }
            }
        }
    }

    /// The first month, not negative, at which there are at least so many users; `None` when there
    /// never are.
    pub fn reaches(&self, users: f64) -> Option<f64> {
        if self.at(0.0) >= users {
            return Some(0.0);
        }
        match self {
            Self::Compound { first, per_month } => {
                let month = (users / first).ln() / per_month.ln_1p();
                (month.is_finite() && month >= 0.0).then_some(month)
            }
            Self::Points { points, is_linear } => {
                let i = points.iter().position(|point| point.1 >= users)?;
                let (month, number) = points[i];
                let Some(before) = i.checked_sub(1).map(|i| points[i]).filter(|_| *is_linear)
                else {
                    return Some(month.max(0.0));
                };
                let share = (users - before.1) / (number - before.1);
                Some((month - before.0).mul_add(share, before.0).max(0.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_growth_multiplies_and_is_inverted() {
        let law = Growth::Compound { first: 50.0, per_month: 0.5 };
        assert_eq!((law.at(0.0), law.at(2.0)), (50.0, 112.5));
        // 50·1.5^t = 200 at t = ln 4 / ln 1.5
        let month = law.reaches(200.0).expect("it grows");
        assert!((month - 4.0_f64.ln() / 1.5_f64.ln()).abs() < 1e-12);
        assert_eq!(law.reaches(40.0), Some(0.0));
        assert_eq!(Growth::Compound { first: 5.0, per_month: 0.0 }.reaches(6.0), None);
    }

    #[test]
    fn points_are_joined_or_stay() {
        let points = vec![(0.0, 50.0), (12.0, 500.0), (24.0, 300.0)];
        let line = Growth::Points { points: points.clone(), is_linear: true };
        assert_eq!((line.at(6.0), line.at(18.0), line.at(99.0)), (275.0, 400.0, 300.0));
        assert_eq!((line.reaches(275.0), line.reaches(501.0)), (Some(6.0), None));
        let steps = Growth::Points { points, is_linear: false };
        assert_eq!((steps.at(11.9), steps.at(12.0)), (50.0, 500.0));
        assert_eq!(steps.reaches(51.0), Some(12.0));
    }
}
