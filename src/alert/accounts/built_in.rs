//! The built-in accounts of operating systems, by name. An account with a SID is recognised by the SID; these names are
//! for senders that give none.
//!
//! Windows names the authority and its services in its own language, and so do the sensors that read its logs. Sources:
//! "Microsoft Sentinel entity types reference" (the names that Sentinel drops where they stand alone); "Security
//! identifiers", Windows documentation; the names in other languages are those that the editions of Windows show for
//! `S-1-5-18`, `S-1-5-19`, `S-1-5-20`, `S-1-5-7` and the account with the number 500. An authority counts as built in
//! by its name alone, a name within another domain never does.

/// The domains of built-in Windows accounts, in lower case.
const AUTHORITIES: &[&str] = &[
    "nt authority",
    "nt-autorität",
    "nt-autoritat",
    "autorite nt",
    "autorité nt",
    "autoridad nt",
    "autoridade nt",
    "autorità nt",
    "nt instans",
    "nt-myndighet",
    "nt-myndighed",
    "nt-hallinta",
    "zarządzanie nt",
    "urząd nt",
    "úřad nt",
    "nt yetkilisi",
    "αρχή nt",
    "nt service",
    "nt-dienst",
    "service nt",
    "servicio nt",
    "serviço nt",
    "nt virtual machine",
    "builtin",
    "vordefiniert",
    "iis apppool",
    "window manager",
    "font driver host",
];

/// Names of built-in accounts without a domain, in lower case.
const NAMES: &[&str] = &[
    // Names that Sentinel itself drops.
    "admin",
    "administrator",
    "system",
    "root",
    "anonymous",
    "authenticated user",
    "network",
    "null",
    "local system",
    "localsystem",
    "network service",
    // S-1-5-18
    "système",
    "systeme",
    "sistema",
    "systém",
    "rendszer",
    "järjestelmä",
    "система",
    "σύστημα",
    // S-1-5-19
    "local service",
    "lokaler dienst",
    "service local",
    "servicio local",
    "serviço local",
    "servizio locale",
    "lokal tjänst",
    "lokal tjeneste",
    "lokale service",
    "usługa lokalna",
    "místní služba",
    "helyi szolgáltatás",
    "paikallinen palvelu",
    "yerel hizmet",
    "yerel hi̇zmet",
    // S-1-5-20
    "netzwerkdienst",
    "service réseau",
    "service reseau",
    "servicio de red",
    "serviço de rede",
    "servizio di rete",
    "nätverkstjänst",
    "nettverkstjeneste",
    "netværkstjeneste",
    "netwerkservice",
    "usługa sieciowa",
    "síťová služba",
    "hálózati szolgáltatás",
    "verkkopalvelu",
    "ağ hizmeti",
    // S-1-5-7
    "anonymous logon",
    "anonymous-anmeldung",
    "anonyme anmeldung",
    "logon anonyme",
    "accesso anonimo",
    "inicio de sesión anónimo",
    "logon anônimo",
    "анонимный вход",
    // the account with the number 500
    "administrateur",
    "administrador",
    "amministratore",
    "administratör",
    "järjestelmänvalvoja",
    "rendszergazda",
    "администратор",
    "διαχειριστής",
];

/// Whether a domain is the operating system's own.
pub(super) fn is_authority(domain: &str) -> bool {
    AUTHORITIES.contains(&folded(domain).as_str())
}

/// Whether a name that stands alone is an operating system's own account.
pub(super) fn is_name(name: &str) -> bool {
    NAMES.contains(&folded(name).as_str()) || is_numbered(name)
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// `UMFD-0` and `DWM-1`: one for each session.
fn is_numbered(name: &str) -> bool {
    name.split_once('-').is_some_and(|(word, number)| {
        ["umfd", "dwm"].contains(&folded(word).as_str())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_known_in_each_language_of_windows() {
        for (domain, name) in [
            ("NT AUTHORITY", "SYSTEM"),
            ("NT-AUTORITÄT", "Netzwerkdienst"),
            ("AUTORITE NT", "Système"),
            ("AUTORIDADE NT", "SISTEMA"),
            ("NT INSTANS", "Lokal tjänst"),
            ("ZARZĄDZANIE NT", "USŁUGA LOKALNA"),
        ] {
            assert!(is_authority(domain), "{domain}");
            assert!(is_name(name), "{name}");
        }
        assert!(
            !is_authority("CONTOSO")
                && !is_name("alice")
                && !is_name("DWM-")
                && !is_name("DWM-one")
        );
    }
}
