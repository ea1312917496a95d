//! How pixels are sent: the options, and the variables that stand in for them.

use clap::Args;
use rfb::Encoding;
use std::env;

/// The options about how pixels are sent.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PixelOptions {
    /// Encodings to prefer, whatever order a viewer has, such as "zlib;hextile"; Raw is what is
    /// left [default: $OFFING_ENCODINGS, $QT_VNCSERVER_PREFERRED_ENCODING, or each viewer's order]
    #[arg(long, value_name = "LIST", value_parser = parse_encodings)]
    encodings: Option<Encodings>,

    /// Send all that programs redraw, changed or not [default: $OFFING_NO_DIFF,
    /// $QT_VNC_NO_DIRTYMAP]
    #[arg(long)]
    no_diff: bool,
}

/// A preference; empty for none.
type Encodings = std::sync::Arc<[Encoding]>;

impl PixelOptions {
    /// The encodings that are preferred, the best first; none leaves the choice to each viewer.
    ///
    /// # Errors
    /// A sentence: `OFFING_ENCODINGS` names what is no encoding of pixels.
    pub(crate) fn encodings(&self) -> Result<Vec<Encoding>, String> {
        self.choose_encodings(variable)
    }

    /// Whether what programs redraw is compared with what they drew before.
    pub(crate) fn diff(&self) -> bool {
        self.choose_diff(variable)
    }

    fn choose_encodings(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Encoding>, String> {
        if let Some(encodings) = &self.encodings {
            return Ok(encodings.to_vec());
        }
        if let Some(text) = variable(ENCODINGS) {
            let encodings = parse_encodings(&text);
            return match encodings {
                Ok(encodings) => Ok(encodings.to_vec()),
                Err(error) => Err(format!("{ENCODINGS} is {text}: {error}")),
            };
        }
        let text = variable(QT_ENCODINGS).unwrap_or_default();
        let known = names(&text).filter_map(|name| {
            let encoding = pixel_encoding(name);
            if encoding.is_none() {
                tracing::warn!("{QT_ENCODINGS}: {name} is passed over: {}", wanted());
            }
            encoding
        });
        Ok(known.collect())
    }

    fn choose_diff(&self, variable: impl Fn(&str) -> Option<String>) -> bool {
        let is_on = |name: &&str| variable(name).is_some_and(|value| value != "0");
        !self.no_diff && ![NO_DIFF, QT_NO_DIFF].iter().any(is_on)
    }
}

const ENCODINGS: &str = "OFFING_ENCODINGS";
const QT_ENCODINGS: &str = "QT_VNCSERVER_PREFERRED_ENCODING";
const NO_DIFF: &str = "OFFING_NO_DIFF";
const QT_NO_DIFF: &str = "QT_VNC_NO_DIRTYMAP";

/// What a variable says, if anything.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn parse_encodings(text: &str) -> Result<Encodings, String> {
    let encodings = names(text)
        .map(|name| pixel_encoding(name).ok_or_else(wanted))
        .collect::<Result<Vec<_>, _>>()?;
    match encodings.is_empty() {
        true => Err(wanted()),
        false => Ok(encodings.into()),
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

fn pixel_encoding(name: &str) -> Option<Encoding> {
    Encoding::from_name(name).filter(|encoding| Encoding::PIXELS.contains(encoding))
}

fn wanted() -> String {
    let known: Vec<String> = Encoding::PIXELS
        .iter()
        .map(|encoding| encoding.to_string())
        .collect();
    format!("use one or more of {}, with ; between", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment of these variables.
    fn variables(given: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let found = given.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn lists_are_read_in_order_and_any_case() {
        let encodings = parse_encodings("Raw; hexTILE;").unwrap();
        assert_eq!(*encodings, [Encoding::RAW, Encoding::HEXTILE]);
        // Unknown, no encoding of pixels, and nothing.
        for bad in [
            "raw;fancy",
            "raw;cursor",
            "copyrect",
            "raw,hextile",
            "",
            ";",
        ] {
            let error = parse_encodings(bad).unwrap_err();
            assert!(error.contains("rre, raw"), "{bad}: {error}");
        }
    }

    #[test]
    fn the_option_comes_before_our_variable_and_that_before_the_one_of_qt() {
        let all = [(ENCODINGS, "raw"), (QT_ENCODINGS, "fancy;Hextile;cursor")];
        let hextile = [Encoding::HEXTILE];
        let options = PixelOptions {
            encodings: Some(hextile.into()),
            no_diff: false,
        };
        let none = PixelOptions::default();
        let chosen = |options: &PixelOptions, given: &[(&str, &str)]| {
            options.choose_encodings(variables(given)).unwrap()
        };
        assert_eq!(chosen(&options, &all), hextile);
        assert_eq!(chosen(&none, &all), [Encoding::RAW]);
        assert_eq!(chosen(&none, &all[1..]), hextile, "the rest is passed over");
        assert_eq!(chosen(&none, &[]), []);
        let error = none
            .choose_encodings(variables(&[(ENCODINGS, "fancy")]))
            .unwrap_err();
        assert!(
            error.starts_with("OFFING_ENCODINGS is fancy: use"),
            "{error}"
        );
    }

    #[test]
    fn frames_are_compared_unless_someone_says_no() {
        let diff = |no_diff, given: &[(&str, &str)]| {
            let options = PixelOptions {
                encodings: None,
                no_diff,
            };
            options.choose_diff(variables(given))
        };
        assert!(diff(false, &[]));
        assert!(diff(false, &[(NO_DIFF, "0"), (QT_NO_DIFF, "0")]));
        assert!(!diff(true, &[]));
        assert!(!diff(false, &[(NO_DIFF, "1"), (QT_NO_DIFF, "0")]));
        assert!(!diff(false, &[(QT_NO_DIFF, "1")]));
    }
}
