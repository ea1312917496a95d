//! Huffman codes (RFC 1951 §3.2.2).

/// The longest code in bits: four of them, or a length and a distance with their extra
/// bits, fit into what [`BitWriter`](super::bits::BitWriter) takes.
pub(super) const LONGEST: u8 = 12;

/// A code with its first bit lowest, and its length.
pub(super) type Code = (u16, u8);

/// The lengths of the best codes of at most [`LONGEST`] bits, or nearly the best, for
/// symbols of which these many occur; 0 for what does not.
pub(super) fn lengths<const N: usize>(mut counts: [u32; N]) -> [u8; N] {
    loop {
        let lengths = unbounded_lengths(&counts);
        if lengths.iter().all(|length| *length <= LONGEST) {
            return lengths;
        }
        // Closer together, they get codes of closer lengths.
        for count in &mut counts {
            *count = count.div_ceil(2);
        }
    }
}

/// The lengths of Huffman's codes: the two least frequent become one, again and again.
fn unbounded_lengths<const N: usize>(counts: &[u32; N]) -> [u8; N] {
    let mut lengths = [0; N];
    let mut symbols: Vec<usize> = (0..N).filter(|symbol| counts[*symbol] > 0).collect();
    symbols.sort_unstable_by_key(|symbol| counts[*symbol]);
    let leaves = symbols.len();
    // The leaves, then the pairs, both in the order of their weights.
    let mut weights: Vec<u32> = symbols.iter().map(|symbol| counts[*symbol]).collect();
    let mut parents = vec![0; leaves];
    let (mut leaf, mut pair) = (0, leaves);
    while weights.len() < 2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves && weights.get(pair).is_none_or(|w| weights[leaf] <= *w);
            let least = if is_leaf { &mut leaf } else { &mut pair };
            weight += weights[*least];
            parents[*least] = weights.len();
            *least += 1;
        }
        weights.push(weight);
        parents.push(0);
    }
    let mut depths = vec![0_u8; weights.len()];
    for node in (0..weights.len() - 1).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    for (symbol, depth) in symbols.into_iter().zip(depths) {
        lengths[symbol] = depth;
    }
    lengths
}

/// The codes of these lengths.
pub(super) fn codes<const N: usize>(lengths: &[u8; N]) -> [Code; N] {
    let mut codes = [(0, 0); N];
    let mut next = 0_u16;
    for length in 1..=LONGEST {
        for (code, _) in codes
            .iter_mut()
            .zip(lengths)
            .filter(|(_, own)| **own == length)
        {
            *code = (next.reverse_bits() >> (16 - length), length);
            next += 1;
        }
        next <<= 1;
    }
    codes
}

/// How many bits so many symbols take with codes of these lengths.
pub(super) fn size<const N: usize>(counts: &[u32; N], lengths: &[u8; N]) -> usize {
    let pairs = counts.iter().zip(lengths);
    pairs
        .map(|(count, length)| *count as usize * usize::from(*length))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_longer_than_allowed() {
        // Each is nearly as frequent as all before it together.
        let (mut last, mut next) = (1_u32, 1);
        let counts = [(); 24].map(|()| {
            let count = last;
            (last, next) = (next, last + next);
            count
        });
        assert_eq!(unbounded_lengths(&counts).iter().max(), Some(&23));
        let lengths = lengths(counts);
        assert_eq!(lengths.iter().max(), Some(&LONGEST));
        // They use up all codes that there are.
        let used: u32 = lengths.iter().map(|length| 1 << (LONGEST - length)).sum();
        assert_eq!(used, 1 << LONGEST);
    }
}
