use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};

/// The answer to a VNC authentication challenge (RFC 6143 §7.2.2): DES in ECB mode, keyed with the
/// first 8 bytes of the password, padded with zeros, the bits of each byte mirrored.
pub fn vnc_auth_response(password: &str, challenge: [u8; 16]) -> [u8; 16] {
    let mut key = [0; 8];
    for (key, byte) in key.iter_mut().zip(password.bytes()) {
        *key = byte.reverse_bits();
    }
    let cipher = Des::new(&Array(key));
    let mut response = challenge;
    for half in response.chunks_exact_mut(8) {
        let mut block = Array([0; 8]);
        block.copy_from_slice(half);
        cipher.encrypt_block(&mut block);
        half.copy_from_slice(&block);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook example of DES.
    #[test]
    fn the_cipher_is_des() {
        let cipher = Des::new(&Array([0x13, 0x34, 0x57, 0x79, 0x9b, 0xbc, 0xdf, 0xf1]));
        let mut block = Array([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        cipher.encrypt_block(&mut block);
        assert_eq!(block.0, [0x85, 0xe8, 0x13, 0x54, 0x0f, 0x0a, 0xb4, 0x05]);
    }

    /// Made with `openssl enc -des-ecb -nopad -K KEY`, KEY being the mirrored bytes.
    #[test]
    fn keys_are_mirrored_cut_and_padded() {
        let challenge = std::array::from_fn(|i| i as u8);
        let long = [
            0xad, 0xcd, 0x99, 0x7f, 0x8e, 0x16, 0xfe, 0xe5, 0x75, 0xe9, 0x73, 0xf9, 0x3c, 0x2b,
            0x62, 0xb4,
        ];
        assert_eq!(vnc_auth_response("secret12", challenge), long);
        assert_eq!(vnc_auth_response("secret12 and more", challenge), long);
        let short = [
            0xfe, 0x01, 0x15, 0x5d, 0xe9, 0x5d, 0xa3, 0xe2, 0x8a, 0xdf, 0x6c, 0xc7, 0x30, 0xf0,
            0x6f, 0x08,
        ];
        assert_eq!(vnc_auth_response("ab", challenge), short);
    }
}
