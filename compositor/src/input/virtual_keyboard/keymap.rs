//! Keymaps that clients bring along, read with care: xkb takes memory for the highest keycode that
//! is named, and reads every file that is.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

/// Keymaps of all layouts together have half of this.
const MAX_BYTES: usize = 128 << 10;
/// No layout has higher keycodes.
const MAX_KEYCODE: u64 = 1023;
/// How many of xkb's files a keymap may name.
const MAX_FILES: usize = 16;
/// The words that name such files, if a string follows.
const READS_A_FILE: [&str; 5] = ["include", "augment", "override", "replace", "alternate"];

/// The text of a keymap in a client's file; none if it is not there, or does not look like one.
pub(super) fn read(fd: OwnedFd, size: u32) -> Option<String> {
    let size = usize::try_from(size).ok()?;
    let file = File::from(fd);
    // What is no file may have nothing to read yet, or never an end.
    if !(1..=MAX_BYTES).contains(&size) || !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(size));
    let text = String::from_utf8(bytes).ok()?;
    is_modest(&text).then_some(text)
}

/// Whether xkb can compile this text without taking much for it.
fn is_modest(text: &str) -> bool {
    let (mut files, mut before) = (0, "");
    for token in Tokens(text) {
        if token.starts_with('"') {
            if READS_A_FILE
                .iter()
                .any(|it| before.eq_ignore_ascii_case(it))
            {
                let name = token.trim_matches('"');
                files += 1 + name.matches(['+', '|', '^']).count();
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+|^:()".contains(c);
                if files > MAX_FILES || !name.chars().all(is_plain) {
                    return false;
                }
            }
        } else if before == "=" && token.starts_with(|c: char| c.is_ascii_digit()) {
            let (digits, radix) = match token.get(..2) {
                Some("0x" | "0X") => (&token[2..], 16),
                _ => (token, 10),
            };
            let digits = digits.split('.').next().unwrap_or_default();
            if !u64::from_str_radix(digits, radix).is_ok_and(|number| number <= MAX_KEYCODE) {
                return false;
            }
        }
        before = token;
    }
    true
}

/// The words, numbers, strings, names of keys and signs of a keymap, without its comments.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.0 = self.0.trim_start();
            let is_comment = self.0.starts_with('#') || self.0.starts_with("//");
            if !is_comment {
                break;
            }
            self.0 = self.0.split_once('\n').map_or("", |(_, rest)| rest);
        }
        let first = self.0.chars().next()?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let length = match first {
            '"' => string_length(self.0),
            '<' => self.0.find(['>', '\n']).map_or(self.0.len(), |end| end + 1),
            c if is_word(c) => self.0.find(|c| !is_word(c)).unwrap_or(self.0.len()),
            c => c.len_utf8(),
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// The length of the string that a text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let mut characters = text.char_indices().skip(1);
    let end = characters.find(|(_, c)| {
        let ends = (*c == '"' && !escaped) || *c == '\n';
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::{KeyboardConfig, Keymap, Keys};

    /// As wtype makes it.
    const SMALL: &str = r#"xkb_keymap {
        xkb_keycodes "(unnamed)" { minimum = 8; maximum = 10; <K1> = 9; <K2> = 10; };
        xkb_types "(unnamed)" { include "complete" };
        xkb_compatibility "(unnamed)" { include "complete" };
        xkb_symbols "(unnamed)" { key <K1> {[eacute]}; key <K2> {[U6f22]}; };
    };"#;

    #[test]
    fn keymaps_as_programs_make_them_are_taken() {
        assert!(is_modest(SMALL));
        let config = KeyboardConfig {
            layout: "us,de,gr,ru".to_owned(),
            ..KeyboardConfig::default()
        };
        let keymap = Keymap::new(&config, Keys::Auto).expect("these layouts are there");
        assert!(keymap.text().len() <= MAX_BYTES);
        assert!(is_modest(keymap.text()));
    }

    #[test]
    fn what_would_take_much_is_not() {
        for (what, instead) in [
            ("= 9", "= 4000000000"),
            ("= 9", "=//\n#\n0xffffff"),
            ("= 9", "=99999999999999999999"),
            ("<K1> = 9", "<\"> = 9; <K1> = 1024"),
            ("\"complete\"", "\"../../../../tmp/pipe\""),
            ("include \"complete\"", "Augment # \n \"%H/x\""),
            ("complete", &"complete+".repeat(40)),
            ("include", &"include \"basic\" ".repeat(40)),
        ] {
            let text = SMALL.replacen(what, instead, 1);
            assert_ne!(text, SMALL);
            assert!(!is_modest(&text), "{instead}");
        }
    }

    #[test]
    fn a_text_is_cut_into_tokens() {
        let text = "key <A\"> # it's\n{[\"a\\\"b\", 0x1f]}; //";
        let tokens: Vec<_> = Tokens(text).collect();
        let expected = [
            "key",
            "<A\">",
            "{",
            "[",
            "\"a\\\"b\"",
            ",",
            "0x1f",
            "]",
            "}",
            ";",
        ];
        assert_eq!(tokens, expected);
    }
}
