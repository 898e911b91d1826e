//! Summaries of many values: the median, and the spread.

use serde::{Deserialize, Serialize};

/// The median of a series, with its least and greatest value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spread {
    /// The value in the middle.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// The number of values.
    pub runs: usize,
}

/// The median and the tail of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tail {
    /// Half of the values are no greater.
    pub p50: f64,
    /// All but one of a hundred are no greater.
    pub p99: f64,
    /// The number of values.
    pub runs: usize,
}

impl Spread {
    /// `None` for no values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let values = sorted(values);
        Some(Self {
            median: quantile(&values, 50)?,
            least: *values.first()?,
            greatest: *values.last()?,
            runs: values.len(),
        })
    }
}

impl Tail {
    /// `None` for no values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let values = sorted(values);
        Some(Self {
            p50: quantile(&values, 50)?,
            p99: quantile(&values, 99)?,
            runs: values.len(),
        })
    }
}

/// The value in the middle; `None` for no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(&sorted(values), 50)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// The least value that this percentage of the values does not exceed.
fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_said_by_its_middle_and_its_ends() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(
            Spread::of(&values),
            Some(Spread {
                median: 100.0,
                least: 1.0,
                greatest: 200.0,
                runs: 200
            })
        );
        assert_eq!(
            Tail::of(&values),
            Some(Tail {
                p50: 100.0,
                p99: 198.0,
                runs: 200
            })
        );
    }

    #[test]
    fn one_value_is_its_own_middle_and_none_says_nothing() {
        assert_eq!(median(&[4.0]), Some(4.0));
        assert_eq!(median(&[]), None);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Tail::of(&[]), None);
    }
}
