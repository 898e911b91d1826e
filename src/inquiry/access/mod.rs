//! Asks what an account reaches: directory roles, groups, applications, and Azure roles. It changes nothing, and is the
//! operator's command's alone.
//!
//! Every question is answered by itself ([`Listed`]): what cannot be read hides nothing else. `pages` follows long answers,
//! `questions` holds the words and permissions of each question; `groups`, `roles` and `applications` ask Graph, `azure_roles` and
//! `resource_graph` ask Azure, where `powers` says what a role definition allows. `survey` asks all of it and puts it together as `reach`, `azure_reach` does so for Azure, `risk` says how much is at stake.

mod applications;
pub(crate) mod asking;
mod azure_reach;
mod azure_roles;
mod function_apps;
mod groups;
mod pages;
mod powers;
mod questions;
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
pub use function_apps::FunctionApp;
pub use groups::Group;
pub use pages::{Listed, Missing};
pub use powers::Power;
pub use roles::{RoleDefinition, RoleGrant, RoleScope};

/// The version of Graph that may change: asked only for what the other does not have.
const BETA: Surface = Surface("/beta");

const ARM: Surface = Surface::AZURE;
