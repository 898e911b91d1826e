//! What Entra ID reports of a user, for a person who looks: the risk that Identity Protection sees, when the user last
//! signed in, and the sign-in log. It changes nothing, and the handler has none of it.
//!
//! Each report has a permission, a licence and a limit of its own, so that none of them may be readable; that is a value
//! ([`Unread`]) and no error of the whole. Each is asked for on a way of its own beside the directory's, with the same
//! connections and the same token: what one service makes its callers wait delays neither the directory nor the others.

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

/// Identity Protection answers one question a second for all apps of a tenant, and tells nobody how long to wait
/// ("Microsoft Graph service-specific throttling limits"). A little more, since times on the way differ.
const RISK: (usize, Duration) = (1, Duration::from_millis(1_200));

/// The reports answer five questions in ten seconds for each app and tenant (the same page).
const LOG: (usize, Duration) = (5, Duration::from_millis(10_500));

/// The reports. One is made for a run of the command, since it keeps the quotas.
#[derive(Debug)]
pub struct Reports {
    risk: Way,
    log: Way,
    activity: Client,
}

/// A way to a service that answers only so many questions in a time.
#[derive(Debug)]
struct Way {
    client: Client,
    quota: Arc<Quota>,
}

impl Directory {
    /// The reports, asked for with the same token.
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
