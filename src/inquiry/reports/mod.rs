//! What Entra ID reports of a user: the risk by Identity Protection, the last sign-ins, and the sign-in log. Nothing here
//! changes anything, and the handler is built without it.
//!
//! Each report has a permission, a licence and a limit of its own, and any of them may be unreadable; that is a value
//! ([`Unread`]), not an error of the whole. Each report has its own client beside the directory's, with the same connections
//! and token: a throttled report delays neither the directory nor the others.

mod last_sign_ins;
mod questions;
mod quota;
mod risk;
mod sign_in_log;
mod unread;

use std::sync::Arc;
use std::time::Duration;

use crate::directory::Directory;
use crate::graph::Client;
use quota::{Paced, Quota};

pub use last_sign_ins::LastSignIns;
pub use questions::ReportName;
pub use risk::Risk;
pub use sign_in_log::{SignIn, SignInLog};
pub use unread::{Because, Unread};

/// Identity Protection answers one question a second for all apps of a tenant, and sends no Retry-After ("Microsoft Graph
/// service-specific throttling limits"). The interval is a little longer, because latency varies.
const RISK: (usize, Duration) = (1, Duration::from_millis(1_200));

/// The reports answer five questions in ten seconds for each app and tenant (the same page).
const LOG: (usize, Duration) = (5, Duration::from_millis(10_500));

/// The reports. One command has one of these, because it keeps the quotas.
#[derive(Debug)]
pub struct Reports {
    risk: Way,
    log: Way,
    activity: Client,
}

/// A client of a service with a quota.
#[derive(Debug)]
struct Way {
    client: Client,
    quota: Arc<Quota>,
}

impl Directory {
    /// The reports, under the same token.
    #[must_use]
    pub fn reports(&self) -> Reports {
        let client = self.client();
        Reports {
            risk: client.paced_by(RISK),
            log: client.paced_by(LOG),
            activity: client.beside(Arc::clone(&client.transport)),
        }
    }
}

impl Client {
    fn paced_by(&self, (most, within): (usize, Duration)) -> Way {
        let quota = Arc::new(Quota::new(Arc::clone(&self.clock), most, within));
        let paced = Paced::new(Arc::clone(&self.transport), Arc::clone(&quota));
        Way {
            client: self.beside(Arc::new(paced)),
            quota,
        }
    }
}
