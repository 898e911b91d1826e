//! A value of which a payload may hold none, one, or several different ones.

/// None, one, or several different values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Single<T> {
    #[default]
    Unknown,
    One(T),
    Several,
}

impl<T: PartialEq> Single<T> {
    pub(crate) fn add(&mut self, value: T) {
        *self = match std::mem::take(self) {
            Self::Unknown => Self::One(value),
            Self::One(known) if known == value => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    /// Adds the value of another part.
    pub(crate) fn join(&mut self, other: Self) {
        match other {
            Self::Unknown => {}
            Self::One(value) => self.add(value),
            Self::Several => *self = Self::Several,
        }
    }
}

impl<T: Clone> Single<T> {
    /// The value, if there is one and no other.
    pub(crate) fn one(&self) -> Option<T> {
        match self {
            Self::One(value) => Some(value.clone()),
            Self::Unknown | Self::Several => None,
        }
    }
}
