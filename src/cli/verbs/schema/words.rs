//! The plain values of `domain` in JSON Schema: strings, some with a format.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::{
    AccountName, GroupId, MailAddress, Masked, SecurityIdentifier, TenantId, UserId,
    UserPrincipalName,
};

macro_rules! texts {
    ($($name:ident $(as $format:literal)?),+ $(,)?) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string" $(, "format": $format)?})
            }
        }
    )+};
}

texts!(
    AccountName,
    GroupId as "uuid",
    MailAddress,
    Masked,
    SecurityIdentifier,
    TenantId as "uuid",
    UserId as "uuid",
    UserPrincipalName,
);
