//! Did you mean: the nearest of the names that exist.

/// The candidate most like `wrong`, if one is like enough to be what was meant.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != wrong)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            // A third of the letters may be wrong, one in the shortest names.
            let letters = wrong.chars().count().max(candidate.chars().count());
            *distance <= (letters / 3).max(1) && *distance < letters
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
