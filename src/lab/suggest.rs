//! Did you mean: the nearest of the names that exist.

/// The candidate most like `wrong`, if one is like enough to be what was meant.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // No name is so long.
    if wrong.len() > 1000 {
        return None;
    }
    let lower = wrong.to_lowercase();
    let length = wrong.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != wrong)
        .filter_map(|candidate| {
            let other = candidate.chars().count();
            let letters = length.max(other);
            // A third of the letters may be wrong, one in the shortest names.
            let most = (letters / 3).max(1);
            // Telling the distance of long texts takes long; it is no less than the difference of their lengths.
            if length.abs_diff(other) > most {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance <= most && distance < letters).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_and_far() {
        let links = ["lo", "veth0", "veth0peer"];
        assert_eq!(nearest("vet0", links), Some("veth0"));
        assert_eq!(nearest("veth0pier", links), Some("veth0peer"));
        assert_eq!(nearest("VETH0", links), Some("veth0"));
        assert_eq!(nearest("eth7", links), None);
        assert_eq!(nearest("", links), None);
        assert_eq!(nearest("l0", links), Some("lo"));
    }
}
