//! Locks that stay usable after a panic elsewhere: a failed test must not hide its cause behind a second failure.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The mutex's value.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
