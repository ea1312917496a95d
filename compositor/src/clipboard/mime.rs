//! Under which names (MIME types) Wayland clients have the formats of viewers' clipboards.

use std::sync::Arc;

use rfb::{ClipboardFormat, ClipboardFormats};

use super::picture::{File, Picture};
use super::{Data, dib};

/// A name of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MimeType {
    name: &'static str,
    format: ClipboardFormat,
    /// The file that a picture is in there.
    file: Option<File>,
}

const fn named(name: &'static str, format: ClipboardFormat) -> MimeType {
    let file = None;
    MimeType { name, format, file }
}

const fn picture(name: &'static str, file: File) -> MimeType {
    MimeType {
        name,
        format: ClipboardFormat::Dib,
        file: Some(file),
    }
}

/// The names of each format, the best first. Text without a charset is UTF-8 in practice.
const ALL: [MimeType; 9] = [
    named("text/plain;charset=utf-8", ClipboardFormat::Text),
    named("UTF8_STRING", ClipboardFormat::Text),
    named("text/plain", ClipboardFormat::Text),
    named("TEXT", ClipboardFormat::Text),
    named("text/rtf", ClipboardFormat::Rtf),
    named("application/rtf", ClipboardFormat::Rtf),
    named("text/html", ClipboardFormat::Html),
    picture("image/png", File::Png),
    picture("image/bmp", File::Bmp),
];

/// All names of these formats.
pub(super) fn names(formats: ClipboardFormats) -> Vec<String> {
    let all = ALL.iter().filter(|it| formats.contains(it.format));
    all.map(|it| it.name.to_owned()).collect()
}

/// The best of these names for each format that is among them.
pub(super) fn best(names: &[String]) -> Vec<MimeType> {
    let find = |format| {
        let mut all = ALL.into_iter().filter(|it| it.format == format);
        all.find(|it| names.iter().any(|name| name == it.name))
    };
    ClipboardFormat::ALL.into_iter().filter_map(find).collect()
}

impl MimeType {
    /// What a client knows by this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        ALL.into_iter().find(|it| it.name == name)
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn format(self) -> ClipboardFormat {
        self.format
    }

    /// What viewers' clipboards have, of what a client has under this name. It takes time.
    pub(super) fn decode(self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        match (self.format, self.file) {
            (_, Some(file)) => dib::write(&Picture::read(file, &bytes)?),
            (ClipboardFormat::Text, None) => Ok(String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
                .into_bytes()),
            (_, None) => Ok(bytes),
        }
    }

    /// Whether [`encode`](Self::encode) takes time.
    pub(super) fn is_encoded(self) -> bool {
        self.file.is_some()
    }

    /// What clients have under this name, of what viewers' clipboards have.
    pub(super) fn encode(self, data: &Data) -> Result<Data, String> {
        match self.file {
            Some(file) => dib::read(data)?.write(file).map(Arc::new),
            None => Ok(data.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClipboardFormat::{Dib, Html, Rtf, Text};

    #[test]
    fn the_best_name_of_each_format_is_used() {
        let offered = ["image/bmp", "TEXT", "text/html", "text/plain", "image/png"];
        let best = best(&offered.map(str::to_owned));
        let found: Vec<_> = best.iter().map(|it| (it.format(), it.name())).collect();
        assert_eq!(
            found,
            [
                (Text, "text/plain"),
                (Html, "text/html"),
                (Dib, "image/png")
            ]
        );
        assert!(super::best(&["x/y".to_owned()]).is_empty());
    }

    #[test]
    fn every_format_has_names() {
        for format in ClipboardFormat::ALL {
            for name in names([format].into_iter().collect()) {
                assert_eq!(MimeType::find(&name).map(MimeType::format), Some(format));
            }
        }
        let both = [Text, Rtf].into_iter().collect();
        assert_eq!(names(both).len(), 6);
    }

    #[test]
    fn text_that_is_no_utf_8_is_mended() {
        let text = MimeType::find("TEXT").unwrap();
        assert_eq!(text.decode(b"a\xffb".to_vec()), Ok("a\u{fffd}b".into()));
        let html = MimeType::find("text/html").unwrap();
        assert_eq!(html.decode(b"a\xffb".to_vec()), Ok(b"a\xffb".to_vec()));
    }
}
