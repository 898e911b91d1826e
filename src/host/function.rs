//! The functions that the host may invoke. Each has its folder `function/<name>` with a `function.json`.

/// A function of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Service Bus trigger, binding `message`.
    RevokeFromQueue,
    /// HTTP trigger, bindings `req` and `res`, public route `revoke`.
    RevokeFromAlert,
    /// HTTP trigger, bindings `req` and `res`, public route `check`.
    Check,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 3] = [Self::RevokeFromQueue, Self::RevokeFromAlert, Self::Check];

    /// The name, as in its folder and the host's log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "RevokeFromQueue",
            Self::RevokeFromAlert => "RevokeFromAlert",
            Self::Check => "Check",
        }
    }

    /// The path to which the host posts its invocations: `/<name>` (`DefaultHttpWorkerService`).
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "/RevokeFromQueue",
            Self::RevokeFromAlert => "/RevokeFromAlert",
            Self::Check => "/Check",
        }
    }

    /// The kind of its trigger, in the words of OpenTelemetry's semantic conventions for functions (`faas.trigger`).
    #[must_use]
    pub fn trigger_kind(self) -> &'static str {
        match self {
            Self::RevokeFromQueue => "pubsub",
            Self::RevokeFromAlert | Self::Check => "http",
        }
    }
}
