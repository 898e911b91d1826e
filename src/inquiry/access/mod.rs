//! Asks what an account reaches: directory roles, groups, applications, and Azure roles. Nothing here changes anything.
//!
//! Every question has an answer of its own ([`Listed`]): a failed one hides no other. `pages` follows long answers,
//! `questions` holds the words and permissions of each question; `groups`, `roles` and `applications` ask Graph,
//! `azure_roles` and `resource_graph` ask Azure, and `powers` reads what a role definition allows. `survey` asks all of it
//! and combines it as `reach`, `azure_reach` does so for Azure, and `risk` judges how much is at stake.

mod applications;
pub(crate) mod asking;
mod azure_reach;
mod azure_roles;
mod groups;
mod pages;
mod powers;
pub(super) mod questions;
pub(crate) mod reach;
mod resource_graph;
mod risk;
mod roles;
mod scope;
pub(crate) mod survey;
mod unread;

use crate::graph::Surface;

pub use applications::{AppRole, Owned, OwnedKind};
pub use azure_roles::{Azure, AzureAssignment, AzureRole, Subscription};
pub use groups::Group;
pub use pages::{Listed, Missing};
pub use powers::Power;
pub use roles::{RoleDefinition, RoleGrant, RoleScope};

/// The version of Graph that may change, for what `v1.0` lacks.
const BETA: Surface = Surface("/beta");

const ARM: Surface = Surface::AZURE;
