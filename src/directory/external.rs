//! Tells whether a user signs in in this tenant, and if not, where.
//!
//! No single property says so ("user resource type", "Properties of a Microsoft Entra B2B collaboration user").
//! `userType` only describes the relation to the tenant: an external user can be a member, an internal user a guest. So
//! the signs are read in this order, and the first that is there decides:
//!
//! 1. a user principal name of the form `user_home.com#EXT#@tenant`: external;
//! 2. an identity by which another directory or provider vouches for the user: external, also for an internal account
//!    that was invited and has redeemed the invitation;
//! 3. identities of this tenant alone: internal, whatever `userType` says;
//! 4. Graph gave no identities: external if the account was invited or is a guest. Here the doubt goes to "external",
//!    because a receipt must not call a session cut that is made elsewhere.

use crate::domain::{HomeTenant, MailAddress, UserPrincipalName};

/// What Graph tells of where a user comes from.
#[derive(Debug, Clone)]
pub(super) struct Signs<'a> {
    pub(super) upn: &'a UserPrincipalName,
    pub(super) mail: Option<&'a MailAddress>,
    pub(super) user_type: Option<&'a str>,
    /// Whether `externalUserState` has a value: the account was invited.
    pub(super) invited: bool,
    /// `signInType` and `issuer` of each identity; `None` where Graph gave none.
    pub(super) identities: Option<Vec<(&'a str, &'a str)>>,
}

/// Where the user signs in, if not in this tenant.
pub(super) fn of(signs: &Signs<'_>) -> Option<HomeTenant> {
    is_external(signs).then(|| domain(signs).map_or(HomeTenant::Unknown, HomeTenant::Domain))
}

fn is_external(signs: &Signs<'_>) -> bool {
    if signs.upn.is_external() {
        return true;
    }
    match signs.identities.as_deref() {
        None | Some([]) => {
            signs.invited
                || signs
                    .user_type
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("Guest"))
        }
        Some(identities) => identities
            .iter()
            .any(|identity| is_foreign(identity, identities, signs.upn)),
    }
}

/// Whether somebody else vouches: an identity of the kind `federated` whose issuer is none of this tenant's domains. Which
/// domains those are is read off the user itself: the issuer of the identity by user principal name, and the domain of
/// the name.
fn is_foreign(
    &(kind, issuer): &(&str, &str),
    identities: &[(&str, &str)],
    upn: &UserPrincipalName,
) -> bool {
    let own = issuer.eq_ignore_ascii_case(upn.domain())
        || identities.iter().any(|(kind, domain)| {
            kind.eq_ignore_ascii_case("userPrincipalName") && domain.eq_ignore_ascii_case(issuer)
        });
    kind.eq_ignore_ascii_case("federated") && !own
}

/// The home domain, a hint: what stands between the last `_` and `#EXT#` of the name, else the domain of the mail address
/// if it is not the one of the name.
fn domain(signs: &Signs<'_>) -> Option<String> {
    let name = signs.upn.as_str();
    let from_name = name
        .to_ascii_uppercase()
        .rfind("#EXT#@")
        .and_then(|end| name.get(..end))
        .and_then(|before| before.rsplit_once('_'))
        .map(|(_, domain)| domain)
        .filter(|domain| is_domain(domain));
    let from_mail = || {
        signs
            .mail
            .map(MailAddress::domain)
            .filter(|domain| !domain.eq_ignore_ascii_case(signs.upn.domain()))
    };
    from_name.or_else(from_mail).map(str::to_ascii_lowercase)
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: (&str, &str) = ("userPrincipalName", "contoso.onmicrosoft.com");
    const ELSEWHERE: (&str, &str) = ("federated", "ExternalAzureAD");

    fn home(
        upn: &str,
        mail: Option<&str>,
        user_type: &str,
        invited: bool,
        identities: Option<&[(&'static str, &'static str)]>,
    ) -> Option<HomeTenant> {
        let mail = mail.map(|mail| mail.parse().unwrap());
        of(&Signs {
            upn: &upn.parse().unwrap(),
            mail: mail.as_ref(),
            user_type: Some(user_type),
            invited,
            identities: identities.map(<[_]>::to_vec),
        })
    }

    fn at(domain: &str) -> HomeTenant {
        HomeTenant::Domain(domain.to_owned())
    }

    #[test]
    fn a_member_of_this_tenant_is_at_home() {
        assert_eq!(
            home(
                "a@contoso.com",
                Some("a@contoso.com"),
                "Member",
                false,
                Some(&[LOCAL])
            ),
            None
        );
        assert_eq!(home("a@contoso.com", None, "Member", false, None), None);
    }

    #[test]
    fn a_guest_by_name_is_external_and_the_name_tells_the_home() {
        assert_eq!(
            home(
                "first_last_adatum.com#EXT#@contoso.onmicrosoft.com",
                None,
                "Guest",
                true,
                None
            ),
            Some(at("adatum.com"))
        );
    }

    #[test]
    fn the_form_of_the_name_alone_makes_a_user_external() {
        let name = "a_adatum.com#EXT#@contoso.com";
        for identities in [None, Some(&[LOCAL][..])] {
            assert_eq!(
                home(name, None, "Member", false, identities),
                Some(at("adatum.com"))
            );
        }
    }

    #[test]
    fn an_external_member_is_external() {
        assert_eq!(
            home(
                "a_adatum.com#EXT#@contoso.com",
                None,
                "Member",
                true,
                Some(&[ELSEWHERE, LOCAL])
            ),
            Some(at("adatum.com"))
        );
        assert_eq!(
            home(
                "a@contoso.com",
                Some("a@adatum.com"),
                "Member",
                false,
                Some(&[ELSEWHERE])
            ),
            Some(at("adatum.com"))
        );
    }

    #[test]
    fn an_internal_guest_is_at_home() {
        assert_eq!(
            home(
                "a@contoso.com",
                Some("a@contoso.com"),
                "Guest",
                false,
                Some(&[LOCAL])
            ),
            None
        );
        let federated_domain = ("federated", "contoso.com");
        assert_eq!(
            home(
                "a@contoso.com",
                None,
                "Guest",
                false,
                Some(&[federated_domain])
            ),
            None
        );
    }

    #[test]
    fn an_invited_internal_account_is_external_once_another_directory_vouches() {
        assert_eq!(
            home(
                "a@contoso.com",
                Some("a@contoso.com"),
                "Guest",
                true,
                Some(&[ELSEWHERE, LOCAL])
            ),
            Some(HomeTenant::Unknown)
        );
        assert_eq!(
            home("a@contoso.com", None, "Guest", true, Some(&[LOCAL])),
            None
        );
    }

    #[test]
    fn without_identities_the_doubt_goes_to_external() {
        assert_eq!(
            home("a@contoso.com", None, "Guest", false, None),
            Some(HomeTenant::Unknown)
        );
        assert_eq!(
            home("a@contoso.com", None, "Member", true, Some(&[])),
            Some(HomeTenant::Unknown)
        );
    }

    #[test]
    fn only_a_domain_in_the_name_is_taken_for_the_home() {
        let told = |part: &str| {
            let name = format!("a_{part}#EXT#@contoso.com");
            home(&name, None, "Guest", true, None)
        };
        assert_eq!(told("fab-rikam.example"), Some(at("fab-rikam.example")));
        for no_domain in ["fabrikam..example", ".example", "fabrikam.exam'ple"] {
            assert_eq!(told(no_domain), Some(HomeTenant::Unknown), "{no_domain}");
        }
    }

    #[test]
    fn a_name_that_tells_no_domain_leaves_it_to_the_mail_address() {
        assert_eq!(
            home(
                "guest#EXT#@contoso.com",
                Some("g@fabrikam.example"),
                "Guest",
                true,
                None
            ),
            Some(at("fabrikam.example"))
        );
        assert_eq!(
            home("a_b#EXT#@contoso.com", None, "Guest", true, None),
            Some(HomeTenant::Unknown)
        );
    }
}
