//! VNC Authentication (RFC 6143 §7.2.2): the viewer encrypts a challenge with the
//! password. It keeps a wrong password out; whoever reads the connection can try
//! passwords at leisure, and sees everything that follows.

use std::fmt;
use std::hint::black_box;

use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};

/// A viewer's answer to the challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct VncResponse {
    challenge: [u8; 16],
    response: [u8; 16],
}

impl VncResponse {
    pub(crate) fn new(challenge: [u8; 16], response: [u8; 16]) -> Self {
        Self {
            challenge,
            response,
        }
    }

    /// Whether the viewer knows `password`. Only its first eight bytes count. How
    /// long this takes does not depend on where the two differ.
    ///
    /// An empty password is one like any other: refuse it before, if nobody may
    /// log in with it.
    pub fn matches(&self, password: &[u8]) -> bool {
        let expected = encrypt(self.challenge, password);
        let difference = expected
            .iter()
            .zip(&self.response)
            .fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
        difference == 0
    }
}

/// Leaves the bytes out: from both together the password can be found.
impl fmt::Debug for VncResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VncResponse").finish_non_exhaustive()
    }
}

/// Both halves of the challenge, encrypted by DES one by one.
fn encrypt(challenge: [u8; 16], password: &[u8]) -> [u8; 16] {
    // RFB takes the bits of every byte of the key in the reverse of DES's order.
    let mut key = [0; 8];
    for (key, byte) in key.iter_mut().zip(password) {
        *key = byte.reverse_bits();
    }
    let des = Des::new(&key.into());
    let mut encrypted = challenge;
    let (blocks, _) = encrypted.as_chunks_mut::<8>();
    for block in blocks {
        des.encrypt_block(block.into());
    }
    encrypted
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    fn response(challenge: [u8; 16], hex: u128) -> VncResponse {
        VncResponse::new(challenge, hex.to_be_bytes())
    }

    /// Computed by OpenSSL 3.0: the key is the password padded with zeros to eight
    /// bytes, the bits of each byte mirrored, so
    /// `openssl enc -des-ecb -nopad -K 0e86ceceeef64e26 -provider legacy` for
    /// "password".
    #[test]
    fn agrees_with_openssl() {
        let password = response(CHALLENGE, 0xb866_9241_25c8_eebb_9deb_c1db_61c5_38e2);
        assert!(password.matches(b"password"));
        assert!(!password.matches(b"Password"));
        assert!(!password.matches(b"passwor"));

        let challenge = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
        let short = response(challenge, 0x4d7a_74da_2480_830e_543b_44ad_841a_6778);
        assert!(short.matches(b"pw"));
        assert!(short.matches(b"pw\0\0"), "padded with zeros");

        let empty = response(CHALLENGE, 0x491e_890d_e9ac_e932_838a_4979_2f22_13f3);
        assert!(empty.matches(b""));
        assert!(!empty.matches(b"password"));
    }

    #[test]
    fn only_eight_bytes_count() {
        let response = VncResponse::new(CHALLENGE, encrypt(CHALLENGE, b"password, and more"));
        assert!(response.matches(b"password"));
        assert!(response.matches(b"password1"));
    }

    #[test]
    fn every_bit_of_the_response_counts() {
        let right = encrypt(CHALLENGE, b"secret");
        for bit in 0..128 {
            let mut wrong = right;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!VncResponse::new(CHALLENGE, wrong).matches(b"secret"));
        }
        assert!(VncResponse::new(CHALLENGE, right).matches(b"secret"));
    }

    #[test]
    fn debug_tells_nothing() {
        let response = VncResponse::new(CHALLENGE, CHALLENGE);
        assert_eq!(format!("{response:?}"), "VncResponse { .. }");
    }
}
