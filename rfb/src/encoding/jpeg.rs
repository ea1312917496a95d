//! JPEG: how pictures are compressed with loss, for viewers that ask for it.

/// How much may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Jpeg {
    /// From 1 (worst) to 100, as libjpeg counts.
    pub quality: u8,
    /// How many pixels share a colour.
    pub subsampling: Subsampling,
}

/// How many pixels share a colour, while each has a brightness of its own (rfbproto
/// "JPEG Subsampling Level Pseudo-Encoding").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subsampling {
    /// None: each has its own (4:4:4).
    None,
    /// Two side by side (4:2:2).
    Two,
    /// Four in a square (4:2:0).
    Four,
    /// There are no colours.
    Grey,
}
