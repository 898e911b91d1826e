//! How the host reads bytes as text: a byte order mark selects the encoding and is dropped; without one the bytes are
//! UTF-8, and invalid ones become U+FFFD. `StreamReader` does so for HTTP bodies and, in the Service Bus extension, for
//! messages (`MessageToStringConverter`).

/// The bytes as text.
pub(super) fn read_as_text(bytes: &[u8]) -> String {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf_32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf_32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        bytes => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|bytes| unit(*bytes)).collect();
    with_rest(String::from_utf16_lossy(&units), rest)
}

fn utf_32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> String {
    let (units, rest) = bytes.as_chunks::<4>();
    let text = units
        .iter()
        .map(|bytes| char::from_u32(unit(*bytes)).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    with_rest(text, rest)
}

/// A character that is cut off.
fn with_rest(mut text: String, rest: &[u8]) -> String {
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_how_the_text_is_written_and_is_dropped() {
        let utf_16 = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
            let units = "é!".encode_utf16().flat_map(unit);
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        for bytes in [
            b"\xef\xbb\xbf\xc3\xa9!".to_vec(),
            utf_16([0xff, 0xfe], u16::to_le_bytes),
            utf_16([0xfe, 0xff], u16::to_be_bytes),
            b"\xff\xfe\0\0\xe9\0\0\0!\0\0\0".to_vec(),
            b"\0\0\xfe\xff\0\0\0\xe9\0\0\0!".to_vec(),
        ] {
            assert_eq!(read_as_text(&bytes), "é!", "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_and_never_refused() {
        assert_eq!(read_as_text(b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(read_as_text(b"\xff\xfe!\0?"), "!\u{fffd}");
        assert_eq!(read_as_text(b""), "");
    }
}
