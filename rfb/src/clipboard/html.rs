//! HTML as Windows has it in its clipboard ("HTML Clipboard Format"): behind a header with
//! the places where it and its fragment begin and end.

/// Where the fragment begins and ends in the document.
const START: &str = "<!--StartFragment-->";
const END: &str = "<!--EndFragment-->";

/// Puts the header in front.
pub(super) fn wrap(html: &[u8]) -> Vec<u8> {
    let header = |start_html: usize, end_html: usize, start: usize, end: usize| {
        format!(
            "Version:0.9\r\nStartHTML:{start_html:010}\r\nEndHTML:{end_html:010}\r\n\
             StartFragment:{start:010}\r\nEndFragment:{end:010}\r\n"
        )
    };
    // The numbers have a fixed width, so the header's length does not depend on them.
    let start_html = header(0, 0, 0, 0).len();
    let start = start_html + START.len();
    let end = start + html.len();
    let mut wrapped = header(start_html, end + END.len(), start, end).into_bytes();
    wrapped.extend_from_slice(START.as_bytes());
    wrapped.extend_from_slice(html);
    wrapped.extend_from_slice(END.as_bytes());
    wrapped
}

/// The fragment, by the places that the header names. HTML without a header is returned as
/// it is.
pub(super) fn unwrap(bytes: &[u8]) -> &[u8] {
    let place = |name: &str| {
        let lines = bytes.split(|byte| *byte == b'\n').take(20);
        let value = lines
            .into_iter()
            .find_map(|line| line.strip_prefix(name.as_bytes()))?;
        str::from_utf8(value).ok()?.trim().parse::<usize>().ok()
    };
    let fragment = place("StartFragment:").zip(place("EndFragment:"));
    let fragment = fragment.and_then(|(start, end)| bytes.get(start..end));
    let html = fragment.unwrap_or(bytes);
    html.strip_suffix(b"\0").unwrap_or(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_places() {
        let wrapped = wrap(b"<b>x</b>");
        let text = String::from_utf8(wrapped.clone()).unwrap();
        let expected = "Version:0.9\r\n\
            StartHTML:0000000105\r\n\
            EndHTML:0000000151\r\n\
            StartFragment:0000000125\r\n\
            EndFragment:0000000133\r\n\
            <!--StartFragment--><b>x</b><!--EndFragment-->";
        assert_eq!(text, expected);
        assert_eq!(&wrapped[125..133], b"<b>x</b>");
        assert_eq!(unwrap(&wrapped), b"<b>x</b>");
    }

    #[test]
    fn without_a_sensible_header_it_is_taken_as_it_is() {
        for html in [
            "<p>",
            "",
            "StartFragment:5\r\nEndFragment:3\r\n",
            "StartFragment:0\nEndFragment:999999999999999999999999\n",
            "StartFragment:-1\nEndFragment:99\n",
        ] {
            assert_eq!(unwrap(html.as_bytes()), html.as_bytes());
        }
        assert_eq!(unwrap(b"<p>\0"), b"<p>");
    }
}
