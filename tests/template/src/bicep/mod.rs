//! Checks Bicep files without the Bicep compiler: their syntax, the body of every resource against Azure's own type
//! definitions, every call of a module, and every name that is declared or used.
//!
//! From the inside out: `syntax` parses a text; `value` reads literals and what is known of expressions; `declaration` finds
//! parameters, variables, resources and modules; `types` reads the type definitions; `shape` holds a value against a
//! type; `resource`, `parameter`, `module` and `names` are the checks; `trim` cuts the type definitions down to those in use.
//!
//! What it does not know: functions and their arguments, user-defined types, and what an expression comes to. Such a value
//! counts as fitting everywhere, so silence is no proof, but a finding is a mistake.

mod declaration;
mod finding;
mod folder;
mod module;
mod names;
mod parameter;
mod resource;
mod shape;
mod syntax;
mod trim;
mod types;
mod value;

pub use declaration::{Declarations, Module, Output, Parameter, Resource, Variable};
pub use finding::Finding;
pub use folder::{Document, Folder};
pub use trim::trim;
pub use types::Types;
pub use value::{Kind, Primitive, Property, Value};
