//! Lists of objects, with the names of the links in them.

use std::collections::HashMap;

use crate::kernel::error::Result;
use crate::kernel::netns::Namespace;

/// What was listed, and the names of the links in it by their indexes.
pub struct Listed<T> {
    /// The objects, in order.
    pub objects: Vec<T>,
    /// The names.
    pub links: HashMap<u32, String>,
}

impl<T> Listed<T> {
    /// Finds the name of each link once.
    pub(super) fn of<I: IntoIterator<Item = u32>>(
        objects: Vec<T>,
        namespace: &Namespace,
        links_of: impl Fn(&T) -> I,
    ) -> Result<Self> {
        let socket = namespace.route()?;
        let mut links = HashMap::new();
        for index in objects.iter().flat_map(links_of) {
            // A link that went while it was being listed has nothing left but its index.
            links.entry(index).or_insert_with(|| {
                let name = socket.name_of(index);
                name.unwrap_or_else(|| format!("if{index}"))
            });
        }
        Ok(Listed { objects, links })
    }
}

/// The index of a link, where one is named.
pub(super) fn index_of(namespace: &Namespace, link: Option<&str>) -> Result<Option<u32>> {
    let socket = namespace.route()?;
    link.map(|link| socket.index_of(link)).transpose()
}
