//! What a viewer sends as the contents of its clipboard is bounded, and contents that are
//! made here come back as they were.

#![no_main]

use std::time::Instant;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use offing_rfb_fuzz::{Driver, Number, Step};
use rfb::{ClipboardContents, ClipboardFormat, Encoding};

#[derive(Arbitrary, Debug)]
struct Input {
    messages: Vec<(u32, Vec<u8>)>,
    text: String,
    rtf: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let mut driver = Driver::ready(Instant::now(), usize::MAX);
    let extended = Number::Any(Encoding::EXTENDED_CLIPBOARD.0);
    driver.step(&Step::Encodings(vec![extended]));
    driver.step(&Step::Offer(0xff));
    for (flags, body) in input.messages.into_iter().take(20) {
        driver.step(&Step::Clipboard(flags, body));
    }
    assert_eq!(driver.end().error, None, "no clipboard ends a session");

    let contents = ClipboardContents::new(&[
        (ClipboardFormat::Text, input.text.as_bytes()),
        (ClipboardFormat::Rtf, &input.rtf),
    ]);
    let text = input.text.split('\0').next().unwrap_or_default();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(
        contents.unpack(),
        [
            (ClipboardFormat::Text, text.into_bytes()),
            (ClipboardFormat::Rtf, input.rtf)
        ]
    );
});
