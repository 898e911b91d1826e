//! The cuts of this machine while the ledger is unavailable. All alerts of an hour together get no more than the cap of
//! one alert, and no more than the hour had left when the ledger was last read.
//!
//! A process that dies would forget its grants, and the next one would grant as much again. So a file keeps them. If
//! the file cannot be written, a process that has never read the ledger grants nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::fallback_file::{FallbackFile, Line};
use crate::domain::{Clock, Wanted};

const HOUR: Duration = Duration::from_hours(1);

/// The grants without the ledger of the past hour.
#[derive(Debug)]
pub(super) struct Fallback {
    file: FallbackFile,
    granted: Vec<Granted>,
    /// Whether the file is up to date.
    is_kept: bool,
}

#[derive(Debug)]
struct Granted {
    id: String,
    /// The end of its validity, as time since this process began.
    until: Duration,
    users: usize,
}

/// The request of one alert.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The id of the grant.
    pub(super) id: &'a str,
    pub(super) wanted: Wanted,
    /// The number of users in the hour when the ledger was last read; `None` if it never was.
    pub(super) known: Option<usize>,
}

impl Fallback {
    /// Loads what earlier processes of this machine left in a file.
    pub(super) fn open(file: FallbackFile, clock: &dyn Clock) -> Self {
        let (now, wall) = (clock.elapsed(), clock.now());
        let (granted, is_kept) = match file.read() {
            Ok(lines) => {
                let granted = lines.into_iter().map(|line| {
                    // A grant counts for an hour at most, even if the clock was set meanwhile.
                    let left = line.until.duration_since(wall);
                    let left = Duration::try_from(left).unwrap_or_default().min(HOUR);
                    Granted {
                        id: line.id,
                        until: now.saturating_add(left),
                        users: line.users,
                    }
                });
                (granted.collect(), true)
            }
            Err(problem) => {
                tracing::warn!(problem, "ledger.alone.unreadable");
                (Vec::new(), false)
            }
        };
        Self {
            file,
            granted,
            is_kept,
        }
    }

    /// The grants of earlier processes, by id.
    pub(super) fn earlier(&self) -> impl Iterator<Item = (&str, usize)> {
        self.granted
            .iter()
            .map(|granted| (granted.id.as_str(), granted.users))
    }

    /// Grants what is possible.
    pub(super) fn grant(&mut self, asked: &Asked<'_>, clock: &dyn Clock) -> usize {
        let now = clock.elapsed();
        self.granted.retain(|granted| granted.until > now);
        if asked.known.is_none() && !self.is_kept {
            return 0;
        }
        let wanted = asked.wanted;
        let used: usize = self.granted.iter().map(|granted| granted.users).sum();
        let known = asked.known.unwrap_or_default();
        let users = wanted
            .users
            .min(wanted.per_alert.saturating_sub(used))
            .min(wanted.per_hour.saturating_sub(known.saturating_add(used)));
        if users == 0 {
            return 0;
        }
        self.granted.push(Granted {
            id: asked.id.to_owned(),
            until: now.saturating_add(HOUR),
            users,
        });
        self.keep(clock);
        if asked.known.is_none() && !self.is_kept {
            // The next process would not know about it.
            self.granted.pop();
            return 0;
        }
        users
    }

    /// Records how many users were cut. Returns false if the grant was not made here.
    pub(super) fn settle(&mut self, id: &str, cut: usize, clock: &dyn Clock) -> bool {
        let found = self.granted.iter_mut().find(|granted| granted.id == id);
        let Some(granted) = found else {
            return false;
        };
        granted.users = cut;
        granted.until = clock.elapsed().saturating_add(HOUR);
        self.keep(clock);
        true
    }

    fn keep(&mut self, clock: &dyn Clock) {
        let (now, wall) = (clock.elapsed(), clock.now());
        let lines: Vec<Line> = self
            .granted
            .iter()
            .filter(|granted| granted.users > 0)
            .map(|granted| Line {
                id: granted.id.clone(),
                until: plus(wall, granted.until.saturating_sub(now)),
                users: granted.users,
            })
            .collect();
        let written = self.file.write(&lines);
        if let Err(problem) = &written {
            tracing::warn!(problem, "ledger.alone.unwritable");
        }
        self.is_kept = written.is_ok();
    }
}

fn plus(time: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| time.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use super::*;

    /// A machine's clocks: the time of day continues while no process runs.
    #[derive(Debug, Default)]
    struct Clocks(Mutex<(Duration, Duration)>);

    impl Clocks {
        fn pass(&self, seconds: u64) {
            let mut clocks = self.0.lock().unwrap();
            clocks.0 += Duration::from_secs(seconds);
            clocks.1 += Duration::from_secs(seconds);
        }

        /// Restarts the process: the time of day continues, and the process time begins at zero.
        fn restart(&self) {
            self.0.lock().unwrap().1 = Duration::ZERO;
        }
    }

    impl Clock for Clocks {
        fn now(&self) -> Timestamp {
            let passed = SignedDuration::try_from(self.0.lock().unwrap().0).unwrap();
            Timestamp::from_second(1_700_000_000).unwrap() + passed
        }

        fn elapsed(&self) -> Duration {
            self.0.lock().unwrap().1
        }
    }

    fn asked(id: &str, users: usize, known: Option<usize>) -> Asked<'_> {
        Asked {
            id,
            wanted: Wanted {
                users,
                per_hour: 100,
                per_alert: 25,
            },
            known,
        }
    }

    fn open(folder: &Path, clocks: &Clocks) -> Fallback {
        Fallback::open(FallbackFile::in_folder(folder, "https://a/ledger"), clocks)
    }

    #[test]
    fn all_alerts_together_have_what_one_alert_may_cut() {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), Clocks::default());
        let mut alone = open(folder.path(), &clocks);
        assert_eq!(alone.grant(&asked("1", 20, Some(0)), &clocks), 20);
        assert_eq!(alone.grant(&asked("2", 20, Some(0)), &clocks), 5);
        assert_eq!(alone.grant(&asked("3", 20, Some(0)), &clocks), 0);
        clocks.pass(2);
        assert!(alone.settle("1", 4, &clocks));
        assert!(!alone.settle("3", 4, &clocks));
        assert_eq!(alone.grant(&asked("4", 50, Some(0)), &clocks), 16);
        clocks.pass(3_599);
        assert_eq!(alone.grant(&asked("5", 50, Some(0)), &clocks), 5);
    }

    #[test]
    fn an_hour_that_was_full_when_last_seen_grants_nothing() {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), Clocks::default());
        let mut alone = open(folder.path(), &clocks);
        assert_eq!(alone.grant(&asked("1", 20, Some(97)), &clocks), 3);
        assert_eq!(alone.grant(&asked("2", 20, Some(97)), &clocks), 0);
    }

    #[test]
    fn however_often_it_begins_anew_one_machine_cuts_no_more_than_one_alert_may_within_the_hour() {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), Clocks::default());
        let mut granted = 0;
        for process in 0..10 {
            clocks.restart();
            let mut alone = open(folder.path(), &clocks);
            granted += alone.grant(&asked(&process.to_string(), 10, None), &clocks);
            clocks.pass(60);
        }
        assert_eq!(granted, 25);
        clocks.restart();
        clocks.pass(3_600);
        let mut alone = open(folder.path(), &clocks);
        assert_eq!(alone.grant(&asked("later", 50, None), &clocks), 25);
        // Another ledger has a separate file.
        let mut other =
            Fallback::open(FallbackFile::in_folder(folder.path(), "https://b"), &clocks);
        assert_eq!(other.grant(&asked("a", 50, None), &clocks), 25);
    }

    #[test]
    fn what_was_cut_is_told_to_the_next_process_and_what_was_not_is_free_again() {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), Clocks::default());
        let mut alone = open(folder.path(), &clocks);
        alone.grant(&asked("1", 20, None), &clocks);
        alone.settle("1", 3, &clocks);
        alone.grant(&asked("2", 2, None), &clocks);
        alone.settle("2", 0, &clocks);
        let mut next = open(folder.path(), &clocks);
        assert_eq!(next.earlier().collect::<Vec<_>>(), [("1", 3)]);
        assert_eq!(next.grant(&asked("3", 50, None), &clocks), 22);
    }

    #[test]
    fn where_it_cannot_be_kept_only_a_process_that_has_seen_the_ledger_grants_anything() {
        let (folder, clocks) = (tempfile::tempdir().unwrap(), Clocks::default());
        let nowhere = folder.path().join("not/there");
        let mut alone = open(&nowhere, &clocks);
        assert_eq!(alone.grant(&asked("1", 20, None), &clocks), 0);
        assert_eq!(alone.grant(&asked("2", 20, Some(0)), &clocks), 20);

        let mut first = open(folder.path(), &clocks);
        assert_eq!(first.grant(&asked("1", 5, None), &clocks), 5);
        let [file] = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        std::fs::write(file, "not ours").unwrap();
        let mut next = open(folder.path(), &clocks);
        assert_eq!(next.grant(&asked("2", 20, None), &clocks), 0);
    }
}
