//! Every pixel format is refused, or can be converted into and written as it was read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rfb::PixelFormat;

fuzz_target!(|input: ([u8; 16], Vec<[u8; 4]>)| {
    let (bytes, pixels) = input;
    let Ok(format) = PixelFormat::parse(bytes) else {
        return;
    };
    assert_eq!(PixelFormat::parse(format.write()), Ok(format));
    let translator = format.translator();
    let mut converted = Vec::new();
    translator.append(pixels.as_flattened(), &mut converted);
    assert_eq!(converted.len(), pixels.len() * format.bytes_per_pixel());
    let mut one_by_one = Vec::new();
    for pixel in pixels {
        let number = translator.pixel(u32::from_le_bytes(pixel));
        translator.put(number, &mut one_by_one);
    }
    assert_eq!(converted, one_by_one);
});
